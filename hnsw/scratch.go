// SPDX-License-Identifier: Apache-2.0

package hnsw

import "sync"

// scratch is the memory of one operation, which the next one uses again.
type scratch struct {
	pool    pool
	visited visited
	probe   probe
	slots   []uint32  // what is to be evaluated
	out     []float32 // how far they are
	list    []uint32  // what was chosen in each layer, one after the other
	ends    []int     // of each layer's part
	chosen  []uint32
	near    []candidate
	other   []candidate
	open    []candidate // what may still be chosen
	later   []candidate
	row     []float32
	base    []float32
	nothing []float32

	// The node that is being inserted, whose vector a Source may not have yet.
	inserting  []float32
	insertSlot uint32

	// Of a filtered walk.
	bridges      pool
	hits, misses []uint32

	op   op
	note note
	err  error

	hops, evals int
}

func (s *scratch) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *scratch) zeroes(n int) []float32 {
	if len(s.nothing) < n {
		s.nothing = make([]float32, n)
	}
	return s.nothing[:n]
}

// room makes slots and out long enough.
func (s *scratch) room(n int) {
	if len(s.slots) < n {
		s.slots = make([]uint32, n)
	}
	s.outs(n)
}

// outs is out, made long enough.
func (s *scratch) outs(n int) []float32 {
	if len(s.out) < n {
		s.out = make([]float32, n+n/2)
	}
	return s.out
}

// scratches are those that nobody uses.
type scratches struct {
	mu   sync.Mutex
	idle []*scratch
}

func (g *Graph) borrow() *scratch {
	p := &g.idle
	p.mu.Lock()
	var s *scratch
	if n := len(p.idle); n > 0 {
		s, p.idle = p.idle[n-1], p.idle[:n-1]
	}
	p.mu.Unlock()
	if s == nil {
		s = &scratch{chosen: make([]uint32, 0, g.m0+1)}
		s.room(2 * g.m0)
	}
	s.err, s.hops, s.evals = nil, 0, 0
	return s
}

func (g *Graph) giveBack(s *scratch) {
	s.inserting = nil
	g.idle.mu.Lock()
	g.idle.idle = append(g.idle.idle, s)
	g.idle.mu.Unlock()
}

func (p *scratches) drop() {
	p.mu.Lock()
	p.idle = nil
	p.mu.Unlock()
}
