// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"time"

	"vexj/uapi"
)

// Epoch is one run of one producer, from its PRODUCER_START to its
// PRODUCER_STOP, as the journal has it.
type Epoch struct {
	Producer uapi.Producer
	IDBase   uint64

	First, Last         uint64 // ordinals of its first and last record
	FirstTime, LastTime time.Time
	firstKtime, ktime   uint64

	Started bool // PRODUCER_START is there; if not, older segments were removed
	Stopped bool // PRODUCER_STOP is there; if not, the recorder was killed or still runs
	PerCPU  bool // no global numbers: each CPU's sequence is accounted for
	Clock   uapi.Clock
	// Coverage is what the producer could not see, a line each, and what it
	// turned out not to have seen.
	Coverage string
	// Counters are the producer's own, from PRODUCER_STOP.
	Counters uapi.ProducerAttr

	Attempted   uint64 // numbers given out
	Records     uint64 // of these, journaled; LOST records have the number of one that is not
	Lost        uint64 // of these, in LOST records
	Missing     uint64 // of these, neither
	LostRecords uint64
	LostBy      [uapi.LostCauses]uint64 // Lost by the cause that is given
	Late        uint64                  // of Records, after a higher number
	Duplicates  uint64                  // records whose number was there before

	Problems []Problem // what breaks a promise; the first maxProblems
	More     uint64    // how many further ones there are
	Notes    []string  // what is worth knowing and breaks none

	global numbers
	cpus   map[uint32]*numbers
	rest   uint64 // lost on no known CPU
}

// Problem is a promise broken, in words for the owner of the journal.
type Problem struct {
	Ordinal uint64 // of the record that shows it; 0: none does
	Text    string
}

func (p Problem) String() string {
	if p.Ordinal == 0 {
		return p.Text
	}
	return fmt.Sprintf("record %d: %s", p.Ordinal, p.Text)
}

const (
	maxProblems = 20
	// maxCPUs is far above what Linux supports.
	maxCPUs = 1 << 14
)

// Balanced reports whether Attempted == Records + Lost, and nothing else is
// wrong.
func (e *Epoch) Balanced() bool {
	return e.Attempted == e.Records+e.Lost && len(e.Problems) == 0
}

func (e *Epoch) problem(ordinal uint64, format string, a ...any) {
	if len(e.Problems) == maxProblems {
		e.More++
		return
	}
	e.Problems = append(e.Problems, Problem{ordinal, fmt.Sprintf(format, a...)})
}

func (e *Epoch) note(format string, a ...any) {
	e.Notes = append(e.Notes, fmt.Sprintf(format, a...))
}

// sequence returns where the record's number belongs, and the number; nil if it
// has none.
func (e *Epoch) sequence(ordinal uint64, r uapi.Record) (*numbers, uint64) {
	if !e.PerCPU {
		if r.GlobalSequence() == 0 {
			e.problem(ordinal, "a %s has no global_sequence, though others of this run do", r.Type())
			return nil, 0
		}
		return &e.global, r.GlobalSequence()
	}
	if r.GlobalSequence() != 0 || r.Sequence() == 0 {
		e.problem(ordinal, "a %s has global_sequence %d and sequence %d on CPU %d, in a run that is numbered on each CPU",
			r.Type(), r.GlobalSequence(), r.Sequence(), r.CPU())
		return nil, 0
	}
	return e.cpu(ordinal, r.CPU()), r.Sequence()
}

func (e *Epoch) cpu(ordinal uint64, cpu uint32) *numbers {
	s := e.cpus[cpu]
	if s == nil {
		if len(e.cpus) == maxCPUs {
			e.problem(ordinal, "CPU %d is one more than the %d that can be accounted for", cpu, maxCPUs)
			return nil
		}
		if e.cpus == nil {
			e.cpus = map[uint32]*numbers{}
		}
		s = &numbers{}
		e.cpus[cpu] = s
	}
	return s
}

func (e *Epoch) add(ordinal uint64, r uapi.Record) {
	e.Last, e.ktime = ordinal, r.Ktime()
	switch t := r.Type(); {
	case t == uapi.SysLost:
		e.addLost(ordinal, r)
		return
	case e.Stopped:
		e.problem(ordinal, "a %s stands after the PRODUCER_STOP of its run", t)
	case t == uapi.SysProducerStop:
		e.addStop(ordinal, r)
		if e.PerCPU {
			return
		}
	}
	s, n := e.sequence(ordinal, r)
	if s != nil && !s.see(n) {
		e.Duplicates++
		e.problem(ordinal, "number %d was journaled or called lost before", n)
	}
}

func (e *Epoch) addStop(ordinal uint64, r uapi.Record) {
	e.Stopped = true
	if unseen, ok := r.Attr(uapi.AttrCoverage); ok {
		e.Coverage += "\n" + string(unseen)
	}
	c, ok := r.ProducerCounts()
	if !ok {
		e.problem(ordinal, "PRODUCER_STOP has no counts")
		return
	}
	e.Counters = c
}

func (e *Epoch) addLost(ordinal uint64, r uapi.Record) {
	e.LostRecords++
	l, ok := r.Lost()
	switch {
	case !ok:
		e.problem(ordinal, "a LOST record does not say what was lost")
		return
	case l.Count == 0 && l.Cause == uapi.LostUnclean:
		e.note("record %d: the recorder ended without draining; how much was lost is unknown", ordinal)
		return
	case e.PerCPU && l.CPU == uapi.SeveralCPUs:
		e.rest += l.Count
		e.lost(l.Cause, l.Count)
		return
	case l.Count == 0 || l.First == 0 || l.First > l.Last || l.Count > l.Last-l.First+1:
		e.problem(ordinal, "a LOST record cannot mean %d numbers from %d to %d", l.Count, l.First, l.Last)
		return
	case e.Stopped:
		e.problem(ordinal, "a LOST record stands after the PRODUCER_STOP of its run")
	}
	s, at := &e.global, r.GlobalSequence()
	if e.PerCPU {
		if s, at = e.cpu(ordinal, l.CPU), r.Sequence(); s == nil {
			return
		}
	}
	if at != l.Last {
		e.problem(ordinal, "a LOST record up to number %d bears the number %d", l.Last, at)
	}
	count := l.Count
	if l.First <= s.low && s.low > 0 {
		// Some of them are before what is left of the journal.
		if l.Last <= s.low {
			return
		}
		l.First = s.low + 1
		count = min(count, l.Last-l.First+1)
		s.lose(l.First, l.Last, count)
		e.lost(l.Cause, count)
		return
	}
	found := s.lose(l.First, l.Last, count)
	if found < count {
		e.problem(ordinal, "a LOST record tells of %d numbers from %d to %d, of which only %d are missing", l.Count, l.First, l.Last, found)
	}
	e.lost(l.Cause, min(found, count))
}

func (e *Epoch) lost(c uapi.Cause, count uint64) {
	e.Lost += count
	if c >= uapi.LostCauses {
		c = uapi.LostUnknown
	}
	e.LostBy[c] += count
}
