// SPDX-License-Identifier: Apache-2.0

package hnsw

import "math/bits"

// ids finds the slot of an id: a hash table of slots with linear probing, which
// compares with the ids in the metas. It may lie in a mapped file. The graph's
// names lock guards it.
type ids struct {
	slots []uint32 // a power of two, none for empty
	n     int
	shift uint
}

func (x *ids) home(id uint64) int { return int(mix(id) >> x.shift) }

// reset makes an empty table with room for n.
func (x *ids) reset(n int) {
	size := max(16, 1<<bits.Len(uint(n+n/2)))
	x.slots = make([]uint32, size)
	for i := range x.slots {
		x.slots[i] = none
	}
	x.adopt(0)
}

// adopt makes slots, which have n ids, the table.
func (x *ids) adopt(n int) {
	x.n, x.shift = n, uint(64-bits.Len(uint(len(x.slots)-1)))
}

// get returns the slot of id, none if it has none.
func (x *ids) get(g *Graph, id uint64) uint32 {
	if len(x.slots) == 0 {
		return none
	}
	mask := len(x.slots) - 1
	for i, left := x.home(id), len(x.slots); left > 0; i, left = (i+1)&mask, left-1 {
		s := x.slots[i]
		if s == none || g.meta(s).name() == id {
			return s
		}
	}
	return none
}

// put adds an id that is not there; its meta has it already.
func (x *ids) put(g *Graph, id uint64, slot uint32) {
	if 4*(x.n+1) > 3*len(x.slots) {
		old := x.slots
		x.reset(2 * (x.n + 1))
		for _, s := range old {
			if s != none {
				x.add(g.meta(s).name(), s)
			}
		}
	}
	x.add(id, slot)
}

func (x *ids) add(id uint64, slot uint32) {
	mask := len(x.slots) - 1
	i := x.home(id)
	for x.slots[i] != none {
		i = (i + 1) & mask
	}
	x.slots[i] = slot
	x.n++
}

// replace gives an id that is there another slot.
func (x *ids) replace(g *Graph, id uint64, slot uint32) {
	mask := len(x.slots) - 1
	for i := x.home(id); x.slots[i] != none; i = (i + 1) & mask {
		if g.meta(x.slots[i]).name() == id {
			x.slots[i] = slot
			return
		}
	}
}

// remove takes out an id, and moves up what had been pushed on by it.
func (x *ids) remove(g *Graph, id uint64) {
	mask := len(x.slots) - 1
	i := x.home(id)
	for x.slots[i] == none || g.meta(x.slots[i]).name() != id {
		if x.slots[i] == none {
			return
		}
		i = (i + 1) & mask
	}
	x.n--
	for j := i; ; {
		j = (j + 1) & mask
		s := x.slots[j]
		if s == none {
			break
		}
		// s may stand at i unless its home lies cyclically in (i, j].
		if h := x.home(g.meta(s).name()); (j-h)&mask >= (j-i)&mask {
			x.slots[i] = s
			i = j
		}
	}
	x.slots[i] = none
}
