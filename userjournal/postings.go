// SPDX-License-Identifier: Apache-2.0

package userjournal

import "math/bits"

// Postings say which key is in which block of a segment. One is a number: of
// the key the highest bits, and below them the block.
type postings struct {
	list []uint64
	// over: there are more than are kept in memory, and those that were added
	// since are missing.
	over    bool
	scratch []uint64
}

const (
	postingKeyBits   = 40
	postingBlockBits = 64 - postingKeyBits
	// maxPostings bounds what is kept of one segment: 4 MiB.
	maxPostings = 1 << 19
)

// unknownKey is of blocks that could not be read when the index was made, and
// may have anything.
var unknownKey = FlagKey(0)

func posting(k Key, block int) uint64 {
	return uint64(k)>>postingBlockBits<<postingBlockBits | uint64(block)
}

func postingKey(p uint64) uint64 { return p >> postingBlockBits }
func postingBlock(p uint64) int  { return int(p & (1<<postingBlockBits - 1)) }

// add takes the keys of a block.
func (p *postings) add(block int, s *summary) {
	if p.over {
		return
	}
	for _, k := range s.keys {
		p.list = append(p.list, posting(k, block))
	}
	for _, k := range s.ids {
		p.list = append(p.list, posting(k, block))
	}
	z := &s.zone
	p.bits(domainType, z.types[:], block)
	p.bits(domainPID, z.pids[:], block)
	for f := z.Flags; f != 0; f &= f - 1 {
		p.list = append(p.list, posting(FlagKey(f&-f), block))
	}
	if len(p.list) > maxPostings {
		p.sort()
		if len(p.list) > maxPostings/4*3 {
			p.list, p.over = p.list[:0], true
		}
	}
}

func (p *postings) bits(domain uint64, words []uint64, block int) {
	for i, w := range words {
		for ; w != 0; w &= w - 1 {
			k := numberKey(domain, uint64(i*64+bits.TrailingZeros64(w)))
			p.list = append(p.list, posting(k, block))
		}
	}
}

func (p *postings) reset() { p.list, p.over = p.list[:0], false }

// sort puts the list into the order of keys, and blocks within, and leaves
// nothing in it twice. Blocks come in their order, so that a radix sort of the
// keys, which is stable, will do.
func (p *postings) sort() {
	const digit, digits = 10, postingKeyBits / 10
	if cap(p.scratch) < len(p.list) {
		p.scratch = make([]uint64, cap(p.list))
	}
	from, to := p.list, p.scratch[:len(p.list)]
	for pass := range digits {
		shift := postingBlockBits + digit*pass
		var at [1<<digit + 1]int
		for _, v := range from {
			at[v>>shift&(1<<digit-1)+1]++
		}
		for i := range 1 << digit {
			at[i+1] += at[i]
		}
		for _, v := range from {
			d := v >> shift & (1<<digit - 1)
			to[at[d]] = v
			at[d]++
		}
		from, to = to, from
	}
	// An even number of passes: from is the list again.
	n := 0
	for i, v := range from {
		if i == 0 || v != from[n-1] {
			from[n] = v
			n++
		}
	}
	p.list = from[:n]
}
