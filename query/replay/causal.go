// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"

	"vexj/uapi"
)

// A causal is the order in which no record comes before one that caused it: a
// topological order (Kahn 1962) of parents and links, in which of those that could
// come next the first in the journal does.
//
// A producer's ids rise in the order of its records, so that a cause which is of the
// same producer and lower came before. The others, intents and what agents link, are
// few: they are looked for in the journal before it is replayed. Only records that
// have to wait are kept in memory.
type causal struct {
	scan  func(func(uint64, uapi.Record) error) error
	emit  func(uint64, uapi.Record) error
	cycle func(uint64, uapi.Record) error

	ahead   map[uint64]bool // causes that may come later: whether they are there
	passed  map[uint64]bool // of ahead, those that came
	held    map[uint64]bool // ids of records that wait
	waiting map[uint64][]*heldRecord
	order   []*heldRecord // as they came
}

type heldRecord struct {
	ordinal uint64
	rec     uapi.Record
	left    int // causes that it waits for
	gone    bool
}

func (c *causal) holding() bool { return len(c.held) > 0 }

// causes calls fn for the id of each cause that a record names.
func causes(rec uapi.Record, fn func(id uint64)) {
	own := rec.EventID()
	if p := rec.Parent(); p != 0 && p != own {
		fn(p)
	}
	for i := range rec.LinkCount() {
		if l := rec.Link(i); (l.Effect == own || l.Effect == 0) && l.Cause != 0 && l.Cause != own {
			fn(l.Cause)
		}
	}
}

// before: a record with the id certainly came before, if it is in the journal.
func before(cause, own uint64) bool { return cause>>56 == own>>56 && cause < own }

func (c *causal) run() error {
	c.ahead, c.passed, c.held, c.waiting = map[uint64]bool{}, map[uint64]bool{}, map[uint64]bool{}, map[uint64][]*heldRecord{}
	err := c.scan(func(_ uint64, rec uapi.Record) error {
		causes(rec, func(id uint64) {
			if !before(id, rec.EventID()) {
				c.ahead[id] = false
			}
		})
		return nil
	})
	if err == nil && len(c.ahead) > 0 {
		err = c.scan(func(_ uint64, rec uapi.Record) error {
			if _, ok := c.ahead[rec.EventID()]; ok {
				c.ahead[rec.EventID()] = true
			}
			return nil
		})
	}
	if err == nil {
		err = c.scan(c.take)
	}
	if err != nil {
		return err
	}
	return c.rest()
}

// take emits a record, or keeps it until its causes have come.
func (c *causal) take(ordinal uint64, rec uapi.Record) error {
	var wait []uint64
	causes(rec, func(id uint64) {
		if (c.held[id] || c.ahead[id] && !c.passed[id]) && !slices.Contains(wait, id) {
			wait = append(wait, id)
		}
	})
	if len(wait) == 0 {
		return c.pass(ordinal, rec)
	}
	h := &heldRecord{ordinal, slices.Clone(rec), len(wait), false}
	c.held[rec.EventID()] = true
	c.order = append(c.order, h)
	for _, id := range wait {
		c.waiting[id] = append(c.waiting[id], h)
	}
	return nil
}

// pass emits a record and those that waited for it alone.
func (c *causal) pass(ordinal uint64, rec uapi.Record) error {
	ready := []*heldRecord{{ordinal, rec, 0, false}}
	for len(ready) > 0 {
		h := ready[0]
		ready = ready[1:]
		id := h.rec.EventID()
		if _, ok := c.ahead[id]; ok {
			c.passed[id] = true
		}
		delete(c.held, id)
		h.gone = true
		if err := c.emit(h.ordinal, h.rec); err != nil {
			return err
		}
		freed := c.waiting[id]
		delete(c.waiting, id)
		for _, f := range freed {
			if f.left--; f.left == 0 && !f.gone {
				ready = append(ready, f)
			}
		}
	}
	if len(c.held) == 0 {
		c.order = nil
	}
	return nil
}

// rest emits those that wait for each other, as they came.
func (c *causal) rest() error {
	for _, h := range c.order {
		if h.gone {
			continue
		}
		if err := c.cycle(h.ordinal, h.rec); err != nil {
			return err
		}
		h.gone = true
		if err := c.pass(h.ordinal, h.rec); err != nil {
			return err
		}
	}
	return nil
}
