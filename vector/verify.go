// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"bytes"
	"fmt"
)

// A Report is what Verify found.
type Report struct {
	Slots, Live uint64
	Bytes       uint64 // that were read
	Damage      []error
	More        int // damage that is not listed
}

const maxDamage = 100

// Verify reads all of the store and holds it against its checksums. What is wrong
// is in the report, as errors that are ErrDamaged; the error is one of reading.
func (s *Store) Verify() (r Report, err error) {
	w, err := s.View()
	if err != nil {
		return r, err
	}
	defer w.Close()
	v := w.v
	c, err := readCheckpoint(s.options.FS, s.dir)
	if err != nil {
		r.add(err)
	}
	if c.generation == v.generation {
		r.add(s.verifyPages(&c))
	}
	r.Bytes = checkpointSize + 3*pageSize
	ids := map[uint64]uint32{}
	texts := uint64(0)
	for n := range v.slots {
		r.Slots++
		r.Bytes += uint64(slotSize + v.m.stride)
		alive := r.slot(v, n, &texts)
		if !alive {
			continue
		}
		r.Live++
		one, err := v.m.slot(n)
		if err != nil {
			continue
		}
		if other, ok := ids[one.id]; ok {
			r.add(v.m.damaged(slotsKind, int64(n)*slotSize, "id %d is in slots %d and %d", one.id, other, n))
		}
		ids[one.id] = n
	}
	if texts != v.texts {
		r.add(v.m.damaged(textsKind, int64(texts), "slots have %d bytes of text, there are %d", texts, v.texts))
	}
	r.Bytes += v.texts
	if r.Live != v.live {
		r.add(fmt.Errorf("%s: %w: %d vectors live, the checkpoint says %d", s.dir, ErrDamaged, r.Live, v.live))
	}
	r.index(v, ids)
	return r, nil
}

func (r *Report) add(err error) {
	switch {
	case err == nil:
	case len(r.Damage) == maxDamage:
		r.More++
	default:
		r.Damage = append(r.Damage, err)
	}
}

// slot checks all bytes of one slot, and its row and text, whatever was seen of
// them before. It is true if the vector lives.
func (r *Report) slot(v *version, n uint32, texts *uint64) bool {
	alive, err := v.lives(n)
	r.add(err)
	one, err := v.m.slot(n)
	if err != nil {
		r.add(err)
		return alive
	}
	row := v.m.rows[int(n)*v.m.stride:][:v.m.stride]
	if sum(row[:v.m.row]) != one.rowSum {
		r.add(v.m.damaged(rowsKind, int64(n)*int64(v.m.stride), "the checksum of the vector in slot %d, id %d, is wrong", n, one.id))
	}
	if pad := row[v.m.row:]; len(bytes.Trim(pad, "\x00")) > 0 {
		r.add(v.m.damaged(rowsKind, int64(n)*int64(v.m.stride)+int64(v.m.row), "what fills up the row of slot %d is not zero", n))
	}
	if one.textAt != *texts {
		r.add(v.m.damaged(slotsKind, int64(n)*slotSize+32, "the text of slot %d is at %d, those before end at %d", n, one.textAt, *texts))
	}
	*texts = one.textAt + uint64(one.textLen())
	_, err = v.m.meta(n, &one, v.texts)
	r.add(err)
	return alive
}

// index: every vector that lives is found.
func (r *Report) index(v *version, ids map[uint64]uint32) {
	x := v.m.index
	x.mu.RLock()
	r.add(x.verify())
	r.Bytes += uint64(len(x.whole))
	x.mu.RUnlock()
	for id, n := range ids {
		at, ok, err := x.find(id)
		switch {
		case err != nil:
			r.add(err)
		case !ok || at < n:
			r.add(&DamageError{x.name, 0, fmt.Sprintf("id %d of slot %d is not in the index", id, n)})
		}
	}
}

// verifyPages checks the first pages again.
func (s *Store) verifyPages(c *checkpoint) error {
	f, err := openFiles(s.options.FS, s.dir, c, false)
	if err != nil {
		return err
	}
	return f.close()
}
