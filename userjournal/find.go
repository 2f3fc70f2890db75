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

// Find returns the record with the event id, and its ordinal. Ids are unique; where
// they are not, as in a journal that something was put into twice, it is one of them.
// It reads only blocks whose range of ids has it, and while ids rise from segment to
// segment, as those of one producer do, looks into O(log n) of these. That there is
// none takes a look into all.
func (r *Reader) Find(id uint64) (ordinal uint64, rec uapi.Record, err error) {
	if err := r.refresh(); err != nil {
		return 0, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, nil, ErrClosed
	}
	f := finder{reader: r, id: id, segments: r.segments, seen: make(map[*index]bool)}
	if err := f.run(); err != nil {
		return 0, nil, err
	}
	if f.rec != nil {
		return f.ordinal, f.rec, nil
	}
	if f.damage != nil {
		return 0, nil, fmt.Errorf("event %d: %w in what can be read: %w", id, ErrNotFound, f.damage)
	}
	return 0, nil, fmt.Errorf("event %d: %w", id, ErrNotFound)
}

// A finder looks for an event id.
type finder struct {
	reader   *Reader
	id       uint64
	segments []*index
	seen     map[*index]bool

	ordinal uint64
	rec     uapi.Record // nil: not found yet
	damage  error       // of segments that could not be looked into
}

// run looks first where the id should be, and then everywhere.
func (f *finder) run() error {
	if err := f.search(0, len(f.segments)); err != nil || f.rec != nil {
		return err
	}
	for _, x := range slices.Backward(f.segments) {
		if err := f.look(x); err != nil || f.rec != nil {
			return err
		}
	}
	return nil
}

// search looks into the segment in the middle of lo to hi and goes on at the side
// where its ids say that the wanted one is: on both, if that is not so clear.
func (f *finder) search(lo, hi int) error {
	if lo >= hi || f.rec != nil {
		return nil
	}
	mid := lo + (hi-lo)/2
	x := f.segments[mid]
	if err := f.look(x); err != nil || f.rec != nil {
		return err
	}
	left, right := true, true
	if x.loaded && x.sealed() {
		left, right = f.id <= x.footer.extremes.maxID, f.id >= x.footer.extremes.minID
	}
	if right {
		if err := f.search(mid+1, hi); err != nil {
			return err
		}
	}
	if left {
		return f.search(lo, mid)
	}
	return nil
}

// look looks into one segment, once.
func (f *finder) look(x *index) error {
	if f.seen[x] {
		return nil
	}
	f.seen[x] = true
	r := f.reader
	ordinal, rec, err := r.findIn(x, f.id)
	if notExist(err) {
		if y := r.moved(x); y != nil {
			ordinal, rec, err = r.findIn(y, f.id)
		}
	}
	switch {
	case rec != nil:
		f.ordinal, f.rec = ordinal, rec
	case err == nil:
	case !gone(err):
		return err
	case notExist(err) && r.removed(x.first, x.first) != nil:
	default:
		f.damage = errors.Join(f.damage, err)
	}
	return nil
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
