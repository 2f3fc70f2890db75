// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"

	"vexj/uapi"
)

// A sequencer puts records in the order of their global_sequence. Numbers are
// dense, so there is nothing to compare: a record's number is its place in a
// window of slots, and a run of filled slots is a batch for the journal as it
// stands.
type sequencer struct {
	*core
	idBase uint64
	own    uint64 // a number that the mirror took and journaled; 0 once it was passed

	next  uint64 // the lowest number neither journaled, lost nor passed over
	done  uint64 // the highest number journaled, as a record or as lost, but own
	top   uint64 // the highest number here, below next if there is none
	here  uint64 // how many numbers are here
	slots [][]byte
	have  bitmap // the numbers that are here
	kept  bitmap // of these, the ones whose bytes are not in a ring

	arena  *arena
	passed *ledger
	watch  watch
	stuck  bool // a missing number holds everything up

	certain uint64 // every number up to this one that is not here is lost
	lost    loss   // lost and not yet written
	lastGap uint64 // in whose place it is to be written
}

// window is how many numbers the slots cover, from next on.
const window = 1 << 16

// newSequencer makes a sequencer for a producer from which the mirror took the
// number own.
func newSequencer(c *core, own uint64) *sequencer {
	return &sequencer{
		core:   c,
		idBase: c.src.IDBase(),
		own:    own,
		next:   1,
		slots:  make([][]byte, window),
		have:   newBitmap(window),
		kept:   newBitmap(window),
		arena:  newArena(c.Hold),
		passed: newLedger(),
	}
}

func (s *sequencer) add(l *lane, samples [][]byte) {
	for len(samples) > 0 {
		n := s.fill(l, samples)
		samples = samples[n:]
		if len(samples) > 0 && !s.reach(samples[0]) {
			samples = samples[1:]
		}
	}
}

// fill puts records into their slots, and returns how many it dealt with: all,
// or those before the first whose number is beyond the window.
func (s *sequencer) fill(l *lane, samples [][]byte) int {
	for i, b := range samples {
		size, err := uapi.Size(b)
		if err != nil {
			s.tally.malformed(err)
			continue
		}
		r := uapi.Record(b[:size:size])
		n := r.GlobalSequence()
		if n == 0 || r.EventID() != s.idBase+n {
			s.tally.malformed(foreign(r, s.idBase))
			continue
		}
		if n-s.next >= window {
			if n > s.next {
				return i
			}
			s.late(l, n, r)
			continue
		}
		if s.have.has(n) {
			s.tally.malformed(fmt.Errorf("%w: global_sequence %d came twice", uapi.ErrMalformed, n))
			continue
		}
		l.cpu.see(r)
		s.have.set(n)
		s.slots[n%window] = r
		s.here++
		l.key = n
		s.top = max(s.top, n)
	}
	return len(samples)
}

func foreign(r uapi.Record, base uint64) error {
	return fmt.Errorf("%w: event_id %#x with global_sequence %d, where number 0 has the id %#x",
		uapi.ErrMalformed, r.EventID(), r.GlobalSequence(), base)
}

// late deals with a record whose number is below next.
func (s *sequencer) late(l *lane, n uint64, r uapi.Record) {
	if !s.passed.take(n) {
		s.tally.stray++
		return
	}
	l.cpu.see(r)
	if n < s.done {
		s.tally.late++
	}
	s.done = max(s.done, n)
	s.out.record(r)
}

// reach moves the window until the number of r is in it. It returns false if
// the producer cannot have given that number out.
func (s *sequencer) reach(r uapi.Record) bool {
	n := r.GlobalSequence()
	if limit := s.limit(); n-s.next > limit-min(limit, s.next)+window {
		s.tally.malformed(fmt.Errorf("%w: global_sequence %d, but the highest so far is %d", uapi.ErrMalformed, n, limit))
		return false
	}
	s.emit()
	if n-s.next >= window {
		s.passTo(n - window/2)
	}
	return true
}

// enter makes the mirror's own number one that is here and needs no writing,
// as soon as the window has come to it.
func (s *sequencer) enter() {
	if s.own != 0 && s.own-s.next < window && !s.have.has(s.own) {
		s.have.set(s.own)
		s.kept.set(s.own)
		s.here++
		s.top = max(s.top, s.own)
	}
}

// emit journals all that is in order, and the losses that are certain.
func (s *sequencer) emit() {
	before := s.next
	for {
		s.enter()
		s.flush(s.next + window - 1)
		if s.next > s.certain {
			break
		}
		end := s.have.nextSet(s.next, min(s.certain, s.next+window-1))
		if end == s.next {
			continue
		}
		s.lost.add(s.next, end-1)
		s.next = end
		if s.lost.last >= s.lastGap || s.next > s.certain {
			s.tellLost()
		}
	}
	s.stuck = s.next == before
	s.arena.free(s.next)
}

// flush journals the records from next on up to the first that is missing or
// beyond last.
func (s *sequencer) flush(last uint64) {
	for s.here > 0 && s.next <= last {
		end := s.have.nextClear(s.next, min(last, s.next|(window-1)))
		if end == s.next {
			return
		}
		s.have.clearRange(s.next, end-1)
		s.kept.clearRange(s.next, end-1)
		s.here -= end - s.next
		first := s.next
		s.next = end
		if s.own >= first && s.own < end {
			s.write(first, s.own)
			first, s.own = s.own+1, 0
		}
		s.write(first, end)
	}
}

// write journals the records from number first to before end, which must not go
// around the slots' end.
func (s *sequencer) write(first, end uint64) {
	if first == end {
		return
	}
	at := first % window
	s.out.records(s.slots[at : at+end-first])
	s.done = end - 1
}

// passTo journals what is here below number n, and enters what is not into the
// ledger: order gives way.
func (s *sequencer) passTo(n uint64) {
	for s.next < n {
		s.enter()
		last := min(n, s.next+window) - 1
		s.flush(last)
		if s.next > last {
			continue
		}
		end := s.have.nextSet(s.next, last)
		s.lost.merge(s.passed.pass(s.next, end-1))
		s.next = end
	}
	if s.lost.count > 0 {
		s.tellLost()
	}
	s.arena.free(s.next)
}

// hold copies what must wait out of the rings. Where there is no room for it,
// nothing waits.
func (s *sequencer) hold() {
	if s.here == 0 {
		return
	}
	for n := s.have.nextSet(s.next, s.top); n <= s.top; n = s.have.nextSet(n+1, s.top) {
		if s.kept.has(n) {
			continue
		}
		kept := s.arena.copy(s.slots[n%window])
		if kept == nil {
			s.arena.seal(s.top)
			s.passTo(s.top + 1)
			return
		}
		s.slots[n%window] = kept
		s.kept.set(n)
	}
	s.arena.seal(s.top)
}

func (s *sequencer) thorough() bool { return s.stuck || s.passed.open > 0 }

func (s *sequencer) waiting() int { return int(s.here) }
