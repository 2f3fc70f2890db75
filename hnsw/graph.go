// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"sync"
	"sync/atomic"
)

const stripes = 1 << 10

// Graph is an HNSW graph over vectors that have ids. All methods may be called by
// any goroutine at any time, but for Close and those that say otherwise. Memory
// that it has is not the garbage collector's: Close gives it back.
type Graph struct {
	cfg Config
	m0  int // links in the lowest layer

	// Locks, in the order in which they are taken. An operation has the lock of its
	// id from beginning to end, so that those of one id follow each other. change is held shared by every
	// change, and alone by what needs the graph to be between changes. world is held
	// shared by whatever looks at memory below, and alone by who moves it. names
	// guards known, free and slots. rise is held while the entry may change. A
	// node's lock guards its lists; nobody holds two.
	byName [stripes]sync.Mutex
	change sync.RWMutex
	world  sync.RWMutex
	names  sync.RWMutex
	rise   sync.Mutex
	nodes  [stripes]struct {
		sync.Mutex
		_ [56]byte
	}

	metas, lists, uppers table
	degrees              table // how many lists of the lowest layer link to a slot, about
	known                ids
	free                 []uint32 // slots to be used again
	freeUpper            [maxLevel + 1][]uint32
	slots                atomic.Uint32 // how many were ever used
	blocks               uint32        // of uppers that were ever used
	live, dead           atomic.Int64
	entry                atomic.Uint64

	exact, code space
	quant       *quantizer
	trainedAt   atomic.Int64 // how many vectors there were; 0: never

	journal  journal
	redo     *redo
	readOnly bool
	closed   atomic.Bool
	lazy     *lazyFile

	idle scratches
}

// New makes an empty graph.
func New(cfg Config) (*Graph, error) {
	g, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := g.grow(firstRows, firstRows); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

const firstRows = 1024

func prepare(cfg Config) (*Graph, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	g := &Graph{cfg: cfg, m0: 2 * cfg.M}
	g.metas, g.lists, g.uppers = newTable(metaSize), newTable(4*g.m0), newTable(4*cfg.M)
	g.degrees = newTable(4)
	g.entry.Store(noEntry)
	g.known.reset(firstRows)
	g.initSpaces()
	g.journal.init(&cfg)
	return g, nil
}

// Close gives the memory back. Nothing else may be under way, nor be called
// afterwards but what returns ErrClosed then.
func (g *Graph) Close() error {
	if g.closed.Swap(true) {
		return ErrClosed
	}
	g.world.Lock()
	defer g.world.Unlock()
	err := g.journal.flush()
	for _, t := range []*table{&g.metas, &g.lists, &g.uppers, &g.degrees, &g.exact.rows, &g.code.rows, &g.code.terms} {
		t.free()
	}
	g.idle.drop()
	if g.lazy != nil {
		g.lazy.close()
	}
	return err
}

// Config returns what the graph was made with, defaults filled in.
func (g *Graph) Config() Config { return g.cfg }

// Len returns how many ids there are.
func (g *Graph) Len() int { return int(g.live.Load()) }

// Has reports whether id is there.
func (g *Graph) Has(id uint64) bool {
	if g.look() != nil {
		return false
	}
	defer g.world.RUnlock()
	_, ok := g.find(id)
	return ok
}

// look begins something that looks at memory; world is to be unlocked afterwards.
func (g *Graph) look() error {
	g.world.RLock()
	if g.closed.Load() {
		g.world.RUnlock()
		return ErrClosed
	}
	return nil
}

// find returns the slot of a live id.
func (g *Graph) find(id uint64) (uint32, bool) {
	g.names.RLock()
	defer g.names.RUnlock()
	s := g.known.get(g, id)
	if s == none || g.meta(s).state() != slotLive {
		return none, false
	}
	return s, true
}

// lockName takes the lock of an id.
func (g *Graph) lockName(id uint64) *sync.Mutex {
	m := &g.byName[mix(id)%stripes]
	m.Lock()
	return m
}

// lock takes the lock of a node's lists.
func (g *Graph) lock(slot uint32) *sync.Mutex {
	m := &g.nodes[slot%stripes].Mutex
	m.Lock()
	return m
}

// grow makes room for so many slots and blocks. Alone in the world.
func (g *Graph) grow(rows, blocks int) error {
	for _, t := range []*table{&g.metas, &g.lists, &g.degrees, &g.exact.rows, &g.code.rows, &g.code.terms} {
		if t.stride == 0 {
			continue
		}
		if err := t.grow(rows); err != nil {
			return err
		}
	}
	return g.uppers.grow(blocks)
}

// take gives the node id a slot, and blocks for its level, in place of the one that
// it has if it is replaced. The caller looks at memory; take lets go of that
// meanwhile if memory must move.
func (g *Graph) take(id uint64, level int, replace bool) (slot, old uint32, err error) {
	for {
		g.names.Lock()
		old = g.known.get(g, id)
		if old != none && !replace {
			err = fmt.Errorf("%w: %d: update it instead", ErrExists, id)
		} else if old == none && replace {
			err = notFound(id)
		}
		if err != nil {
			g.names.Unlock()
			return none, none, err
		}
		slot, ok := g.reserve(level)
		if ok {
			atomic.StoreUint64(&g.meta(slot).id, id)
			if replace {
				g.known.replace(g, id, slot)
			} else {
				g.known.put(g, id, slot)
			}
			g.names.Unlock()
			return slot, old, nil
		}
		g.names.Unlock()
		if err := g.room(level); err != nil {
			return none, none, err
		}
	}
}

// reserve takes a slot and blocks if there is room. Under names.
func (g *Graph) reserve(level int) (uint32, bool) {
	used := g.slots.Load()
	if len(g.free) == 0 && int(used) >= g.metas.rows() {
		return none, false
	}
	block, ok := g.reserveUpper(level)
	if !ok {
		return none, false
	}
	var slot uint32
	if n := len(g.free); n > 0 {
		slot, g.free = g.free[n-1], g.free[:n-1]
	} else {
		slot = used
		g.slots.Store(used + 1)
	}
	g.occupy(slot, block, level, slotNew)
	return slot, true
}

func (g *Graph) reserveUpper(level int) (uint32, bool) {
	if level == 0 {
		return none, true
	}
	if n := len(g.freeUpper[level]); n > 0 {
		b := g.freeUpper[level][n-1]
		g.freeUpper[level] = g.freeUpper[level][:n-1]
		return b, true
	}
	if int(g.blocks)+level > g.uppers.rows() {
		return none, false
	}
	b := g.blocks
	g.blocks += uint32(level)
	return b, true
}

// occupy makes a slot a node without links.
func (g *Graph) occupy(slot, block uint32, level int, state uint32) {
	m := g.meta(slot)
	atomic.StoreUint32(&m.upper, block)
	m.set(state, level)
	atomic.StoreUint32(g.degree(slot), 0)
	for l := range level + 1 {
		g.write(slot, l, nil)
	}
}

// room makes it. The caller looks at memory.
func (g *Graph) room(level int) error {
	g.world.RUnlock()
	g.world.Lock()
	defer func() {
		g.world.Unlock()
		g.world.RLock()
	}()
	rows, blocks := g.metas.rows(), g.uppers.rows()
	if int(g.slots.Load()) >= rows {
		rows *= 2
	}
	if int(g.blocks)+level > blocks {
		blocks = 2*blocks + level
	}
	if rows > maxSlots {
		return fmt.Errorf("hnsw: %d vectors are all that a graph can have", maxSlots)
	}
	return g.grow(rows, blocks)
}
