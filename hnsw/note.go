// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"encoding/binary"
	"math"

	"vexj/uapi"
)

// note has the builders of a search's records.
type note struct {
	query, traverse uapi.Builder
	payload         []byte
}

// noteBatch is records of searches that the sink does not have yet.
type noteBatch struct {
	buf      []byte
	ends     []int
	searches int
	recs     []uapi.Record
}

// mostResults bounds the results that a record has.
const mostResults = 4096

// noteSearch makes the records of a search: that it was, and the traversal that it
// caused.
func (g *Graph) noteSearch(s *scratch, found []Result, k int, o *SearchOptions) error {
	j := &g.journal
	now := j.time.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	n := j.seq.Add(2)
	query, err := g.queryRecord(&s.note, j, n-1, now, found, k, o)
	if err != nil {
		return err
	}
	traverse, err := g.traverseRecord(s, j, n, now, query)
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

func (g *Graph) queryRecord(w *note, j *journal, n, now uint64, found []Result, k int, o *SearchOptions) (uapi.Record, error) {
	h := j.header(uapi.GraphQuery, n, now)
	h.Parent, h.RootCause = o.Cause.Parent, o.Cause.root(h.EventID)
	w.query.Begin(h)
	w.query.AddU32(uapi.AttrGraphOp, uint32(uapi.GraphQuery)&0xff)
	w.query.AddU32(uapi.AttrVectorDims, uint32(g.cfg.Dims))
	le := binary.LittleEndian
	to := append(w.payload[:0], formatV1, 0, byte(g.cfg.Metric), byte(g.cfg.Codes))
	to = le.AppendUint32(to, uint32(k))
	to = le.AppendUint32(to, uint32(o.Ef))
	to = le.AppendUint32(to, uint32(len(found)))
	if o.Evidence {
		to[1] = 1
		for _, r := range found[:min(len(found), mostResults)] {
			to = le.AppendUint64(to, r.ID)
			to = le.AppendUint32(to, math.Float32bits(r.Distance))
		}
	}
	w.payload = to
	w.query.Payload(to)
	return w.query.Finish()
}

func (g *Graph) traverseRecord(s *scratch, j *journal, n, now uint64, query uapi.Record) (uapi.Record, error) {
	h := j.header(uapi.GraphTraverse, n, now)
	h.Parent, h.RootCause = query.EventID(), query.RootCause()
	w := &s.note.traverse
	w.Begin(h)
	w.AddU32(uapi.AttrGraphOp, uint32(uapi.GraphTraverse)&0xff)
	e, ok := g.start()
	if ok {
		w.AddU64(uapi.AttrGraphNode, g.meta(e.slot).name())
	}
	le := binary.LittleEndian
	to := append(s.note.payload[:0], formatV1, 0, 0, 0)
	to = le.AppendUint32(to, uint32(e.level))
	to = le.AppendUint32(to, uint32(s.hops))
	to = le.AppendUint32(to, uint32(s.evals))
	s.note.payload = to
	w.Payload(to)
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
	if err := j.sink.Append(b.recs); err != nil {
		return err
	}
	return nil
}
