// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"vexj/uapi"
	"vexj/userjournal"
)

// follow gives out what comes into the journal, as long as there are subscribers.
func (h *Hub) follow() {
	defer prompt()()
	for {
		select {
		case <-h.quit:
			// Who has become live just before gets what there is.
			if h.any() {
				h.step()
			}
			return
		case <-h.wake:
		}
		if h.tail != nil {
			h.followOne()
		} else {
			h.followShards()
		}
	}
}

// followOne is for a journal without shards. It returns when nobody is left, or at
// the end.
func (h *Hub) followOne() {
	empty := 0 // looks one after the other at which nothing had come
	next := time.Now()
	for beats := next; ; {
		ended := h.ends()
		if empty++; h.step() {
			empty = 0
		}
		h.o.Fetch() // for the next look
		now := time.Now()
		if now.Sub(beats) >= h.beat() {
			beats = now
			h.heartbeats()
		}
		period, some := h.period(empty)
		if ended || !some {
			return
		}
		// What is late already does not put off what comes next.
		if next = next.Add(period); next.Before(now) {
			next = now
		}
		sleep(time.Until(next))
	}
}

// ends: Close was called.
func (h *Hub) ends() bool {
	select {
	case <-h.quit:
		return true
	default:
		return false
	}
}

// sleep is time.Sleep, which takes whole milliseconds, to the microsecond. A signal ends
// it, which does no harm here.
func sleep(d time.Duration) {
	if d > 0 {
		t := unix.NsecToTimespec(int64(d))
		_ = unix.Nanosleep(&t, nil)
	}
}

// slice is what the follower has of a processor before another one's turn comes: the
// shortest that the kernel grants.
const slice = 100 * time.Microsecond

// prompt keeps this thread for the caller until end is called, and asks the kernel to let
// it run as soon as it wakes, for short times: it has as much of a processor as before,
// and no priority (sched_setattr(2); Linux 6.12 looks at it, those before take note).
// Otherwise a look may wait for as long as another thread may run, 4 ms where the clock
// ticks at 250 Hz. A kernel that refuses it is left as it is, and so is a priority that
// the process was given.
func prompt() (end func()) {
	runtime.LockOSThread()
	a, err := unix.SchedGetAttr(0, 0)
	if err != nil || a.Policy != unix.SCHED_NORMAL {
		return runtime.UnlockOSThread
	}
	before := a.Runtime
	a.Runtime = uint64(slice)
	_ = unix.SchedSetAttr(0, a, 0)
	return func() {
		a.Runtime = before
		_ = unix.SchedSetAttr(0, a, 0)
		runtime.UnlockOSThread()
	}
}

// period is the time between this look and the next; some: there are subscribers. If
// there are none the journal is not looked at any more.
func (h *Hub) period(empty int) (d time.Duration, some bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) == 0 {
		_ = h.tail.Close() // it was read from
		return 0, false
	}
	switch d = h.o.Period; {
	case empty >= idleAfter:
		d = max(d, idlePeriod)
	case len(h.dirty) > 0:
		d = min(d, crowdPeriod)
	}
	return d, true
}

// beat is how often heartbeats are looked after.
func (h *Hub) beat() time.Duration { return min(h.o.Heartbeat/4+1, time.Second) }

// any: there are subscribers.
func (h *Hub) any() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs) > 0
}

