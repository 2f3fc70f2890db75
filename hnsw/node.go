// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"math"
	"sync/atomic"
	"unsafe"
)

const (
	// none ends a list of links that is not full, and is no slot.
	none = ^uint32(0)
	// maxSlots bounds the slots: a candidate has 31 bits for its.
	maxSlots = 1<<31 - 1
	// maxLevel bounds the levels.
	maxLevel = 30
)

// What a slot can be.
const (
	slotFree uint32 = iota // nothing, and nothing links to it
	slotNew                // being linked: traversed, not found
	slotLive
	slotDead // deleted: traversed, not found
)

// meta is what there is of a node besides its vector and its links. Its words are
// read and written as atomics.
type meta struct {
	id    uint64
	upper uint32 // first of its blocks in the upper table: layer l has block upper+l-1
	flags uint32 // slotFree ... slotDead | level<<8
}

const metaSize = 16

func (m *meta) state() uint32 { return atomic.LoadUint32(&m.flags) & 0xff }
func (m *meta) level() int    { return int(atomic.LoadUint32(&m.flags) >> 8) }
func (m *meta) name() uint64  { return atomic.LoadUint64(&m.id) }

func (m *meta) set(state uint32, level int) {
	atomic.StoreUint32(&m.flags, state|uint32(level)<<8)
}

func (g *Graph) meta(slot uint32) *meta { return (*meta)(g.metas.at(slot)) }

// links returns the list of a node in a layer, with room for as many as may be in
// it. Its words are read and written as atomics: a reader without the node's lock
// may see some links of the list before and some after a change, each of which is
// or was one.
func (g *Graph) links(slot uint32, layer int) []uint32 {
	if layer == 0 {
		return g.lists.words(slot, g.m0)
	}
	return g.uppers.words(atomic.LoadUint32(&g.meta(slot).upper)+uint32(layer-1), g.cfg.M)
}

// read copies a list to buf, which has room for it.
func (g *Graph) read(slot uint32, layer int, buf []uint32) []uint32 {
	list := g.links(slot, layer)
	n := 0
	for i := range list {
		l := atomic.LoadUint32(&list[i])
		if l == none {
			break
		}
		buf[n] = l
		n++
	}
	return buf[:n]
}

// write replaces a list. The caller has the node's lock.
func (g *Graph) write(slot uint32, layer int, links []uint32) {
	list := g.links(slot, layer)
	for i, l := range links {
		atomic.StoreUint32(&list[i], l)
	}
	for i := len(links); i < len(list); i++ {
		atomic.StoreUint32(&list[i], none)
	}
}

// entry is where a search begins: a node of the highest level.
type entry struct {
	slot  uint32
	level int
}

const noEntry = ^uint64(0)

func (g *Graph) start() (e entry, ok bool) {
	w := g.entry.Load()
	return entry{uint32(w), int(w >> 32)}, w != noEntry
}

func (g *Graph) setStart(e entry) { g.entry.Store(uint64(e.level)<<32 | uint64(e.slot)) }

// levelOf draws the level of an id: at least l with probability M^-l. It is a hash
// of seed and id, so that it depends on no order.
func (g *Graph) levelOf(id uint64) int {
	u := (float64(mix(id^mix(g.cfg.Seed))>>11) + 0.5) * 0x1p-53
	return min(int(-math.Log(u)/math.Log(float64(g.cfg.M))), maxLevel)
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

var _ [metaSize]byte = [unsafe.Sizeof(meta{})]byte{}
