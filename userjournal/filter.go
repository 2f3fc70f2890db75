// SPDX-License-Identifier: Apache-2.0

package userjournal

import "math/bits"

// A key of the filter names a path, a directory above one, an inode, an agent
// or a session. See "The filter" in the package documentation.
type key uint64

// The domains keep an inode from looking like a session.
const (
	domainPath    = 0x9e3779b97f4a7c15
	domainInode   = 0xc2b2ae3d27d4eb4f
	domainAgent   = 0x165667b19e3779f9
	domainSession = 0xd6e8feb86659fd93

	foldPrime = 0xa0761d6478bd642f
)

func fold(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v, foldPrime)
	return hi ^ lo
}

func foldBytes(h uint64, b []byte) uint64 {
	n := len(b)
	for len(b) >= 8 {
		h = fold(h, le.Uint64(b))
		b = b[8:]
	}
	var last uint64
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	return fold(h, last^uint64(n)<<56)
}

func numberKey(domain, v uint64) key { return key(fold(domain, v)) }

func bytesKey(domain uint64, b []byte) key { return key(foldBytes(domain, b)) }

// pathKey is the key of a path or directory as a whole. It goes from component
// to component as eachPathKey does, for the two must agree.
func pathKey(path []byte) key {
	h := uint64(domainPath)
	for len(path) > 0 {
		n := componentEnd(path)
		h = foldBytes(h, path[:n])
		path = path[n:]
	}
	return key(h)
}

// componentEnd is where the component that path begins with ends: before the
// next slash that is not the first byte.
func componentEnd(path []byte) int {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			return i
		}
	}
	return len(path)
}

const (
	minFilter  = 8
	maxFilter  = 8 << 10
	filterHash = 4 // probes: with a byte a key, about 1 in 40 misses is not seen
)

// filterSize is that of a filter of so many keys.
func filterSize(keys int) int {
	return min(max((keys+7)&^7, minFilter), maxFilter)
}

// A filter is a Bloom filter: it never denies a key that was added.
type filter []byte

func (f filter) add(k key) {
	m := uint64(len(f)) * 8
	a, step := uint32(k), uint32(k>>32)|1
	for range filterHash {
		bit := uint64(a) * m >> 32
		f[bit>>3] |= 1 << (bit & 7)
		a += step
	}
}

func (f filter) has(k key) bool {
	m := uint64(len(f)) * 8
	a, step := uint32(k), uint32(k>>32)|1
	for range filterHash {
		bit := uint64(a) * m >> 32
		if f[bit>>3]&(1<<(bit&7)) == 0 {
			return false
		}
		a += step
	}
	return true
}
