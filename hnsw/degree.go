// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"slices"
	"sync/atomic"
)

// degree is how many lists of the lowest layer link to a slot. It is there so that
// choosing anew does not take the last link to a node; nothing else depends on it,
// and operations that run at a time may make it wrong by a little.
func (g *Graph) degree(slot uint32) *uint32 { return (*uint32)(g.degrees.at(slot)) }

// count counts what replacing a list of the lowest layer changes.
func (g *Graph) count(slot uint32, links []uint32) {
	list := g.links(slot, 0)
	same := 0
	for same < len(links) && list[same] == links[same] {
		same++
	}
	old := list[same:]
	if end := slices.Index(old, none); end >= 0 {
		old = old[:end]
	}
	fresh := links[same:]
	for _, l := range fresh {
		if !slices.Contains(old, l) {
			atomic.AddUint32(g.degree(l), 1)
		}
	}
	for _, l := range old {
		if !slices.Contains(fresh, l) {
			g.uncount(l)
		}
	}
}

func (g *Graph) uncount(slot uint32) {
	d := g.degree(slot)
	for n := atomic.LoadUint32(d); n > 0 && !atomic.CompareAndSwapUint32(d, n, n-1); {
		n = atomic.LoadUint32(d)
	}
}

// recount counts all lists. No change runs.
func (g *Graph) recount() {
	used := g.slots.Load()
	for slot := range used {
		*g.degree(slot) = 0
	}
	for slot := range used {
		if g.meta(slot).state() == slotFree {
			continue
		}
		for _, l := range g.links(slot, 0) {
			if l == none {
				break
			}
			*g.degree(l)++
		}
	}
}

// protect keeps in a list what it chose against if that has no other link: in what
// room is left, or in place of the farthest that has others. link is the new one,
// which is not counted yet.
func (g *Graph) protect(chosen []uint32, all []candidate, link uint32, most int) []uint32 {
	if len(chosen) == len(all) {
		return chosen
	}
	for _, c := range all {
		slot := c.slot()
		last := uint32(1)
		if slot == link {
			last = 0
		}
		if atomic.LoadUint32(g.degree(slot)) > last || slices.Contains(chosen, slot) {
			continue
		}
		if len(chosen) < most {
			chosen = append(chosen, slot)
			continue
		}
		for i := len(chosen) - 1; i >= 0; i-- {
			if other := chosen[i]; other != link && atomic.LoadUint32(g.degree(other)) > 1 {
				chosen[i] = slot
				break
			}
		}
	}
	return chosen
}
