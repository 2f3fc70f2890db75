// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"iter"
	"math"
)

// A Result is one entry of the results attribute: a vector that was found.
type Result struct {
	ID       uint64
	Distance float32
}

const resultSize = 12

// MaxResults is how many results a record has room for, with other attributes.
const MaxResults = 4096

// Results yields what a search found, nearest first. An entry that is cut is
// left out.
func (r Record) Results() iter.Seq[Result] {
	b := r.bytes(AttrResults)
	return func(yield func(Result) bool) {
		for ; len(b) >= resultSize; b = b[resultSize:] {
			if !yield(Result{binary.LittleEndian.Uint64(b), math.Float32frombits(binary.LittleEndian.Uint32(b[8:]))}) {
				return
			}
		}
	}
}

// AddResults appends the results attribute, with the first [MaxResults].
func (b *Builder) AddResults(results []Result) {
	results = results[:min(len(results), MaxResults)]
	dst := b.add(AttrResults, resultSize*len(results))
	for i := range min(len(results), len(dst)/resultSize) {
		binary.LittleEndian.PutUint64(dst[i*resultSize:], results[i].ID)
		binary.LittleEndian.PutUint32(dst[i*resultSize+8:], math.Float32bits(results[i].Distance))
	}
}
