// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"fmt"
	"sync"

	"vexj/hnsw"
	"vexj/internal/produce"
	"vexj/uapi"
)

// SearchOptions say how a search is done. The zero value is a good one.
type SearchOptions struct {
	// Ef is how many candidates the graph's search keeps; 0: its default.
	Ef int
	// Filter leaves out ids for which it is false. It must not call the
	// collection.
	Filter func(id uint64) bool
	// Only leaves out all ids that are not in it.
	Only *hnsw.Bitmap
	// Cause is the event that the search comes of, 0 for none.
	Cause uint64
}

// A Result is a vector that was found.
type Result = uapi.Result

var builders = sync.Pool{New: func() any { return uapi.NewBuilder(nil) }}

// Search returns the k vectors that the graph finds nearest to the query, nearest
// first. If searches are recorded its record is the cause of those of its way through
// the graph.
func (k *Collection) Search(q []float32, n int, o SearchOptions) ([]uapi.Result, error) {
	if k.closed.Load() {
		return nil, fmt.Errorf("%s: %w", k.dir, ErrClosed)
	}
	k.looking.RLock()
	defer k.looking.RUnlock()
	if k.closed.Load() {
		return nil, fmt.Errorf("%s: %w", k.dir, ErrClosed)
	}
	so := hnsw.SearchOptions{Ef: o.Ef, Filter: o.Filter, Only: o.Only, Evidence: k.options.Results}
	if k.options.Searches == 0 {
		return k.graph.Search(q, n, &so)
	}
	if err := k.start(); err != nil {
		return nil, err
	}
	b := builders.Get().(*uapi.Builder)
	defer builders.Put(b)
	began := produce.Now()
	// Numbered before it is done: what it causes names it.
	id := k.vectors.Begin(b, uapi.Header{Type: uapi.VectorSearch, Ktime: began, Parent: o.Cause})
	so.Cause = hnsw.Cause{Parent: id, Root: id}
	found, err := k.graph.Search(q, n, &so)
	k.addTo(b)
	a := uapi.Search{K: uint32(n), Ef: uint32(o.Ef), Found: uint32(len(found)), Duration: produce.Now() - began}
	if o.Filter != nil || o.Only != nil {
		a.Flags |= uapi.SearchFiltered
	}
	b.AddSearch(a)
	if k.options.Results {
		b.AddResults(found)
	}
	if emitErr := k.vectors.Emit(journalSink{k.journal}, b, id); err == nil {
		err = emitErr
	}
	return found, err
}
