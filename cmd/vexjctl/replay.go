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
)

// toldProblems is how many problems are told one by one.
const toldProblems = 20

type replayFlags struct {
	out      output
	journal  string
	into     string
	from     string
	mode     string
	producer string
	compare  string
	dryRun   bool
	validate bool
	devices  bool
	o        replay.Options

	since, until string
	types, paths []string
	pids         []uint
	agents       []string
	sessions     []uint

	told [3]int // problems, by kind
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay --into FOLDER",
		Short: "Make the tree again that a journal tells of",
		Long: `Do again, in a new folder, what a journal tells of the folder --from: make, link,
move and remove its files and folders, and give them their modes, owners, sizes,
times and extended attributes. Of data there is what the journal holds, and holes
otherwise. Nothing outside of --into is touched, whatever the journal says.

What the folder held before the journal begins is not in the journal: it is told
as a gap when something is done to it. A mismatch is a record that does not fit
what came before it, a failure what could not be done. The replay stops at the
first of those two, unless --keep-going is given.

With --checkpoint it can be stopped, or killed, and resumed.`,
		Example: `  vexjctl replay --from /srv/www --into /tmp/www --validate
  vexjctl replay --from /srv/www --until 12:00 --into /tmp/www-at-noon
  vexjctl replay --from /srv/www --dry-run --compare /srv/www
  vexjctl replay --from /srv/www --into /tmp/www --checkpoint /tmp/www.at --resume`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fs := cmd.Flags()
	journalFlag(cmd, &f.journal)
	f.out.flags(cmd, "text", "json")
	fs.StringVar(&f.into, "into", "", "`folder` to make, or an empty one")
	fs.StringVar(&f.from, "from", "/", "the `folder` that the journal tells of, as its paths have it")
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
	fs.StringVar(&f.since, "since", "", "records from this `time` on")
	fs.StringVar(&f.until, "until", "", "records before this `time`")
	fs.StringSliceVar(&f.types, "type", nil, "records of these `types`, categories or groups (repeatable; -word takes away)")
	fs.StringArrayVar(&f.paths, "path", nil, "records with a path that matches this `pattern` (repeatable)")
	fs.UintSliceVar(&f.pids, "pid", nil, "records of this `process` (repeatable)")
	fs.StringArrayVar(&f.agents, "agent", nil, "records with this agent `id` (repeatable)")
	fs.UintSliceVar(&f.sessions, "session", nil, "records of this `session` (repeatable)")
	completeType(cmd)
	_ = cmd.RegisterFlagCompletionFunc("mode", fixed(replay.ModeNames()))
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
	case f.into == "" && !f.dryRun:
		return 0, exit.Usagef("say with --into which folder shall be made, or look first with --dry-run")
	case f.dryRun && f.o.Checkpoint != "":
		return 0, exit.Usagef("a dry run makes nothing that could be gone on with: leave --checkpoint out")
	case f.o.Resume && f.o.Checkpoint == "":
		return 0, exit.Usagef("--resume goes on from a --checkpoint: say which file")
	case !filepath.IsAbs(f.from):
		return 0, exit.Usagef("--from is an absolute path, not %q", f.from)
	case f.o.Workers < 0:
		return 0, exit.Usagef("--workers is 0 or more")
	case f.o.Every <= 0:
		return 0, exit.Usagef("--checkpoint-every is more than 0")
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

// conditions are what a record must be like.
func (f *replayFlags) conditions(now time.Time) (*query.Filter, error) {
	c := query.Conditions{Paths: f.paths, Agents: f.agents, Sessions: numbers(f.sessions)}
	for _, pid := range f.pids {
		c.PIDs = append(c.PIDs, uint32(pid))
	}
	var err error
	if c.Types, err = query.ParseTypes(f.types); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	if c.Since, err = pointInTime("since", f.since, now); err != nil {
		return nil, err
	}
	if c.Until, err = pointInTime("until", f.until, now); err != nil {
		return nil, err
	}
	filter, err := c.Compile(query.All)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return filter, nil
}

// what names the replay: a checkpoint is of one only.
func (f *replayFlags) what() string {
	return fmt.Sprintf("%q into %q, %s, producer %q, devices %t, since %q until %q type %q path %q pid %d agent %q session %d",
		f.from, f.into, f.mode, f.producer, f.devices, f.since, f.until, f.types, f.paths, f.pids, f.agents, f.sessions)
}

func (f *replayFlags) run(cmd *cobra.Command) (err error) {
	producer, err := f.check()
	if err != nil {
		return err
	}
	if f.o.Filter, err = f.conditions(time.Now()); err != nil {
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
	target, tree, end, err := f.target(replay.TreeOptions{From: f.from, Producer: producer, Devices: f.devices,
		Strict: f.validate, Report: player.Problem})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	report, err := player.Run(ctx, set, target)
	line.end()
	return f.outcome(report, tree, target, err)
}

// target opens what is replayed into.
func (f *replayFlags) target(o replay.TreeOptions) (replay.Target, *replay.Tree, func() error, error) {
	if f.dryRun {
		t := replay.NewTree(o)
		return replay.Dry{Tree: t}, t, func() error { return nil }, nil
	}
	if f.o.Resume {
		if _, err := os.Stat(f.o.Checkpoint); err != nil {
			return nil, nil, nil, fmt.Errorf("%w: %w", replay.ErrCheckpoint, err)
		}
	}
	d, err := replay.OpenDirectory(f.into, o, f.o.Resume)
	if err != nil {
		return nil, nil, nil, err
	}
	return d, d.Tree(), d.Close, nil
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
	From        string              `json:"from"`
	Into        string              `json:"into,omitempty"`
	Mode        string              `json:"mode"`
	DryRun      bool                `json:"dry_run"`
	Complete    bool                `json:"complete"`
	Records     uint64              `json:"records"`
	Resumed     uint64              `json:"resumed"`
	Steps       uint64              `json:"steps"`
	Tree        replay.Counts       `json:"tree"`
	Names       int                 `json:"names"`
	Gaps        uint64              `json:"gaps"`
	Mismatches  uint64              `json:"mismatches"`
	Failures    uint64              `json:"failures"`
	NotSet      map[string]uint64   `json:"not_set,omitempty"`
	Cursor      string              `json:"cursor,omitempty"`
	Digest      string              `json:"digest,omitempty"`
	Differences []replay.Difference `json:"differences,omitempty"`
}

// outcome shows what came of it. err is why it ended early.
func (f *replayFlags) outcome(r *replay.Report, tree *replay.Tree, target replay.Target, err error) error {
	entries := tree.Entries()
	v := replayed{From: f.from, Into: f.into, Mode: f.mode, DryRun: f.dryRun, Complete: r.Complete, Records: r.Records,
		Resumed: r.Resumed, Steps: r.Steps, Tree: tree.Counts(), Names: len(entries), Gaps: r.Gaps, Mismatches: r.Mismatches,
		Failures: r.Failures, Cursor: r.Cursor}
	aspects := replay.AspectTree
	if d, ok := target.(*replay.Directory); ok {
		v.NotSet, aspects = d.Unable(), d.Aspects()
	}
	if r.Complete {
		v.Digest = r.Digest.String()
	}
	switch {
	case errors.Is(err, context.Canceled):
		err = errors.New("stopped, and the folder is incomplete")
		if f.o.Checkpoint != "" {
			err = fmt.Errorf("%w; --resume goes on", err)
		}
	case err == nil:
		v.Differences, err = f.differences(entries, target, aspects)
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

// differences holds the outcome to what was asked for: the folder to the journal, and
// both to another folder.
func (f *replayFlags) differences(entries []replay.Entry, target replay.Target, aspects replay.Aspects) ([]replay.Difference, error) {
	have := entries
	if _, ok := target.(*replay.Directory); ok && (f.validate || f.compare != "") {
		var err error
		if have, err = replay.ReadDirectory(f.into); err != nil {
			return nil, err
		}
	}
	var out []replay.Difference
	if f.validate {
		out = replay.Compare(entries, have, aspects)
	}
	if f.compare != "" {
		want, err := replay.ReadDirectory(f.compare)
		if err != nil {
			return nil, err
		}
		out = append(out, replay.Compare(want, have, aspects)...)
	}
	return out, nil
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
	fmt.Fprintf(w, ": %d of %d records, %d names\n", v.Tree.Applied, v.Records, v.Names)
	line := func(n uint64, text string) {
		if n > 0 {
			fmt.Fprintf(w, "  %d %s\n", n, text)
		}
	}
	line(v.Resumed, "records were taken before it was resumed")
	line(v.Tree.Adopted, "names were there before the journal begins")
	line(v.Tree.Holes, "bytes were written that are not in the journal: they are holes")
	line(v.Tree.Lost, "records are lost by the journal's own account")
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
