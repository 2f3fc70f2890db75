// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"math"
)

// Bits of [Search].Flags.
const (
	SearchExact     = 1 // all vectors were looked at
	SearchFiltered  = 2 // some were left out on purpose
	SearchRange     = 4 // whatever is within the radius
	SearchQuantised = 8 // short codes led, the vectors decided
)

// Search is struct vexj_attr_search: a search for vectors, or the way of one
// through a graph.
type Search struct {
	K        uint32
	Ef       uint32
	Found    uint32
	Flags    uint32
	Visited  uint64
	Duration uint64
	Radius   float32
	Hops     uint32
}

const searchSize = 40

func (s *Search) get(b []byte) {
	_ = b[searchSize-1]
	s.K = binary.LittleEndian.Uint32(b[0:])
	s.Ef = binary.LittleEndian.Uint32(b[4:])
	s.Found = binary.LittleEndian.Uint32(b[8:])
	s.Flags = binary.LittleEndian.Uint32(b[12:])
	s.Visited = binary.LittleEndian.Uint64(b[16:])
	s.Duration = binary.LittleEndian.Uint64(b[24:])
	s.Radius = math.Float32frombits(binary.LittleEndian.Uint32(b[32:]))
	s.Hops = binary.LittleEndian.Uint32(b[36:])
}

func (s *Search) put(b []byte) {
	_ = b[searchSize-1]
	binary.LittleEndian.PutUint32(b[0:], s.K)
	binary.LittleEndian.PutUint32(b[4:], s.Ef)
	binary.LittleEndian.PutUint32(b[8:], s.Found)
	binary.LittleEndian.PutUint32(b[12:], s.Flags)
	binary.LittleEndian.PutUint64(b[16:], s.Visited)
	binary.LittleEndian.PutUint64(b[24:], s.Duration)
	binary.LittleEndian.PutUint32(b[32:], math.Float32bits(s.Radius))
	binary.LittleEndian.PutUint32(b[36:], s.Hops)
}

// Search returns what was searched for, and how.
func (r Record) Search() (s Search, ok bool) {
	b := r.fixed(AttrSearch, searchSize)
	if b == nil {
		return s, false
	}
	s.get(b)
	return s, true
}

// AddSearch appends what was searched for, and how.
func (b *Builder) AddSearch(s Search) {
	if dst := b.add(AttrSearch, searchSize); dst != nil {
		s.put(dst)
	}
}
