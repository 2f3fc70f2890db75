// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"vexj/uapi"
)

var errReplaying = errors.New("hnsw: records are being applied: call Recovered before the first change")

// spread bounds the records of one operation, and how far a slot is beyond those in
// use.
const spread = 1 << 20

// redo is what is known while records are applied.
type redo struct {
	floor    uint64              // records up to this one are in the snapshot
	done     map[uint64]struct{} // operations that were redone, by their first record
	pending  map[uint64]*parts
	versions map[listKey]uint64
	early    map[uint32][]list // of nodes whose own record comes later
	entry    uint64            // version of the entry
	applied  int
}

type listKey struct {
	slot  uint32
	layer uint16
}

// parts are the records of an operation that have come so far.
type parts struct {
	recs map[int]uapi.Record
	want int
}

// Apply redoes what a record of another graph's sink says; its Config must be that
// of this graph. An operation is redone when the last of its records is there, all
// of it or nothing. Records may come again, and those of operations that ran at a
// time in any order; those that the snapshot has already, of searches, and of other
// producers are passed over. Between the first Apply and [Graph.Recovered] the graph
// takes no other change. For one goroutine.
func (g *Graph) Apply(rec uapi.Record) error {
	if g.readOnly {
		return ErrReadOnly
	}
	if rec.Producer() != uapi.ProducerHNSW || rec.Version() != uapi.Version {
		return nil
	}
	g.change.Lock()
	defer g.change.Unlock()
	if g.closed.Load() {
		return ErrClosed
	}
	r := g.redo
	if r == nil {
		r = &redo{
			floor: g.journal.last.Load(), done: map[uint64]struct{}{}, pending: map[uint64]*parts{}, versions: map[listKey]uint64{}, early: map[uint32][]list{},
			entry: g.journal.clock.Load(),
		}
		g.redo = r
	}
	switch rec.Type() {
	case uapi.GraphNodeCreate, uapi.GraphNodeDelete, uapi.GraphNodeUpdate, uapi.GraphPropSet, uapi.GraphPropDelete,
		uapi.GraphEdgeCreate, uapi.GraphEdgeDelete, uapi.GraphEdgeUpdate:
	default:
		return nil
	}
	done, err := r.collect(rec)
	if err != nil || done == nil {
		return err
	}
	o, err := g.parse(done)
	if err != nil {
		return err
	}
	g.world.Lock()
	defer g.world.Unlock()
	if err := g.redoOp(r, o); err != nil {
		return err
	}
	r.done[done[0].EventID()] = struct{}{}
	if last := done[len(done)-1].EventID(); last > g.journal.last.Load() {
		g.journal.last.Store(last)
	}
	return nil
}

// collect keeps a record until its operation is complete, and then returns all.
func (r *redo) collect(rec uapi.Record) ([]uapi.Record, error) {
	if rec.EventID() <= r.floor {
		return nil, nil
	}
	first, ok := rec.U64(uapi.AttrTransaction)
	if !ok || first > rec.EventID() || first <= r.floor {
		return nil, fmt.Errorf("%w: event %d is not of the operation %d", ErrRecord, rec.EventID(), first)
	}
	if _, ok := r.done[first]; ok {
		return nil, nil
	}
	h, err := parseHead(rec.Payload())
	if err != nil {
		return nil, err
	}
	if (h.part == 0) != (first == rec.EventID()) {
		return nil, fmt.Errorf("%w: event %d is part %d of the operation %d", ErrRecord, rec.EventID(), h.part, first)
	}
	p := r.pending[first]
	if p == nil {
		p = &parts{recs: map[int]uapi.Record{}, want: h.parts}
		r.pending[first] = p
	}
	if h.parts != p.want {
		return nil, fmt.Errorf("%w: event %d is of %d parts, others of %d", ErrRecord, rec.EventID(), h.parts, p.want)
	}
	p.recs[h.part] = slices.Clone(rec)
	if len(p.recs) < p.want {
		return nil, nil
	}
	delete(r.pending, first)
	recs := make([]uapi.Record, p.want)
	for i := range recs {
		recs[i] = p.recs[i]
	}
	return recs, nil
}

