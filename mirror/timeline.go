// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"slices"
	"time"

	"vexj/uapi"
)

// A timeline orders the records of a producer that cannot number globally: by
// their time, and by CPU and sequence where that is the same. What is missing
// shows in the sequence of each CPU.
type timeline struct {
	*core
	idBase  uint64
	seen    uint64 // records taken from the rings
	pending []timed
	last    uint64 // time of the latest that was journaled
	horizon uint64 // up to which every record has come, by all expectation
	arena   *arena
	watch   watch
}

type timed struct {
	time   uint64
	record uapi.Record
	kept   bool
}

// settling is how long after its time a record is still expected to reach its
// ring. One that takes longer is journaled all the same, out of order.
const settling = 2 * time.Millisecond

func newTimeline(c *core) *timeline {
	return &timeline{core: c, idBase: c.src.IDBase(), arena: newArena(c.Hold), pending: make([]timed, 0, passRecords)}
}

func (t *timeline) add(l *lane, samples [][]byte) {
	for _, b := range samples {
		size, err := uapi.Size(b)
		if err != nil {
			t.tally.malformed(err)
			continue
		}
		r := uapi.Record(b[:size:size])
		if r.Sequence() < l.cpu.next && l.cpu.missing.count == 0 {
			t.tally.stray++
			continue
		}
		l.cpu.id = r.CPU()
		l.cpu.see(r)
		l.key = r.Ktime()
		t.seen++
		t.pending = append(t.pending, timed{time: r.Ktime(), record: r})
	}
}

func (t *timeline) settle(_ uint64, now time.Time, ending bool) {
	if clock, err := readClock(); err == nil {
		t.horizon = clock.Boottime - min(clock.Boottime, uint64(settling))
	}
	if ending {
		t.horizon = ^uint64(0)
	}
	missing := t.missing()
	if missing == 0 {
		t.watch = watch{}
		return
	}
	if t.watch.since.IsZero() {
		t.watch.since = now
	}
	age := now.Sub(t.watch.since)
	explained := t.tally.explained() >= missing && (ending || age >= t.Window)
	if explained || age >= t.Grace {
		t.declare()
	}
}

func (t *timeline) missing() uint64 {
	var n uint64
	for i := range t.lanes {
		n += t.lanes[i].cpu.missing.count
	}
	return n
}

// declare writes a LOST record for each CPU that misses numbers. It has no
// number of its own: where there are none, that of global_sequence 0 is free.
func (t *timeline) declare() {
	t.watch = watch{}
	for i := range t.lanes {
		cpu := &t.lanes[i].cpu
		if cpu.missing.count > 0 {
			t.tellLost(cpu.id, cpu.missing)
			cpu.missing = loss{}
		}
	}
}

func (t *timeline) tellLost(cpu uint32, l loss) {
	t.out.lost(t.idBase, 0, l.last, uapi.Lost{
		Count: l.count, First: l.first, Last: l.last, Cause: t.tally.charge(l.count), CPU: cpu,
	})
}

func (t *timeline) emit() {
	slices.SortFunc(t.pending, func(a, b timed) int {
		return cmp.Or(cmp.Compare(a.time, b.time),
			cmp.Compare(a.record.CPU(), b.record.CPU()),
			cmp.Compare(a.record.Sequence(), b.record.Sequence()))
	})
	n := 0
	for n < len(t.pending) && t.pending[n].time <= t.horizon {
		n++
	}
	t.journal(n)
}

// journal writes the first n that are pending.
func (t *timeline) journal(n int) {
	for _, e := range t.pending[:n] {
		if e.time < t.last {
			t.tally.late++
		}
		t.last = max(t.last, e.time)
		t.out.record(e.record)
	}
	t.pending = slices.Delete(t.pending, 0, n)
	if len(t.pending) == 0 {
		t.arena.free(^uint64(0))
	} else {
		t.arena.free(t.pending[0].time)
	}
}

func (t *timeline) hold() {
	var top uint64
	for i := range t.pending {
		e := &t.pending[i]
		top = max(top, e.time)
		if e.kept {
			continue
		}
		kept := t.arena.copy(e.record)
		if kept == nil {
			t.arena.seal(top)
			t.journal(len(t.pending))
			return
		}
		e.record, e.kept = kept, true
	}
	if len(t.pending) > 0 {
		t.arena.seal(top)
	}
}

// end accounts for what was lost on a CPU after its last record, too.
func (t *timeline) end(uint64) {
	t.tally.read(t.src.Counters())
	t.journal(len(t.pending))
	t.declare()
	c := &t.tally.counters
	if rest := c.Attempted - min(c.Attempted, t.seen+sum(&t.tally.declared)); rest > 0 {
		t.tellLost(uapi.SeveralCPUs, loss{count: rest})
	}
}

func (t *timeline) idle(limit uint64) bool {
	return len(t.pending) == 0 && t.seen+sum(&t.tally.declared) >= limit
}

// thorough: what was not read may be older than what was.
func (t *timeline) thorough() bool { return true }

func (t *timeline) waiting() int { return len(t.pending) }
