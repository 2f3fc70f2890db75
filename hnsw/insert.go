// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"slices"
	"sync/atomic"

	"vexj/internal/distance"
)

// A Cause is the event that an operation's records have for a parent, and the first
// of that one's chain. The zero value is none.
type Cause struct {
	Parent, Root uint64
}

// Insert adds a vector. If originals come from a Source that fails at those of
// neighbours, the vector is added all the same, with links that may be worse, and
// the error says so.
func (g *Graph) Insert(id uint64, v []float32, cause ...Cause) error {
	return g.mutate(id, func(s *scratch) error {
		if err := g.accept(&s.probe, v); err != nil {
			return err
		}
		s.op.begin(opInsert, id, cause)
		slot, _, err := g.take(id, g.levelOf(id), false)
		if err != nil {
			return err
		}
		g.insert(s, slot)
		return nil
	})
}

// Update replaces the vector of an id, as one operation.
func (g *Graph) Update(id uint64, v []float32, cause ...Cause) error {
	return g.mutate(id, func(s *scratch) error {
		if err := g.accept(&s.probe, v); err != nil {
			return err
		}
		s.op.begin(opUpdate, id, cause)
		slot, old, err := g.take(id, g.levelOf(id), true)
		if err != nil {
			return err
		}
		g.retire(s, old)
		g.insert(s, slot)
		return nil
	})
}

// mutate runs a change of one id, and hands over its records. What change refuses
// it must refuse before it changes anything.
func (g *Graph) mutate(id uint64, change func(*scratch) error) error {
	if g.readOnly {
		return ErrReadOnly
	}
	m := g.lockName(id)
	defer m.Unlock()
	g.change.RLock()
	defer g.change.RUnlock()
	if err := g.look(); err != nil {
		return err
	}
	s := g.borrow()
	err := g.changed(s, change)
	g.giveBack(s)
	g.world.RUnlock()
	if err != nil {
		return err
	}
	return g.retrain()
}

// changed runs a change under the locks that it needs.
func (g *Graph) changed(s *scratch, change func(*scratch) error) error {
	if err := g.journal.broken(); err != nil {
		return err
	}
	if g.redo != nil {
		return errReplaying
	}
	if err := change(s); err != nil {
		return err
	}
	if err := g.emit(s); err != nil {
		return err
	}
	return s.err
}

// insert links the vector that was accepted into the graph, as a slot that it took.
// The caller looks at memory.
func (g *Graph) insert(s *scratch, slot uint32) {
	level := g.meta(slot).level()
	if g.quant != nil && len(s.probe.code) == 0 {
		g.encodeProbe(&s.probe)
	}
	g.place(&s.probe, slot)
	s.inserting, s.insertSlot = s.probe.vector, slot
	s.op.slot, s.op.level = slot, level

	e, ok := g.start()
	if !ok || level > e.level {
		// Held until the links of the layers above are there: two that rise at a
		// time would not find each other.
		g.rise.Lock()
		defer g.rise.Unlock()
		e, ok = g.start()
	}
	if ok {
		g.link(s, slot, level, e)
	} else {
		for l := range level + 1 {
			g.relink(s, slot, l, nil, edgeCreate)
		}
	}
	g.meta(slot).set(slotLive, level)
	g.live.Add(1)
	if !ok || level > e.level {
		g.enter(s, entry{slot, level})
	}
}

// place writes a vector, and its code, to a slot that nothing links to yet.
func (g *Graph) place(p *probe, slot uint32) {
	if g.exact.rows.mem != nil {
		if g.cfg.Metric == Hamming {
			copy(g.exact.rows.bytes(slot, len(p.packed)), p.packed)
		} else {
			copy(g.exact.rows.floats(slot, g.cfg.Dims), p.vector)
		}
	}
	if g.quant != nil {
		copy(g.code.rows.bytes(slot, len(p.code)), p.code)
		g.setTerm(slot, p.vector)
	}
}

func (g *Graph) setTerm(slot uint32, v []float32) {
	if g.code.terms.stride != 0 {
		*(*float32)(g.code.terms.at(slot)) = g.termOf(v)
	}
}

// buildSpace is in what inserts look for neighbours.
func (g *Graph) buildSpace() *space {
	if g.quant != nil && g.cfg.Codes == SQ8 {
		return &g.code
	}
	return &g.exact
}

