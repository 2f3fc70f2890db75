// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"fmt"
	"slices"

	"vexj/uapi"
)

// A Reading makes changes of the records that were made of them, in their order. Its
// records are all of vectors of one kind.
type Reading struct {
	config Config

	// A vector of which not all parts have come.
	op  uapi.Type
	id  uint64
	raw []byte
}

// NewReading begins one, of records of vectors that are as c says.
func NewReading(c Config) *Reading { return &Reading{config: c} }

func (r *Reading) forget() { r.op, r.id, r.raw = 0, 0, nil }

// Batches holds back the records of changes that were made together, until the last of
// them has come: if it never does, none of them counts.
type Batches struct {
	of   uint64 // event id of the first record of the batch
	recs []uapi.Record
}

// Add takes the next record of a change, and returns those that count with it, in their
// order, to be applied before the next Add.
func (b *Batches) Add(rec uapi.Record) []uapi.Record {
	of, _ := rec.U64(uapi.AttrTransaction)
	if b.of != of {
		b.of, b.recs = of, b.recs[:0] // one before it never ended
	}
	if of != 0 && rec.Flags()&uapi.FlagAtomic == 0 {
		b.recs = append(b.recs, slices.Clone(rec))
		return nil
	}
	recs := append(b.recs, rec)
	b.of, b.recs = 0, recs[:0]
	return recs
}

// ConfigOf returns what the vectors are that a record is of: for those who make a
// store of the records of a journal alone.
func ConfigOf(rec uapi.Record) (c Config, ok bool) {
	dims, ok1 := rec.U32(uapi.AttrVectorDims)
	elem, ok2 := rec.U32(uapi.AttrVectorElem)
	metric, ok3 := rec.U32(uapi.AttrVectorMetric)
	name, _ := rec.Attr(uapi.AttrCollection)
	c = Config{Name: string(name), Dims: int(min(dims, MaxDims+1)), Elem: uapi.Elem(elem), Metric: uapi.Metric(metric)}
	return c, ok1 && ok2 && ok3 && c.Check() == nil
}

// Apply does again what a record says was done. It is true if the record changed
// the store, or was a part of what will; it is false for one of another store or of
// another kind, and for one that is in the store already. No record is made of it.
// Records of changes that were made together must go through [Batches] first.
//
// The error is ErrRecord if the record is not what this package makes, and that of
// the change if the store cannot do it, as when an id exists that is created.
func (s *Store) Apply(rec uapi.Record) (bool, error) {
	switch rec.Type() {
	case uapi.VectorCreate, uapi.VectorUpdate, uapi.VectorDelete:
	default:
		return false, nil
	}
	if name, _ := rec.Attr(uapi.AttrCollection); string(name) != s.config.Name {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return false, err
	}
	if rec.EventID() <= s.at.event && rec.EventID()>>56 == s.at.event>>56 {
		return false, nil
	}
	c, whole, err := s.reading.Take(rec)
	if err != nil || !whole {
		return err == nil, err
	}
	changes := []Change{c}
	steps, next, err := s.plan(changes)
	if err == nil {
		err = s.do(steps, changes, next)
	}
	if err != nil {
		return false, fmt.Errorf("record %#x: %w", rec.EventID(), err)
	}
	return true, nil
}

// Take returns the change that a record is of, VECTOR_CREATE, VECTOR_UPDATE or
// VECTOR_DELETE, when all of it has come; its Raw is valid until the next call, and may
// be that of the record. The error is ErrRecord, after which the next change can be
// read.
func (r *Reading) Take(rec uapi.Record) (c Change, whole bool, err error) {
	bad := func(format string, a ...any) (Change, bool, error) {
		r.forget()
		return Change{}, false, fmt.Errorf("%w: record %#x: %s", ErrRecord, rec.EventID(), fmt.Sprintf(format, a...))
	}
	id, ok := rec.U64(uapi.AttrVectorID)
	if !ok || id == 0 {
		return bad("it names no vector")
	}
	c = Change{Op: rec.Type(), ID: id, Event: rec.EventID()}
	if c.Op == uapi.VectorDelete {
		r.forget()
		return c, true, nil
	}
	got, ok := ConfigOf(rec)
	if !ok {
		return bad("it does not say what kind of vector it is")
	}
	if got != r.config {
		return bad("its vector is of %d %s by %s, those that are read of %d %s by %s",
			got.Dims, got.Elem, got.Metric, r.config.Dims, r.config.Elem, r.config.Metric)
	}
	raw := rec.Payload()
	if part, ok := rec.Part(); ok {
		switch size := r.config.rowSize(); {
		case int(part.Size) != size:
			return bad("the whole has %d bytes, a vector %d", part.Size, size)
		case part.Offset == 0:
			r.op, r.id, r.raw = c.Op, id, slices.Clone(raw)
		case r.op != c.Op || r.id != id || int(part.Offset) != len(r.raw):
			return bad("the part at %d does not follow the one before", part.Offset)
		default:
			r.raw = append(r.raw, raw...)
		}
		if len(r.raw) > int(part.Size) {
			return bad("its parts have more than the %d bytes of the whole", part.Size)
		}
		if len(r.raw) < int(part.Size) {
			return c, false, nil
		}
		raw = r.raw
	}
	r.forget()
	c.Raw = raw
	if f, ok := rec.File(); ok {
		c.Meta.Dev, c.Meta.Inode = uint64(f.DevMajor)<<32|uint64(f.DevMinor), f.Inode
	}
	c.Meta.Path = string(rec.Path())
	tags, _ := rec.Attr(uapi.AttrTags)
	c.Meta.Tags = string(tags)
	return c, true, nil
}
