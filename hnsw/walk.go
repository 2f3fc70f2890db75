// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"

	"vexj/internal/distance"
)

// walk fills the pool with the ef nodes of a layer that are nearest to the query,
// as far as they are found from a first one: algorithm 2 of Malkov and Yashunin,
// "Efficient and robust approximate nearest neighbor search using Hierarchical
// Navigable Small World graphs" (2016).
func (g *Graph) walk(s *scratch, sp *space, q target, from candidate, ef, layer int) {
	rows := g.metas.rows()
	s.visited.reset(rows)
	seen, number := s.visited.seen[:rows], s.visited.walk
	p := &s.pool
	p.reset(ef)
	p.add(from)
	seen[from.slot()] = number
	for {
		c, ok := p.pop()
		if !ok || s.err != nil {
			return
		}
		s.hops++
		list := g.links(c.slot(), layer)
		slots := s.slots[:len(list)]
		n := 0
		for i := range list {
			l := atomic.LoadUint32(&list[i])
			if uint(l) >= uint(len(seen)) {
				if l != none {
					s.fail(fmt.Errorf("%w: slot %d links to slot %d of %d", ErrCorrupt, c.slot(), l, len(seen)))
				}
				break
			}
			// Whether it was seen is as good as random: no branch on it.
			slots[n] = l
			fresh := 0
			if seen[l] != number {
				fresh = 1
			}
			n += fresh
			seen[l] = number
		}
		if next, ok := p.peek(); ok && n > 0 {
			// Most likely the list that is read next: on its way meanwhile.
			list := g.links(next.slot(), layer)
			distance.Ask((*byte)(unsafe.Pointer(&list[0])), (*byte)(unsafe.Pointer(&list[len(list)/2])))
		}
		bound := p.bound()
		limit := float32(math.Inf(1))
		if p.full() {
			limit = bound.distance()
		}
		g.within(s, sp, q, s.slots[:n], s.out, limit)
		for i, d := range s.out[:n] {
			if c := makeCandidate(d, s.slots[i]); c < bound {
				p.add(c)
				bound = p.bound()
			}
		}
	}
}

// descend goes from the entry down to a layer, in each to the node nearest to the
// query that can be reached by steps which come nearer.
func (g *Graph) descend(s *scratch, sp *space, q target, e entry, layer int) candidate {
	s.slots[0] = e.slot
	g.distances(s, sp, q, s.slots[:1], s.out)
	best := makeCandidate(s.out[0], e.slot)
	for l := e.level; l > layer; l-- {
		for again := true; again && s.err == nil; {
			again = false
			s.hops++
			list := g.read(best.slot(), l, s.slots)
			if !g.sound(s, list, l) {
				break
			}
			g.within(s, sp, q, list, s.out, best.distance())
			for i, slot := range list {
				if c := makeCandidate(s.out[i], slot); c < best {
					best, again = c, true
				}
			}
		}
	}
	return best
}

// sound reports whether all of a list can be links of a layer, as those of a
// damaged graph might not.
func (g *Graph) sound(s *scratch, list []uint32, layer int) bool {
	for _, l := range list {
		if int(l) >= g.metas.rows() || layer > 0 && g.meta(l).level() < layer {
			s.fail(fmt.Errorf("%w: a link of layer %d to slot %d, which is not in it", ErrCorrupt, layer, l))
			return false
		}
	}
	return true
}
