// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"vexj/ring"
	"vexj/uapi"
)

// A Mirror copies the records of one producer from its rings to a journal.
type Mirror struct {
	core
	coverage []string // as it was said at the start
	rd       waiter
	order    order
	samples  [round][]byte

	emissions emissions

	mu    sync.Mutex
	stats Stats
	told  told
}

// A waiter is what a ring.Reader is to the mirror.
type waiter interface {
	Wait(timeout time.Duration) error
	Wake()
}

// core is what the parts of a Mirror share.
type core struct {
	Options
	src   Source
	out   *output
	tally tally
	lanes []lane
	now   func() time.Time
}

// New makes a Mirror from the rings of rd, which src fills, to w. The caller
// closes rd and w when Run has returned.
func New(src Source, rd *ring.Reader, w Journal, o Options) *Mirror {
	return newMirror(src, rd, rd.Rings(), w, o)
}

func newMirror(src Source, rd waiter, rings []*ring.Ring, w Journal, o Options) *Mirror {
	o.setDefaults()
	m := &Mirror{core: core{Options: o, src: src, out: newOutput(w, &o), now: time.Now}, rd: rd}
	for _, r := range rings {
		m.lanes = append(m.lanes, lane{ring: r, cpu: cpuSequence{next: 1}})
	}
	return m
}

// Run writes PRODUCER_START and mirrors until ctx ends or the Reader is closed.
// Then it stops the source, drains the rings, accounts for all that is missing,
// writes PRODUCER_STOP and syncs the journal: if it returns nil, everything that
// the source numbered is on disk, as a record or in a LOST record.
//
// If the journal fails, Run stops the source and returns the journal's error.
// What the journal acknowledged before is safe. Run is called once.
func (m *Mirror) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, m.rd.Wake)()
	defer m.emissions.end()
	err := m.start()
	if err == nil {
		err = m.capture(ctx)
	}
	if stop := m.src.Stop(); stop != nil {
		err = errors.Join(err, fmt.Errorf("mirror: stop the producer: %w", stop))
	}
	if m.out.err != nil {
		return err
	}
	return errors.Join(err, m.finish())
}

// start tells the previous run's end if it had none, and then this one's start.
func (m *Mirror) start() error {
	clock, err := readClock()
	if err != nil {
		return err
	}
	m.out.ktime = clock.Boottime
	m.endPrevious()
	number := m.src.NextSequence()
	m.coverage = m.src.Coverage()
	m.out.start(m.src.IDBase()+number, number, clock, m.producer(&Counters{}), m.coverage)
	if number == 0 {
		m.order = newTimeline(&m.core)
	} else {
		m.order = newSequencer(&m.core, number)
	}
	if m.out.err != nil {
		return m.out.err
	}
	// A run that is killed at once has begun all the same.
	if err := m.out.w.Sync(); err != nil {
		return fmt.Errorf("mirror: sync the start of the run: %w", err)
	}
	return nil
}

func (m *Mirror) producer(c *Counters) uapi.ProducerAttr {
	return uapi.ProducerAttr{
		Producer: uapi.Producer(m.src.ID()), IDBase: m.src.IDBase(),
		Attempted: c.Attempted, Recorded: c.Recorded, Lost: sum(&c.Lost), Filtered: c.Filtered,
	}
}

func (m *Mirror) capture(ctx context.Context) error {
	for ctx.Err() == nil {
		more, _ := m.pass(false)
		if m.out.err != nil {
			return m.out.err
		}
		if more {
			continue
		}
		err := m.rd.Wait(m.pause())
		if errors.Is(err, ring.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// soon is how long to wait for a record that is missing.
const soon = time.Millisecond

// pause is how long the rings may be left alone, unless a producer wakes the
// mirror.
func (m *Mirror) pause() time.Duration {
	if m.order.waiting() > 0 {
		return min(soon, m.Latency)
	}
	return m.Latency
}

// finish journals all that the stopped source has left behind.
func (m *Mirror) finish() error {
	m.emissions.end()
	if m.order == nil {
		return nil
	}
	for deadline := m.now().Add(m.Grace); ; time.Sleep(soon) {
		var limit uint64
		for more := true; more && m.out.err == nil; {
			more, limit = m.pass(true)
		}
		if m.out.err != nil || m.order.idle(limit) || m.now().After(deadline) {
			break
		}
	}
	number := m.src.NextSequence()
	m.order.end(number)
	clock, err := readClock()
	if err != nil {
		return err
	}
	counts := m.producer(&m.tally.counters)
	counts.Recorded += m.emissions.count
	if number != 0 {
		counts.Attempted = number
	}
	unseen := slices.DeleteFunc(m.src.Coverage(), func(line string) bool { return slices.Contains(m.coverage, line) })
	m.out.stop(m.src.IDBase()+number, number, clock, counts, unseen)
	m.publish()
	if m.out.err != nil {
		return m.out.err
	}
	if err := m.out.w.Sync(); err != nil {
		return fmt.Errorf("mirror: sync the journal: %w", err)
	}
	return nil
}
