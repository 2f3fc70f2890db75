// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"maps"
	"slices"
)

// settle draws the line under an epoch.
func (e *Epoch) settle() {
	first, where := e.total()
	if e.Missing > 0 {
		text := fmt.Sprintf("%s in no record and in no LOST record, the first from %d%s", are(e.Missing, "number"), first.first, where)
		if e.Stopped {
			e.problem(0, "%s: records are missing from the journal", text)
		} else {
			e.note("%s: they were on their way when the journal ends", text)
		}
	}
	if !e.Started {
		e.note("its PRODUCER_START is not in the journal: accounted for from number %d on", e.global.low+1)
	}
	if !e.Stopped {
		e.note("it has no PRODUCER_STOP: the recorder still runs, or was killed, and what it did not write any more is unknown")
	}
	if e.Late > 0 {
		e.note("%s after a higher number", are(e.Late, "record"))
	}
	if e.Stopped {
		e.compare()
	}
}

// total sums up the sequences, and returns the oldest gap.
func (e *Epoch) total() (first gap, where string) {
	sum := func(s *numbers) bool {
		s.settle()
		e.Attempted += s.given()
		e.Records += s.seen
		e.Missing += s.missing
		e.Late += s.late
		g, some := s.firstMissing()
		if some && first.missing == 0 {
			first = g
			return true
		}
		return false
	}
	if !e.PerCPU {
		sum(&e.global)
		return first, ""
	}
	e.Attempted = e.rest
	for _, cpu := range slices.Sorted(maps.Keys(e.cpus)) {
		if sum(e.cpus[cpu]) {
			where = fmt.Sprintf(" on CPU %d", cpu)
		}
	}
	return first, where
}

// compare holds what the producer counted in the kernel against what was seen.
func (e *Epoch) compare() {
	c := &e.Counters
	if c.Producer == 0 || !e.Started {
		return
	}
	if c.Attempted != e.Attempted {
		e.problem(0, "PRODUCER_STOP says that %d numbers were given out, the journal shows %d", c.Attempted, e.Attempted)
	}
	own := uint64(2) // START and STOP are in no ring
	if e.PerCPU {
		own = 0
	}
	if e.Records > c.Recorded+own {
		// Counters may lag behind what was in flight when they were read.
		e.note("the journal has %s of the producer, which had counted %d", count(e.Records-own, "record"), c.Recorded)
	}
	switch {
	case c.Lost > e.Lost:
		e.problem(0, "the producer counted %s lost, LOST records tell of %d", count(c.Lost, "number"), e.Lost)
	case c.Lost < e.Lost:
		e.note("%s lost beyond what the producer counted: after it had put them into its ring", are(e.Lost-c.Lost, "record"))
	}
}

func count(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func are(n uint64, noun string) string {
	if n == 1 {
		return count(n, noun) + " is"
	}
	return count(n, noun) + " are"
}
