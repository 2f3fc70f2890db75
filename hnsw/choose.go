// SPDX-License-Identifier: Apache-2.0

package hnsw

import "slices"

// choose takes up to most of the candidates, nearest first, leaving out each that
// is as near to one taken before as to the base: algorithm 4 of Malkov and
// Yashunin, without its options. So links go into all directions, and a cluster
// nearby does not take all of them. Of vectors that are the same it
// takes one.
func (g *Graph) choose(s *scratch, sp *space, near []candidate, most int) []uint32 {
	chosen := s.chosen[:0]
	for _, c := range near {
		if len(chosen) == most {
			break
		}
		if g.diverse(s, sp, c, chosen) {
			chosen = append(chosen, c.slot())
		}
	}
	s.chosen = chosen
	return chosen
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
		g.distances(s, sp, q, chosen[:n], s.out)
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
