// SPDX-License-Identifier: Apache-2.0

package hnsw

// visited says which slots a walk has seen: a byte for each, which is the walk's
// number if it has. A byte, since the table must stay in the cache; it is cleared
// each 255 walks.
type visited struct {
	seen []uint8
	walk uint8
}

// reset begins a walk over slots below n.
func (v *visited) reset(n int) {
	if len(v.seen) < n {
		v.seen = make([]uint8, n+n/8)
		v.walk = 0
	}
	v.walk++
	if v.walk == 0 {
		clear(v.seen)
		v.walk = 1
	}
}

// first reports whether slot was not seen before.
func (v *visited) first(slot uint32) bool {
	s := &v.seen[slot]
	if *s == v.walk {
		return false
	}
	*s = v.walk
	return true
}
