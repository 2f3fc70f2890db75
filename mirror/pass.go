// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"math"
	"time"

	"vexj/ring"
)

const (
	// round is how many samples are read from one ring before another one may
	// be behind it.
	round = 128
	// passRecords is how much is read before the rings are given back. What is
	// read should still be in the processor's cache when it is journaled.
	passRecords = 1024
)

// An order decides in which order records are journaled, and what is lost.
type order interface {
	// add takes samples, in use until the end of the pass, from the lane's ring.
	add(l *lane, samples [][]byte)
	// settle decides which of the missing records are lost. Numbers up to limit
	// were given out before the rings were read to their ends.
	settle(limit uint64, now time.Time, ending bool)
	// emit journals what can be.
	emit()
	// hold makes the rings' memory free to be given back.
	hold()
	// idle says whether everything up to limit is accounted for.
	idle(limit uint64) bool
	// end gives up everything below number n that is missing.
	end(n uint64)
	// thorough says whether settle must be asked: then the next pass reads the
	// rings to their ends, however much that is.
	thorough() bool
	// waiting is how many records wait for others.
	waiting() int
}

// pass moves what is ready in the rings to the journal. It returns whether
// there is more, and a number that was given out before it looked.
func (m *Mirror) pass(ending bool) (more bool, limit uint64) {
	m.out.now = 0
	limit = m.look()
	m.watchFill()
	more = m.drain()
	m.takeEmitted(!more)
	if !more {
		m.order.settle(limit, m.now(), ending)
	}
	m.order.emit()
	m.order.hold()
	m.release()
	m.tell()
	m.publish()
	return more, limit
}

// drain reads the rings, always on from the one that is furthest behind in the
// order, so that little has to wait.
func (m *Mirror) drain() (more bool) {
	for i := range m.lanes {
		m.lanes[i].dry = false
	}
	limit := passRecords
	if m.order.thorough() {
		limit = math.MaxInt // a ring has no more than its size before it is given back
	}
	for read := 0; read < limit; {
		l := m.hindmost()
		if l == nil {
			return false
		}
		n, err := l.ring.Fill(m.samples[:])
		if err != nil && !errors.Is(err, ring.ErrClosed) {
			m.tally.malformed(err)
			m.tally.broken = true
			l.err = err
		}
		if n == 0 {
			l.dry = true
			continue
		}
		l.lent = true
		m.order.add(l, m.samples[:n])
		read += n
	}
	return true
}

func (m *Mirror) hindmost() *lane {
	var found *lane
	for i := range m.lanes {
		if l := &m.lanes[i]; !l.dry && (found == nil || l.key < found.key) {
			found = l
		}
	}
	return found
}

// release gives the rings back to the kernel. Nothing read from them may be in
// use.
func (m *Mirror) release() {
	for i := range m.lanes {
		l := &m.lanes[i]
		if l.err != nil {
			// What stands there is lost, which the missing numbers show. It
			// fails if the ring was closed since, and then there is no more.
			_, _ = l.ring.Resync()
			l.err = nil
		} else if l.lent {
			l.ring.Release()
		}
		l.lent = false
	}
}
