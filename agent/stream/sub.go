// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"vexj/internal/latency"
	"vexj/query"
	"vexj/userjournal"
)

// A stage is where a subscriber is on its way. Waiting, scanning and parked are
// those who are behind.
type stage int

const (
	waiting  stage = iota // for its turn to be caught up
	scanning              // a scan goes on for it
	parked                // until it reads what it has got
	live
	gone
)

// A sub is a subscriber. All is guarded by the hub's lock, but for rest while it is
// scanning: that is the scan's then.
type sub struct {
	number int32
	uid    uint32
	filter *query.Filter
	text   string // of the filter, as it was asked for
	alike  string // see there
	crowd  *crowd // if it is live
	sight  *sight
	format format
	stage  stage
	done   func() // gives back what the subscriber had of its limits
	wait   *wait  // instead of fd: for one record

	fd      int
	blocked bool // the socket is full; the poller waits for it
	since   time.Time

	// at, while it is behind: all up to here was given to it. One that is live and
	// ahead began further on than the live ones were.
	at    userjournal.Position
	ahead bool

	rest  []byte // to be written before the queue
	queue []span // to be written
	dirty bool   // it is in the hub's list

	sent   string // cursor: all up to here was written, or is in rest
	slow   bool   // it gets nothing until the queue is empty, and then a gap
	missed uint64 // since it is slow
	last   time.Time

	// Of a scan that goes on without the lock:
	out  bool        // it is in no scan any more
	left atomic.Bool // stage is gone

	delivered atomic.Uint64
	missing   uint64
}

// push queues a line for a subscriber that is live.
func (h *Hub) push(s *sub, p span) {
	if s.slow || len(s.queue) >= maxQueue {
		s.slow = true
		s.missed += uint64(p.weight)
		h.touch(s)
		return
	}
	s.queue = append(s.queue, p)
	h.full = h.full || len(s.queue) >= maxQueue/4 && !s.blocked
	h.touch(s)
}

// touch has the subscriber written to.
func (h *Hub) touch(s *sub) {
	if !s.dirty {
		s.dirty = true
		h.dirty = append(h.dirty, s)
	}
}

// mark queues a line that is no record. One that does not fit the arena is none.
func (h *Hub) mark(s *sub, m *Line, p span) {
	b := m.append(nil, s.format, p.cursor)
	at, ok := h.arena.add(b)
	if ok {
		p.at, p.n = at, uint32(len(b))
		h.push(s, p)
	}
}

// few are written to each time. If there are more each waits for about the time hold,
// and gets more by one call: two cost almost twice as much as one.
const (
	few  = 200
	hold = 5 * time.Millisecond
)

// share is how many of n are written to when it was done so long ago: as much of them as
// that time is of hold. So the work is even, and late looks put nothing off.
func share(n int, since time.Duration) int {
	if n <= few || since >= hold {
		return n
	}
	return 1 + n*int(since)/int(hold)
}

// distribute writes to those who have got something, to all of them or to a share, who
// have waited longest.
func (h *Hub) distribute(all bool) {
	h.clock()
	n := len(h.dirty)
	if !all {
		n = share(n, h.now.Sub(h.shared))
	}
	h.shared = h.now
	for _, s := range h.dirty[:n] {
		s.dirty = false
		if s.stage == live && !s.blocked {
			h.flush(s)
		}
	}
	left := copy(h.dirty, h.dirty[n:])
	clear(h.dirty[left:])
	h.dirty, h.full = h.dirty[:left], false
	h.arena.written = h.arena.head
	for _, s := range h.dirty {
		if len(s.queue) > 0 && !s.blocked {
			h.arena.written = s.queue[0].at
			break
		}
	}
}

// flush writes what the subscriber has waiting, as far as the socket takes it.
func (h *Hub) flush(s *sub) {
	for {
		if len(s.queue) > 0 && !h.arena.has(&s.queue[0]) {
			s.overrun()
		}
		if len(s.queue) == 0 && s.slow {
			h.tellSlow(s)
		}
		if len(s.rest) == 0 && len(s.queue) == 0 {
			return
		}
		h.out = append(h.out[:0], s.rest...)
		lines := 0
		for i := range s.queue {
			if len(h.out) >= maxSend || !h.arena.has(&s.queue[i]) {
				break
			}
			h.out = append(h.out, h.arena.bytes(&s.queue[i])...)
			lines++
		}
		n, err := send(s.fd, h.out)
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			h.drop(s)
			return
		}
		whole := n == len(h.out)
		h.written(s, n, lines)
		if !whole {
			h.block(s)
			return
		}
	}
}