// step gives out all that was appended before it is called; it is false if that
// was nothing.
func (h *Hub) step() bool {
	if err := h.show(); err != nil {
		h.failed(err)
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.at.Sum()
	if err := h.giveOut(); err != nil {
		h.broken(err)
		return false
	}
	h.distribute(h.closing)
	return h.at.Sum() != before
}

// giveOut gives out what can be seen in the journal.
func (h *Hub) giveOut() error {
	if h.tail != nil {
		h.tail.Seek(h.at[0])
		err := h.tail.Read(h.damaged, h.give)
		h.at[0] = h.tail.After()
		return err
	}
	end, err := h.set.End()
	if err != nil {
		return err
	}
	err = h.set.Between(h.at, end).Scan(userjournal.ScanOptions{OnDamage: h.damaged}, h.give)
	if err == nil {
		h.at.Join(end)
	}
	return err
}

// give gives a record to those whom it is for. The lock is held.
func (h *Hub) give(ordinal uint64, rec uapi.Record) error {
	h.at.Pass(ordinal)
	h.count.records++
	for _, v := range h.views {
		if v.view.Sees(rec) {
			v.see(ordinal, rec)
		}
	}
	h.line.take(h.at, ordinal, rec)
	if rec.Type() == uapi.SysLost {
		h.lost(rec)
	}
	h.live.Match(rec, h.line.time, h.take)
	if h.full || h.arena.head-h.arena.written > h.arena.limit/4 {
		h.distribute(true) // before what was noted is overwritten
	}
	return nil
}

// take is called for each crowd that takes the record.
func (h *Hub) take(c *crowd) {
	for _, s := range c.subs {
		h.takeOne(s)
	}
}

func (h *Hub) takeOne(s *sub) {
	if s.ahead && s.passed(h.line.ordinal) {
		return
	}
	if s.wait != nil {
		s.wait.record(h.line.append(nil, ndjson), h.line.cursor())
		return
	}
	p, ok := h.line.span(&h.arena, s.format)
	if !ok {
		// Nothing of that size can be kept for anybody.
		s.slow = true
		s.missed++
		h.touch(s)
		return
	}
	h.push(s, p)
}

// lost tells all who see the record that others were lost before it.
func (h *Hub) lost(rec uapi.Record) {
	for s := range h.subs {
		if s.stage == live && s.sight.view.Sees(rec) {
			h.gap(s, gapOf(rec, h.line.cursor()))
		}
	}
}

// gap tells a live subscriber.
func (h *Hub) gap(s *sub, g *Gap) {
	if s.wait != nil {
		s.wait.gap(g)
		return
	}
	h.mark(s, &Line{Gap: g}, span{weight: 1, cursor: g.Cursor})
}

// damaged tells all who are live; what is behind the damage goes on.
func (h *Hub) damaged(*userjournal.DamageError) error {
	for s := range h.subs {
		if s.stage == live {
			h.gap(s, &Gap{Reason: GapDamaged, Cursor: h.cursor(s.sight)})
		}
	}
	return nil
}

// failed is broken for who does not hold the lock.
func (h *Hub) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broken(err)
}

// broken ends all streams: the journal cannot be read, and silence would look as if
// nothing happened.
func (h *Hub) broken(err error) {
	h.o.Notice(fmt.Sprintf("streams end: %v", err))
	for _, s := range h.all() {
		h.end(s, errors.New("the journal cannot be read; the recorder's log says why"))
	}
}

// heartbeats go to who has heard nothing for a while. A filter that has failed ends
// its stream before: it takes nothing any more.
func (h *Hub) heartbeats() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for s := range h.subs {
		if s.stage == scanning {
			continue
		}
		if s.blocked || len(s.rest)+len(s.queue) > 0 {
			continue
		}
		if err := s.err(); err != nil {
			h.end(s, err)
			continue
		}
		if s.wait != nil || now.Sub(s.last) < h.o.Heartbeat-h.beat()/2 {
			continue
		}
		cursor := s.sent
		switch s.stage {
		case live:
			cursor = h.cursor(s.sight)
		case parked:
			continue
		}
		m := Line{Heartbeat: &Pulse{cursor, now.UTC()}}
		s.rest = m.append(s.rest, s.format, cursor)
		s.sent = cursor
		h.rid(s)
	}
}

// followShards is followOne for several: the order is that of
// [userjournal.Set.Follow], which waits for what belongs before. At the end there is
// nothing to wait for, and all that there is is given out.
func (h *Hub) followShards() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	h.mu.Lock()
	from := append(userjournal.Position(nil), h.at...)
	h.mu.Unlock()
	go func() {
		ended <- h.set.Follow(ctx, from, func(ordinal uint64, rec uapi.Record) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if i, own := userjournal.ParseShardOrdinal(len(h.at), ordinal); own <= h.at[i] {
				return nil // before somebody came, when there was nobody
			}
			return h.give(ordinal, rec)
		})
	}()
	t := time.NewTicker(h.o.Period)
	defer t.Stop()
	for beats := time.Now(); ; {
		select {
		case <-h.quit:
		case err := <-ended:
			stop()
			h.failed(fmt.Errorf("following the shards: %w", err))
			return
		case <-t.C:
			if err := h.show(); err != nil {
				h.failed(err)
			}
			h.o.Fetch()
		}
		h.mu.Lock()
		h.distribute(h.closing)
		h.mu.Unlock()
		if time.Since(beats) >= h.beat() {
			beats = time.Now()
			h.heartbeats()
		}
		if h.ends() {
			stop()
			<-ended
			h.step()
			return
		}
		if !h.any() {
			stop()
			<-ended
			return
		}
	}
}
