// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"slices"
	"sync/atomic"
)

func notFound(id uint64) error { return fmt.Errorf("%w: %d", ErrNotFound, id) }

// Delete takes an id out, and repairs the lists that linked to it: each chooses
// anew from what it has and what the deleted node had. Of some nodes far away
// links may remain; a deleted node that is linked to is still passed through, and
// never found. When there are many, the Delete that makes them so sweeps: see
// Sweep.
func (g *Graph) Delete(id uint64, cause ...Cause) error {
	remove := func(s *scratch) error {
		s.op.begin(opDelete, id, cause)
		g.names.Lock()
		slot := g.known.get(g, id)
		if slot == none {
			g.names.Unlock()
			return notFound(id)
		}
		g.known.remove(g, id)
		g.names.Unlock()
		g.retire(s, slot)
		return nil
	}
	if !g.needsSweep(1) {
		return g.mutate(id, remove)
	}
	return g.alone(id, func(s *scratch) error {
		if err := remove(s); err != nil {
			return err
		}
		g.sweep(s)
		return nil
	})
}

// retire makes a slot that no id has any more dead, and repairs. The caller looks
// at memory.
func (g *Graph) retire(s *scratch, slot uint32) {
	m := g.meta(slot)
	level := m.level()
	m.set(slotDead, level)
	g.live.Add(-1)
	g.dead.Add(1)
	s.op.gone = slot
	if e, ok := g.start(); ok && e.slot == slot {
		g.replaceEntry(s, slot)
	}
	for l := level; l >= 0; l-- {
		g.repair(s, slot, l)
	}
}

// replaceEntry makes the highest node that is left the entry.
func (g *Graph) replaceEntry(s *scratch, gone uint32) {
	g.rise.Lock()
	defer g.rise.Unlock()
	if e, ok := g.start(); !ok || e.slot != gone {
		return
	}
	e, ok := g.highest()
	if g.journal.on() {
		if !ok {
			e.slot = none
		}
		s.op.entry, s.op.entryVersion = e, g.journal.clock.Add(1)
	}
}

// highest makes the first of the highest nodes the entry. If there is none, nothing
// is left to find, so that nothing need be found by way of the dead either.
func (g *Graph) highest() (best entry, found bool) {
	for slot := range g.slots.Load() {
		m := g.meta(slot)
		if m.state() == slotLive && (!found || m.level() > best.level) {
			best, found = entry{slot, m.level()}, true
		}
	}
	if found {
		g.setStart(best)
	} else {
		g.entry.Store(noEntry)
	}
	return best, found
}

// repair takes a dead node out of the lists of its neighbours and theirs.
func (g *Graph) repair(s *scratch, gone uint32, layer int) {
	sp := g.buildSpace()
	around := g.usable(gone, slices.Clone(g.read(gone, layer, make([]uint32, g.m0))))
	seen := map[uint32]bool{gone: true}
	buf := make([]uint32, g.m0)
	visit := func(node uint32) {
		if !seen[node] {
			seen[node] = true
			if slices.Contains(g.read(node, layer, buf), gone) {
				g.mend(s, sp, node, layer, around)
			}
		}
	}
	for _, n := range around {
		visit(n)
	}
	next := make([]uint32, g.m0)
	for _, n := range around {
		for _, far := range g.read(n, layer, next) {
			visit(far)
		}
	}
}

