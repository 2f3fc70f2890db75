// SPDX-License-Identifier: Apache-2.0

package blake3

import (
	"encoding/binary"
	"math/bits"

	"lukechampine.com/blake3/guts"
)

// A hasher makes the node of up to so many bytes, which begin with a chunk. That is a
// power of two of whole chunks, and more than one.
type hasher struct {
	most int
	node func(b []byte, chunk uint64) guts.Node
}

// found is the best of this processor.
var found = library

// Sum256 returns the hash of b. It allocates nothing and starts no goroutine.
func Sum256(b []byte) [32]byte { return found.sum(b) }

func (h *hasher) sum(b []byte) (sum [32]byte) {
	root := h.tree(b, 0)
	root.Flags |= guts.FlagRoot
	for i, w := range guts.ChainingValue(root) {
		binary.LittleEndian.PutUint32(sum[4*i:], w)
	}
	return sum
}

// tree is the node of any number of bytes: of more chunks than one the left part has
// the highest power of two that leaves something for the right one.
func (h *hasher) tree(b []byte, chunk uint64) guts.Node {
	if len(b) <= h.most {
		return h.node(b, chunk)
	}
	left := 1 << (bits.Len(uint(len(b)-1)) - 1)
	return parent(guts.ChainingValue(h.tree(b[:left], chunk)),
		guts.ChainingValue(h.tree(b[left:], chunk+uint64(left/guts.ChunkSize))))
}

func parent(left, right [8]uint32) guts.Node { return guts.ParentNode(left, right, &guts.IV, 0) }

// library has the library's kernels.
var library = hasher{leaf, libraryNode}

// leaf is what the library takes at once.
const leaf = guts.MaxSIMD * guts.ChunkSize

func libraryNode(b []byte, chunk uint64) guts.Node {
	if len(b) == leaf {
		return guts.CompressBuffer((*[leaf]byte)(b), leaf, &guts.IV, chunk, 0)
	}
	if len(b) <= guts.ChunkSize {
		return guts.CompressChunk(b, &guts.IV, chunk, 0)
	}
	// All lanes are read, whatever is in them.
	var all [leaf]byte
	n := copy(all[:], b)
	return guts.CompressBuffer(&all, n, &guts.IV, chunk, 0)
}
