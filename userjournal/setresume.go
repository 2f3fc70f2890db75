// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
)

// ErrTakenBack: the record was in the journal and was taken back by a crash of
// the machine, before it was acknowledged.
var ErrTakenBack = errors.New("taken back by a crash, before it was acknowledged")

// Resume is where to go on behind the record that a cursor names, for one who has
// seen all up to there, whatever has become of it since. lost is nil, or says why
// something may be missing: [ErrRemoved], and the position is before the oldest
// records that there are; or [ErrTakenBack], and it is where the journal was gone on
// with after the crash, so that nothing is missed that was written since. err wraps
// [ErrCursor] if the text is no cursor of this set.
func (s *Set) Resume(text string) (at Position, lost, err error) {
	shard := 0
	var id uint64
	if s.alone() {
		c, err := ParseCursor(text)
		if err != nil {
			return nil, nil, err
		}
		if c.journal != s.shards[0].journal {
			_, err := s.shards[0].Seek(c)
			return nil, nil, err
		}
		at, id = Position{c.ordinal}, c.id
	} else if at, shard, id, err = s.parseCursor(text); err != nil {
		return nil, nil, err
	}
	for i, r := range s.shards {
		want := uint64(0)
		if i == shard {
			want = id
		}
		ordinal, why, err := r.resume(at[i], want)
		if err != nil {
			return nil, nil, err
		}
		if at[i] = ordinal; why != nil {
			lost = why
		}
	}
	return at, lost, nil
}

// resume is where to go on behind the ordinal, which was the record with the id, or
// any if that is 0.
func (r *Reader) resume(ordinal, id uint64) (behind uint64, lost, err error) {
	if ordinal == 0 {
		return 0, nil, nil
	}
	last, err := r.LastOrdinal()
	if err != nil {
		return 0, nil, err
	}
	if ordinal <= last && id == 0 {
		return ordinal, nil, nil
	}
	if ordinal <= last {
		rec, err := r.Get(ordinal)
		switch {
		case err == nil && rec.EventID() == id:
			return ordinal, nil, nil
		case errors.Is(err, ErrRemoved):
			first, err := r.firstOrdinal()
			return max(first-1, ordinal), fmt.Errorf("record %d was %w", ordinal, ErrRemoved), err
		case gone(err), errors.Is(err, ErrNotFound):
			// Its place is damaged: what is behind it is not.
			return ordinal, nil, nil
		case err != nil:
			return 0, nil, err
		}
	}
	behind, err = r.cut(ordinal)
	return behind, fmt.Errorf("record %d was %w", ordinal, ErrTakenBack), err
}

func (r *Reader) firstOrdinal() (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, ErrClosed
	}
	return r.segments[0].first, nil
}

// cut is the last ordinal that a crash left, of the last crash at or before the
// ordinal: a writer that continues a journal begins a segment.
func (r *Reader) cut(ordinal uint64) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, ErrClosed
	}
	i := r.position(ordinal)
	if at := r.segments[i]; at.first <= ordinal {
		// Nothing may have been written since.
		if err := r.load(at, true); err != nil && !gone(err) {
			return 0, err
		}
		if at.recovered() && at.last() < ordinal {
			return at.last(), nil
		}
	}
	for ; i > 0; i-- {
		before := r.segments[i-1]
		if err := r.load(before, false); err != nil && !gone(err) {
			return 0, err
		}
		if before.recovered() {
			break
		}
	}
	return r.segments[i].first - 1, nil
}

// Begin is before the oldest records that there are.
func (s *Set) Begin() Position { return s.start() }
