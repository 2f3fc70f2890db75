// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"vexj/internal/produce"
	"vexj/uapi"
)

// note has the builders of a search's records.
type note struct {
	query, traverse uapi.Builder
	begin           uint64
	flags           uint32
}

// noteBatch is records of searches that the sink does not have yet.
type noteBatch struct {
	buf      []byte
	ends     []int
	searches int
	recs     []uapi.Record
}

// noteSearch makes the records of a search: that it was, and the traversal that it
// caused.
func (g *Graph) noteSearch(s *scratch, found []Result, k int, o *SearchOptions) error {
	j := &g.journal
	a := uapi.Search{
		K: uint32(k), Ef: uint32(o.Ef), Found: uint32(len(found)), Flags: s.note.flags,
		Visited: uint64(s.evals), Duration: produce.Now() - s.note.begin, Radius: o.radius, Hops: uint32(s.hops),
	}
	if o.Filter != nil || o.Only != nil {
		a.Flags |= uapi.SearchFiltered
	}
	if g.quant != nil {
		a.Flags |= uapi.SearchQuantised
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	query, err := g.queryRecord(&s.note.query, a, found, o)
	if err != nil {
		return err
	}
	traverse, err := g.traverseRecord(&s.note.traverse, a, query)
	if err != nil {
		return err
	}
	b := &j.batch
	b.buf = append(b.buf, query...)
	b.ends = append(b.ends, len(b.buf))
	b.buf = append(b.buf, traverse...)
	b.ends = append(b.ends, len(b.buf))
	if b.searches++; b.searches >= j.searches {
		return j.flushLocked()
	}
	return nil
}

func (g *Graph) queryRecord(w *uapi.Builder, a uapi.Search, found []Result, o *SearchOptions) (uapi.Record, error) {
	g.journal.run.Begin(w, uapi.Header{Type: uapi.GraphQuery, Parent: o.Cause.Parent, RootCause: o.Cause.Root})
	w.AddU32(uapi.AttrGraphOp, uint32(uapi.GraphQuery)&0xff)
	w.AddU32(uapi.AttrVectorDims, uint32(g.cfg.Dims))
	w.AddU32(uapi.AttrVectorMetric, uint32(g.cfg.Metric))
	w.AddSearch(a)
	if o.Evidence {
		w.AddResults(found)
	}
	return w.Finish()
}

func (g *Graph) traverseRecord(w *uapi.Builder, a uapi.Search, query uapi.Record) (uapi.Record, error) {
	g.journal.run.Begin(w, uapi.Header{Type: uapi.GraphTraverse, Parent: query.EventID(), RootCause: query.RootCause()})
	w.AddU32(uapi.AttrGraphOp, uint32(uapi.GraphTraverse)&0xff)
	if e, ok := g.start(); ok {
		w.AddU64(uapi.AttrGraphNode, g.meta(e.slot).name())
	}
	w.AddSearch(a)
	return w.Finish()
}

// Flush hands over the records of searches that wait for more.
func (g *Graph) Flush() error { return g.journal.flush() }

func (j *journal) flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.flushLocked()
}

func (j *journal) flushLocked() error {
	b := &j.batch
	if len(b.ends) == 0 {
		return nil
	}
	b.recs = b.recs[:0]
	from := 0
	for _, end := range b.ends {
		b.recs = append(b.recs, uapi.Record(b.buf[from:end:end]))
		from = end
	}
	b.buf, b.ends, b.searches = b.buf[:0], b.ends[:0], 0
	return j.sink.Append(b.recs)
}
