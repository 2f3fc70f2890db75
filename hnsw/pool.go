// SPDX-License-Identifier: Apache-2.0

package hnsw

import "math"

// maxEf bounds ef.
const maxEf = 1 << 24

// A candidate is a slot and how far it is, as one word that orders by distance:
// the distance's bits, made to order as an unsigned number, the slot, and whether
// it was expanded.
type candidate uint64

const expanded candidate = 1

func makeCandidate(d float32, slot uint32) candidate {
	b := math.Float32bits(d)
	b ^= uint32(int32(b)>>31) | 1<<31
	return candidate(b)<<32 | candidate(slot)<<1
}

func (c candidate) slot() uint32 { return uint32(c) >> 1 }

func (c candidate) distance() float32 {
	b := uint32(c >> 32)
	b ^= uint32(int32(^b)>>31) | 1<<31
	return math.Float32frombits(b)
}

// A pool is the candidates of one layer that are nearest so far, in order. Unlike
// a pair of heaps it needs one comparison to refuse a candidate, which most are,
// and one move of memory to take it.
type pool struct {
	c    []candidate
	size int // how many there may be
	next int // all before it are expanded
}

func (p *pool) reset(size int) {
	if cap(p.c) < size+1 {
		p.c = make([]candidate, 0, size+1)
	}
	p.c, p.size, p.next = p.c[:0], size, 0
}

// full reports whether a candidate must be nearer than worst to be taken.
func (p *pool) full() bool { return len(p.c) == p.size }

// bound is above every candidate that would be taken.
func (p *pool) bound() candidate {
	if len(p.c) < p.size {
		return ^candidate(0)
	}
	return p.c[len(p.c)-1]
}

// add takes a candidate below the bound.
func (p *pool) add(c candidate) {
	// Which half it is in is as good as random: no branch on it.
	all := p.c
	lo := 0
	for left := len(all); left > 0; {
		half := (left + 1) >> 1
		next := lo + half
		if all[next-1] < c {
			lo = next
		}
		left -= half
	}
	n := len(p.c)
	if n < p.size {
		n++
		p.c = p.c[:n]
	}
	copy(p.c[lo+1:], p.c[lo:n-1])
	p.c[lo] = c
	p.next = min(p.next, lo)
}

// pop returns the nearest candidate that was not expanded, and marks it.
func (p *pool) pop() (c candidate, ok bool) {
	for p.next < len(p.c) {
		c = p.c[p.next]
		if c&expanded == 0 {
			p.c[p.next] = c | expanded
			p.next++
			return c, true
		}
		p.next++
	}
	return 0, false
}

// peek returns what pop would.
func (p *pool) peek() (c candidate, ok bool) {
	for ; p.next < len(p.c); p.next++ {
		if c = p.c[p.next]; c&expanded == 0 {
			return c, true
		}
	}
	return 0, false
}
