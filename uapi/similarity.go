// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"math"
)

// Similarity is struct vexj_attr_similarity: the distance of the record's vector
// from another one.
type Similarity struct {
	Other    uint64 // vector id
	Distance float32
}

const similaritySize = 12

func (s *Similarity) get(b []byte) {
	_ = b[similaritySize-1]
	s.Other = binary.LittleEndian.Uint64(b[0:])
	s.Distance = math.Float32frombits(binary.LittleEndian.Uint32(b[8:]))
}

func (s *Similarity) put(b []byte) {
	_ = b[similaritySize-1]
	binary.LittleEndian.PutUint64(b[0:], s.Other)
	binary.LittleEndian.PutUint32(b[8:], math.Float32bits(s.Distance))
}

// Similarity returns the other vector and the distance.
func (r Record) Similarity() (s Similarity, ok bool) {
	b := r.fixed(AttrSimilarity, similaritySize)
	if b == nil {
		return s, false
	}
	s.get(b)
	return s, true
}

// AddSimilarity appends the other vector and the distance.
func (b *Builder) AddSimilarity(s Similarity) {
	if dst := b.add(AttrSimilarity, similaritySize); dst != nil {
		s.put(dst)
	}
}