// redoOp applies an operation after it has checked that it can. Alone in the world.
func (g *Graph) redoOp(r *redo, o *redoneOp) error {
	if err := g.redoable(o); err != nil {
		return err
	}
	if o.slot != none {
		if err := g.redoNode(r, o); err != nil {
			return err
		}
	}
	if o.gone != none {
		m := g.meta(o.gone)
		m.set(slotDead, m.level())
		g.live.Add(-1)
		g.dead.Add(1)
		if o.kind == opDelete {
			g.known.remove(g, o.id)
		}
	}
	if o.slot != none {
		g.redoName(o)
	}
	for _, l := range o.lists {
		g.redoList(r, l)
	}
	if o.entryVersion > r.entry {
		r.entry = o.entryVersion
		g.clockAtLeast(o.entryVersion)
		if o.entry.slot == none {
			g.entry.Store(noEntry)
		} else {
			g.setStart(o.entry)
		}
	}
	for _, slot := range o.freed {
		g.recycle(slot)
		g.dead.Add(-1)
	}
	r.applied++
	return nil
}

func (g *Graph) clockAtLeast(v uint64) {
	if v > g.journal.clock.Load() {
		g.journal.clock.Store(v)
	}
}

// redoable reports why an operation cannot have happened to this graph.
func (g *Graph) redoable(o *redoneOp) error {
	used := int(g.slots.Load())
	has := g.known.get(g, o.id)
	switch {
	case o.slot != none && int(o.slot) >= used+spread:
		return fmt.Errorf("%w: slot %d, where %d are in use", ErrRecord, o.slot, used)
	case o.slot != none && int(o.slot) < used && g.meta(o.slot).state() != slotFree:
		return fmt.Errorf("%w: slot %d of id %d is that of id %d", ErrRecord, o.slot, o.id, g.meta(o.slot).name())
	case o.kind == opInsert && has != none:
		return fmt.Errorf("%w: id %d is there already", ErrRecord, o.id)
	case (o.kind == opDelete || o.kind == opUpdate) && (has == none || has != o.gone):
		return fmt.Errorf("%w: id %d is not in slot %d", ErrRecord, o.id, o.gone)
	case o.entryVersion != 0 && o.entry.slot != none && (int(o.entry.slot) >= used+spread || o.entry.level > maxLevel):
		return fmt.Errorf("%w: slot %d for the entry", ErrRecord, o.entry.slot)
	}
	for _, l := range o.lists {
		if int(l.slot) >= used+spread || l.slot != o.slot && int(l.slot) < used && g.meta(l.slot).state() != slotFree && int(l.layer) > g.meta(l.slot).level() {
			return fmt.Errorf("%w: a list of layer %d of slot %d", ErrRecord, l.layer, l.slot)
		}
		if l.slot == o.slot && int(l.layer) > o.level {
			return fmt.Errorf("%w: a list of layer %d of a node of level %d", ErrRecord, l.layer, o.level)
		}
		for i, to := range l.links {
			if int(to) >= used+spread || to == l.slot || slices.Contains(l.links[:i], to) {
				return fmt.Errorf("%w: a link of slot %d to slot %d, where %d are in use", ErrRecord, l.slot, to, used)
			}
		}
	}
	seen := map[uint32]bool{}
	for _, slot := range o.freed {
		if int(slot) >= used || seen[slot] || g.meta(slot).state() != slotDead && slot != o.gone {
			return fmt.Errorf("%w: slot %d was swept and is not dead", ErrRecord, slot)
		}
		seen[slot] = true
	}
	return nil
}

// redoNode makes a node, whose lists come next.
func (g *Graph) redoNode(r *redo, o *redoneOp) error {
	var p probe
	if err := g.redoVector(o, &p); err != nil {
		return err
	}
	for int(o.slot) >= g.metas.rows() {
		if err := g.grow(2*g.metas.rows(), g.uppers.rows()); err != nil {
			return err
		}
	}
	for int(g.blocks)+o.level > g.uppers.rows() {
		if err := g.grow(g.metas.rows(), 2*g.uppers.rows()+o.level); err != nil {
			return err
		}
	}
	if int(o.slot) >= int(g.slots.Load()) {
		g.slots.Store(o.slot + 1)
	}
	g.free = slices.DeleteFunc(g.free, func(s uint32) bool { return s == o.slot })
	block, _ := g.reserveUpper(o.level)
	g.occupy(o.slot, block, o.level, slotLive)
	atomic.StoreUint64(&g.meta(o.slot).id, o.id)
	g.live.Add(1)
	g.place(&p, o.slot)
	for _, l := range r.early[o.slot] {
		g.redoList(r, l)
	}
	delete(r.early, o.slot)
	return nil
}

