// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/exit"
	"vexj/uapi"
	"vexj/userjournal"
)

// ackEvery is how often a consumer acknowledges what was written out.
const ackEvery = time.Second

// A logStart is where log begins, if not at the oldest record, and what it keeps
// for the next time.
type logStart struct {
	cursor, afterCursor, consumer string
	noAck, showCursor             bool

	journal *userjournal.Set
	after   userjournal.Position // nil: all
	flush   func() error

	mu    sync.Mutex
	seen  userjournal.Position // all up to here was looked at, and given to the printer if wanted
	acked userjournal.Position
	time  time.Time
	last  string // cursor of the last record that was shown
}

func (s *logStart) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&s.cursor, "cursor", "", "records from the one with this `cursor` on")
	fs.StringVar(&s.afterCursor, "after-cursor", "", "records behind the one with this `cursor`")
	fs.StringVar(&s.consumer, "consumer", "", "records that this `name` has not acknowledged; they are, once written out")
	fs.BoolVar(&s.noAck, "no-ack", false, "with --consumer, leave what is acknowledged as it is")
	fs.BoolVar(&s.showCursor, "show-cursor", false, "end with the cursor of the last record shown; with -o json and ndjson, give each record's")
}

// check refuses what would acknowledge records that nobody saw.
func (s *logStart) check(f *logFlags) error {
	given := 0
	for _, text := range []string{s.cursor, s.afterCursor, s.consumer} {
		if text != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return exit.Usagef("give one of --cursor, --after-cursor and --consumer")
	case given == 1 && (f.reverse || f.lines >= 0):
		return exit.Usagef("-r and -n count from the end: they cannot be had with --cursor, --after-cursor or --consumer")
	case s.noAck && s.consumer == "":
		return exit.Usagef("--no-ack is about a --consumer")
	}
	return nil
}

// open finds where to begin; flush writes out what was printed.
func (s *logStart) open(journal *userjournal.Set, flush func() error) (err error) {
	s.journal, s.flush, s.time = journal, flush, time.Now()
	s.seen = make(userjournal.Position, len(journal.Shards()))
	switch {
	case s.cursor != "":
		s.after, _, err = seek(journal, s.cursor)
	case s.afterCursor != "":
		_, s.after, err = seek(journal, s.afterCursor)
	case s.consumer != "":
		var one userjournal.SetConsumer
		one, err = journal.Consumers().Get(s.consumer)
		s.after, s.acked = one.Acknowledged, slices.Clone(one.Acknowledged)
	}
	if s.after != nil {
		s.seen = slices.Clone(s.after)
	}
	return err
}

// name lets the printer give each object its cursor.
func (s *logStart) name(p *printer) {
	if s.showCursor && (p.format == "json" || p.format == "ndjson") {
		p.cursor = func(ordinal uint64, rec uapi.Record) string {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.journal.Cursor(s.seen, ordinal, rec)
		}
	}
}

// shown is told of each record that was given to the printer.
func (s *logStart) shown(ordinal uint64, rec uapi.Record) error {
	err := s.passed(ordinal)
	if s.showCursor {
		s.last = s.journal.Cursor(s.seen, ordinal, rec)
	}
	return err
}

// passed is told of each record that was looked at.
func (s *logStart) passed(ordinal uint64) error {
	s.mu.Lock()
	s.seen.Pass(ordinal)
	due := s.consumer != "" && time.Since(s.time) >= ackEvery
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.acknowledge()
}

// reached is told that all up to the position was looked at.
func (s *logStart) reached(end userjournal.Position) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Join(end)
	return nil
}

// acknowledge does so up to what was passed, once that is written out.
func (s *logStart) acknowledge() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = time.Now()
	if s.consumer == "" || s.noAck || slices.Equal(s.seen, s.acked) {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	err := s.journal.Consumers().Acknowledge(s.consumer, s.seen)
	if err == nil {
		s.acked = slices.Clone(s.seen)
	}
	return err
}

// everyNow acknowledges while there is nothing to read; the function that it
// returns ends that, with a last time.
func (s *logStart) everyNow() (stop func() error) {
	quit, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(ackEvery)
		defer tick.Stop()
		var failed error
		for {
			select {
			case <-tick.C:
				if err := s.acknowledge(); failed == nil {
					failed = err
				}
			case <-quit:
				ended <- errors.Join(failed, s.acknowledge())
				return
			}
		}
	}()
	return func() error {
		close(quit)
		return <-ended
	}
}

// end prints the cursor.
func (s *logStart) end(p *printer) error {
	if s.last == "" || p.cursor != nil {
		return nil
	}
	_, err := fmt.Fprintf(p.w, "-- cursor: %s\n", s.last)
	return err
}
