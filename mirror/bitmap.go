// SPDX-License-Identifier: Apache-2.0

package mirror

import "math/bits"

// A bitmap has one bit for each number of a window that slides over all
// numbers: number n has bit n & (size-1). Ranges given to its methods are from
// first to last inclusive and no longer than the window.
type bitmap []uint64

func newBitmap(size int) bitmap { return make(bitmap, size/64) }

func (b bitmap) word(n uint64) *uint64 { return &b[n>>6&uint64(len(b)-1)] }

func (b bitmap) has(n uint64) bool { return *b.word(n)>>(n&63)&1 != 0 }

func (b bitmap) set(n uint64) { *b.word(n) |= 1 << (n & 63) }

func (b bitmap) clear(n uint64) { *b.word(n) &^= 1 << (n & 63) }

// span returns the mask of the bits from first on that share a word and are
// not beyond last.
func span(first, last uint64) uint64 {
	m := ^uint64(0) << (first & 63)
	if last>>6 == first>>6 {
		m &= ^uint64(0) >> (63 - last&63)
	}
	return m
}

// after is the first number of the word that follows n's.
func after(n uint64) uint64 { return n&^63 + 64 }

func (b bitmap) setRange(first, last uint64) {
	for n := first; n <= last; n = after(n) {
		*b.word(n) |= span(n, last)
	}
}

func (b bitmap) clearRange(first, last uint64) {
	for n := first; n <= last; n = after(n) {
		*b.word(n) &^= span(n, last)
	}
}

func (b bitmap) count(first, last uint64) uint64 {
	sum := 0
	for n := first; n <= last; n = after(n) {
		sum += bits.OnesCount64(*b.word(n) & span(n, last))
	}
	return uint64(sum)
}

// nextSet returns the lowest set number in the range, or last+1.
func (b bitmap) nextSet(first, last uint64) uint64 { return b.find(first, last, 0) }

// nextClear returns the lowest clear number in the range, or last+1.
func (b bitmap) nextClear(first, last uint64) uint64 { return b.find(first, last, ^uint64(0)) }

func (b bitmap) find(first, last, flip uint64) uint64 {
	for n := first; n <= last; n = after(n) {
		if w := (*b.word(n) ^ flip) & span(n, last); w != 0 {
			return n&^63 + uint64(bits.TrailingZeros64(w))
		}
	}
	return last + 1
}

// lastSet returns the highest set number in the range, and lastClear the
// highest clear one, or first-1.
func (b bitmap) lastSet(first, last uint64) uint64   { return b.findBack(first, last, 0) }
func (b bitmap) lastClear(first, last uint64) uint64 { return b.findBack(first, last, ^uint64(0)) }

func (b bitmap) findBack(first, last, flip uint64) uint64 {
	for n := last; n >= first; n = n&^63 - 1 {
		if w := (*b.word(n) ^ flip) & span(max(first, n&^63), n); w != 0 {
			return n&^63 + 63 - uint64(bits.LeadingZeros64(w))
		}
		if n < 64 {
			break
		}
	}
	return first - 1
}
