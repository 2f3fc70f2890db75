// SPDX-License-Identifier: Apache-2.0

package query

import (
	"cmp"
	"fmt"
	"slices"

	"vexj/uapi"
	"vexj/userjournal"
)

// MaxEffects bounds what an impact follows.
const MaxEffects = 250_000

const (
	// maxKeyed is how many events' effects are looked up by the index; those of
	// more are looked for.
	maxKeyed  = 256
	maxLevels = 64
)

// An Impact is what came of an event.
type Impact struct {
	Event Event
	// Effects are where they are, in the order of the journal.
	Effects []Effect
	// Over: there are more than MaxEffects, or than were asked for.
	Over bool
}

// An Effect is a record that comes of another one.
type Effect struct {
	Ordinal uint64
	Depth   int // 1: directly
}

// Impact finds what comes of an event: whatever names it as its cause, directly or
// by a chain of causes, or as its first cause; of a process's fork or exec what the
// process and those that it made did. At most that many, 0 for MaxEffects.
func (q *Inquiry) Impact(id uint64, most int) (*Impact, error) {
	e, err := q.Find(id)
	if err != nil {
		return nil, err
	}
	if most <= 0 || most > MaxEffects {
		most = MaxEffects
	}
	s := &spreading{q: q, i: &Impact{Event: e}, most: most, reached: map[uint64]int{id: 0}}
	if err := s.causes(id); err != nil {
		return nil, err
	}
	switch e.Rec.Type() {
	case uapi.ProcFork:
		if c, ok := e.Rec.Child(); ok && c.Thread == 0 {
			err = s.process(c.PID, 0)
		}
	case uapi.ProcExec:
		t, _ := e.Rec.Task()
		err = s.process(e.Rec.PID(), t.StartTime)
	}
	slices.SortFunc(s.i.Effects, func(a, b Effect) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	return s.i, err
}

// spreading goes from effect to effect.
type spreading struct {
	q       *Inquiry
	i       *Impact
	most    int
	reached map[uint64]int // depth by event id
}

// reach takes an effect; it is false if that is known already.
func (s *spreading) reach(ordinal, id uint64, depth int) (fresh bool, err error) {
	if _, known := s.reached[id]; known {
		return false, nil
	}
	if len(s.i.Effects) == s.most {
		s.i.Over = true
		return false, userjournal.ErrStop
	}
	s.reached[id] = depth
	s.i.Effects = append(s.i.Effects, Effect{ordinal, depth})
	return true, nil
}

// causes follows parents level by level, and takes what names the event as its
// first cause: that is below, however deep, and so is what comes of it in turn.
func (s *spreading) causes(id uint64) error {
	frontier := map[uint64]bool{id: true}
	for depth := 1; len(frontier) > 0 && depth <= maxLevels && !s.i.Over; depth++ {
		next := map[uint64]bool{}
		err := s.level(frontier, func(ordinal uint64, r uapi.Record) error {
			fresh, err := s.reach(ordinal, r.EventID(), depth)
			if fresh && r.RootCause() != id {
				next[r.EventID()] = true
			}
			return err
		})
		if err != nil {
			return err
		}
		frontier = next
	}
	if s.i.Over {
		return nil
	}
	c := Conditions{Roots: []uint64{id}}
	return s.q.scan(c, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		_, err := s.reach(ordinal, r.EventID(), 2)
		return err
	})
}

// level visits what has a parent of the frontier.
func (s *spreading) level(frontier map[uint64]bool, fn func(uint64, uapi.Record) error) error {
	var c Conditions
	if len(frontier) <= maxKeyed {
		for id := range frontier {
			c.Parents = append(c.Parents, id)
		}
	} else {
		c.Since = s.i.Event.Time
	}
	return s.q.scan(c, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		if !frontier[r.Parent()] {
			return nil
		}
		return fn(ordinal, r)
	})
}

// process follows a process, from the event on, and those that it makes.
func (s *spreading) process(pid uint32, start uint64) error {
	live := map[uint32]*descendant{pid: {start: start, depth: 1}}
	for len(live) > 0 && !s.i.Over {
		c := Conditions{Since: s.i.Event.Time}
		if len(live) <= maxKeyed {
			for pid := range live {
				c.PIDs = append(c.PIDs, pid)
			}
		}
		more := false
		err := s.q.scan(c, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
			d := live[r.PID()]
			if d == nil || r.EventID() == s.i.Event.Rec.EventID() || !d.did(r) {
				return nil
			}
			if child, ok := r.Child(); ok && child.Thread == 0 && live[child.PID] == nil {
				if len(live) >= maxRemembered {
					return fmt.Errorf("event 0x%016x: more than %d processes come of it; ask about one of them",
						s.i.Event.Rec.EventID(), maxRemembered)
				}
				live[child.PID] = &descendant{depth: d.depth + 1, since: r.Ktime()}
				more = true
			}
			_, err := s.reach(ordinal, r.EventID(), d.depth)
			return err
		})
		if err != nil || !more {
			return err
		}
		for _, d := range live {
			d.ended = false
		}
	}
	return nil
}

// A descendant is a process that comes of the event.
type descendant struct {
	start uint64 // 0: not known yet
	since uint64 // ktime of the fork
	depth int
	ended bool
}

// did: the record is of the process and not of another one that has its number.
func (d *descendant) did(r uapi.Record) bool {
	t, ok := r.Task()
	if !ok || d.ended || r.Ktime() < d.since {
		return false
	}
	if d.start == 0 {
		d.start = t.StartTime
	}
	if t.StartTime != d.start {
		return false
	}
	d.ended = r.Type() == uapi.ProcExit && t.TID == r.PID()
	return true
}
