// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"slices"

	"vexj/internal/produce"
	"vexj/uapi"
)

// A Result is an id and how far its vector is.
type Result = uapi.Result

// SearchOptions says how a search is done. The zero value is a good one.
type SearchOptions struct {
	// Ef is how many candidates the search keeps: more find more of what is
	// nearest, and take longer. Default and least: k; with less than 64, 64 is the
	// default.
	Ef int
	// Rerank is how many of the nearest candidates are compared by their originals
	// when the graph is traversed by codes. Default: all that the codes' precision
	// leaves in doubt, at most Ef. Negative: none, and distances are those of codes.
	Rerank int
	// Filter leaves out ids for which it is false. It is called with locks held: it
	// must not call the graph.
	Filter func(id uint64) bool
	// Only, if set, leaves out all ids that are not in it.
	Only *Bitmap

	Cause    Cause // of the search's records
	Evidence bool  // the records have the results

	radius float32
}

const defaultSearchEf = 64

// Search returns the k ids whose vectors are nearest to a query, nearest first;
// fewer if there are no more. With Ef of at least Len it is exact.
func (g *Graph) Search(q []float32, k int, o *SearchOptions) ([]Result, error) {
	return g.AppendSearch(nil, q, k, o)
}

// AppendSearch is Search for callers that have memory for the results.
func (g *Graph) AppendSearch(to []Result, q []float32, k int, o *SearchOptions) ([]Result, error) {
	if k < 1 || k > maxEf {
		return to, fmt.Errorf("%w: k is %d: give 1 to %d", ErrConfig, k, maxEf)
	}
	var opts SearchOptions
	if o != nil {
		opts = *o
	}
	if opts.Ef == 0 {
		opts.Ef = defaultSearchEf
	}
	if opts.Ef < 0 || opts.Ef > maxEf {
		return to, fmt.Errorf("%w: ef is %d: give 1 to %d", ErrConfig, opts.Ef, maxEf)
	}
	opts.Ef = max(opts.Ef, k)
	return g.noted(to, k, &opts, func(s *scratch, to []Result) ([]Result, error) { return g.search(s, to, q, k, &opts) })
}

// noted runs a search, and makes its records if they are wanted.
func (g *Graph) noted(to []Result, k int, o *SearchOptions, search func(*scratch, []Result) ([]Result, error)) ([]Result, error) {
	if err := g.look(); err != nil {
		return to, err
	}
	s := g.borrow()
	from := len(to)
	noted := g.journal.searches > 0 && g.journal.on()
	s.note.flags = 0
	if noted {
		s.note.begin = produce.Now()
	}
	to, err := search(s, to)
	if err == nil && noted {
		err = g.noteSearch(s, to[from:], k, o)
	}
	g.giveBack(s)
	g.world.RUnlock()
	return to, err
}

// passes says which slots a search may find.
func (g *Graph) passes(o *SearchOptions) func(slot uint32) bool {
	return func(slot uint32) bool {
		m := g.meta(slot)
		if m.state() != slotLive {
			return false
		}
		id := m.name()
		return (o.Only == nil || o.Only.Has(id)) && (o.Filter == nil || o.Filter(id))
	}
}

// search looks at memory.
func (g *Graph) search(s *scratch, to []Result, q []float32, k int, o *SearchOptions) ([]Result, error) {
	if err := g.accept(&s.probe, q); err != nil {
		return to, err
	}
	live := int(g.live.Load())
	switch {
	case live == 0:
		return to, nil
	case o.Filter != nil || o.Only != nil:
		return g.searchFiltered(s, to, k, o)
	case o.Ef >= live:
		return g.scan(s, to, k, o)
	}
	e, ok := g.start()
	if !ok {
		return to, nil
	}
	sp := g.walkSpace()
	p := s.probe.in(g, sp)
	from := g.descend(s, sp, p, e, 0)
	// The dead take places and are not found.
	ef := o.Ef
	for {
		g.walk(s, sp, p, from, ef+min(ef, int(g.dead.Load())), 0)
		if s.err != nil {
			return to, s.err
		}
		near := g.found(s, s.pool.c)
		switch {
		case len(near) >= min(k, live):
			return g.rank(s, sp, to, near, k, o)
		case ef >= live:
			// The rest cannot be reached: what a crash or a failing Source left.
			return g.scan(s, to, k, o)
		}
		ef *= 2
	}
}

// walkSpace is the one in which searches traverse.
func (g *Graph) walkSpace() *space {
	if g.quant != nil {
		return &g.code
	}
	return &g.exact
}

// found leaves out what is not alive.
func (g *Graph) found(s *scratch, c []candidate) []candidate {
	near := s.near[:0]
	for _, c := range c {
		if g.meta(c.slot()).state() == slotLive {
			near = append(near, c&^expanded)
		}
	}
	s.near = near
	return near
}

// rank makes results of the candidates, by the originals if they were found by
// codes.
func (g *Graph) rank(s *scratch, sp *space, to []Result, near []candidate, k int, o *SearchOptions) ([]Result, error) {
	if sp == &g.code && o.Rerank >= 0 {
		n := o.Rerank
		if n == 0 {
			n = g.doubtful(near, k)
		}
		near = near[:min(len(near), max(n, k))]
		if err := g.exactly(s, near); err != nil {
			return to, err
		}
	}
	for _, c := range near[:min(k, len(near))] {
		to = append(to, Result{ID: g.meta(c.slot()).name(), Distance: c.distance()})
	}
	return to, nil
}

// exactly replaces the distances of candidates by those of their originals.
func (g *Graph) exactly(s *scratch, near []candidate) error {
	s.room(len(near))
	for i, c := range near {
		s.slots[i] = c.slot()
	}
	g.distances(s, &g.exact, s.probe.in(g, &g.exact), s.slots[:len(near)], s.out)
	if s.err != nil {
		return s.err
	}
	for i, d := range s.out[:len(near)] {
		near[i] = makeCandidate(d, s.slots[i])
	}
	slices.Sort(near)
	return nil
}

// doubtful is how many candidates may be among the k nearest, as far as codes can
// tell.
func (g *Graph) doubtful(near []candidate, k int) int {
	if g.cfg.Codes == Bits {
		return len(near)
	}
	return min(len(near), 2*k+len(near)/4)
}

// scan compares with all vectors.
func (g *Graph) scan(s *scratch, to []Result, k int, o *SearchOptions) ([]Result, error) {
	return g.scanSlots(s, to, k, func(slot uint32) bool { return true })
}

// scanSlots compares with the originals of all live slots that pass.
func (g *Graph) scanSlots(s *scratch, to []Result, k int, pass func(slot uint32) bool) ([]Result, error) {
	const batch = 256
	s.note.flags |= uapi.SearchExact
	s.room(batch)
	q := s.probe.in(g, &g.exact)
	p := &s.pool
	p.reset(k)
	n := 0
	flush := func() {
		g.distances(s, &g.exact, q, s.slots[:n], s.out)
		for i, d := range s.out[:n] {
			if c := makeCandidate(d, s.slots[i]); c < p.bound() {
				p.add(c)
			}
		}
		n = 0
	}
	for slot := range g.slots.Load() {
		if g.meta(slot).state() == slotLive && pass(slot) {
			s.slots[n] = slot
			if n++; n == batch {
				flush()
			}
		}
	}
	flush()
	if s.err != nil {
		return to, s.err
	}
	for _, c := range p.c {
		to = append(to, Result{ID: g.meta(c.slot()).name(), Distance: c.distance()})
	}
	return to, nil
}
