// SPDX-License-Identifier: Apache-2.0

// Package blake3 is BLAKE3 on the goroutine that calls, at the speed of AVX-512 where
// there is that.
//
// What is hashed is a tree, whose leaves are chunks of 1,024 bytes. All that is not
// regular about it, and all of it on other processors, is lukechampine.com/blake3/guts,
// which is also what the tests compare with. Its own kernel for AVX-512 gathers each
// word of 16 chunks from memory, which takes about as long as to mix it; the one here
// loads 16 blocks and transposes them in registers. And it hashes 16 pairs of a level
// of the tree as it does 16 chunks, a level of 256 chunks at a time.
//
// The assembly is generated: package gen, a module of its own, has its source, and go
// generate makes it again.
package blake3
