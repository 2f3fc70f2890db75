// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"vexj/internal/latency"
	"vexj/uapi"
)

// Stats are a mirror's since Run was called.
type Stats struct {
	Counters Counters // of the producer

	Records   uint64 // journaled from the rings, and emitted
	Emitted   uint64 // of these
	Bytes     uint64 // of these
	Lost      [uapi.LostCauses]uint64
	LostTold  uint64 // LOST records, which tell Lost
	Malformed uint64 // samples that were no records
	Late      uint64 // of Records, those journaled after higher numbers
	Stray     uint64 // came after they were told lost, and were dropped
	Waiting   int    // records that wait for a lower number
	Fill      int    // percent of the fullest ring in use
	MaxFill   int    // the highest that was seen
	Behind    uint64 // how often a ring was found three quarters full
	Refused   uint64 // records that the journal did not take, when it failed

	// Types counts what the journal took by [uapi.Type.Slot], the mirror's own records
	// too. Delay is from the making of a record in a ring to when the journal took it.
	Types [uapi.TypeSlots]uint64
	Delay latency.Counts
}

// Join adds what another mirror counted, of the same producer: of what is a state and no
// count it keeps its own.
func (s *Stats) Join(o *Stats) {
	s.Counters.Join(&o.Counters)
	s.Records += o.Records
	s.Emitted += o.Emitted
	s.Bytes += o.Bytes
	for i, n := range o.Lost {
		s.Lost[i] += n
	}
	s.LostTold += o.LostTold
	s.Malformed += o.Malformed
	s.Late += o.Late
	s.Stray += o.Stray
	s.MaxFill = max(s.MaxFill, o.MaxFill)
	s.Behind += o.Behind
	s.Refused += o.Refused
	for i, n := range o.Types {
		s.Types[i] += n
	}
	s.Delay.Join(&o.Delay)
}

// Stats may be called by any goroutine.
func (m *Mirror) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

// publish makes the counts of a pass seen by Stats.
func (m *Mirror) publish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &m.stats
	s.Counters = m.tally.counters
	s.Records, s.Bytes, s.Emitted = m.out.journaled, m.out.bytes, m.emissions.count
	s.Lost, s.LostTold = m.tally.declared, m.out.lostTold
	s.Malformed, s.Late, s.Stray = m.tally.bad, m.tally.late, m.tally.stray
	s.Waiting = m.order.waiting()
	s.Refused, s.Types, s.Delay = m.out.refused, m.out.types, m.out.delay
	s.Fill, s.MaxFill, s.Behind = m.told.fill, max(s.MaxFill, m.told.fill), m.told.behind
}

// told is what the owner was told already.
type told struct {
	behind uint64
	fill   int // percent of the fullest ring
	slow   bool
	bad    uint64
	late   uint64
}

const (
	behindFill   = 75 // percent of a ring
	caughtUpFill = 50
)

// watchFill sees how full the rings are before they are drained.
func (m *Mirror) watchFill() {
	fullest := 0
	m.told.fill = 0
	for i := range m.lanes {
		r := m.lanes[i].ring
		if fill := r.Pending() * 100 / r.Size(); fill > m.told.fill {
			fullest, m.told.fill = i, fill
		}
	}
	switch fill := m.told.fill; {
	case fill >= behindFill:
		m.told.behind++
		if !m.told.slow {
			m.told.slow = true
			m.Notify(Notice{Kind: NoticeBehind, Count: uint64(fill), Ring: fullest})
		}
	case fill < caughtUpFill && m.told.slow:
		m.told.slow = false
		m.Notify(Notice{Kind: NoticeCaughtUp})
	}
}

// tell says what was odd in a pass.
func (m *Mirror) tell() {
	if n := m.tally.bad - m.told.bad; n > 0 {
		m.Notify(Notice{Kind: NoticeMalformed, Count: n, Err: m.tally.firstBad})
		m.told.bad, m.tally.firstBad = m.tally.bad, nil
	}
	if n := m.tally.late - m.told.late; n > 0 {
		m.Notify(Notice{Kind: NoticeLate, Count: n})
		m.told.late = m.tally.late
	}
}
