// SPDX-License-Identifier: Apache-2.0

package userjournal

import "math/bits"

// Postings say which key is in which block of a segment. One is a number: of
// the key the highest bits, and below them the block.
type postings []uint64

const (
	postingKeyBits   = 40
	postingBlockBits = 64 - postingKeyBits
	// maxPostings is how many are collected before they are sorted and put
	// aside: 2 MiB, and what one block adds.
	maxPostings = 1 << 18
)

// unknownKey is of blocks of which the keys do not tell all: one could not be
// read when the index was made, or has paths whose root side is missing.
var unknownKey = numberKey(domainFlag, 0)

func posting(k Key, block int) uint64 {
	return uint64(k)>>postingBlockBits<<postingBlockBits | uint64(block)
}

func postingKey(p uint64) uint64 { return p >> postingBlockBits }
func postingBlock(p uint64) int  { return int(p & (1<<postingBlockBits - 1)) }

// add takes the keys of a block.
func (p *postings) add(block int, s *summary) {
	for _, k := range s.keys {
		*p = append(*p, posting(k, block))
	}
	for _, k := range s.ids {
		*p = append(*p, posting(k, block))
	}
	z := &s.zone
	p.bits(domainType, z.types[:], block)
	p.bits(domainPID, z.pids[:], block)
	for f := z.Flags; f != 0; f &= f - 1 {
		*p = append(*p, posting(FlagKey(f&-f), block))
	}
	if z.Flags&cutPaths != 0 {
		p.unknown(block)
	}
}

func (p *postings) unknown(block int) { *p = append(*p, posting(unknownKey, block)) }

func (p *postings) bits(domain uint64, words []uint64, block int) {
	for i, w := range words {
		for ; w != 0; w &= w - 1 {
			*p = append(*p, posting(numberKey(domain, uint64(i*64+bits.TrailingZeros64(w))), block))
		}
	}
}

// sort puts the postings into the order of keys, and blocks within, and leaves
// none in it twice. Blocks were added in their order, so that a radix sort of
// the keys alone, which is stable, will do; scratch is its second array.
func (p *postings) sort(scratch *postings) {
	const digit, passes = 10, postingKeyBits / 10 // an even number: the result is in p
	if cap(*scratch) < len(*p) {
		*scratch = make(postings, cap(*p))
	}
	from, to := *p, (*scratch)[:len(*p)]
	for pass := range passes {
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
	n := 0
	for i, v := range from {
		if i == 0 || v != from[n-1] {
			from[n] = v
			n++
		}
	}
	*p = from[:n]
}
