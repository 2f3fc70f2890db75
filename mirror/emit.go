// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"
	"sync"

	"vexj/uapi"
)

var (
	// ErrEmitFull: more records wait to be journaled than may. None was numbered,
	// so none is lost: try again.
	ErrEmitFull = errors.New("too many emitted records wait for the journal; try again in a moment")
	// ErrEmitEnded: the run is over.
	ErrEmitEnded = errors.New("the recorder is about to end: it takes no more records")
	// ErrEmitUnnumbered: the producer has no counter to take a number from.
	ErrEmitUnnumbered = errors.New("this producer numbers on each CPU: no record can be put into its order")
	// ErrEmitType: the type is one that only the mirror makes.
	ErrEmitType = errors.New("records about the run itself are the mirror's own")
)

// What may wait between two passes.
const (
	maxEmitted      = 4096
	maxEmittedBytes = 4 << 20
)

// emissions are records that came from elsewhere than a ring and have a number of
// the producer's counter. Taking the number and entering the queue is one step under
// mu, so a number that is missing and was given out by Emit is in the queue.
type emissions struct {
	mu    sync.Mutex
	queue [][]byte // by number
	bytes int
	ended bool

	lane  lane // stands for a ring
	count uint64
}

// Emit puts a copy of rec into the order of the run, and returns its event id. It may
// be called from any goroutine, also before Run: what is emitted then is journaled by
// Run's first pass. It never waits. The id, the time and the global number are
// stamped; so are the root cause, the priority and the visibility where they are 0.
// It has no number of a CPU, as it went through no ring. What Emit returned an id for
// is journaled, or Run has failed.
func (m *Mirror) Emit(rec uapi.Record) (id uint64, err error) {
	if _, err := uapi.Check(rec); err != nil {
		return 0, err
	}
	switch rec.Type() {
	case uapi.SysLost, uapi.SysProducerStart, uapi.SysProducerStop:
		return 0, fmt.Errorf("%s: %w", rec.Type(), ErrEmitType)
	}
	e := &m.emissions
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.ended:
		return 0, ErrEmitEnded
	case len(e.queue) >= maxEmitted || e.bytes+len(rec) > maxEmittedBytes:
		return 0, ErrEmitFull
	}
	clock, err := readClock()
	if err != nil {
		return 0, err
	}
	number := m.src.NextSequence()
	if number == 0 {
		return 0, ErrEmitUnnumbered
	}
	id = m.src.IDBase() + number
	e.queue = append(e.queue, stamp(rec, id, number, clock.Boottime))
	e.bytes += len(rec)
	if len(e.queue) == 1 {
		m.rd.Wake()
	}
	return id, nil
}

func stamp(rec uapi.Record, id, number, ktime uint64) []byte {
	b := append([]byte(nil), rec...)
	h := rec.Header()
	h.EventID, h.GlobalSequence, h.Ktime, h.Sequence, h.CPU = id, number, ktime, 0, 0
	if h.RootCause == 0 {
		h.RootCause = h.Parent
	}
	if h.RootCause == 0 {
		h.RootCause = id
	}
	if h.Priority == 0 {
		h.Priority = uapi.PriorityNormal
	}
	if h.VisibilityMask == 0 {
		h.VisibilityMask = ^uint64(0)
	}
	h.Put(b)
	return b
}

// end lets nothing more in. What is in the queue is still to be taken.
func (e *emissions) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
}

// takeEmitted moves what was emitted to the sequencer, up to the end of its window.
// Beyond that the order would have to give way for what the rings still hold; once
// they were read to their ends there is nothing to wait for, and all is taken.
func (m *Mirror) takeEmitted(all bool) {
	s, numbered := m.order.(*sequencer)
	if !numbered {
		return
	}
	e := &m.emissions
	e.mu.Lock()
	n := 0
	for ; n < len(e.queue); n++ {
		if !all && uapi.Record(e.queue[n]).GlobalSequence()-s.next >= window {
			break
		}
		e.bytes -= len(e.queue[n])
	}
	taken := e.queue[:n:n]
	e.queue = e.queue[n:]
	e.mu.Unlock()
	s.add(&e.lane, taken)
	e.count += uint64(n)
}
