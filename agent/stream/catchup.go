// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"slices"
	"time"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

const (
	// turnTime is how long a scan goes on for some who are behind before others
	// have their turn.
	turnTime = 50 * time.Millisecond
	// near is how many records places may be apart that one scan is for.
	near = 200_000
	// lastStretch is how many records are read while the live ones wait.
	lastStretch = 5_000
	// restSize is what is put together before it is written.
	restSize = 16 << 10
)

// catchUp brings those who are behind to where the live ones are.
func (h *Hub) catchUp() {
	for {
		select {
		case <-h.quit:
			return
		case <-h.behind:
		}
		for h.turn() {
			select {
			case <-h.quit:
				return
			default:
			}
		}
	}
}

// queueUp has a subscriber that is behind wait for its turn.
func (h *Hub) queueUp(s *sub) {
	s.stage = waiting
	h.waiting = append(h.waiting, s)
	select {
	case h.behind <- struct{}{}:
	default:
	}
}

// A scan goes over a stretch of the journal for some who are behind.
type scan struct {
	h     *Hub
	group []*sub
	index *query.Index[*sub]
	at    userjournal.Position
	line  line
	hits  []*sub
	until time.Time
	count int
	held  bool // the hub's lock is held, and the scan is to go on to its end
}

// turn scans once; it is false if nobody waits.
func (h *Hub) turn() bool {
	h.mu.Lock()
	group := h.group()
	end := slices.Clone(h.at)
	h.mu.Unlock()
	if len(group) == 0 {
		return false
	}
	c := &scan{h: h, group: group, index: query.NewIndex[*sub](), until: time.Now().Add(turnTime)}
	c.line.object, c.line.set = newObject(), h.set
	c.at = slices.Clone(group[0].at)
	for _, s := range group {
		c.index.Add(s, s.filter)
		for i := range c.at {
			c.at[i] = min(c.at[i], s.at[i])
		}
	}
	err := c.run(end)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.broken(err)
		return true
	}
	c.finish()
	return true
}

// group takes the first who waits, and all who are near it.
func (h *Hub) group() (group []*sub) {
	if len(h.waiting) == 0 {
		return nil
	}
	first := h.waiting[0].at
	h.waiting = slices.DeleteFunc(h.waiting, func(s *sub) bool {
		if first.Left(s.at)+s.at.Left(first) > near {
			return false
		}
		s.stage, s.out = scanning, false
		group = append(group, s)
		return true
	})
	return group
}

// run scans up to the end, or until the turn is over: c.at says where it came to.
func (c *scan) run(end userjournal.Position) error {
	if c.at.Left(end) == 0 {
		return nil
	}
	stopped := false
	err := c.h.set.Between(c.at, end).Scan(userjournal.ScanOptions{Filter: c.may, OnDamage: c.damaged},
		func(ordinal uint64, rec uapi.Record) error {
			if c.count++; c.count%64 == 0 && !c.held && time.Now().After(c.until) {
				stopped = true
				return userjournal.ErrStop
			}
			c.give(ordinal, rec)
			return nil
		})
	if err == nil && !stopped {
		c.at.Join(end)
	}
	return err
}

// may: the block may have something for somebody.
func (c *scan) may(z *userjournal.ZoneMap) bool {
	return z.MayHaveType(uapi.SysLost) || slices.ContainsFunc(c.group, func(s *sub) bool { return s.filter.MayMatch(z) })
}

func (c *scan) give(ordinal uint64, rec uapi.Record) {
	c.at.Pass(ordinal)
	c.line.take(c.at, ordinal, rec)
	c.hits = c.hits[:0]
	if rec.Type() == uapi.SysLost {
		for _, s := range c.group {
			if s.scanned() && !s.passed(ordinal) && s.sight.view.Sees(rec) {
				c.gap(s, gapOf(rec, c.line.cursor()))
			}
		}
	}
	c.index.Match(rec, c.line.time, func(s *sub) { c.hits = append(c.hits, s) })
	for _, s := range c.hits {
		if !s.scanned() || s.passed(ordinal) {
			continue
		}
		if s.wait != nil {
			s.wait.record(c.line.append(nil, ndjson), c.line.cursor())
			continue
		}
		s.rest = c.line.append(s.rest, s.format)
		s.sent = c.line.cursor()
		s.delivered.Add(1)
		if len(s.rest) >= restSize {
			c.write(s)
		}
	}
}

// scanned: the scan that goes on is for it.
func (s *sub) scanned() bool { return !s.out && !s.left.Load() }

// passed: the subscriber had the record before it asked, or a scan before.
func (s *sub) passed(ordinal uint64) bool {
	i, own := userjournal.ParseShardOrdinal(len(s.at), ordinal)
	return own <= s.at[i]
}

// write sends what a subscriber has got. If it does not read it is left where it is.
func (c *scan) write(s *sub) {
	if !c.held {
		c.h.mu.Lock()
		defer c.h.mu.Unlock()
	}
	if s.stage != scanning || c.h.rid(s) {
		return
	}
	c.index.Remove(s)
	s.out = true
	if s.stage == scanning {
		s.at.Join(c.at)
		s.stage = parked
	}
}

// gap tells one.
func (c *scan) gap(s *sub, g *Gap) {
	if s.wait != nil {
		s.wait.gap(g)
		return
	}
	m := Line{Gap: g}
	s.rest = m.append(s.rest, s.format, g.Cursor)
	s.sent = g.Cursor
}

func (c *scan) damaged(d *userjournal.DamageError) error {
	for _, s := range c.group {
		if s.scanned() && !(len(s.at) == 1 && d.Last <= s.at[0]) {
			// What is named is before the damage, and goes on behind it.
			c.gap(s, &Gap{Reason: gapOfDamage(d), Cursor: s.sent})
		}
	}
	return nil
}

// finish lets those go live who have come there, and has the others wait for
// another turn. The lock is held.
func (c *scan) finish() {
	c.held = true
	if left := c.at.Left(c.h.at); left > 0 && left <= lastStretch {
		if err := c.run(c.h.at); err != nil {
			c.h.broken(err)
			return
		}
	}
	there := c.at.Left(c.h.at) == 0
	for _, s := range c.group {
		if s.stage != scanning {
			continue
		}
		s.at.Join(c.at)
		if s.wait == nil {
			c.write(s)
		}
		err := s.filter.Err()
		switch {
		case err != nil && s.stage == scanning:
			s.stage = waiting // the scan is over
			c.h.end(s, err)
		case err != nil: // it is told when it has read the rest
		case s.stage == parked && there:
			c.h.goLive(s) // what is left of it is written first
		case s.stage != scanning:
		case there:
			c.h.goLive(s)
		default:
			c.h.queueUp(s)
		}
	}
}

// goLive: all up to where the live ones are was given to the subscriber.
func (h *Hub) goLive(s *sub) {
	s.stage = live
	s.ahead = s.at != nil && h.at.Left(s.at) > 0
	h.gather(s)
}
