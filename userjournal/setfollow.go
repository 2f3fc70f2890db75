// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"context"
	"errors"
	"slices"
	"time"

	"vexj/uapi"
)

// settleTime is how long a record may wait for one of another shard that belongs
// before it: twice what a writer leaves a record unseen by default.
const settleTime = 2 * defaultInterval

// Follow is [Reader.Follow] from a position on; nil is before the first record.
//
// Of several shards one may show a record sooner than another one that belongs
// before it. The next number of a run is given at once, any other record when no
// shard can have one that belongs before, or after two seconds: what becomes
// visible later than that comes late.
func (s *Set) Follow(ctx context.Context, after Position, fn func(ordinal uint64, rec uapi.Record) error) error {
	at := slices.Clone(after)
	if after == nil {
		at = s.start()
	}
	if s.alone() {
		return s.shards[0].Follow(ctx, at[0]+1, fn)
	}
	w := watch(s.dirs...)
	defer w.close()
	f := follower{at: at}
	for {
		end, err := s.End()
		if err != nil {
			return err
		}
		stopped := false
		f.end, f.held = end, false
		m := merge{span: s.Between(f.at, end), holds: f.holds}
		err = m.run(func(ordinal uint64, rec uapi.Record) error {
			if ctx.Err() != nil {
				return ErrStop
			}
			f.pass(ordinal, rec)
			err := fn(ordinal, rec)
			stopped = errors.Is(err, ErrStop)
			return err
		})
		if err != nil || stopped {
			return err
		}
		if !f.held {
			f.since = time.Time{}
		}
		if !w.wait(ctx) {
			return nil
		}
	}
}

// A follower knows which record comes next, and for how long one was held back.
type follower struct {
	at, end Position

	run, sequence uint64 // of the record that was given last

	held  bool
	since time.Time // when a record was held back first; zero: none is
	seen  Position  // the end at that time
}

// holds: a record that belongs before this one may still become visible.
func (f *follower) holds(h *headOfShard, dry bool) bool {
	if !dry || h.run != 0 && h.run == f.run && firstNumber(h) <= f.sequence+1 {
		return false
	}
	now := time.Now()
	if !f.since.IsZero() && h.ordinal <= f.seen[h.shard] {
		f.held = now.Sub(f.since) < settleTime
		return f.held
	}
	f.since, f.seen, f.held = now, f.end, true
	return true
}

// firstNumber is the first of those that the record stands for.
func firstNumber(h *headOfShard) uint64 {
	if l, ok := h.rec.Lost(); ok && h.rec.Type() == uapi.SysLost && l.First != 0 {
		return l.First
	}
	return h.sequence
}

func (f *follower) pass(ordinal uint64, rec uapi.Record) {
	f.at.Pass(ordinal)
	n := rec.GlobalSequence()
	switch run := rec.EventID() - n; {
	case n == 0:
	case run == f.run:
		f.sequence = max(f.sequence, n)
	default:
		f.run, f.sequence = run, n
	}
}
