// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"errors"
	"fmt"
	"math"

	"vexj/uapi"
)

// A Change is one of a batch: a vector is created, updated or deleted.
type Change struct {
	Op   uapi.Type // VectorCreate, VectorUpdate or VectorDelete
	ID   uint64    // of a create 0: the next free one, which is put here
	Raw  []byte    // the vector as it is stored: see Config.Encode; nil for a delete
	Meta Meta
	// Cause is the event that it comes of, 0 for none.
	Cause uint64
	// Event is the id of the record that was made of it.
	Event uint64
}

// Create adds a vector. With id 0 it gets the next free one, which is returned.
func (s *Store) Create(id uint64, v []float32, m Meta) (uint64, error) {
	raw, err := s.config.Encode(nil, v)
	if err != nil {
		return 0, err
	}
	c := []Change{{Op: uapi.VectorCreate, ID: id, Raw: raw, Meta: m}}
	err = s.Change(c)
	return c[0].ID, err
}

// Update replaces a vector, and what it is of.
func (s *Store) Update(id uint64, v []float32, m Meta) error {
	raw, err := s.config.Encode(nil, v)
	if err != nil {
		return err
	}
	return s.Change([]Change{{Op: uapi.VectorUpdate, ID: id, Raw: raw, Meta: m}})
}

// Delete removes a vector. Its id is never given to another one by Create with 0.
func (s *Store) Delete(id uint64) error {
	return s.Change([]Change{{Op: uapi.VectorDelete, ID: id}})
}

// Change does all of the changes, or none if one of them cannot be done: of several the
// error is a *ChangeError then. Readers
// see all of them at the same time. They are durable after Sync, or as the journal
// is that gets their records.
func (s *Store) Change(changes []Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	steps, next, err := s.plan(changes)
	if err != nil {
		return err
	}
	if s.options.Sink != nil {
		// The mark that something was written is to be there before any of it is.
		if err := s.unclean(); err != nil {
			return err
		}
		if err := s.journal(changes); err != nil {
			return s.fail(err)
		}
	}
	if err := s.do(steps, changes, next); err != nil {
		if s.options.Sink != nil {
			// The journal has what the store has not.
			return s.fail(err)
		}
		return err
	}
	return nil
}

// A step is where a change leads.
type step struct {
	seq  uint64
	dies int64 // slot, -1: none
	born int64
}

// plan checks the changes against the store and against each other.
func (s *Store) plan(changes []Change) (steps []step, next uint64, err error) {
	v := s.now.Load()
	next = s.at.nextID
	slots := int64(v.slots)
	later := map[uint64]int64{} // slots of ids that earlier changes make, -1: they end
	steps = make([]step, len(changes))
	for i := range changes {
		c := &changes[i]
		if err := s.admit(c, &next); err != nil {
			return nil, 0, place(i, changes, err)
		}
		at, ok := later[c.ID]
		if !ok {
			if at, err = v.last(c.ID); err != nil {
				return nil, 0, place(i, changes, err)
			}
		}
		st := step{seq: s.at.seq + 1 + uint64(i), dies: at, born: slots}
		switch {
		case c.Op == uapi.VectorCreate && at >= 0:
			return nil, 0, place(i, changes, fmt.Errorf("%w: %d; update it instead", ErrExists, c.ID))
		case c.Op != uapi.VectorCreate && at < 0:
			return nil, 0, place(i, changes, fmt.Errorf("%w: %d", ErrNotFound, c.ID))
		case c.Op == uapi.VectorDelete:
			st.born = -1
		}
		if st.born >= 0 {
			slots++
		}
		later[c.ID] = st.born
		steps[i] = st
	}
	if slots > MaxVectors {
		return nil, 0, fmt.Errorf("%w: %d vectors are all that a store has room for; compact it", ErrOption, int64(MaxVectors))
	}
	if s.at.seq+uint64(len(changes)) > maxSeq {
		return nil, 0, fmt.Errorf("%w: the store has seen %d changes and takes no more", ErrOption, s.at.seq)
	}
	return steps, next, nil
}

// A ChangeError says which of several changes cannot be done.
type ChangeError struct {
	Index, Of int
	Err       error
}

func (e *ChangeError) Error() string {
	return fmt.Sprintf("change %d of %d: %v", e.Index+1, e.Of, e.Err)
}

func (e *ChangeError) Unwrap() error { return e.Err }

// place says which change of several an error is of.
func place(i int, changes []Change, err error) error {
	if len(changes) == 1 {
		return err
	}
	return &ChangeError{i, len(changes), err}
}

