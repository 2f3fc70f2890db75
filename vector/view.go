// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// An Item is a vector with what it is of.
type Item struct {
	ID   uint64
	Raw  []byte // as it is stored
	Meta Meta
}

// A View is the store as it was at one moment, whatever is changed afterwards. It
// is to be closed: until then its memory is not given back.
type View struct {
	v      *version
	config *Config
	closed atomic.Bool
}

// View returns the store as it is now.
func (s *Store) View() (*View, error) {
	v, err := s.hold()
	if err != nil {
		return nil, err
	}
	return &View{v: v, config: &s.config}, nil
}

// hold returns the present version, held.
func (s *Store) hold() (*version, error) {
	for !s.closed.Load() {
		if v := s.now.Load(); v.m.hold() {
			return v, nil
		}
		// A later one is there, or the store is being closed.
		runtime.Gosched()
	}
	return nil, fmt.Errorf("%s: %w", s.dir, ErrClosed)
}

// Close lets go of the memory. Items of the view must not be looked at any more.
func (w *View) Close() {
	if !w.closed.Swap(true) {
		w.v.m.drop()
	}
}

// Len is how many vectors there are.
func (w *View) Len() int { return int(w.v.live) }

// Slots is how many slots there are, those of vectors that ended included: slots
// are numbered from 0, in the order in which vectors were written.
func (w *View) Slots() int { return int(w.v.slots) }

// Each calls fn with every vector, in the order in which they were written. An
// item is valid until the view is closed. ErrStop ends it.
func (w *View) Each(fn func(Item) error) error {
	for n := range w.v.slots {
		item, ok, err := w.v.item(n)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := fn(item); err == ErrStop {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Slot returns the vector in a slot; false if it ended.
func (w *View) Slot(n int) (Item, bool, error) {
	if n < 0 || n >= int(w.v.slots) {
		return Item{}, false, fmt.Errorf("%w: slot %d of %d", ErrOption, n, w.v.slots)
	}
	return w.v.item(uint32(n))
}

// lives: the vector of the slot is one of the version.
func (v *version) lives(n uint32) (bool, error) {
	d, err := v.m.death(n)
	return err == nil && (d == 0 || d.seq() > v.seq), err
}

// item returns what is in a slot, checked.
func (v *version) item(n uint32) (item Item, ok bool, err error) {
	if ok, err := v.lives(n); err != nil || !ok {
		return item, false, err
	}
	if err := v.m.check(n); err != nil {
		return item, false, err
	}
	s, err := v.m.slot(n)
	if err != nil {
		return item, false, err
	}
	meta, err := v.m.meta(n, &s, v.texts)
	if err != nil {
		return item, false, err
	}
	return Item{ID: s.id, Raw: v.m.rowBytes(n), Meta: meta}, true, nil
}

// last returns the slot of a vector that lives, -1 if there is none. Only the
// writer may ask: nothing changes meanwhile.
func (v *version) last(id uint64) (int64, error) {
	n, ok, err := v.m.index.find(id)
	if err != nil || !ok {
		return -1, err
	}
	one, err := v.m.slot(n)
	if err != nil {
		return -1, err
	}
	if one.id != id {
		return -1, v.m.damaged(slotsKind, int64(n)*slotSize, "slot %d is of id %d, and the index says %d", n, one.id, id)
	}
	if ok, err := v.lives(n); err != nil || !ok {
		return -1, err
	}
	return int64(n), nil
}
