// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vexj/uapi"
	"vexj/userjournal"
)

// run writes what a recorder would for one run of a producer.
type run struct {
	tb    testing.TB
	b     *uapi.Builder
	base  uint64
	next  uint64 // the producer's counter
	ktime uint64
	made  uint64 // records that the kernel made
	gone  uint64 // numbers that it could not put into the ring
	out   memory
}

func newRun(tb testing.TB, n uint64) *run {
	return &run{tb: tb, b: uapi.NewBuilder(nil), base: uapi.IDBase(uapi.ProducerTest, 1e18) + n<<32, ktime: n * 1e9}
}

// after makes the second run of the same journal.
func (r *run) after(first *run) *run {
	r.out = first.out
	return r
}

func (r *run) header(t uapi.Type, n uint64) uapi.Header {
	r.ktime++
	return uapi.Header{EventID: r.base + n, GlobalSequence: n, Type: t, Ktime: r.ktime, VisibilityMask: ^uint64(0)}
}

func (r *run) put() *run {
	rec, err := r.b.Finish()
	if err != nil {
		r.tb.Fatal(err)
	}
	r.out = append(r.out, slices.Clone(rec))
	return r
}

func (r *run) attr(c uapi.ProducerAttr) uapi.ProducerAttr {
	c.Producer, c.IDBase = uapi.ProducerTest, r.base
	return c
}

func (r *run) startAs(n uint64) *run {
	r.b.Begin(r.header(uapi.SysProducerStart, n))
	r.b.AddProducer(r.attr(uapi.ProducerAttr{}))
	r.b.AddString(uapi.AttrCoverage, "nothing is seen")
	r.b.AddClock(uapi.Clock{Boottime: r.ktime, Realtime: wallOffset})
	return r.put()
}

func (r *run) start() *run {
	r.next++
	return r.startAs(r.next)
}

// number writes one record with that number.
func (r *run) number(n uint64) *run {
	r.b.Begin(r.header(uapi.FSWrite, n))
	r.made++
	return r.put()
}

func (r *run) write(count int) *run {
	for range count {
		r.next++
		r.number(r.next)
	}
	return r
}

// drop takes numbers and writes nothing.
func (r *run) drop(count uint64) *run {
	r.next += count
	r.gone += count
	return r
}

func (r *run) lost(first, last, count uint64) *run {
	r.b.Begin(r.header(uapi.SysLost, last))
	r.b.AddLost(uapi.Lost{Count: count, First: first, Last: last, Cause: uapi.LostFull})
	return r.put()
}

func (r *run) stopWith(c uapi.ProducerAttr) *run {
	r.next++
	if c.Attempted == 0 {
		c.Attempted = r.next
	}
	r.b.Begin(r.header(uapi.SysProducerStop, r.next))
	r.b.AddProducer(r.attr(c))
	return r.put()
}

func (r *run) stop() *run {
	return r.stopWith(uapi.ProducerAttr{Recorded: r.made, Lost: r.gone})
}

func (r *run) journal() memory { return r.out }

func audit(t *testing.T, j Journal) *Account {
	t.Helper()
	a, err := Audit(j)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range a.Epochs {
		if len(e.Problems) == 0 && e.Attempted != e.Records+e.Lost+e.Missing {
			t.Errorf("%d attempted, but %d recorded, %d lost and %d missing", e.Attempted, e.Records, e.Lost, e.Missing)
		}
	}
	return a
}

// line is an epoch in short: what a test expects.
func line(e *Epoch) string {
	s := fmt.Sprintf("attempted %d records %d lost %d missing %d", e.Attempted, e.Records, e.Lost, e.Missing)
	if e.Late > 0 {
		s += fmt.Sprintf(" late %d", e.Late)
	}
	if e.Duplicates > 0 {
		s += fmt.Sprintf(" duplicates %d", e.Duplicates)
	}
	if !e.Started {
		s += " no start"
	}
	if !e.Stopped {
		s += " no stop"
	}
	return s
}

