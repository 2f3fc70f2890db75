// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"math/bits"

	"lukechampine.com/blake3/guts"
)

// digestLeaf is what is hashed at once, one chunk of BLAKE3 in each lane of the
// widest vectors.
const digestLeaf = guts.MaxSIMD * guts.ChunkSize

// digestRecords is that of the records of one block, uncompressed, so that a
// block stays the same when it is compressed anew. It is what the library's own
// function returns, which would start goroutines: others have the processors
// here, and to be woken takes as long as to hash.
func digestRecords(raw []byte) Digest {
	// roots are those of whole subtrees, of 1<<i leaves where bit i of leaves
	// is set.
	var roots [bits.UintSize][8]uint32
	leaves := uint64(0)
	for ; len(raw) > digestLeaf; raw = raw[digestLeaf:] {
		n := guts.CompressBuffer((*[digestLeaf]byte)(raw), digestLeaf, &guts.IV, leaves*guts.MaxSIMD, 0)
		i := 0
		for ; leaves>>i&1 != 0; i++ {
			n = guts.ParentNode(roots[i], guts.ChainingValue(n), &guts.IV, 0)
		}
		roots[i] = guts.ChainingValue(n)
		leaves++
	}
	n := digestTail(raw, leaves*guts.MaxSIMD)
	for left := leaves; left != 0; left &= left - 1 {
		n = guts.ParentNode(roots[bits.TrailingZeros64(left)], guts.ChainingValue(n), &guts.IV, 0)
	}
	n.Flags |= guts.FlagRoot
	var d Digest
	for i, w := range guts.ChainingValue(n) {
		le.PutUint32(d[4*i:], w)
	}
	return d
}

// digestTail is the node of what is left: a leaf, or less, and nothing only where
// there was nothing.
func digestTail(raw []byte, chunk uint64) guts.Node {
	switch {
	case len(raw) <= guts.ChunkSize:
		return guts.CompressChunk(raw, &guts.IV, chunk, 0)
	case len(raw) == digestLeaf:
		return guts.CompressBuffer((*[digestLeaf]byte)(raw), digestLeaf, &guts.IV, chunk, 0)
	}
	// All lanes are read, whatever is in them.
	var leaf [digestLeaf]byte
	n := copy(leaf[:], raw)
	return guts.CompressBuffer(&leaf, n, &guts.IV, chunk, 0)
}
