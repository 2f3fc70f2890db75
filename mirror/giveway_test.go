// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"testing"
	"time"

	"vexj/uapi"
)

// startAt starts the mirror of a producer that has already given out numbers.
func (b *bench) startAt(t *testing.T, given uint64) {
	t.Helper()
	b.src.number.Store(given)
	b.src.count(func(c *Counters) { c.Attempted = given })
	b.now = func() time.Time { return b.clock }
	if err := b.start(); err != nil {
		t.Fatal(err)
	}
}

// record puts records with the numbers from first to last into a ring, and lets
// the mirror look whenever the ring is full.
func (b *bench) record(cpu uint32, first, last uint64) {
	for n := first; n <= last; n++ {
		b.src.count(func(c *Counters) {
			c.Attempted++
			c.Recorded++
		})
		r := numbered(cpu, n, n, 200)
		h := r.Header()
		h.EventID = b.src.base + n
		h.Put(r)
		for !b.rings[cpu].output(r) {
			b.pass(false)
		}
	}
	b.src.number.Store(max(b.src.number.Load(), last))
}

func (b *bench) lose(count uint64) {
	b.src.count(func(c *Counters) {
		c.Attempted += count
		c.Lost[uapi.LostFull] += count
	})
	b.src.number.Add(count)
}

func (b *bench) end(t *testing.T) (journaled, lost uint64) {
	t.Helper()
	b.now = time.Now
	b.Grace = 0
	if err := b.finish(); err != nil {
		t.Fatal(err)
	}
	return account(t, b.journal.records)
}

// TestOrderGivesWay: a probe that is held up for so long that what waits for it
// fills all memory there is for that.
func TestOrderGivesWay(t *testing.T) {
	for _, test := range []struct {
		name         string
		comes        bool
		late, stray  uint64
		journal, all uint64
	}{
		{name: "comes late", comes: true, late: 1, journal: 3000},
		{name: "never comes", journal: 2999},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, 2, 1<<16, Options{Hold: 1})
			b.startAt(t, 0)
			b.src.count(func(c *Counters) { c.Attempted++ })
			held, ok := b.rings[0].reserve(numbered(0, 1, 2, 200))
			if !ok {
				t.Fatal("no room")
			}
			b.src.number.Add(1)
			b.record(1, 3, 1000)
			b.pass(false)
			if got := len(b.journal.records); got != 1 {
				t.Errorf("%d records were journaled before their turn", got-1)
			}
			b.record(1, 1001, 3001)
			if got := len(b.journal.records); got < 1000 || b.Stats().Waiting > 2000 {
				t.Errorf("%d records were journaled though there is no more room, %d wait", got, b.Stats().Waiting)
			}
			b.rings[0].commit(held, !test.comes)
			journaled, lost := b.end(t)
			s := b.Stats()
			if journaled != test.journal || lost != 3000-test.journal || s.Late != test.late || s.Stray != 0 {
				t.Errorf("%d journaled, %d lost, %d late, %d stray", journaled, lost, s.Late, s.Stray)
			}
		})
	}
}

// TestAttachedBeforeStart: the producer has numbered records before the mirror
// took the start's number, which is then far from the first.
func TestAttachedBeforeStart(t *testing.T) {
	for _, test := range []struct {
		name        string
		given       uint64 // before the start
		first, last uint64 // of these, recorded
		after       uint64 // recorded after the start
	}{
		{"few", 10, 1, 10, 20},
		{"all lost", 10, 1, 0, 20},
		{"most lost, then some", 3 * window, 3*window - 10, 3 * window, 10},
		{"some, then most lost", 3 * window, 1, 20, 10},
		{"some, then most lost, then none", 3 * window, 1, 20, 0},
		{"one less than the window", window - 1, 1, 100, 5},
		{"the window", window, 1, 100, 5},
		{"one more than the window", window + 1, 1, 100, 5},
		{"all beyond", 2*window + 7, 1, 0, 0},
		{"more than the ledger", 3 * ledgerSize, 3*ledgerSize - 5, 3 * ledgerSize, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, 1, 1<<16, Options{})
			b.startAt(t, test.given)
			recorded := test.last + 1 - test.first
			b.src.count(func(c *Counters) {
				c.Lost[uapi.LostNested] = test.given - recorded
				c.Attempted -= recorded
			})
			b.record(0, test.first, test.last)
			if test.after > 0 {
				b.record(0, test.given+2, test.given+1+test.after)
			}
			b.pass(false)
			journaled, lost := b.end(t)
			if journaled != recorded+test.after || lost != test.given-recorded {
				t.Errorf("%d journaled, %d lost", journaled, lost)
			}
			if s := b.Stats(); s.Late != 0 || s.Stray != 0 || s.Malformed != 0 {
				t.Errorf("%d late, %d stray, %d malformed", s.Late, s.Stray, s.Malformed)
			}
		})
	}
}

// TestLateBelowStart: order gives way beyond the start's number before what has a
// lower one was read. That is not late: in the journal nothing comes before the start.
func TestLateBelowStart(t *testing.T) {
	b := newBench(t, 2, 1<<16, Options{})
	b.startAt(t, 10)
	b.src.count(func(c *Counters) { c.Attempted -= 10 })
	b.lose(window)
	b.record(0, 12+window, 20+window)
	b.record(1, 1, 10)
	b.pass(false)
	if journaled, lost := b.end(t); journaled != 19 || lost != window {
		t.Errorf("%d journaled, %d lost", journaled, lost)
	}
	if s := b.Stats(); s.Late != 0 || s.Stray != 0 {
		t.Errorf("%d late, %d stray", s.Late, s.Stray)
	}
}

// TestLongLoss: more numbers are missing than any window or ledger covers.
func TestLongLoss(t *testing.T) {
	for _, count := range []uint64{window - 1, window, window + 1, ledgerSize + window, 5*ledgerSize + 3} {
		b := newBench(t, 2, 1<<16, Options{Window: time.Hour})
		b.startAt(t, 0)
		b.record(0, 2, 100)
		b.lose(count)
		b.record(1, 101+count, 600+count)
		b.pass(false)
		b.lose(count)
		if _, lost := b.end(t); lost != 2*count {
			t.Errorf("%d told lost, want %d", lost, 2*count)
		}
		if s := b.Stats(); s.LostTold > 8 || s.Late != 0 {
			t.Errorf("%d lost in %d LOST records, %d late", count, s.LostTold, s.Late)
		}
	}
}