func TestAccount(t *testing.T) {
	for _, tc := range []struct {
		name     string
		journal  func(r *run) memory
		epochs   []string
		problems []string // parts of them, in order
	}{
		{"nothing", func(r *run) memory { return nil }, nil, nil},
		{"whole", func(r *run) memory { return r.start().write(10).stop().journal() },
			[]string{"attempted 12 records 12 lost 0 missing 0"}, nil},
		{"start is not the first number", func(r *run) memory {
			return r.startAs(4).number(1).number(2).number(3).number(5).jump(5).stop().journal()
		},
			[]string{"attempted 6 records 6 lost 0 missing 0"}, nil},
		{"start after a loss", func(r *run) memory {
			return r.startAs(4).number(1).lost(2, 3, 2).number(5).jump(5).stopWith(uapi.ProducerAttr{Recorded: 2, Lost: 2}).journal()
		}, []string{"attempted 6 records 4 lost 2 missing 0"}, nil},
		{"loss", func(r *run) memory { return r.start().write(3).drop(5).lost(5, 9, 5).write(2).stop().journal() },
			[]string{"attempted 12 records 7 lost 5 missing 0"}, nil},
		{"loss at the end", func(r *run) memory { return r.start().write(3).drop(5).lost(5, 9, 5).stop().journal() },
			[]string{"attempted 10 records 5 lost 5 missing 0"}, nil},
		{"oscillating loss in one record", func(r *run) memory {
			return r.start().drop(1).write(1).drop(2).write(1).drop(1).lost(2, 7, 4).write(1).stop().journal()
		}, []string{"attempted 9 records 5 lost 4 missing 0"}, nil},
		{"loss told late", func(r *run) memory { return r.start().drop(3).write(4).lost(2, 4, 3).write(1).stop().journal() },
			[]string{"attempted 10 records 7 lost 3 missing 0"}, nil},
		{"late records", func(r *run) memory {
			return r.start().drop(0).number(4).number(2).number(5).number(3).jump(5).stop().journal()
		}, []string{"attempted 6 records 6 lost 0 missing 0 late 2"}, nil},
		{"two losses, the second in the first one's window", func(r *run) memory {
			return r.start().number(5).number(9).lost(2, 4, 2).number(3).lost(6, 8, 3).jump(9).stopWith(uapi.ProducerAttr{Recorded: 3, Lost: 5}).journal()
		}, []string{"attempted 10 records 5 lost 5 missing 0 late 1"}, nil},

		{"gap", func(r *run) memory { return r.start().write(1).drop(2).write(1).stop().journal() },
			[]string{"attempted 6 records 4 lost 0 missing 2"}, []string{"2 numbers are in no record and in no LOST record, the first from 3", "counted 2 numbers lost, LOST records tell of 0"}},
		{"gap that LOST tells half of", func(r *run) memory { return r.start().drop(4).lost(2, 5, 2).write(1).stop().journal() },
			[]string{"attempted 7 records 3 lost 2 missing 2"}, []string{"2 numbers are in no record", "counted 4"}},
		{"LOST tells too much", func(r *run) memory {
			return r.start().drop(2).write(2).lost(2, 5, 4).stopWith(uapi.ProducerAttr{Recorded: 2, Lost: 2}).journal()
		},
			[]string{"attempted 6 records 4 lost 2 missing 0"}, []string{"tells of 4 numbers from 2 to 5, of which only 2 are missing"}},
		{"LOST twice", func(r *run) memory { return r.start().drop(1).lost(2, 2, 1).lost(2, 2, 1).write(1).stop().journal() },
			[]string{"attempted 4 records 3 lost 1 missing 0"}, []string{"only 0 are missing"}},
		{"LOST cannot be", func(r *run) memory { return r.start().drop(1).lost(2, 2, 2).write(1).stop().journal() },
			[]string{"attempted 4 records 3 lost 0 missing 1"}, []string{"cannot mean 2 numbers from 2 to 2", "1 number is in no record", "counted 1 number lost"}},
		{"duplicate", func(r *run) memory { return r.start().write(3).number(3).stop().journal() },
			[]string{"attempted 5 records 5 lost 0 missing 0 duplicates 1"}, []string{"number 3 was journaled or called lost before"}},
		{"record that was called lost", func(r *run) memory { return r.start().drop(1).lost(2, 2, 1).number(2).write(1).stop().journal() },
			[]string{"attempted 4 records 3 lost 1 missing 0 duplicates 1"}, []string{"number 2 was journaled or called lost before"}},
		{"start's number again", func(r *run) memory { return r.startAs(3).number(1).number(3).number(2).jump(3).stop().journal() },
			[]string{"attempted 4 records 4 lost 0 missing 0 duplicates 1"}, []string{"number 3 was journaled"}},
		{"record after stop", func(r *run) memory { return r.start().write(1).stop().write(1).journal() },
			[]string{"attempted 4 records 4 lost 0 missing 0"}, []string{"a write stands after the PRODUCER_STOP", "3 numbers were given out, the journal shows 4"}},
		{"no number", func(r *run) memory { return r.start().number(0).write(1).stop().journal() },
			[]string{"attempted 3 records 3 lost 0 missing 0"}, []string{"a write has no global_sequence"}},
		{"counters of stop do not agree", func(r *run) memory {
			return r.start().write(1).stopWith(uapi.ProducerAttr{Attempted: 7, Lost: 4}).journal()
		},
			[]string{"attempted 3 records 3 lost 0 missing 0"}, []string{"7 numbers were given out, the journal shows 3", "counted 4 numbers lost"}},

		{"killed", func(r *run) memory { return r.start().write(3).drop(2).write(1).journal() },
			[]string{"attempted 7 records 5 lost 0 missing 2 no stop"}, nil},
		{"killed, then whole", func(r *run) memory {
			return newRun(r.tb, 2).after(r.start().write(3)).start().write(2).stop().journal()
		}, []string{"attempted 4 records 4 lost 0 missing 0 no stop", "attempted 4 records 4 lost 0 missing 0"}, nil},
		{"start is gone", func(r *run) memory { return r.start().write(9).drop(1).lost(11, 11, 1).write(1).stop().journal()[5:] },
			[]string{"attempted 8 records 7 lost 1 missing 0 no start"}, nil},
		{"loss across the cut", func(r *run) memory { return r.start().drop(3).write(3).lost(2, 4, 3).write(2).stop().journal()[2:] },
			[]string{"attempted 5 records 5 lost 0 missing 0 no start"}, nil},
		{"record of an earlier run", func(r *run) memory {
			second := newRun(r.tb, 2).after(r.start().stop()).start()
			return second.stop().journal().and(r.write(1).journal().last())
		}, []string{"attempted 2 records 2 lost 0 missing 0", "attempted 2 records 2 lost 0 missing 0"}, []string{"event_id is of an earlier run of test"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := audit(t, tc.journal(newRun(t, 1)))
			var epochs, problems []string
			for _, e := range a.Epochs {
				epochs = append(epochs, line(e))
				for _, p := range e.Problems {
					problems = append(problems, p.String())
				}
			}
			for _, p := range a.Strays {
				problems = append(problems, p.String())
			}
			if !slices.Equal(epochs, tc.epochs) {
				t.Errorf("got  %q\nwant %q", epochs, tc.epochs)
			}
			if !slices.EqualFunc(problems, tc.problems, strings.Contains) {
				t.Errorf("problems\n%s\nwant\n%s", strings.Join(problems, "\n"), strings.Join(tc.problems, "\n"))
			}
			if a.Sound() != (len(tc.problems) == 0) {
				t.Errorf("sound: %v", a.Sound())
			}
		})
	}
}

