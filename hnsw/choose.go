// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"cmp"
	"slices"
)

// choose takes up to most of the candidates for a base, nearest first, leaving out each
// that is as near to one taken before as to the base: algorithm 4 of Malkov and
// Yashunin, without its options. So links go into all directions, and a cluster
// nearby does not take all of them.
//
// Vectors that are the same as the base's say nothing of directions: a quarter of the
// places is for them, and they keep nobody else out. They go to those whose slots are
// next to the base's, so that all of them are one chain.
func (g *Graph) choose(s *scratch, sp *space, base uint32, near []candidate, most int) []uint32 {
	chosen := s.chosen[:0]
	same := 0
	for same < len(near) && near[same].distance() <= sp.same {
		same++
	}
	chosen = appendNext(chosen, near[:same], base, max(2, most/4))
	twins := len(chosen)
	for near = near[same:]; len(near) > 0 && len(chosen) < most; {
		n := min(len(near), most-len(chosen))
		chosen = g.diverse(s, sp, near[:n], chosen, twins)
		near = near[n:]
	}
	s.chosen = chosen
	return chosen
}

// appendNext appends the slots of up to n candidates that are next to the base's slot,
// half of them on either side if there are as many.
func appendNext(to []uint32, same []candidate, base uint32, n int) []uint32 {
	if len(same) <= n {
		for _, c := range same {
			to = append(to, c.slot())
		}
		return to
	}
	slices.SortFunc(same, func(a, b candidate) int { return cmp.Compare(a.slot(), b.slot()) })
	at, _ := slices.BinarySearchFunc(same, base, func(c candidate, slot uint32) int { return cmp.Compare(c.slot(), slot) })
	from := min(max(at-n/2, 0), len(same)-n)
	for _, c := range same[from : from+n] {
		to = append(to, c.slot())
	}
	return to
}

// diverse appends those candidates that are nearer to the base than to all chosen before
// them. One that was chosen is compared with all that are left at once, as it is in the
// cache and they are not.
func (g *Graph) diverse(s *scratch, sp *space, near []candidate, chosen []uint32, twins int) []uint32 {
	open := append(s.open[:0], near...)
	s.open = open
	for _, slot := range chosen[twins:] {
		open = g.beyond(s, sp, slot, open)
	}
	for len(open) > 0 {
		slot := open[0].slot()
		chosen = append(chosen, slot)
		open = g.beyond(s, sp, slot, open[1:])
	}
	return chosen
}

// beyond leaves, in place, those candidates that are nearer to the base than to a slot.
func (g *Graph) beyond(s *scratch, sp *space, slot uint32, near []candidate) []candidate {
	s.room(len(near))
	for i, c := range near {
		s.slots[i], s.out[i] = c.slot(), c.distance()
	}
	g.withinEach(s, sp, g.row(s, sp, slot), s.slots[:len(near)], s.out)
	n := 0
	for i, d := range s.out[:len(near)] {
		if c := near[i]; d > c.distance() {
			near[n] = c
			n++
		}
	}
	return near[:n]
}

// nearest orders slots by how far they are from a base, which is none of them.
func (g *Graph) nearest(s *scratch, sp *space, base uint32, slots []uint32, to []candidate) []candidate {
	s.room(len(slots))
	g.distances(s, sp, g.row(s, sp, base), slots, s.out)
	to = to[:0]
	for i, slot := range slots {
		to = append(to, makeCandidate(s.out[i], slot))
	}
	slices.Sort(to)
	return to
}

// usable removes from a list, in place, the base and what is not alive.
func (g *Graph) usable(base uint32, slots []uint32) []uint32 {
	return slices.DeleteFunc(slots, func(l uint32) bool {
		st := g.meta(l).state()
		return l == base || st != slotLive && st != slotNew
	})
}
