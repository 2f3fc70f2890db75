// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// InsertBatch inserts many vectors by so many goroutines. With one worker the graph
// is the same each time; with more, which links a node has depends on who was first.
// It stops at the first error: which of the others were inserted, Has tells.
func (g *Graph) InsertBatch(ids []uint64, vectors [][]float32, workers int, cause ...Cause) error {
	if len(ids) != len(vectors) {
		return fmt.Errorf("%w: %d ids and %d vectors", ErrConfig, len(ids), len(vectors))
	}
	return each(len(ids), workers, func(i int) error { return g.Insert(ids[i], vectors[i], cause...) })
}

// SearchBatch runs many searches by so many goroutines; the results of queries[i] are
// at [i].
func (g *Graph) SearchBatch(queries [][]float32, k int, o *SearchOptions, workers int) ([][]Result, error) {
	all := make([][]Result, len(queries))
	err := each(len(queries), workers, func(i int) (err error) {
		all[i], err = g.Search(queries[i], k, o)
		return err
	})
	return all, err
}

// each calls do for 0 to n-1.
func each(n, workers int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	work := func() {
		for failed.Load() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			if err := do(i); err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		}
	}
	for range min(workers, n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if e := failed.Load(); e != nil {
		return *e
	}
	return nil
}

// Node is a node as Nodes shows it.
type Node struct {
	ID    uint64
	Slot  uint32
	Level int
	Links [][]uint64 // ids by layer, the lowest first; deleted nodes are left out
}

// Nodes calls fn with each live node until it returns false. Changes wait. The node
// is fn's only during the call.
func (g *Graph) Nodes(fn func(*Node) bool) error {
	g.change.Lock()
	defer g.change.Unlock()
	if err := g.look(); err != nil {
		return err
	}
	defer g.world.RUnlock()
	var n Node
	buf := make([]uint32, g.m0)
	for slot := range g.slots.Load() {
		m := g.meta(slot)
		if m.state() != slotLive {
			continue
		}
		if err := g.touch(slot); err != nil {
			return err
		}
		n.ID, n.Slot, n.Level = m.name(), slot, m.level()
		for len(n.Links) <= n.Level {
			n.Links = append(n.Links, nil)
		}
		for l := range n.Level + 1 {
			n.Links[l] = n.Links[l][:0]
			for _, to := range g.read(slot, l, buf) {
				if int(to) < g.metas.rows() && g.meta(to).state() == slotLive {
					n.Links[l] = append(n.Links[l], g.meta(to).name())
				}
			}
		}
		out := n
		out.Links = n.Links[:n.Level+1]
		if !fn(&out) {
			return nil
		}
	}
	return nil
}