func (r *run) jump(n uint64) *run {
	r.next = n
	return r
}

func (m memory) last() memory { return m[len(m)-1:] }

func (m memory) and(other memory) memory { return append(slices.Clone(m), other...) }

// perCPU writes a record of a producer that has no global numbers.
func (r *run) perCPU(t uapi.Type, cpu uint32, n uint64, l *uapi.Lost) *run {
	h := r.header(t, 0)
	h.CPU, h.Sequence = cpu, n
	if l == nil && n > 0 {
		h.EventID += n
	}
	r.b.Begin(h)
	switch {
	case l != nil:
		r.b.AddLost(*l)
	case t == uapi.SysProducerStart:
		r.b.AddProducer(r.attr(uapi.ProducerAttr{}))
	case t == uapi.SysProducerStop:
		r.b.AddProducer(r.attr(uapi.ProducerAttr{Attempted: r.next, Recorded: r.made, Lost: r.gone}))
	default:
		r.made++
	}
	return r.put()
}

func TestAccountPerCPU(t *testing.T) {
	const w, start, stop, lost = uapi.FSWrite, uapi.SysProducerStart, uapi.SysProducerStop, uapi.SysLost
	r := newRun(t, 1).perCPU(start, 0, 0, nil).perCPU(w, 0, 1, nil).perCPU(w, 5, 1, nil).perCPU(w, 0, 4, nil).
		perCPU(lost, 0, 3, &uapi.Lost{Count: 2, First: 2, Last: 3, CPU: 0, Cause: uapi.LostNested}).perCPU(w, 5, 2, nil).
		perCPU(lost, 0, 0, &uapi.Lost{Count: 3, CPU: uapi.SeveralCPUs})
	r.next, r.gone = 9, 5
	a := audit(t, r.perCPU(stop, 0, 0, nil).journal())
	if len(a.Epochs) != 1 || line(a.Epochs[0]) != "attempted 9 records 4 lost 5 missing 0" || !a.Sound() || !a.Epochs[0].PerCPU {
		t.Fatalf("got %q, %v", line(a.Epochs[0]), a.Epochs[0].Problems)
	}
	if by := a.Epochs[0].LostBy; by[uapi.LostNested] != 2 || by[uapi.LostUnknown] != 3 {
		t.Errorf("lost by cause: %v", by)
	}

	gap := newRun(t, 1).perCPU(start, 0, 0, nil).perCPU(w, 3, 2, nil)
	gap.next = 2
	e := audit(t, gap.perCPU(stop, 0, 0, nil).journal()).Epochs[0]
	if len(e.Problems) != 1 || !strings.Contains(e.Problems[0].Text, "the first from 1 on CPU 3") {
		t.Errorf("got %v", e.Problems)
	}
}

