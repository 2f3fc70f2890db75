// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"slices"
)

// Stats is what a graph looks like.
type Stats struct {
	Dims            int
	Metric          string
	Codes           string
	M               int
	EfConstruction  int
	Live, Dead      int    // nodes
	Free            int    // slots that wait to be used again
	Sequence        uint64 // event id of the last record that is in it
	Levels          []int  // live nodes by their level
	Degrees         []int  // live nodes by how many links they have in the lowest layer
	MeanDegree      float64
	Reachable       float64 // share of live nodes that the entry leads to in the lowest layer
	Trained         int     // vectors that the quantizer was made from
	Memory          int64   // bytes of tables in use, that the graph has itself
	PerVectorMemory float64
}

// Stats walks through the whole graph.
func (g *Graph) Stats() (Stats, error) {
	if err := g.look(); err != nil {
		return Stats{}, err
	}
	defer g.world.RUnlock()
	st := Stats{
		Dims: g.cfg.Dims, Metric: g.cfg.Metric.String(), Codes: g.cfg.Codes.String(), M: g.cfg.M, EfConstruction: g.cfg.EfConstruction,
		Sequence: g.Sequence(), Degrees: make([]int, g.m0+1), Trained: int(g.trainedAt.Load()),
	}
	links := 0
	buf := make([]uint32, g.m0)
	for slot := range g.slots.Load() {
		m := g.meta(slot)
		switch m.state() {
		case slotLive:
			if err := g.touch(slot); err != nil {
				return Stats{}, err
			}
			st.Live++
			for len(st.Levels) <= m.level() {
				st.Levels = append(st.Levels, 0)
			}
			st.Levels[m.level()]++
			n := len(g.read(slot, 0, buf))
			st.Degrees[n]++
			links += n
		case slotDead:
			st.Dead++
		case slotFree:
			st.Free++
		}
	}
	used := int64(g.slots.Load())
	for _, t := range []*table{&g.metas, &g.lists, &g.degrees, &g.exact.rows, &g.code.rows, &g.code.terms} {
		if t.mem != nil && !t.fixed {
			st.Memory += used * int64(t.stride)
		}
	}
	if !g.uppers.fixed {
		st.Memory += int64(g.blocks)*int64(g.uppers.stride) + int64(4*len(g.known.slots))
	}
	if st.Live > 0 {
		st.MeanDegree, st.PerVectorMemory = float64(links)/float64(st.Live), float64(st.Memory)/float64(st.Live)
		reached, err := g.reach()
		if err != nil {
			return Stats{}, err
		}
		st.Reachable = float64(reached) / float64(st.Live)
	}
	return st, nil
}

// reach counts the live nodes that the entry leads to in the lowest layer.
func (g *Graph) reach() (n int, err error) {
	e, ok := g.start()
	if !ok {
		return 0, nil
	}
	var v visited
	v.reset(g.metas.rows())
	v.first(e.slot)
	buf := make([]uint32, g.m0)
	for todo := []uint32{e.slot}; len(todo) > 0; {
		slot := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if g.meta(slot).state() == slotLive {
			n++
		}
		if err := g.touch(slot); err != nil {
			return 0, err
		}
		for _, l := range g.read(slot, 0, buf) {
			if int(l) >= g.metas.rows() {
				return 0, fmt.Errorf("%w: slot %d links to slot %d", ErrCorrupt, slot, l)
			}
			if v.first(l) {
				todo = append(todo, l)
			}
		}
	}
	return n, nil
}

// Validate looks for what contradicts itself: links to nothing, to oneself, twice to
// one node, or to a node that is not in the layer; ids whose slot is another's; an
// entry that is not of the highest level. Changes wait. The first contradiction is
// the error, which wraps ErrCorrupt; how many there are is returned besides.
func (g *Graph) Validate() (faults int, err error) {
	g.change.Lock()
	defer g.change.Unlock()
	if err := g.look(); err != nil {
		return 0, err
	}
	defer g.world.RUnlock()
	err = g.consistent(&faults)
	return faults, err
}

// consistent is Validate under its locks. Without faults the first ends it.
func (g *Graph) consistent(faults *int) (first error) {
	fault := func(format string, a ...any) bool {
		if first == nil {
			first = fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, a...))
		}
		if faults == nil {
			return false
		}
		*faults++
		return true
	}
	used, live, highest := g.slots.Load(), 0, -1
	buf := make([]uint32, g.m0)
	for slot := range used {
		m := g.meta(slot)
		if m.state() == slotFree {
			continue
		}
		if err := g.touch(slot); err != nil {
			return err
		}
		if m.state() == slotLive {
			live++
			highest = max(highest, m.level())
			if s := g.known.get(g, m.name()); s != slot && !fault("id %d has slot %d, and slot %d has id %d", m.name(), s, slot, m.name()) {
				return first
			}
		}
		for l := range m.level() + 1 {
			list := g.read(slot, l, buf)
			for i, to := range list {
				if wrong := g.wrong(slot, to, l, used, slices.Contains(list[:i], to)); wrong != "" && !fault("slot %d in layer %d links to slot %d, %s", slot, l, to, wrong) {
					return first
				}
			}
		}
	}
	if live != g.Len() && !fault("%d nodes are alive, %d are counted", live, g.Len()) {
		return first
	}
	if e, ok := g.start(); ok != (live > 0) || ok && (e.slot >= used || e.level != highest || g.meta(e.slot).state() != slotLive || g.meta(e.slot).level() != e.level) {
		fault("the entry is slot %d of level %d, the highest level is %d", e.slot, e.level, highest)
	}
	return first
}

func (g *Graph) wrong(slot, to uint32, layer int, used uint32, twice bool) string {
	switch {
	case to >= used:
		return "which was never used"
	case to == slot:
		return "which is itself"
	case twice:
		return "twice"
	case g.meta(to).state() == slotFree:
		return "which is free"
	case g.meta(to).level() < layer:
		return fmt.Sprintf("which has level %d", g.meta(to).level())
	}
	return ""
}