// admit checks a change by itself, and gives it an id.
func (s *Store) admit(c *Change, next *uint64) error {
	switch c.Op {
	case uapi.VectorCreate:
		if c.ID == 0 {
			c.ID = *next
		}
	case uapi.VectorUpdate:
	case uapi.VectorDelete:
		if c.ID == 0 {
			return fmt.Errorf("%w: 0 is none", ErrID)
		}
		return nil
	default:
		return fmt.Errorf("%w: %s is no change of a vector", ErrOption, c.Op)
	}
	if c.ID == 0 || c.ID == math.MaxUint64 {
		return fmt.Errorf("%w: %d is none: give 1 to 2^64-2", ErrID, c.ID)
	}
	if err := s.config.checkRaw(c.Raw); err != nil {
		return err
	}
	if err := c.Meta.check(); err != nil {
		return err
	}
	*next = max(*next, c.ID+1)
	return nil
}

// unclean notes durably that the files have more than the checkpoint says.
func (s *Store) unclean() error {
	if !s.clean {
		return nil
	}
	if err := s.writeCheckpoint(false); err != nil {
		return s.fail(err)
	}
	return nil
}

// do writes the changes and shows them.
func (s *Store) do(steps []step, changes []Change, next uint64) error {
	if err := s.unclean(); err != nil {
		return err
	}
	v := s.now.Load()
	slots, texts, err := s.write(v, steps, changes)
	if err != nil {
		return err
	}
	m, err := s.room(v, slots, texts)
	if err != nil {
		return err
	}
	live := int64(v.live)
	for i, st := range steps {
		if st.dies >= 0 {
			if err := s.writeDeath(m, uint32(st.dies), newDeath(st.seq, st.born >= 0)); err != nil {
				if m != v.m {
					m.drop()
				}
				return s.fail(err)
			}
			live--
		}
		if st.born >= 0 {
			live++
			m.seen.add(uint32(st.born))
			m.index.put(changes[i].ID, uint32(st.born))
		}
	}
	last := steps[len(steps)-1].seq
	s.at.slots, s.at.texts, s.at.live, s.at.seq, s.at.nextID = slots, texts, uint64(live), last, next
	if e := changes[len(changes)-1].Event; e != 0 {
		s.at.event = e
	}
	s.now.Store(&version{m: m, slots: uint32(slots), texts: texts, seq: last, live: uint64(live), generation: v.generation})
	if m != v.m {
		v.m.drop()
	}
	return nil
}

// room returns a mapping that has it: the one of the version, or a larger one.
func (s *Store) room(v *version, slots, texts uint64) (*mapping, error) {
	if v.m.room(slots, texts) {
		return v.m, nil
	}
	return mapFiles(s.files, s.dir, &s.at, slots, texts, v.m.seen, v.m.index, true)
}

// write puts rows, slots and texts behind what is there. None of it counts yet.
func (s *Store) write(v *version, steps []step, changes []Change) (slots, texts uint64, err error) {
	slots, texts = uint64(v.slots), v.texts
	var rows, heads, text []byte
	stride := s.config.stride()
	for i, st := range steps {
		if st.born < 0 {
			continue
		}
		c := &changes[i]
		one := slot{
			id: c.ID, birth: st.seq, dev: c.Meta.Dev, inode: c.Meta.Inode, textAt: texts,
			pathLen: uint16(len(c.Meta.Path)), tagsLen: uint16(len(c.Meta.Tags)), rowSum: sum(c.Raw),
		}
		from := len(text)
		text = append(append(text, c.Meta.Path...), c.Meta.Tags...)
		one.textSum = sum(text[from:])
		texts += uint64(len(text) - from)
		heads = append(heads, make([]byte, slotSize)...)
		one.put(heads[len(heads)-slotSize:])
		rows = append(append(rows, c.Raw...), make([]byte, stride-len(c.Raw))...)
		slots++
	}
	if len(heads) == 0 {
		return slots, texts, nil
	}
	_, err = s.files.rows.WriteAt(rows, pageSize+int64(v.slots)*int64(stride))
	if err == nil && len(text) > 0 {
		_, err = s.files.texts.WriteAt(text, pageSize+int64(v.texts))
	}
	if err == nil {
		_, err = s.files.slots.WriteAt(heads, pageSize+int64(v.slots)*slotSize)
	}
	if err != nil {
		return 0, 0, errors.Join(fmt.Errorf("write to the vector store: %w", err))
	}
	return slots, texts, nil
}