func TestAccountUnclean(t *testing.T) {
	r := newRun(t, 1).start().write(2)
	r.b.Begin(r.header(uapi.SysLost, 4))
	r.b.AddLost(uapi.Lost{Cause: uapi.LostUnclean})
	a := audit(t, newRun(t, 2).after(r.put()).start().stop().journal())
	if !a.Sound() || len(a.Epochs) != 2 || line(a.Epochs[0]) != "attempted 3 records 3 lost 0 missing 0 no stop" {
		t.Fatalf("got %q, %v", line(a.Epochs[0]), a.Epochs[0].Problems)
	}
	if notes := strings.Join(a.Epochs[0].Notes, "\n"); !strings.Contains(notes, "ended without draining") || !strings.Contains(notes, "no PRODUCER_STOP") {
		t.Errorf("notes: %s", notes)
	}
}

func TestAccountKeepsProblemsFew(t *testing.T) {
	r := newRun(t, 1).start().write(1)
	for range 100 {
		r.number(2)
	}
	e := audit(t, r.stop().journal()).Epochs[0]
	if len(e.Problems) != maxProblems || e.More != 100-maxProblems || e.Duplicates != 100 {
		t.Errorf("%d problems, %d more, %d duplicates", len(e.Problems), e.More, e.Duplicates)
	}
}