// clock looks at what the time is.
func (h *Hub) clock() { h.now, h.ktime = time.Now(), latency.Now() }

// overrun: what was queued has been overwritten, or the first of it. All of it is
// missed.
func (s *sub) overrun() {
	for _, p := range s.queue {
		s.missed += uint64(p.weight)
	}
	s.queue, s.slow = s.queue[:0], true
}

// written takes n bytes off rest and the first lines of the queue.
func (h *Hub) written(s *sub, n, lines int) {
	if n == 0 {
		return
	}
	s.last = h.now
	k := min(n, len(s.rest))
	s.rest = append(s.rest[:0], s.rest[k:]...)
	n -= k
	i, whole := 0, uint64(0)
	for ; i < lines && n > 0; i++ {
		p := &s.queue[i]
		if b := h.arena.bytes(p); n < len(b) {
			// The rest of a line that was begun has to follow, whatever becomes
			// of the arena.
			s.rest = append(s.rest, b[n:]...)
			n = len(b)
		}
		n -= int(p.n)
		if p.cursor != "" {
			s.sent = p.cursor
		}
		if p.weight > 0 {
			whole++
		}
		if p.made > 0 {
			h.delay.Add(latency.Since(p.made, h.ktime))
		}
	}
	s.delivered.Add(whole)
	s.queue = append(s.queue[:0], s.queue[i:]...)
}

// tellSlow says what was missed, and lets the subscriber go on.
func (h *Hub) tellSlow(s *sub) {
	s.slow = false
	missed := s.missed
	s.missed = 0
	if missed == 0 {
		return
	}
	s.missing += missed
	g := Line{Gap: &Gap{Reason: GapSlow, Missed: missed, Cursor: s.sent}}
	s.rest = g.append(s.rest, s.format, "")
}

// block waits for the socket to take more.
func (h *Hub) block(s *sub) {
	s.blocked = true
	if err := h.poll.await(s); err != nil {
		h.drop(s)
	}
}

// ready is called by the poller: the socket takes more.
func (h *Hub) ready(s *sub) {
	s.blocked = false
	h.clock()
	switch s.stage {
	case live:
		h.flush(s)
	case parked:
		if h.rid(s) {
			h.queueUp(s)
		}
	}
}

// rid writes the rest of a subscriber that is behind; it is false if it could not
// all be written.
func (h *Hub) rid(s *sub) bool {
	for len(s.rest) > 0 {
		n, err := send(s.fd, s.rest)
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			h.drop(s)
			return false
		}
		if n > 0 {
			s.last = time.Now()
		}
		if n < len(s.rest) {
			s.rest = append(s.rest[:0], s.rest[max(n, 0):]...)
			h.block(s)
			return false
		}
		s.rest = s.rest[:0]
	}
	return true
}

// end tells the subscriber that there will be no more, if it can be told.
func (h *Hub) end(s *sub, why error) {
	if s.stage == gone {
		return
	}
	if s.wait == nil && s.stage != scanning && !s.blocked && len(s.queue) == 0 {
		m := Line{End: &Farewell{why.Error(), s.sent}}
		s.rest = m.append(s.rest, s.format, "")
		_, _ = send(s.fd, s.rest)
	}
	if s.wait != nil {
		s.wait.fail(why)
	}
	h.drop(s)
}

// drop forgets a subscriber.
func (h *Hub) drop(s *sub) {
	if s.stage == gone {
		return
	}
	switch s.stage {
	case live:
		h.scatter(s)
	case waiting:
		h.waiting = slices.DeleteFunc(h.waiting, func(o *sub) bool { return o == s })
	}
	s.stage = gone
	s.left.Store(true)
	delete(h.subs, s)
	h.forget(s.sight)
	h.count.missed += s.missing + s.missed
	h.count.delivered += s.delivered.Load()
	if s.wait == nil {
		h.poll.remove(s)
		_ = unix.Close(s.fd)
	}
	s.queue = nil
	s.done()
}
