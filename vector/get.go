// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"fmt"
	"runtime"
	"slices"
)

// Get returns a vector, in memory of its own. The error is ErrNotFound if there is
// none, and ErrDamaged if it is not what was written.
func (s *Store) Get(id uint64) (Item, error) {
	v, n, err := s.locate(id)
	if err != nil {
		return Item{}, err
	}
	defer v.m.drop()
	item, ok, err := v.item(n)
	if err == nil && !ok {
		err = notFound(id)
	}
	if err != nil {
		return Item{}, err
	}
	item.Raw = slices.Clone(item.Raw)
	return item, nil
}

// Has: there is a vector of the id.
func (s *Store) Has(id uint64) (bool, error) {
	v, _, err := s.locate(id)
	if err != nil {
		return false, ignore(err, ErrNotFound)
	}
	v.m.drop()
	return true, nil
}

// Vector returns the elements of a vector, in buf if it is long enough. It is the
// source that a graph ranks its candidates by, and safe for any number of callers.
func (s *Store) Vector(id uint64, buf []float32) ([]float32, error) {
	v, n, err := s.locate(id)
	if err != nil {
		return nil, err
	}
	defer v.m.drop()
	if err := v.m.check(n); err != nil {
		return nil, err
	}
	return s.config.Decode(v.m.rowBytes(n), buf), nil
}

// How often a change that is under way is waited for: first for as long as it takes to be
// shown, then until the writer is between two changes.
const (
	quickRounds = 64
	maxRounds   = 2 * quickRounds
)

func notFound(id uint64) error { return fmt.Errorf("%w: %d", ErrNotFound, id) }

// locate finds the slot of a vector that lives, in a version that it holds.
func (s *Store) locate(id uint64) (*version, uint32, error) {
	for round := 0; ; round++ {
		v, err := s.hold()
		if err != nil {
			return nil, 0, err
		}
		n, ok, err := v.m.index.find(id)
		if err == nil && !ok {
			err = notFound(id)
		}
		if err != nil {
			v.m.drop()
			return nil, 0, err
		}
		if n < v.slots {
			d, err := v.m.death(n)
			switch {
			case err != nil:
				v.m.drop()
				return nil, 0, err
			case d == 0 || d.seq() > v.seq:
				if err := v.is(n, id); err != nil {
					v.m.drop()
					return nil, 0, err
				}
				return v, n, nil
			case !d.update():
				v.m.drop()
				return nil, 0, notFound(id)
			}
		}
		// A change of this vector is under way: the index knows already what is
		// to be shown in a moment.
		if round == maxRounds || s.options.ReadOnly {
			defer v.m.drop()
			return nil, 0, v.m.damaged(slotsKind, int64(n)*slotSize, "slot %d of id %d ended for another one that is not there", n, id)
		}
		v.m.drop()
		if round < quickRounds {
			runtime.Gosched()
			continue
		}
		s.between()
	}
}

// between returns when the writer is between two changes, or was.
func (s *Store) between() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

// is: the slot is of the id, whatever the index says.
func (v *version) is(n uint32, id uint64) error {
	if one, err := v.m.slot(n); err != nil {
		return err
	} else if one.id != id {
		return v.m.damaged(slotsKind, int64(n)*slotSize, "slot %d is of id %d, and the index says %d", n, one.id, id)
	}
	return nil
}
