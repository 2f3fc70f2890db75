// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"time"

	"vexj/uapi"
)

// A loss is a set of missing numbers as a LOST record tells it.
type loss struct{ count, first, last uint64 }

func (l *loss) add(first, last uint64) {
	l.merge(loss{count: last - first + 1, first: first, last: last})
}

func (l *loss) merge(o loss) {
	switch {
	case o.count == 0:
	case l.count == 0:
		*l = o
	default:
		*l = loss{count: l.count + o.count, first: min(l.first, o.first), last: max(l.last, o.last)}
	}
}

// A watch remembers that numbers up to limit were missing at a time.
type watch struct {
	limit uint64
	since time.Time
}

// enough is how many records must wait behind a gap for its LOST record to be
// written before Options.Window is over.
const enough = 256

// idle says whether nothing is missing of what the producer has numbered.
func (s *sequencer) idle(limit uint64) bool { return s.here == 0 && s.missing(limit) == 0 }

// missing counts the numbers up to limit that were neither journaled nor
// declared lost, and are not here.
func (s *sequencer) missing(limit uint64) uint64 {
	n := s.passed.countUpTo(limit)
	if limit < s.next {
		return n
	}
	s.enter()
	n += limit - s.next + 1
	if s.here > 0 {
		n -= s.have.count(s.next, min(limit, s.next+window-1))
	}
	if s.own >= s.next+window && s.own <= limit {
		n--
	}
	return n
}

// settle decides which missing numbers are lost. First the producer's losses
// were read, then the limit, and then the rings to their ends. So a number up to
// the limit that is missing was lost before, or was lost since, or is still on
// its way. If as many losses were counted as numbers are missing, the first holds
// for all of them.
func (s *sequencer) settle(limit uint64, now time.Time, ending bool) {
	missing := s.missing(limit)
	if missing == 0 {
		s.watch = watch{}
		s.tally.balance()
		return
	}
	if s.watch.limit == 0 || s.missing(s.watch.limit) == 0 {
		s.watch = watch{limit: limit, since: now}
	}
	age := now.Sub(s.watch.since)
	switch {
	case s.tally.explained() >= missing:
		if ending || s.here >= enough || age >= s.Window {
			s.declare(limit)
		}
	case age >= s.Grace:
		s.declare(s.watch.limit)
	}
}

// declare calls lost every number up to limit that is missing. One LOST record
// tells them all; emit writes it in the place of the last of them.
func (s *sequencer) declare(limit uint64) {
	s.watch = watch{}
	s.lost.merge(s.passed.takeUpTo(limit))
	s.certain = limit
	s.lastGap = s.findLastGap(limit)
	if s.lastGap < s.next && s.lost.count > 0 {
		s.tellLost()
	}
}

// findLastGap returns the highest missing number from next to limit, or one
// below next.
func (s *sequencer) findLastGap(limit uint64) uint64 {
	s.enter()
	end := s.next + window - 1
	switch {
	case limit < s.next:
		return s.next - 1
	case limit <= end:
		return s.have.lastClear(s.next, limit)
	case limit == s.own:
		return limit - 1
	}
	return limit
}

// tellLost writes a LOST record.
func (s *sequencer) tellLost() {
	l := s.lost
	s.lost = loss{}
	s.done = max(s.done, l.last)
	s.out.lost(s.idBase+l.last, l.last, 0, uapi.Lost{
		Count: l.count, First: l.first, Last: l.last,
		Cause: s.tally.charge(l.count), CPU: culprit(s.lanes),
	})
}

// end declares everything below number n lost that has not come.
func (s *sequencer) end(n uint64) {
	s.tally.read(s.src.Counters())
	if s.missing(n-1) > 0 {
		s.declare(n - 1)
	}
	s.emit()
}