// link connects a new node in all its layers that others are in. It chooses from the
// highest down, and links from the lowest up: who comes down to a node by the layers
// above must find the way on from there.
func (g *Graph) link(s *scratch, slot uint32, level int, e entry) {
	sp := g.buildSpace()
	q := s.probe.in(g, sp)
	top := min(level, e.level)
	from := g.descend(s, sp, q, e, top)
	s.list, s.ends = s.list[:0], s.ends[:0]
	for l := top; l >= 0; l-- {
		g.walk(s, sp, q, from, g.cfg.EfConstruction, l)
		near := s.near[:0]
		for _, c := range s.pool.c {
			if st := g.meta(c.slot()).state(); c.slot() != slot && (st == slotLive || st == slotNew) {
				near = append(near, c)
			}
		}
		s.near = near
		if len(s.pool.c) > 0 {
			from = s.pool.c[0] &^ expanded
		}
		s.later = append(s.later[:0], near...)
		s.list = append(s.list, g.choose(s, sp, slot, near, g.cfg.M)...)
		s.ends = append(s.ends, len(s.list))
	}
	for i := len(s.ends) - 1; i >= 0; i-- {
		begin := 0
		if i > 0 {
			begin = s.ends[i-1]
		}
		l, chosen := top-i, s.list[begin:s.ends[i]]
		g.relink(s, slot, l, chosen, edgeCreate)
		for n, other := range chosen {
			g.connect(s, sp, other, slot, l)
			if n == 0 && l == 0 {
				g.attach(s, sp, slot, s.later)
			}
		}
	}
	for l := top + 1; l <= level; l++ {
		g.relink(s, slot, l, nil, edgeCreate)
	}
}

// attach sees to it that something near links to a node: where many vectors are the
// same, the nearest may have no place.
func (g *Graph) attach(s *scratch, sp *space, slot uint32, near []candidate) {
	for _, c := range near {
		if atomic.LoadUint32(g.degree(slot)) > 0 {
			return
		}
		g.connect(s, sp, c.slot(), slot, 0)
	}
}

// relink replaces the list of a node that this operation alone changes.
func (g *Graph) relink(s *scratch, slot uint32, layer int, links []uint32, kind edgeKind) {
	m := g.lock(slot)
	g.rewrite(s, slot, layer, links, kind)
	m.Unlock()
}

// rewrite replaces a list, whose lock the caller has, and notes it for the records.
func (g *Graph) rewrite(s *scratch, slot uint32, layer int, links []uint32, kind edgeKind) {
	if layer == 0 {
		g.count(slot, links)
	}
	g.write(slot, layer, links)
	if g.journal.on() {
		s.op.note(g.meta(slot).name(), slot, layer, links, kind, g.journal.clock.Add(1))
	}
}

// connect adds a link to the list of a node. If that is full it is chosen anew.
func (g *Graph) connect(s *scratch, sp *space, node, link uint32, layer int) {
	m := g.lock(node)
	defer m.Unlock()
	most := g.most(layer)
	list := g.read(node, layer, make([]uint32, 0, 2*MaxM+1)[:most])
	if slices.Contains(list, link) {
		return
	}
	if g.dead.Load() > 0 {
		list = g.usable(node, list)
	}
	list = append(list, link)
	if len(list) <= most {
		g.rewrite(s, node, layer, list, edgeCreate)
		return
	}
	s.other = g.nearest(s, sp, node, list, s.other)
	chosen := g.choose(s, sp, node, s.other, most)
	if layer == 0 {
		chosen = g.protect(chosen, s.other, link, most)
	}
	g.rewrite(s, node, layer, chosen, edgeUpdate)
}

// most is how many links a list of a layer may have.
func (g *Graph) most(layer int) int {
	if layer == 0 {
		return g.m0
	}
	return g.cfg.M
}

// enter makes a node the entry. The caller holds rise.
func (g *Graph) enter(s *scratch, e entry) {
	g.setStart(e)
	if g.journal.on() {
		s.op.entry, s.op.entryVersion = e, g.journal.clock.Add(1)
	}
}

// Vector appends the vector of an id to buf, as the graph has it: of length 1 under
// Cosine, of zeroes and ones under Hamming.
func (g *Graph) Vector(id uint64, buf []float32) ([]float32, error) {
	if err := g.look(); err != nil {
		return nil, err
	}
	defer g.world.RUnlock()
	slot, ok := g.find(id)
	if !ok {
		return nil, notFound(id)
	}
	if err := g.touch(slot); err != nil {
		return nil, err
	}
	switch {
	case g.cfg.Metric == Hamming:
		row := g.exact.rows.bytes(slot, distance.Binary.Bytes(g.cfg.Dims))
		for i := range g.cfg.Dims {
			buf = append(buf, float32(row[i>>3]>>(i&7)&1))
		}
		return buf, nil
	case g.exact.rows.mem != nil:
		return append(buf, g.exact.rows.floats(slot, g.cfg.Dims)...), nil
	}
	s := g.borrow()
	defer g.giveBack(s)
	v, err := g.original(s, slot, &s.row)
	return append(buf, v...), err
}
