// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"slices"

	"vexj/uapi"
)

// Get returns a copy of the record with the ordinal.
func (r *Reader) Get(ordinal uint64) (uapi.Record, error) {
	if err := r.refresh(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	rec, err := r.get(r.segments[r.position(ordinal)], ordinal)
	if notExist(err) {
		if err := r.look(); err != nil {
			return nil, err
		}
		rec, err = r.get(r.segments[r.position(ordinal)], ordinal)
	}
	return rec, err
}

func (r *Reader) get(x *index, ordinal uint64) (uapi.Record, error) {
	if err := r.load(x, true); err != nil {
		return nil, err
	}
	i := findOrdinal(x.entries, ordinal)
	if i == len(x.entries) || x.entries[i].first > ordinal {
		return nil, fmt.Errorf("ordinal %d: %w", ordinal, errors.Join(ErrNotFound, r.removed(ordinal, ordinal)))
	}
	b, err := r.block(x, &x.entries[i])
	if err != nil {
		return nil, err
	}
	return slices.Clone(b.record(ordinal)), nil
}

// Find returns the record with the event id, of several the newest, and its
// ordinal. It reads only blocks whose range of ids has it.
func (r *Reader) Find(id uint64) (ordinal uint64, rec uapi.Record, err error) {
	if err := r.refresh(); err != nil {
		return 0, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, nil, ErrClosed
	}
	var damage error
	for _, x := range slices.Backward(r.segments) {
		ordinal, rec, err := r.findIn(x, id)
		if notExist(err) {
			if y := r.moved(x); y != nil {
				ordinal, rec, err = r.findIn(y, id)
			}
		}
		if err == nil && rec != nil {
			return ordinal, rec, nil
		}
		if err != nil && !gone(err) {
			return 0, nil, err
		}
		if notExist(err) && r.removed(x.first, x.first) != nil {
			continue
		}
		damage = errors.Join(damage, err)
	}
	if damage != nil {
		return 0, nil, fmt.Errorf("event %d: %w in what can be read: %w", id, ErrNotFound, damage)
	}
	return 0, nil, fmt.Errorf("event %d: %w", id, ErrNotFound)
}

// findIn looks into one segment; rec is nil if it has none.
func (r *Reader) findIn(x *index, id uint64) (ordinal uint64, rec uapi.Record, err error) {
	if err := r.load(x, false); err != nil {
		return 0, nil, err
	}
	if x.sealed() && (id < x.footer.extremes.minID || id > x.footer.extremes.maxID) {
		return 0, nil, nil
	}
	var blocks blockSet
	if x.sealed() {
		if blocks, err = r.candidates(x, [][]Key{{idKey(id)}}); err != nil || blocks != nil && blocks.empty() {
			return 0, nil, err
		}
	}
	if err := r.load(x, true); err != nil {
		return 0, nil, err
	}
	for i := len(x.entries) - 1; i >= 0; i-- {
		e := &x.entries[i]
		if id < e.minID || id > e.maxID || blocks != nil && !blocks.has(i) {
			continue
		}
		b, blockErr := r.block(x, e)
		if blockErr != nil {
			if !gone(blockErr) {
				return 0, nil, blockErr
			}
			err = errors.Join(err, blockErr)
			continue
		}
		for ordinal := e.last(); ordinal >= e.first; ordinal-- {
			if rec := uapi.Record(b.record(ordinal)); rec.EventID() == id {
				return ordinal, slices.Clone(rec), nil
			}
		}
	}
	return 0, nil, err
}

// block returns a decoded block, from the cache if it is there.
func (r *Reader) block(x *index, e *entry) (*blockBuffer, error) {
	k := blockKey{x.header.Salt, e.first}
	if b := r.cache.get(k); b != nil {
		return b, nil
	}
	f, err := r.open(x)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := new(blockBuffer)
	if err := b.load(f, e, x.header.Salt); err != nil {
		if errors.Is(err, ErrDamaged) {
			err = &DamageError{Segment: x.name, Offset: e.offset, Bytes: e.size(), First: e.first, Last: e.last(), Err: err}
		}
		return nil, err
	}
	b.trim()
	r.cache.put(k, b)
	return b, nil
}