// mend drops what is dead from a list, and chooses anew from the rest and what a
// dead neighbour had.
func (g *Graph) mend(s *scratch, sp *space, node uint32, layer int, around []uint32) {
	m := g.lock(node)
	defer m.Unlock()
	old := g.read(node, layer, make([]uint32, g.m0))
	list := g.usable(node, slices.Clone(old))
	if len(list) == len(old) {
		return
	}
	kept := len(list)
	for _, a := range around {
		if a != node && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	kind := edgeDelete
	if len(list) > kept {
		kind = edgeUpdate
		s.other = g.nearest(s, sp, node, list, s.other)
		list = g.choose(s, sp, node, s.other, g.most(layer))
	}
	g.rewrite(s, node, layer, list, kind)
}

// sweepFrom is how many dead nodes there are at least when a Delete sweeps.
const sweepFrom = 256

// needsSweep reports whether there would be so many dead nodes, after so many more
// deletes, that searches lose by passing through them.
func (g *Graph) needsSweep(more int64) bool {
	dead, live := g.dead.Load()+more, g.live.Load()-more
	return dead >= sweepFrom && dead > live/8
}

// Sweep takes out every link to a deleted node, and makes the slots of the dead
// free for others. It reads all lists while no other change runs; searches go on.
// Delete does it when an eighth of the nodes are dead.
func (g *Graph) Sweep(cause ...Cause) error {
	return g.alone(0, func(s *scratch) error {
		s.op.begin(opSweep, 0, cause)
		g.sweep(s)
		return nil
	})
}

// alone is mutate for what no other change may run beside.
func (g *Graph) alone(id uint64, change func(*scratch) error) error {
	if g.readOnly {
		return ErrReadOnly
	}
	m := g.lockName(id)
	defer m.Unlock()
	g.change.Lock()
	defer g.change.Unlock()
	if err := g.look(); err != nil {
		return err
	}
	s := g.borrow()
	err := g.changed(s, change)
	freed := slices.Clone(s.op.freed)
	g.giveBack(s)
	g.world.RUnlock()
	if len(freed) > 0 {
		// Nobody looks at memory: what was swept can be used again.
		g.world.Lock()
		g.names.Lock()
		for _, slot := range freed {
			g.recycle(slot)
		}
		g.names.Unlock()
		g.world.Unlock()
	}
	return err
}

// sweep is alone among changes.
func (g *Graph) sweep(s *scratch) {
	sp := g.buildSpace()
	buf, other := make([]uint32, g.m0), make([]uint32, g.m0)
	for slot := range g.slots.Load() {
		m := g.meta(slot)
		switch m.state() {
		case slotDead:
			s.op.freed = append(s.op.freed, slot)
		case slotLive:
			for l := range m.level() + 1 {
				g.sweepList(s, sp, slot, l, buf, other)
			}
		}
	}
	for _, slot := range s.op.freed {
		m := g.meta(slot)
		m.set(slotFree, m.level())
	}
	g.dead.Add(-int64(len(s.op.freed)))
	g.readopt(s, sp)
}

// readopt links to nodes that only the dead linked to.
func (g *Graph) readopt(s *scratch, sp *space) {
	g.recount()
	e, _ := g.start()
	buf := make([]uint32, g.m0)
	for slot := range g.slots.Load() {
		if slot == e.slot || g.meta(slot).state() != slotLive || atomic.LoadUint32(g.degree(slot)) > 0 {
			continue
		}
		if list := g.usable(slot, g.read(slot, 0, buf)); len(list) > 0 {
			s.later = g.nearest(s, sp, slot, list, s.later)
			g.attach(s, sp, slot, s.later)
		}
	}
}

func (g *Graph) sweepList(s *scratch, sp *space, slot uint32, layer int, buf, other []uint32) {
	list := g.read(slot, layer, buf)
	var around []uint32
	dead := false
	for _, l := range list {
		if g.meta(l).state() == slotDead {
			dead = true
			around = append(around, g.usable(slot, g.read(l, layer, other))...)
		}
	}
	if dead {
		slices.Sort(around)
		g.mend(s, sp, slot, layer, slices.Compact(around))
	}
}

// recycle makes a slot that was swept free. Alone in the world.
func (g *Graph) recycle(slot uint32) {
	m := g.meta(slot)
	if level := m.level(); level > 0 {
		g.freeUpper[level] = append(g.freeUpper[level], atomic.LoadUint32(&m.upper))
	}
	atomic.StoreUint64(&m.id, 0)
	atomic.StoreUint32(&m.upper, none)
	m.set(slotFree, 0)
	g.free = append(g.free, slot)
}