func TestAccountFacts(t *testing.T) {
	a := audit(t, newRun(t, 1).start().write(2).stop().journal())
	e := a.Epochs[0]
	if e.Producer != uapi.ProducerTest || e.Coverage != "nothing is seen" || e.Clock.Realtime != wallOffset || e.Counters.Recorded != 2 ||
		e.First != 1 || e.Last != 4 || !e.FirstTime.Equal(wall(1e9+1)) || !e.LastTime.Equal(wall(1e9+4)) || !e.Balanced() {
		t.Errorf("got %+v", e)
	}
	if a.Attempted() != 4 || a.Journaled() != 4 || a.Lost() != 0 || a.Missing() != 0 || a.Records != 4 {
		t.Errorf("sums %d %d %d %d", a.Attempted(), a.Journaled(), a.Lost(), a.Missing())
	}
}

// TestAccountOfAnyStorm makes random runs as a mirror may write them, with
// losses, windows of losses and late records: all are sound. Then it takes one
// record away: none is.
func TestAccountOfAnyStorm(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		r := newRun(t, 1).start()
		for range rng.IntN(20) {
			r.window(rng)
		}
		m := r.stop().journal()
		a := audit(t, m)
		if !a.Sound() || !a.Epochs[0].Balanced() || a.Epochs[0].Attempted != r.next || a.Epochs[0].Lost != r.gone {
			t.Fatalf("seed %d: %s of %d, %d lost: %v", seed, line(a.Epochs[0]), r.next, r.gone, a.Epochs[0].Problems)
		}
		i := 1 + rng.IntN(len(m)-1)
		if i == len(m)-1 && m[i].Type() == uapi.SysProducerStop {
			continue // then it is a run that was killed
		}
		if audit(t, slices.Delete(slices.Clone(m), i, i+1)).Sound() {
			t.Fatalf("seed %d: record %d was taken away and nothing is said", seed, i+1)
		}
	}
}

// window writes up to 50 numbers, some late, some lost, the losses told at the
// end of it.
func (r *run) window(rng *rand.Rand) {
	n := uint64(1 + rng.IntN(50))
	var here []uint64
	var first, last, count uint64
	for i := r.next + 1; i <= r.next+n; i++ {
		if rng.IntN(3) == 0 {
			if count == 0 {
				first = i
			}
			last = i
			count++
		} else {
			here = append(here, i)
		}
	}
	if rng.IntN(3) == 0 {
		rng.Shuffle(len(here), func(i, j int) { here[i], here[j] = here[j], here[i] })
	}
	for _, i := range here {
		r.number(i)
	}
	if count > 0 {
		r.lost(first, last, count)
		r.gone += count
	}
	r.next += n
}

// TestAuditGoesOnBehindDamage: what a damaged block held is missing, and said.
func TestAuditGoesOnBehindDamage(t *testing.T) {
	m := newRun(t, 1).start().write(10).stop().journal()
	a, err := Audit(damagedJournal{m})
	if err != nil {
		t.Fatal(err)
	}
	if a.Sound() || len(a.Damage) != 1 || a.Missing() != 3 || !a.Epochs[0].Stopped {
		t.Errorf("damage %v, missing %d", a.Damage, a.Missing())
	}
}

// damagedJournal has lost records 4 to 6.
type damagedJournal struct{ memory }

func (d damagedJournal) Scan(opt userjournal.ScanOptions, fn func(uint64, uapi.Record) error) error {
	return d.memory.Scan(opt, func(ordinal uint64, r uapi.Record) error {
		if ordinal < 4 || ordinal > 6 {
			return fn(ordinal, r)
		}
		if ordinal > 4 {
			return nil
		}
		return opt.OnDamage(&userjournal.DamageError{First: 4, Last: 6, Err: errors.New("bad checksum")})
	})
}
