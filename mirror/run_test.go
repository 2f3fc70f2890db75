// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vexj/ring"
	"vexj/uapi"
)

var errStop = errors.New("cannot detach")

// TestRunEnds: each way in which Run can end, and what is in the journal then.
func TestRunEnds(t *testing.T) {
	tests := []struct {
		name    string
		failAt  int // record of the journal
		stopErr error
		close   bool // the Reader, instead of ctx
		want    []error
		journal string
	}{
		{name: "by its context", journal: "S1 2 3 4 E5"},
		{name: "by its reader", close: true, journal: "S1 2 3 4 E5"},
		{name: "producer does not stop", stopErr: errStop, want: []error{errStop}, journal: "S1 2 3 4 E5"},
		{name: "no room for the start", failAt: 1, want: []error{errDisk}},
		{name: "no room for a record", failAt: 3, want: []error{errDisk}, journal: "S1 2"},
		{name: "no room for the stop", failAt: 5, want: []error{errDisk}, journal: "S1 2 3 4"},
		{name: "all at once", failAt: 3, stopErr: errStop, want: []error{errDisk, errStop}, journal: "S1 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, 2, 1<<14, Options{Grace: time.Millisecond})
			b.journal.failAt = test.failAt
			b.src.stopErr = test.stopErr
			waiter := &impatient{}
			b.rd = waiter
			for n := uint64(2); n <= 4; n++ {
				b.rings[n%2].output(numbered(uint32(n%2), n/2, n, 200))
			}
			b.src.counters = Counters{Attempted: 3, Recorded: 3}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.src.stopped = func() { b.src.number.Store(4) }
			if test.close {
				waiter.closed.Store(true)
			} else {
				cancel()
			}
			err := b.Run(ctx)
			for _, want := range test.want {
				if !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			}
			if len(test.want) == 0 && err != nil {
				t.Error(err)
			}
			if s := b.Stats(); s.Records+s.Refused != 3 && test.failAt != 1 || s.Types[uapi.SysProducerStart.Slot()] != min(1, uint64(len(b.journal.records))) ||
				s.Delay.Total() != s.Records || len(test.want) == 0 && total(s.Types) != uint64(len(b.journal.records)) {
				t.Errorf("%d journaled, %d refused, %d of some type, %d timed", s.Records, s.Refused, total(s.Types), s.Delay.Total())
			}
			if b.src.stops != 1 {
				t.Errorf("the producer was stopped %d times", b.src.stops)
			}
			if got := describe(b.journal.records); got != test.journal {
				t.Errorf("journal %s, want %s", got, test.journal)
			}
		})
	}
}

func total(types [uapi.TypeSlots]uint64) (n uint64) {
	for _, of := range types {
		n += of
	}
	return n
}

func TestClosedRing(t *testing.T) {
	b := newBench(t, 2, 1<<14, Options{})
	b.startAt(t, 0)
	b.record(0, 2, 5)
	if err := b.lanes[1].ring.Close(); err != nil {
		t.Fatal(err)
	}
	if journaled, lost := b.end(t); journaled != 4 || lost != 0 || len(b.notices) != 0 {
		t.Errorf("%d journaled, %d lost, notices %v", journaled, lost, b.notices)
	}
}

func TestStartAndStopSayWhat(t *testing.T) {
	b := newBench(t, 1, 1<<14, Options{})
	b.startAt(t, 0)
	b.record(0, 2, 5)
	b.lose(2)
	b.src.count(func(c *Counters) { c.Filtered = 77 })
	b.end(t)
	start, stop := b.journal.records[0], b.journal.records[len(b.journal.records)-1]
	p, _ := start.ProducerCounts()
	if p != (uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: testBase}) {
		t.Errorf("start %+v", p)
	}
	text, _ := start.Attr(uapi.AttrCoverage)
	if string(text) != "sees nothing\nhears nothing" {
		t.Errorf("coverage %q", text)
	}
	c, ok := start.Clock()
	if !ok || c.Boottime == 0 || c.Realtime == 0 || c.BootID == [16]byte{} || start.Ktime() != c.Boottime {
		t.Errorf("clock %+v at %d", c, start.Ktime())
	}
	p, _ = stop.ProducerCounts()
	want := uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: testBase,
		Attempted: 8, Recorded: 4, Lost: 2, Filtered: 77}
	if p != want {
		t.Errorf("stop %+v, want %+v", p, want)
	}
	for _, r := range []uapi.Record{start, stop} {
		if r.EventID() != testBase+r.GlobalSequence() || r.RootCause() != r.EventID() {
			t.Errorf("ids of %v", r.Header())
		}
	}
}

func TestLongCoverageIsCut(t *testing.T) {
	long := strings.Repeat("a line of what is not seen\n", 5000)
	got := cut(long)
	if len(got) > maxCoverage || !strings.HasSuffix(got, "seen\n(cut short)") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-30:])
	}
}

func TestNotices(t *testing.T) {
	b := newBench(t, 2, 1<<14, Options{Window: time.Hour})
	b.startAt(t, 0)
	b.record(1, 2, 65) // of 208 bytes each, in 16 KiB
	b.pass(false)
	b.rings[0].output([]byte("junk"))
	b.lose(3)
	b.record(0, 69, 70)
	b.pass(false)
	b.end(t)
	var kinds []NoticeKind
	for _, n := range b.notices {
		kinds = append(kinds, n.Kind)
		if strings.Contains(n.String(), "%!") || strings.HasPrefix(n.String(), "notice ") {
			t.Errorf("%+v reads %q", n, n)
		}
	}
	want := []NoticeKind{NoticeBehind, NoticeCaughtUp, NoticeMalformed, NoticeLost}
	if len(kinds) != len(want) {
		t.Fatalf("notices %v, want %v", b.notices, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Errorf("notices %v, want %v", b.notices, want)
		}
	}
	if n := b.notices[0]; n.Ring != 1 || n.Count < behindFill {
		t.Errorf("%+v", n)
	}
	if n := b.notices[2]; n.Count != 1 || !errors.Is(n.Err, uapi.ErrMalformed) {
		t.Errorf("%+v", n)
	}
	if n := b.notices[3]; n.Count != 3 || n.Cause != uapi.LostFull {
		t.Errorf("%+v", n)
	}
}

// TestPassAllocatesNothing: however many records there are.
func TestPassAllocatesNothing(t *testing.T) {
	b := newBench(t, 2, 1<<16, Options{})
	b.out.w = nowhere{}
	b.startAt(t, 0)
	next := uint64(2)
	round := func() {
		for range 100 {
			// Out of order over the rings and within one.
			for _, d := range []uint64{1, 0, 2} {
				b.rings[d%2].output(prepared(next + d))
			}
			next += 3
		}
		b.pass(false)
	}
	round()
	if n := testing.AllocsPerRun(20, round); n > 0 {
		t.Errorf("%v allocations for 300 records", n)
	}
	if got := b.Stats().Records; got < 6000 {
		t.Errorf("%d records were journaled", got)
	}
}

// prepared returns a record in memory that is used again and again.
func prepared(n uint64) []byte {
	h := uapi.Record(template).Header()
	h.EventID, h.GlobalSequence = testBase+n, n
	h.Put(template)
	return template
}

var template = numbered(0, 1, 1, 200)

// nowhere is a journal that keeps nothing.
type nowhere struct{}

func (nowhere) Append([]byte) (uint64, error)        { return 0, nil }
func (nowhere) AppendBatch([][]byte) (uint64, error) { return 0, nil }
func (nowhere) Sync() error                          { return nil }

var _ waiter = (*ring.Reader)(nil)
