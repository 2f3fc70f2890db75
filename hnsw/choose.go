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
	for _, c := range near[same:] {
		if len(chosen) == most {
			break
		}
		if g.diverse(s, sp, c, chosen[twins:]) {
			chosen = append(chosen, c.slot())
		}
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

// diverse reports whether a candidate is nearer to the base than to all chosen. It
// asks in small steps: most that are refused are so by one of the first.
func (g *Graph) diverse(s *scratch, sp *space, c candidate, chosen []uint32) bool {
	if len(chosen) == 0 {
		return true
	}
	q := g.row(s, sp, c.slot())
	limit := c.distance()
	for step := 4; len(chosen) > 0; step = 8 {
		n := min(step, len(chosen))
		g.within(s, sp, q, chosen[:n], s.out, limit)
		for _, d := range s.out[:n] {
			if d <= limit {
				return false
			}
		}
		chosen = chosen[n:]
	}
	return true
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
