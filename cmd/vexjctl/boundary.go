// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/compat/boundary"
	"vexj/internal/quote"
	"vexj/uapi"
	"vexj/userjournal"
)

type boundaryFlags struct {
	out     output
	journal string
	with    string
	into    string
	policy  string
	o       boundary.Options
}

func newBoundary() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "boundary",
		Short: "Bring together what the kernel and a mount recorded of the same files",
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(newBoundaryStatus(), newBoundaryMerge())
	return cmd
}

func (f *boundaryFlags) flags(cmd *cobra.Command) {
	journalFlag(cmd, &f.journal)
	f.out.flags(cmd, "text", "json")
	fs := cmd.Flags()
	fs.StringVar(&f.with, "with", "", "`folder` of a second journal, if one does not have both sides")
	fs.StringVar(&f.policy, "policy", boundary.LastWriter.String(), "which of two acts in conflict stands: last-writer, first-writer, merge, reject")
	fs.DurationVar(&f.o.Window, "window", 2*time.Second, "`time` within which records are held to be matched")
	_ = cmd.RegisterFlagCompletionFunc("policy", fixed(boundary.PolicyNames()))
}

func newBoundaryStatus() *cobra.Command {
	var f boundaryFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how far the two accounts are apart, and what conflicts",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return f.run() },
	}
	f.flags(cmd)
	return cmd
}

func newBoundaryMerge() *cobra.Command {
	var f boundaryFlags
	cmd := &cobra.Command{
		Use:   "merge --into FOLDER",
		Short: "Make one journal of both, with each act once",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if f.into == "" {
				return exit.Usagef("say with --into which folder shall be made")
			}
			return f.run()
		},
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&f.into, "into", "", "`folder` of the journal to make")
	return cmd
}

// bounded is the report as JSON; its schema is that of the man page.
type bounded struct {
	State      boundary.State `json:"state"`
	Drift      uint64         `json:"drift"`
	Worst      uint64         `json:"worst_drift"`
	Losses     uint64         `json:"losses"`
	Kernel     boundedSide    `json:"kernel"`
	User       boundedSide    `json:"user"`
	Others     uint64         `json:"others"`
	Duplicates uint64         `json:"duplicates"`
	Conflicts  uint64         `json:"conflicts"`
	Forced     uint64         `json:"forced"`
	Written    uint64         `json:"written"`
}

type boundedSide struct {
	Records  uint64 `json:"records"`
	Sequence uint64 `json:"sequence"`
	Alone    uint64 `json:"alone"`
}

func (f *boundaryFlags) run() (err error) {
	if _, err := f.out.check(); err != nil {
		return err
	}
	if f.o.Policy, err = boundary.ParsePolicy(f.policy); err != nil {
		return exit.With(exit.Usage, err)
	}
	if f.o.Window <= 0 {
		return exit.Usagef("--window is more than 0")
	}
	sources, clock, done, err := f.sources()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	told := 0
	f.o.Conflict = func(c boundary.Conflict) {
		if told++; told <= toldProblems {
			stands := "both stand"
			if c.Stands != 0 {
				stands = fmt.Sprintf("0x%016x stands", c.Stands)
			}
			fmt.Fprintf(os.Stderr, "vexjctl boundary: conflict: 0x%016x and 0x%016x both change the %s of %s: %s\n",
				c.First, c.Second, quote.Text(c.Aspect), quote.String(c.Path), stands)
		}
	}
	sink, complete, err := f.sink(clock)
	if err != nil {
		return err
	}
	r, err := boundary.Run(f.o, sink, sources...)
	if err = errors.Join(err, complete(err)); err != nil {
		return err
	}
	return f.show(r)
}

// sources opens the journals, which must be of one boot.
func (f *boundaryFlags) sources() (out []iter.Seq2[uapi.Record, error], clock userjournal.Clock, done func() error, err error) {
	var open []io.Closer
	done = func() error {
		var errs []error
		for _, c := range open {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	dirs := []string{f.journal}
	if f.with != "" {
		dirs = append(dirs, f.with)
	}
	for i, dir := range dirs {
		set, err := openJournal(dir)
		if err != nil {
			return nil, clock, nil, errors.Join(err, done())
		}
		open = append(open, set)
		info, err := set.Info()
		if err != nil {
			return nil, clock, nil, errors.Join(err, done())
		}
		if i > 0 && info.Boot != clock.Boot {
			return nil, clock, nil, errors.Join(fmt.Errorf("%s and %s are of different boots of a machine: their clocks cannot be compared",
				f.journal, f.with), done())
		}
		clock = userjournal.Clock{Boot: info.Boot, WallOffset: info.WallOffset}
		out = append(out, func(yield func(uapi.Record, error) bool) {
			err := set.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
				if !yield(rec, nil) {
					return userjournal.ErrStop
				}
				return nil
			})
			if err != nil {
				yield(nil, err)
			}
		})
	}
	return out, clock, done, nil
}

// sink is the journal to make, or nil. complete ends it, and removes it after an error.
func (f *boundaryFlags) sink(clock userjournal.Clock) (boundary.Sink, func(error) error, error) {
	if f.into == "" {
		return nil, func(error) error { return nil }, nil
	}
	if err := free(f.into); err != nil {
		return nil, nil, fmt.Errorf("%w; choose another name, or remove it first", err)
	}
	w, err := userjournal.Create(f.into, userjournal.Options{Durability: userjournal.DurabilityNone, Interval: -1, Clock: &clock})
	if err != nil {
		return nil, nil, err
	}
	return journalAppender{w}, func(failed error) error {
		err := w.Close()
		if failed != nil {
			err = errors.Join(err, remove(f.into))
		}
		return err
	}, nil
}

type journalAppender struct{ w *userjournal.Writer }

func (a journalAppender) Append(rec uapi.Record) error {
	_, err := a.w.Append(rec)
	return err
}

func (f *boundaryFlags) show(r *boundary.Report) error {
	side := func(s boundary.Side) boundedSide { return boundedSide{r.Records[s], r.Sequence[s], r.Alone[s]} }
	v := bounded{State: r.State(), Drift: r.Drift(), Worst: r.Worst, Losses: r.Losses, Kernel: side(boundary.Kernel), User: side(boundary.User),
		Others: r.Others, Duplicates: r.Duplicates, Conflicts: r.Conflicts, Forced: r.Forced, Written: r.Written}
	return show(false, func(w *bufio.Writer) error {
		if f.out.format == "json" {
			return writeJSON(w, v)
		}
		fmt.Fprintf(w, "%v: drift %d, at worst %d\n", v.State, v.Drift, v.Worst)
		fmt.Fprintf(w, "  kernel: %d records, sequence %d, %d acts alone\n", v.Kernel.Records, v.Kernel.Sequence, v.Kernel.Alone)
		fmt.Fprintf(w, "  mount:  %d records, sequence %d, %d acts alone\n", v.User.Records, v.User.Sequence, v.User.Alone)
		fmt.Fprintf(w, "  %d acts that both told of, %d conflicts\n", v.Duplicates, v.Conflicts)
		if v.Forced > 0 {
			fmt.Fprintf(w, "  %d records could not be held for all of the window\n", v.Forced)
		}
		if f.into != "" {
			fmt.Fprintf(w, "  %d records in %s\n", v.Written, quote.String(f.into))
		}
		return nil
	})
}
