// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"sync"

	"vexj/uapi"
)

// builders are for records that are made outside of the lock.
var builders = sync.Pool{New: func() any { return uapi.NewBuilder(nil) }}

// maxPart is how much of a vector one record has. With it the longest path and
// tags fit.
const maxPart = 48 << 10

// journal makes the records of the changes, which the sink has when it returns.
func (s *Store) journal(changes []Change) error {
	first := uint64(0) // event id
	for i := range changes {
		flags := uapi.FlagAtomic
		if len(changes) > 1 {
			flags = uapi.FlagTransactional
			if i == len(changes)-1 {
				flags |= uapi.FlagAtomic
			}
		}
		if err := s.record(&changes[i], flags, &first); err != nil {
			return err
		}
	}
	return nil
}

// record makes that of one change: several if the vector does not fit into one. first
// is the first record's id of a batch, 0 if this is it.
func (s *Store) record(c *Change, flags uapi.Flags, first *uint64) error {
	b, run := s.builder, s.options.Run
	at, parts := 0, len(c.Raw) > maxPart
	for {
		end := min(at+maxPart, len(c.Raw))
		h := uapi.Header{Type: c.Op, Parent: c.Cause, Flags: flags | uapi.FlagDeterministic}
		if end < len(c.Raw) && flags&uapi.FlagTransactional != 0 {
			h.Flags &^= uapi.FlagAtomic
		}
		id := run.Begin(b, h)
		if *first == 0 {
			*first = id
		}
		s.config.addTo(b)
		if flags&uapi.FlagTransactional != 0 {
			b.AddU64(uapi.AttrTransaction, *first)
		}
		b.AddU64(uapi.AttrVectorID, c.ID)
		if parts {
			b.AddPart(uapi.Part{Offset: uint32(at), Size: uint32(len(c.Raw))})
		}
		if end == len(c.Raw) && c.Op != uapi.VectorDelete {
			c.Meta.addTo(b)
		}
		b.Payload(c.Raw[at:end])
		if err := run.Emit(s.options.Sink, b, id); err != nil {
			return err
		}
		if at = end; at == len(c.Raw) {
			c.Event = id
			return nil
		}
	}
}

// addTo says what kind of vectors a record is of.
func (c *Config) addTo(b *uapi.Builder) {
	if c.Name != "" {
		b.AddString(uapi.AttrCollection, c.Name)
	}
	b.AddU32(uapi.AttrVectorDims, uint32(c.Dims))
	b.AddU32(uapi.AttrVectorElem, uint32(c.Elem))
	b.AddU32(uapi.AttrVectorMetric, uint32(c.Metric))
}

func (m *Meta) addTo(b *uapi.Builder) {
	if m.Dev != 0 || m.Inode != 0 {
		b.AddFile(uapi.File{DevMajor: uint32(m.Dev >> 32), DevMinor: uint32(m.Dev), Inode: m.Inode})
	}
	if m.Path != "" {
		b.AddString(uapi.AttrPath, m.Path)
	}
	if m.Tags != "" {
		b.AddString(uapi.AttrTags, m.Tags)
	}
}

// emit makes a record that changes nothing: fill adds to it. Without a sink it is
// not made, and its id is 0. It may be called without the store's lock.
func (s *Store) emit(t uapi.Type, cause uint64, fill func(*uapi.Builder)) (id uint64, err error) {
	if s.options.Sink == nil || s.options.ReadOnly && s.options.Run == nil {
		return 0, nil
	}
	b := builders.Get().(*uapi.Builder)
	defer builders.Put(b)
	id = s.options.Run.Begin(b, uapi.Header{Type: t, Parent: cause})
	s.config.addTo(b)
	fill(b)
	return id, s.options.Run.Emit(s.options.Sink, b, id)
}
