// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/query"
	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
)

// toldProblems is how many problems are told one by one.
const toldProblems = 20

type replayFlags struct {
	logFlags // the conditions, and the journal

	as       string
	into     string
	from     string
	mode     string
	producer string
	compare  string
	dryRun   bool
	validate bool
	devices  bool
	o        replay.Options

	told [3]int // problems, by kind
}

// What is made of a journal.
const (
	asTree       = "tree"
	asCollection = "collection"
)

// A remade is what is replayed into.
type remade interface {
	target() replay.Target
	// say puts into v what came of it, and into its differences how that is not what was
	// asked for, if it is complete.
	say(v *replayed) error
	close() error
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay --into FOLDER",
		Short: "Make the tree, or the vectors, again that a journal tells of",
		Long: `Do again, in a new folder, what a journal tells of the folder --from: make, link,
move and remove its files and folders, and give them their modes, owners, sizes,
times and extended attributes. Of data there is what the journal holds, and holes
otherwise. Nothing outside of --into is touched, whatever the journal says.

What the folder held before the journal begins is not in the journal: it is told
as a gap when something is done to it. A mismatch is a record that does not fit
what came before it, a failure what could not be done. The replay stops at the
first of those two, unless --keep-going is given.

With --checkpoint it can be stopped, or killed, and resumed.

With --as collection a collection of vectors is made again, the one whose name --from
is, if there are several: its store, its graph and its journal, equal to the originals
to the last bit, or to what they were --until then. Where other conditions leave
something out, the vectors that are left get a graph of their own.`,
		Example: `  vexjctl replay --from /srv/www --into /tmp/www --validate
  vexjctl replay --from /srv/www --until 12:00 --into /tmp/www-at-noon
  vexjctl replay --from /srv/www --dry-run --compare /srv/www
  vexjctl replay --from /srv/www --into /tmp/www --checkpoint /tmp/www.at --resume
  vexjctl replay --journal docs/journal --as collection --until 12:00 --into docs-at-noon
  vexjctl replay --into /tmp/hers --where 'agent == "reviewer" && !failed'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.replay(cmd) },
	}
	fs := cmd.Flags()
	journalFlag(cmd, &f.journal)
	f.out.flags(cmd, "text", "json")
	fs.StringVar(&f.into, "into", "", "`folder` to make, or an empty one")
	fs.StringVar(&f.as, "as", asTree, "`what` to make: tree or collection")
	fs.StringVar(&f.from, "from", "", "`what` the journal tells of: the folder, as its paths have it (/ if not given), or the name of a collection")
	fs.StringVar(&f.mode, "mode", replay.Sequential.String(), "`order`: "+strings.Join(replay.ModeNames(), ", "))
	fs.IntVar(&f.o.Workers, "workers", 0, "with --mode parallel, what is done at a time: `number` (as many as there are CPUs if 0)")
	fs.StringVar(&f.producer, "producer", "", "take the records of this `producer` (of the first that tells of the folder if not given)")
	fs.BoolVar(&f.dryRun, "dry-run", false, "make nothing, and say what would come of it")
	fs.BoolVar(&f.validate, "validate", false, "hold each record to what is there, and the folder to the journal at the end")
	fs.BoolVarP(&f.o.KeepGoing, "keep-going", "k", false, "go on behind mismatches and failures")
	fs.BoolVar(&f.devices, "devices", false, "make device nodes")
	fs.StringVar(&f.compare, "compare", "", "say in what the outcome differs from this `folder`")
	fs.StringVar(&f.o.Checkpoint, "checkpoint", "", "keep in this `file` how far it came")
	fs.BoolVar(&f.o.Resume, "resume", false, "go on from the checkpoint")
	fs.DurationVar(&f.o.Every, "checkpoint-every", 10*time.Second, "`time` between checkpoints")
	f.conditionFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("mode", fixed(replay.ModeNames()))
	_ = cmd.RegisterFlagCompletionFunc("as", fixed([]string{asTree, asCollection}))
	return cmd
}

// check refuses what makes no sense, and returns whose records are wanted.
func (f *replayFlags) check() (producer uapi.Producer, err error) {
	if _, err := f.out.check(); err != nil {
		return 0, err
	}
	if f.o.Mode, err = replay.ParseMode(f.mode); err != nil {
		return 0, exit.With(exit.Usage, err)
	}
	switch {
	case f.as != asTree && f.as != asCollection:
		return 0, exit.Usagef("--as is %s or %s, not %q", asTree, asCollection, f.as)
	case f.into == "" && !f.dryRun:
		return 0, exit.Usagef("say with --into which folder shall be made, or look first with --dry-run")
	case f.dryRun && f.o.Checkpoint != "":
		return 0, exit.Usagef("a dry run makes nothing that could be gone on with: leave --checkpoint out")
	case f.o.Resume && f.o.Checkpoint == "":
		return 0, exit.Usagef("--resume goes on from a --checkpoint: say which file")
	case f.o.Workers < 0:
		return 0, exit.Usagef("--workers is 0 or more")
	case f.o.Every <= 0:
		return 0, exit.Usagef("--checkpoint-every is more than 0")
	}
	if f.as == asCollection {
		return 0, f.checkCollection()
	}
	if f.from == "" {
		f.from = "/"
	}
	if !filepath.IsAbs(f.from) {
		return 0, exit.Usagef("--from is an absolute path, not %q", f.from)
	}
	f.from = filepath.Clean(f.from)
	if f.producer != "" {
		p, ok := uapi.ParseProducer(f.producer)
		if !ok {
			return 0, exit.Usagef("--producer %q: there is none of that name", f.producer)
		}
		producer = p
	}
	return producer, nil
}

// what names the replay: a checkpoint is of one only.
func (f *replayFlags) what() string {
	s := fmt.Sprintf("%s %q into %q, %s, producer %q, devices %t", f.as, f.from, f.into, f.mode, f.producer, f.devices)
	for _, flag := range f.given() {
		s += fmt.Sprintf(", %s %q", flag.Name, flag.Value)
	}
	return s
}

func (f *replayFlags) replay(cmd *cobra.Command) (err error) {
	if f.fields.where == "help" {
		return whereHelp()
	}
	producer, err := f.check()
	if err != nil {
		return err
	}
	c, err := f.conditions(time.Now())
	if err != nil {
		return err
	}
	if f.o.Filter, err = c.Compile(query.All); err != nil {
		return err
	}
	set, err := openJournal(f.journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	f.o.What, f.o.Problem = f.what(), f.problem
	line := newBytesProgress(os.Stderr)
	info, err := set.Info()
	if err != nil {
		return err
	}
	f.o.Progress = func(n uint64) { line.draw(int64(n), int64(info.Records)) }
	player := replay.New(f.o)
	into, err := f.open(set, replay.TreeOptions{From: f.from, Producer: producer, Devices: f.devices,
		Strict: f.validate, Report: player.Problem})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.close()) }()
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	report, err := player.Run(ctx, set, into.target())
	line.end()
	return f.outcome(report, into, err)
}

// open opens what is replayed into.
func (f *replayFlags) open(set *userjournal.Set, o replay.TreeOptions) (remade, error) {
	if f.o.Resume {
		if _, err := os.Stat(f.o.Checkpoint); err != nil {
			return nil, fmt.Errorf("%w: %w", replay.ErrCheckpoint, err)
		}
	}
	if f.as == asCollection {
		return f.openCollection(set)
	}
	return f.openTree(o)
}

// problem tells of a problem, of the first few of each kind.
func (f *replayFlags) problem(p replay.Problem) {
	if f.told[p.Kind]++; f.told[p.Kind] <= toldProblems {
		fmt.Fprintf(os.Stderr, "vexjctl replay: %s\n", quote.Text(p.Error()))
	} else if f.told[p.Kind] == toldProblems+1 {
		fmt.Fprintf(os.Stderr, "vexjctl replay: more of kind %v are counted only\n", p.Kind)
	}
}

// replayed is the report as JSON; its schema is that of the man page.
type replayed struct {
	As          string              `json:"as"`
	From        string              `json:"from"`
	Into        string              `json:"into,omitempty"`
	Mode        string              `json:"mode"`
	DryRun      bool                `json:"dry_run"`
	Complete    bool                `json:"complete"`
	Records     uint64              `json:"records"`
	Resumed     uint64              `json:"resumed"`
	Steps       uint64              `json:"steps"`
	Tree        *replay.Counts      `json:"tree,omitempty"`
	Names       int                 `json:"names"`
	Vectors     *replayedVectors    `json:"vectors,omitempty"`
	Gaps        uint64              `json:"gaps"`
	Mismatches  uint64              `json:"mismatches"`
	Failures    uint64              `json:"failures"`
	NotSet      map[string]uint64   `json:"not_set,omitempty"`
	Cursor      string              `json:"cursor,omitempty"`
	Digest      string              `json:"digest,omitempty"`
	Differences []replay.Difference `json:"differences,omitempty"`
}

// outcome shows what came of it. err is why it ended early.
func (f *replayFlags) outcome(r *replay.Report, into remade, err error) error {
	v := replayed{As: f.as, From: f.from, Into: f.into, Mode: f.mode, DryRun: f.dryRun, Complete: r.Complete, Records: r.Records,
		Resumed: r.Resumed, Steps: r.Steps, Gaps: r.Gaps, Mismatches: r.Mismatches, Failures: r.Failures, Cursor: r.Cursor}
	if r.Complete {
		v.Digest = r.Digest.String()
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("stopped, and the folder is incomplete")
		if f.o.Checkpoint != "" {
			err = fmt.Errorf("%w; --resume goes on", err)
		}
	}
	if failed := into.say(&v); err == nil {
		err = failed
	}
	if err != nil && r.Records == 0 {
		return err
	}
	shown := show(false, func(w *bufio.Writer) error {
		if f.out.format == "json" {
			return writeJSON(w, v)
		}
		v.print(w)
		return nil
	})
	switch {
	case err != nil || shown != nil:
		return errors.Join(err, shown)
	case len(v.Differences) > 0:
		return fmt.Errorf("the outcome differs in %d things", len(v.Differences))
	case r.Mismatches+r.Failures > 0:
		return fmt.Errorf("%d mismatches and %d failures, see above", r.Mismatches, r.Failures)
	case r.Records == 0:
		return exit.With(exit.NoMatch, fmt.Errorf("no record of %s matches", f.journal))
	}
	return nil
}

func (v *replayed) print(w *bufio.Writer) {
	verb := "replayed"
	if v.DryRun {
		verb = "would replay"
	}
	fmt.Fprintf(w, "%s %s", verb, quote.String(v.From))
	if v.Into != "" && !v.DryRun {
		fmt.Fprintf(w, " into %s", quote.String(v.Into))
	}
	line := func(n uint64, text string) {
		if n > 0 {
			fmt.Fprintf(w, "  %d %s\n", n, text)
		}
	}
	if t := v.Tree; t != nil {
		fmt.Fprintf(w, ": %d of %d records, %d names\n", t.Applied, v.Records, v.Names)
		line(v.Resumed, "records were taken before it was resumed")
		line(t.Adopted, "names were there before the journal begins")
		line(t.Holes, "bytes were written that are not in the journal: they are holes")
		line(t.Lost, "records are lost by the journal's own account")
	}
	if k := v.Vectors; k != nil {
		fmt.Fprintf(w, ": %d of %d records, %d vectors\n", v.Steps, v.Records, k.Vectors)
		line(v.Resumed, "records were taken before it was resumed")
		k.print(w, line)
	}
	line(v.Gaps, "gaps: what the journal does not hold")
	line(v.Mismatches, "mismatches")
	line(v.Failures, "failures")
	for what, n := range v.NotSet {
		fmt.Fprintf(w, "  %s of %d files could not be set: that needs root\n", what, n)
	}
	for i, d := range v.Differences {
		if i == toldProblems {
			fmt.Fprintf(w, "  and %d more\n", len(v.Differences)-i)
			break
		}
		fmt.Fprintf(w, "  differs: %s\n", quote.Text(d.String()))
	}
	if v.Digest != "" {
		fmt.Fprintf(w, "  digest %s\n", v.Digest)
	}
}
