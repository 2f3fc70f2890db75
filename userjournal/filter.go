// SPDX-License-Identifier: Apache-2.0

package userjournal

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

func (f filter) add(k Key) {
	m := uint64(len(f)) * 8
	a, step := uint32(k), uint32(k>>32)|1
	for range filterHash {
		bit := uint64(a) * m >> 32
		f[bit>>3] |= 1 << (bit & 7)
		a += step
	}
}

func (f filter) has(k Key) bool {
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
