// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"math"

	"vexj/uapi"
)

// slack is by how much a node may be outside of the radius and still be gone through,
// as codes see it and as paths may bend.
const slack = 1.1

// SearchRange returns the ids whose vectors are within a radius of a query, nearest
// first. It finds them by way of each other: Ef is how many candidates the search for
// the first of them keeps, and those that it keeps are gone through whether they are
// within the radius or not. With Ef of at least Len it is exact.
func (g *Graph) SearchRange(q []float32, radius float32, o *SearchOptions) ([]Result, error) {
	var opts SearchOptions
	if o != nil {
		opts = *o
	}
	if opts.Ef == 0 {
		opts.Ef = defaultSearchEf
	}
	if opts.Ef < 0 || opts.Ef > maxEf || math.IsNaN(float64(radius)) {
		return nil, fmt.Errorf("%w: radius %v and ef %d", ErrConfig, radius, opts.Ef)
	}
	opts.radius = radius
	return g.noted(nil, 0, &opts, func(s *scratch, to []Result) ([]Result, error) {
		s.note.flags |= uapi.SearchRange
		return g.searchRange(s, to, q, radius, &opts)
	})
}

func (g *Graph) searchRange(s *scratch, to []Result, q []float32, radius float32, o *SearchOptions) ([]Result, error) {
	if err := g.accept(&s.probe, q); err != nil {
		return to, err
	}
	pass := g.passes(o)
	e, ok := g.start()
	if !ok {
		return to, nil
	}
	if o.Ef >= g.Len() {
		to, err := g.scanSlots(s, to, max(1, g.Len()), pass)
		return within(to, radius), err
	}
	sp := g.walkSpace()
	t := s.probe.in(g, sp)
	g.walk(s, sp, t, g.descend(s, sp, t, e, 0), o.Ef, 0)
	// Go on from what the pool has to whatever is near enough, however many there
	// are: among them what the walk saw and had no place for.
	limit := g.inSpace(s, sp, radius)
	near := append(s.near[:0], s.pool.c...)
	s.visited.reset(g.metas.rows())
	for _, c := range near {
		s.visited.first(c.slot())
	}
	buf := make([]uint32, g.m0)
	for at := 0; at < len(near) && s.err == nil; at++ {
		list := g.read(near[at].slot(), 0, buf)
		if !g.sound(s, list, 0) {
			break
		}
		fresh := s.slots[:0]
		for _, l := range list {
			if s.visited.first(l) {
				fresh = append(fresh, l)
			}
		}
		g.distances(s, sp, t, fresh, s.outs(len(fresh)))
		for i, d := range s.out[:len(fresh)] {
			if d <= limit {
				near = append(near, makeCandidate(d, fresh[i]))
			}
		}
		s.hops++
	}
	if s.err != nil {
		return to, s.err
	}
	s.near = near
	near = g.found(s, near)
	if err := g.exactly(s, near); err != nil {
		return to, err
	}
	for _, c := range near {
		if pass(c.slot()) {
			to = append(to, Result{ID: g.meta(c.slot()).name(), Distance: c.distance()})
		}
	}
	return within(to, radius), nil
}

// within cuts results off where they are too far.
func within(r []Result, radius float32) []Result {
	for i := range r {
		if r[i].Distance > radius {
			return r[:i]
		}
	}
	return r
}

// inSpace is the radius as the space that is walked has it, and so much more that
// neither the codes' rounding nor a bend in a path hides what is within.
func (g *Graph) inSpace(s *scratch, sp *space, radius float32) float32 {
	r := float64(radius)
	wide := r + math.Abs(r)*(slack-1)
	if sp != &g.code {
		return float32(wide)
	}
	if g.cfg.Codes == Bits {
		// Bits tell too little: as far as the walk had to look.
		if n := len(s.pool.c); n > 0 {
			return s.pool.c[n-1].distance()
		}
		return 0
	}
	// Two codes of an element are off by a step²/6 of variance together.
	step, dims := float64(g.quant.step), float64(g.cfg.Dims)
	off := func(squared float64) float64 {
		return 3*2*math.Sqrt(max(squared, 0)*step*step/6) + dims*step*step/6
	}
	switch g.cfg.Metric {
	case Cosine: // codes have the squared distance, which is twice it
		return float32((2*wide + off(2*wide)) / (step * step))
	case Dot: // in units of itself, from a squared distance of up to that of the probe to the farthest
		return float32(wide + off(4*float64(s.probe.in(g, sp).term))/2)
	case Manhattan:
		return float32((wide + 3*step*math.Sqrt(dims/6)) / step)
	}
	return float32((wide + off(wide)) / (step * step))
}