// redoName gives the id to the new node.
func (g *Graph) redoName(o *redoneOp) {
	if o.kind == opUpdate {
		g.known.replace(g, o.id, o.slot)
	} else {
		g.known.put(g, o.id, o.slot)
	}
}

// redoVector finds the vector of a new node.
func (g *Graph) redoVector(o *redoneOp, p *probe) error {
	if g.cfg.Source == nil {
		if len(o.vector) != g.rowBytes() {
			return fmt.Errorf("%w: %d bytes for the vector of id %d, must be %d", ErrRecord, len(o.vector), o.id, g.rowBytes())
		}
		return g.probeOf(p, o.vector)
	}
	v, err := g.cfg.Source.Vector(o.id, make([]float32, g.cfg.Dims))
	if err != nil {
		return fmt.Errorf("%w: id %d: %w", ErrSource, o.id, err)
	}
	return g.accept(p, v)
}

// redoList replaces a list by one that is newer.
func (g *Graph) redoList(r *redo, l list) {
	g.clockAtLeast(l.version)
	if l.slot >= g.slots.Load() || g.meta(l.slot).state() == slotFree {
		r.early[l.slot] = append(r.early[l.slot], l)
		return
	}
	key := listKey{l.slot, l.layer}
	if l.version <= r.versions[key] || int(l.layer) > g.meta(l.slot).level() {
		return
	}
	r.versions[key] = l.version
	g.write(l.slot, int(l.layer), l.links)
}

// Pending is how many operations Apply has a part of, and waits for the rest.
func (g *Graph) Pending() int {
	g.change.Lock()
	defer g.change.Unlock()
	if g.redo == nil {
		return 0
	}
	return len(g.redo.pending)
}

// Recovered ends what Apply began. Operations that are not complete are left out,
// and links to nodes that never came are taken away: after a crash both can be.
func (g *Graph) Recovered() (r Recovery, err error) {
	if g.readOnly {
		return r, ErrReadOnly
	}
	g.change.Lock()
	defer g.change.Unlock()
	if g.redo == nil {
		return r, nil
	}
	g.world.Lock()
	r = Recovery{Operations: g.redo.applied, Incomplete: len(g.redo.pending)}
	g.redo = nil
	r.Links = g.prune()
	g.recount()
	g.journal.run.After(g.journal.last.Load())
	g.world.Unlock()
	return r, g.retrain()
}

// Recovery is what Recovered found.
type Recovery struct {
	Operations int // that were redone
	Incomplete int // that were left out, since records of them are missing
	Links      int // that were taken away, since they led to nodes that never came
}

// prune takes away links to free slots, makes these usable, and sees to the entry.
func (g *Graph) prune() (links int) {
	buf := make([]uint32, g.m0)
	used, top := g.slots.Load(), 0
	for slot := range used {
		m := g.meta(slot)
		if m.state() == slotFree {
			continue
		}
		if m.state() == slotLive {
			top = max(top, m.level())
		}
		for l := range m.level() + 1 {
			old := g.read(slot, l, buf)
			n := len(old)
			list := slices.DeleteFunc(old, func(to uint32) bool {
				return to >= used || g.meta(to).state() == slotFree || g.meta(to).level() < l
			})
			if len(list) < n {
				links += n - len(list)
				g.write(slot, l, list)
			}
		}
	}
	g.free = g.free[:0]
	for slot := range used {
		if g.meta(slot).state() == slotFree {
			g.free = append(g.free, slot)
		}
	}
	if e, ok := g.start(); !ok && g.live.Load() > 0 || ok && (e.slot >= used || g.meta(e.slot).state() != slotLive || g.meta(e.slot).level() != e.level || e.level != top) {
		g.highest()
	}
	return links
}
