// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vexj/agent/session"
	"vexj/cmd/internal/exit"
	"vexj/internal/when"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// followLines is how many records -f shows of what was there before.
const followLines = 10

type logFlags struct {
	out          output
	journal      string
	follow       bool
	lines        int
	reverse      bool
	since, until string
	types, paths []string
	pids         []uint
	inodes       []uint
	agents       []string
	sessions     []string
	fields       fieldFlags
	limit        int
	failed       bool
	noPager      bool
	utc          bool
	start        logStart

	asked *pflag.FlagSet // the conditions
}

func newLog() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "log",
		Short: "Show the records of a journal, one a line",
		Long: `Show the records of a journal, one a line, the oldest first.

Points in time are written like 2026-03-01T12:00:00Z, "2026-03-01 12:00", 12:00,
today, 10m or -1h (that long ago), +5m, @1767225600.

A path pattern stands for a whole path, the first or the second of a record:
/etc/passwd is that file, /etc/ and /etc/** that folder and all below it,
/var/log/*.log the files directly in it, *.go those at any depth. ? [a-z] and
{one,two} are as in a shell.`,
		Example: `  vexjctl log -n 20
  vexjctl log -f --type modify --path /etc/
  vexjctl log --since 10m --failed -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fs := cmd.Flags()
	journalFlag(cmd, &f.journal)
	f.out.flags(cmd, "short", "wide", "json", "ndjson")
	fs.BoolVarP(&f.follow, "follow", "f", false, "go on with what is recorded from now on, until ^C")
	fs.IntVarP(&f.lines, "lines", "n", -1, "show only the last `number` of records (with -f 10 if not given)")
	fs.BoolVarP(&f.reverse, "reverse", "r", false, "the newest first")
	f.conditionFlags(cmd)
	fs.IntVar(&f.limit, "limit", -1, "end after this `number` of records; --show-cursor says where to go on")
	fs.BoolVar(&f.noPager, "no-pager", false, "write to the terminal directly")
	fs.BoolVar(&f.utc, "utc", false, "show times in UTC, not in local time")
	f.start.flags(cmd)
	return cmd
}

// conditionFlags are those that say which records are wanted.
func (f *logFlags) conditionFlags(cmd *cobra.Command) {
	fs := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	f.asked = fs
	fs.StringVar(&f.since, "since", "", "records from this `time` on")
	fs.StringVar(&f.until, "until", "", "records before this `time`")
	fs.StringSliceVar(&f.types, "type", nil, "records of these `types`, categories or groups (repeatable; -word takes away)")
	fs.StringArrayVar(&f.paths, "path", nil, "records with a path that matches this `pattern` (repeatable)")
	fs.UintSliceVar(&f.pids, "pid", nil, "records of this `process` (repeatable)")
	fs.UintSliceVar(&f.inodes, "inode", nil, "records of an object with this inode `number` (repeatable)")
	fs.StringArrayVar(&f.agents, "agent", nil, "records with this agent `id` (repeatable)")
	fs.StringArrayVar(&f.sessions, "session", nil, "records of this `session`, its name or number (repeatable)")
	f.fields.flags(fs)
	fs.BoolVar(&f.failed, "failed", false, "records of operations that failed")
	cmd.Flags().AddFlagSet(fs)
	completeType(cmd)
	_ = cmd.RegisterFlagCompletionFunc("category", fixed(categoryWords()))
	_ = cmd.RegisterFlagCompletionFunc("min-priority", fixed(priorityWords()))
}

// given are the conditions that there are, by the names of their flags.
func (f *logFlags) given() (flags []*pflag.Flag) {
	f.asked.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed {
			flags = append(flags, flag)
		}
	})
	return flags
}

func (f *logFlags) run(cmd *cobra.Command) (err error) {
	if f.fields.where == "help" {
		return whereHelp()
	}
	color, err := f.out.check()
	if err != nil {
		return err
	}
	filter, err := f.filter(time.Now())
	if err != nil {
		return err
	}
	if err := f.start.check(f); err != nil {
		return err
	}
	r, err := openJournal(f.journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	loc := time.Local
	if f.utc {
		loc = time.UTC
	}
	var p *printer
	err = show(!f.follow && !f.noPager, func(w *bufio.Writer) error {
		p = newPrinter(w, r, f.out.format, color, loc)
		f.start.name(p)
		err := f.print(cmd.Context(), r, filter, p)
		return errors.Join(err, f.start.end(p), p.end())
	})
	switch {
	case err != nil:
		return err
	case p.damaged:
		return errors.New("part of the journal cannot be read, see above; `vexjctl verify` tells all of it")
	case p.count == 0 && !f.follow:
		return nothing(f.journal, r)
	}
	return nil
}

// nothing says why there was nothing to show.
func nothing(dir string, s *userjournal.Set) error {
	info, err := s.Info()
	if err != nil {
		return err
	}
	if info.Records == 0 {
		return emptyJournal(dir)
	}
	return exit.With(exit.NoMatch, fmt.Errorf("no record of %s matches", dir))
}

// filter turns the flags into what a record must be like.
func (f *logFlags) filter(now time.Time) (*query.Filter, error) {
	if f.follow && (f.reverse || f.until != "") {
		return nil, exit.Usagef("-f goes on for ever: it cannot be had with -r or --until")
	}
	if f.limit >= 0 && (f.follow || f.lines >= 0) {
		return nil, exit.Usagef("--limit counts from the start: it cannot be had with -f or -n")
	}
	c, err := f.conditions(now)
	if err != nil {
		return nil, err
	}
	return c.Compile(query.All)
}

func sessions(names []string) (ids []uint64) {
	for _, name := range names {
		ids = append(ids, session.ID(name))
	}
	return ids
}

func numbers(flag []uint) (ns []uint64) {
	for _, n := range flag {
		ns = append(ns, uint64(n))
	}
	return ns
}

func pointInTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := when.Parse(text, now)
	if err != nil {
		return t, exit.Usagef("--%s %w", flag, err)
	}
	return t, nil
}

// print writes what the flags ask for.
func (f *logFlags) print(ctx context.Context, journal *userjournal.Set, filter *query.Filter, p *printer) error {
	end, err := journal.End()
	if err != nil {
		return err
	}
	if err := f.start.open(journal, p.w.Flush); err != nil {
		return err
	}
	record := func(ordinal uint64, rec uapi.Record) error {
		if err := p.record(ordinal, rec); err != nil {
			return err
		}
		return f.start.shown(ordinal, rec)
	}
	s := &selection{set: journal, filter: filter, damage: p.damage}
	switch {
	case f.start.after != nil:
		end.Join(f.start.after)
		err = s.between(f.start.after, end).scan(userjournal.ScanOptions{}, f.limit, record)
	case f.reverse:
		return s.between(nil, end).scan(userjournal.ScanOptions{Reverse: true}, max(f.lines, f.limit), record)
	case f.follow && f.lines < 0:
		err = s.tail(end, followLines, record)
	case f.lines >= 0:
		err = s.tail(end, f.lines, record)
	default:
		err = s.between(nil, end).scan(userjournal.ScanOptions{}, f.limit, record)
	}
	if err == nil && f.limited(p) {
		return f.start.acknowledge()
	}
	if err == nil {
		err = errors.Join(f.start.reached(end), f.start.acknowledge())
	}
	if err != nil || !f.follow {
		return err
	}
	return f.goOn(ctx, journal, filter, end, p)
}

// limited: what is behind the last record was not looked at.
func (f *logFlags) limited(p *printer) bool { return f.limit >= 0 && p.count >= uint64(f.limit) }

// goOn prints what is recorded behind the position, until a signal.
func (f *logFlags) goOn(ctx context.Context, s *userjournal.Set, filter *query.Filter, after userjournal.Position, p *printer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	live := newLive(p)
	f.start.flush = live.flushed
	stopped := f.start.everyNow()
	matches := filter.Matches(s)
	err := s.Follow(ctx, after, func(ordinal uint64, rec uapi.Record) error {
		if !matches(ordinal, rec) {
			return f.start.passed(ordinal)
		}
		if err := live.record(ordinal, rec); err != nil {
			return err
		}
		return f.start.shown(ordinal, rec)
	})
	return errors.Join(err, stopped(), live.close())
}
