// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"crypto/sha256"
	"encoding/binary"
)

// A Digest names a graph: two with the same are the same to the last link.
type Digest [sha256.Size]byte

// Digest returns the SHA-256 of all that the records say of the graph: dimensions,
// metric and M; for each slot that is in use, ascending, its number, id, state and
// level, the vector if the graph keeps it, and the list of each layer, as its length
// and its links in order; and the entry. Numbers are little-endian; the digest is of
// one kind of machine, as the vectors are. Codes are no part of it, since they
// follow from the vectors. Changes wait while it is made.
func (g *Graph) Digest() (d Digest, err error) {
	g.change.Lock()
	defer g.change.Unlock()
	if err := g.look(); err != nil {
		return d, err
	}
	defer g.world.RUnlock()
	h, le := sha256.New(), binary.LittleEndian
	var w []byte
	w = le.AppendUint32(w, uint32(g.cfg.Dims))
	w = append(w, byte(g.cfg.Metric))
	w = le.AppendUint32(w, uint32(g.cfg.M))
	buf := make([]uint32, g.m0)
	for slot := range g.slots.Load() {
		m := g.meta(slot)
		if m.state() == slotFree {
			continue
		}
		if err := g.touch(slot); err != nil {
			return d, err
		}
		w = le.AppendUint32(w, slot)
		w = le.AppendUint64(w, m.name())
		w = append(w, byte(m.state()), byte(m.level()))
		if g.cfg.Source == nil {
			w = append(w, g.exact.rows.bytes(slot, g.rowBytes())...)
		}
		for l := range m.level() + 1 {
			list := g.read(slot, l, buf)
			w = le.AppendUint32(w, uint32(len(list)))
			for _, to := range list {
				w = le.AppendUint32(w, to)
			}
		}
		if len(w) > 1<<16 {
			h.Write(w)
			w = w[:0]
		}
	}
	w = le.AppendUint64(w, g.entry.Load())
	h.Write(w)
	h.Sum(d[:0])
	return d, nil
}
