// SPDX-License-Identifier: Apache-2.0

package blake3

import (
	"unsafe"

	"golang.org/x/sys/cpu"
	"lukechampine.com/blake3/guts"
)

//go:generate go -C gen run . -out ../compress_amd64.s -stubs ../compress_amd64.go -pkg blake3

// lanes is how many strings the kernel hashes at once.
const lanes = 16

// wide hashes chunks and pairs by the kernel, for which there have to be 16 of them.
var wide = hasher{wideChunks * guts.ChunkSize, wideNode}

// wideChunks is how many chunks have their chaining values in 8 KiB of the stack.
const wideChunks = 256

func hasWide() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL }

func init() {
	if hasWide() {
		found = wide
	}
}

func wideNode(b []byte, chunk uint64) guts.Node {
	n := len(b) / guts.ChunkSize
	if n < lanes {
		return libraryNode(b, chunk)
	}
	var cvs [wideChunks][8]uint32
	chunks(&cvs, b[:n*guts.ChunkSize], chunk)
	if rest := b[n*guts.ChunkSize:]; len(rest) > 0 {
		cvs[n] = guts.ChainingValue(guts.CompressChunk(rest, &guts.IV, chunk+uint64(n), 0))
		n++
	}
	for n > 2 {
		n = parents(&cvs, n)
	}
	return parent(cvs[0], cvs[1])
}

// chunks makes the chaining values of at least 16 chunks. The last 16 may be among those
// that were hashed before.
func chunks(cvs *[wideChunks][8]uint32, b []byte, chunk uint64) {
	n := len(b) / guts.ChunkSize
	for at := 0; at < n; at += lanes {
		at = min(at, n-lanes)
		var counters [2][lanes]uint32
		for i := range uint64(lanes) {
			c := chunk + uint64(at) + i
			counters[0][i], counters[1][i] = uint32(c), uint32(c>>32)
		}
		compress((*[lanes][8]uint32)(cvs[at:]), &b[at*guts.ChunkSize], guts.ChunkSize, guts.ChunkSize/guts.BlockSize,
			&counters, guts.FlagChunkStart, guts.FlagChunkEnd)
	}
}

// parents makes the next level of n chaining values, in their place, and returns how
// many it has. One that has no other goes there as it is.
func parents(cvs *[wideChunks][8]uint32, n int) int {
	pairs, last := n/2, cvs[n-1]
	for at := 0; at < pairs; at += lanes {
		// What is behind the pairs is hashed too, and means nothing.
		in := (*[2 * lanes][8]uint32)(cvs[2*at:])
		compress((*[lanes][8]uint32)(cvs[at:]), (*byte)(unsafe.Pointer(in)), guts.BlockSize, 1, new([2][lanes]uint32), guts.FlagParent, 0)
	}
	if n%2 != 0 {
		cvs[pairs] = last
		pairs++
	}
	return pairs
}
