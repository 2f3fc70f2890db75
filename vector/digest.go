// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// A Digest stands for all that a store has, whatever happened in it before.
type Digest [sha256.Size]byte

// String is in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Digest is the SHA-256 of dimensions, element type and metric (u32 each), the next
// id that is free (u64), and then, in the order of ids, of each vector: id, bytes
// of the path, bytes of the tags, device, inode (u64 each), path, tags, and the
// vector as it is stored; little-endian.
func (s *Store) Digest() (d Digest, err error) {
	s.mu.Lock()
	next := s.at.nextID
	w, err := s.View()
	s.mu.Unlock()
	if err != nil {
		return d, err
	}
	defer w.Close()
	type place struct {
		id uint64
		n  uint32
	}
	var all []place
	for n := range w.v.slots {
		ok, err := w.v.lives(n)
		if err != nil {
			return d, err
		}
		if !ok {
			continue
		}
		one, err := w.v.m.slot(n)
		if err != nil {
			return d, err
		}
		all = append(all, place{one.id, n})
	}
	slices.SortFunc(all, func(a, b place) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	h := sha256.New()
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(s.config.Dims))
	b = le.AppendUint32(b, uint32(s.config.Elem))
	b = le.AppendUint32(b, uint32(s.config.Metric))
	h.Write(le.AppendUint64(b, next))
	for _, p := range all {
		item, _, err := w.v.item(p.n)
		if err != nil {
			return d, err
		}
		b = b[:0]
		for _, v := range []uint64{item.ID, uint64(len(item.Meta.Path)), uint64(len(item.Meta.Tags)), item.Meta.Dev, item.Meta.Inode} {
			b = le.AppendUint64(b, v)
		}
		b = append(append(b, item.Meta.Path...), item.Meta.Tags...)
		h.Write(b)
		h.Write(item.Raw)
	}
	return Digest(h.Sum(nil)), nil
}
