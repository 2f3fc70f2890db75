// SPDX-License-Identifier: Apache-2.0

package hnsw

import "math/bits"

// A Bitmap is a set of ids, best of small ones: it has a bit for each up to the
// largest. The zero value is empty. It is not to be changed while a search uses it.
type Bitmap struct {
	words []uint64
	large map[uint64]struct{} // ids from largeID on
}

// largeID is the first id that has no bit.
const largeID = 1 << 32

// Add puts an id into the set.
func (b *Bitmap) Add(id uint64) {
	if id >= largeID {
		if b.large == nil {
			b.large = map[uint64]struct{}{}
		}
		b.large[id] = struct{}{}
		return
	}
	w := int(id >> 6)
	if w >= len(b.words) {
		b.words = append(b.words, make([]uint64, w+1-len(b.words))...)
	}
	b.words[w] |= 1 << (id & 63)
}

// Has reports whether an id is in the set.
func (b *Bitmap) Has(id uint64) bool {
	if id >= largeID {
		_, ok := b.large[id]
		return ok
	}
	w := int(id >> 6)
	return w < len(b.words) && b.words[w]>>(id&63)&1 != 0
}

// Len returns how many ids are in the set.
func (b *Bitmap) Len() int {
	n := len(b.large)
	for _, w := range b.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// all calls fn with each id until it returns false.
func (b *Bitmap) all(fn func(id uint64) bool) {
	for i, w := range b.words {
		for ; w != 0; w &= w - 1 {
			if !fn(uint64(i)<<6 | uint64(bits.TrailingZeros64(w))) {
				return
			}
		}
	}
	for id := range b.large {
		if !fn(id) {
			return
		}
	}
}
