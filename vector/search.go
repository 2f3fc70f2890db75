// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"vexj/internal/produce"
	"vexj/uapi"
)

// SearchOptions say how a search is done. The zero value looks at all vectors, in
// the caller's goroutine.
type SearchOptions struct {
	// Filter leaves out ids for which it is false. With several workers it is
	// called by all of them.
	Filter func(id uint64) bool
	// Range finds what is at most Radius away; k 0 is all of it then.
	Range  bool
	Radius float32
	// Workers is how many goroutines share the work; 0: one.
	Workers int
	// Cause is the event that the search comes of.
	Cause uint64
}

// maxK bounds what a search is asked for.
const maxK = 1 << 20

// Search returns the k vectors that are nearest to the query, nearest first, of
// equally near ones that with the lower id: fewer if there are no more. It compares
// with every vector, so that the answer is exact.
func (s *Store) Search(q []float32, k int, o SearchOptions) ([]uapi.Result, error) {
	if k < 0 || k > maxK || k == 0 && !o.Range {
		return nil, fmt.Errorf("%w: k is %d: give 1 to %d", ErrOption, k, maxK)
	}
	c, err := s.config.comparer(q)
	if err != nil {
		return nil, err
	}
	v, err := s.hold()
	if err != nil {
		return nil, err
	}
	defer v.m.drop()
	began := produce.Now()
	found, err := v.search(c, k, &o)
	if err != nil {
		return nil, err
	}
	if !s.options.Searches {
		return found, nil
	}
	_, err = s.emit(uapi.VectorSearch, o.Cause, func(b *uapi.Builder) {
		a := uapi.Search{
			K: uint32(k), Found: uint32(len(found)), Flags: uapi.SearchExact,
			Visited: v.live, Duration: produce.Now() - began, Radius: o.Radius,
		}
		if o.Filter != nil {
			a.Flags |= uapi.SearchFiltered
		}
		if o.Range {
			a.Flags |= uapi.SearchRange
		}
		b.AddSearch(a)
		if s.options.Results {
			b.AddResults(found)
		}
	})
	return found, err
}

// search splits the slots among the workers.
func (v *version) search(c *comparer, k int, o *SearchOptions) ([]uapi.Result, error) {
	workers := max(1, min(o.Workers, int(v.slots/1024)))
	each := (v.slots + uint32(workers) - 1) / uint32(workers)
	lists := make([][]uapi.Result, workers)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		from, to := min(uint32(i)*each, v.slots), min(uint32(i+1)*each, v.slots)
		work := func() { lists[i], errs[i] = v.searchSlots(c.clone(), from, to, k, o) }
		if i == workers-1 {
			work()
		} else {
			wg.Go(work)
		}
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	all := slices.Concat(lists...)
	slices.SortFunc(all, compare)
	if k > 0 {
		all = all[:min(k, len(all))]
	}
	return all, nil
}

// compare orders by distance, then id.
func compare(a, b uapi.Result) int {
	switch {
	case a.Distance < b.Distance:
		return -1
	case a.Distance > b.Distance:
		return 1
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

const batchRows = 256

func (v *version) searchSlots(c *comparer, from, to uint32, k int, o *SearchOptions) ([]uapi.Result, error) {
	best := nearest{k: k}
	var rows [batchRows]uint32
	var out [batchRows]float32
	limit := float32(math.Inf(1))
	if o.Range {
		limit = o.Radius
	}
	for n := from; n < to; {
		some := rows[:0]
		for ; n < to && len(some) < batchRows; n++ {
			ok, err := v.lives(n)
			if err == nil && ok {
				err = v.m.check(n)
			}
			if err != nil {
				return nil, err
			}
			if ok && (o.Filter == nil || o.Filter(v.m.id(n))) {
				some = append(some, n)
			}
		}
		c.distances(v.m.rows[:int(v.slots)*v.m.stride], v.m.stride, some, out[:])
		for i, n := range some {
			if d := out[i]; d <= limit && best.wants(d) {
				best.add(uapi.Result{ID: v.m.id(n), Distance: d})
			}
		}
	}
	return best.list, nil
}

// nearest keeps the k nearest, or all if k is 0: a heap whose first is the farthest.
type nearest struct {
	k    int
	list []uapi.Result
}

func (h *nearest) wants(d float32) bool {
	return h.k == 0 || len(h.list) < h.k || d <= h.list[0].Distance
}

func (h *nearest) add(r uapi.Result) {
	if h.k == 0 || len(h.list) < h.k {
		h.list = append(h.list, r)
		if h.k > 0 {
			h.up()
		}
		return
	}
	if compare(r, h.list[0]) < 0 {
		h.list[0] = r
		h.down()
	}
}

func (h *nearest) up() {
	l := h.list
	for i := len(l) - 1; i > 0; {
		p := (i - 1) / 2
		if compare(l[i], l[p]) <= 0 {
			return
		}
		l[i], l[p] = l[p], l[i]
		i = p
	}
}

func (h *nearest) down() {
	l := h.list
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(l) {
			return
		}
		if c+1 < len(l) && compare(l[c+1], l[c]) > 0 {
			c++
		}
		if compare(l[c], l[i]) <= 0 {
			return
		}
		l[i], l[c] = l[c], l[i]
		i = c
	}
}

// Similarity is the distance of two vectors, by the metric of the store.
func (s *Store) Similarity(a, b uint64) (float32, error) {
	q, err := s.Vector(a, nil)
	if err != nil {
		return 0, err
	}
	c, err := s.config.comparer(q)
	if err != nil {
		return 0, err
	}
	other, err := s.Get(b)
	if err != nil {
		return 0, err
	}
	var out [1]float32
	c.distances(other.Raw, len(other.Raw), []uint32{0}, out[:])
	_, err = s.emit(uapi.VectorSimilarity, 0, func(rec *uapi.Builder) {
		rec.AddU64(uapi.AttrVectorID, a)
		rec.AddSimilarity(uapi.Similarity{Other: b, Distance: out[0]})
	})
	return out[0], err
}
