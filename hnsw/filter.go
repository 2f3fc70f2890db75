// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"sync/atomic"
)

// searchFiltered finds the nearest among the ids that pass. If few do, it compares
// with all of them: that is exact, and cheaper than a walk which must look for them.
// Else it walks from one that passes to another, and through those that do not, as
// ACORN does (Patel et al., 2024).
func (g *Graph) searchFiltered(s *scratch, to []Result, k int, o *SearchOptions) ([]Result, error) {
	pass := g.passes(o)
	if o.Ef >= g.Len() {
		return g.scanSlots(s, to, k, pass)
	}
	if o.Only != nil {
		if n := o.Only.Len(); n <= scanUpTo(o.Ef) {
			return g.scanIDs(s, to, k, o, pass)
		}
	}
	e, ok := g.start()
	if !ok {
		return to, nil
	}
	sp := g.walkSpace()
	q := s.probe.in(g, sp)
	from := g.descend(s, sp, q, e, 0)
	if !g.walkFiltered(s, sp, q, from, o.Ef, pass) {
		if s.err != nil {
			return to, s.err
		}
		return g.scanSlots(s, to, k, pass)
	}
	return g.rank(s, sp, to, g.found(s, s.pool.c), k, o)
}

// scanUpTo is how many rows a scan can compare in the time of a walk, about: which
// compares with twenty for each candidate, and waits for their lists.
func scanUpTo(ef int) int { return 1024 + 24*ef }

// scanIDs compares with the vectors of a set's ids.
func (g *Graph) scanIDs(s *scratch, to []Result, k int, o *SearchOptions, pass func(uint32) bool) ([]Result, error) {
	var slots []uint32
	g.names.RLock()
	o.Only.all(func(id uint64) bool {
		if slot := g.known.get(g, id); slot != none {
			slots = append(slots, slot)
		}
		return true
	})
	g.names.RUnlock()
	near := s.near[:0]
	for _, slot := range slots {
		if pass(slot) {
			near = append(near, makeCandidate(0, slot))
		}
	}
	s.near = near
	if err := g.exactly(s, near); err != nil {
		return to, err
	}
	for _, c := range near[:min(k, len(near))] {
		to = append(to, Result{ID: g.meta(c.slot()).name(), Distance: c.distance()})
	}
	return to, nil
}

// bridgesPerEf bounds the nodes that do not pass which a walk goes on from, for each
// candidate that it may keep.
const bridgesPerEf = 8

// walkFiltered fills the pool with nodes that pass. It reports false if it had to
// give up with the pool not full: then few nodes pass, or they are far from here.
//
// A node's neighbours that do not pass stand for their own neighbours. They are gone
// on from too, as long as they are nearer than what the pool has, since what passes
// may not be near to each other.
func (g *Graph) walkFiltered(s *scratch, sp *space, q target, from candidate, ef int, pass func(uint32) bool) bool {
	s.visited.reset(g.metas.rows())
	p, bridges := &s.pool, &s.bridges
	p.reset(ef)
	bridges.reset(ef)
	s.visited.first(from.slot())
	if pass(from.slot()) {
		p.add(from)
	} else {
		bridges.add(from)
	}
	for through := 0; s.err == nil; {
		c, ok := p.peek()
		if b, more := bridges.peek(); more && (!ok || b < c) && b < p.bound() && through < bridgesPerEf*ef {
			c, _ = bridges.pop()
			through++
		} else if ok {
			p.pop()
		} else {
			return p.full()
		}
		s.hops++
		g.expandFiltered(s, c.slot(), pass)
		g.distances(s, sp, q, s.hits, s.outs(len(s.hits)))
		addAll(p, s.hits, s.out)
		g.distances(s, sp, q, s.misses, s.outs(len(s.misses)))
		addAll(bridges, s.misses, s.out)
	}
	return false
}

func addAll(p *pool, slots []uint32, out []float32) {
	bound := p.bound()
	for i, slot := range slots {
		if c := makeCandidate(out[i], slot); c < bound {
			p.add(c)
			bound = p.bound()
		}
	}
}

// expandFiltered collects what a node leads to: into hits what passes, into misses
// what was gone through.
func (g *Graph) expandFiltered(s *scratch, node uint32, pass func(uint32) bool) {
	s.hits, s.misses = s.hits[:0], s.misses[:0]
	each := func(slot uint32, fn func(to uint32)) {
		list := g.links(slot, 0)
		for i := range list {
			l := atomic.LoadUint32(&list[i])
			if int(l) >= g.metas.rows() {
				if l != none {
					s.fail(fmt.Errorf("%w: slot %d links to slot %d", ErrCorrupt, slot, l))
				}
				return
			}
			if s.visited.first(l) {
				fn(l)
			}
		}
	}
	sort := func(l uint32) {
		if pass(l) {
			s.hits = append(s.hits, l)
		} else {
			s.misses = append(s.misses, l)
		}
	}
	each(node, sort)
	for _, l := range s.misses[:len(s.misses):len(s.misses)] {
		each(l, sort)
	}
}
