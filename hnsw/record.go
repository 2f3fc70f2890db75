// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"vexj/internal/produce"
	"vexj/uapi"
)

// opKind is an operation, as its records name it.
type opKind uint8

const (
	opInsert opKind = 1
	opDelete opKind = 2
	opUpdate opKind = 3
	opSweep  opKind = 4
)

// edgeKind is how a list changed.
type edgeKind uint8

const (
	edgeCreate edgeKind = iota // it got a link, or is a new node's
	edgeUpdate                 // it was chosen anew
	edgeDelete                 // it only lost links
	edgeKinds
)

var edgeTypes = [edgeKinds]uapi.Type{uapi.GraphEdgeCreate, uapi.GraphEdgeUpdate, uapi.GraphEdgeDelete}

const (
	formatV1  = 1
	headSize  = 16
	nodeSize  = headSize + 40
	listHead  = 24
	chunkSize = 56 << 10 // bytes of payload that a record has at most, about
)

// An edge is a list as an operation left it.
type edge struct {
	id      uint64
	version uint64
	slot    uint32
	layer   uint16
	kind    edgeKind
	at, n   int // in op.words
}

// op is what an operation changed, for its records.
type op struct {
	kind         opKind
	id           uint64
	cause        Cause
	slot, gone   uint32
	level        int
	entry        entry
	entryVersion uint64
	edges        []edge
	words        []uint32
	freed        []uint32

	payload  []byte
	builders []*uapi.Builder
	records  []uapi.Record
}

func (o *op) begin(kind opKind, id uint64, cause []Cause) {
	o.kind, o.id, o.slot, o.gone, o.level, o.entryVersion = kind, id, none, none, 0, 0
	o.cause = Cause{}
	if len(cause) > 0 {
		o.cause = cause[0]
	}
	o.edges, o.words, o.freed = o.edges[:0], o.words[:0], o.freed[:0]
}

func (o *op) note(id uint64, slot uint32, layer int, links []uint32, kind edgeKind, version uint64) {
	o.edges = append(o.edges, edge{id, version, slot, uint16(layer), kind, len(o.words), len(links)})
	o.words = append(o.words, links...)
}

// journal hands over records.
type journal struct {
	sink     Sink
	searches int
	run      *produce.Run
	last     atomic.Uint64 // event id of the last record that is in the graph
	clock    atomic.Uint64 // the last version of a list, or of the entry
	failed   atomic.Pointer[error]

	// mu is held from the first number of an operation until the sink has its
	// records, so that the order of numbers is that of the journal.
	mu    sync.Mutex
	batch noteBatch
}

func (j *journal) init(cfg *Config) {
	j.sink, j.searches, j.run = cfg.Sink, cfg.Searches, cfg.Run
	if j.run == nil {
		j.run = produce.NewRun(uapi.ProducerHNSW)
	}
}

func (j *journal) on() bool { return j.sink != nil }

func (j *journal) broken() error {
	if e := j.failed.Load(); e != nil {
		return *e
	}
	return nil
}

// fail is for a change that is in memory and not in the journal. What follows would
// build on what is not there: there is no way on.
func (j *journal) fail(err error) error {
	err = fmt.Errorf("%w: reopen the graph from its snapshot and records: %w", ErrSink, err)
	j.failed.CompareAndSwap(nil, &err)
	return err
}

// Sequence is the event id of the last record that is in the graph. Apply passes
// over what is not later.
func (g *Graph) Sequence() uint64 { return g.journal.last.Load() }

// emit hands over the records of s.op, whose parts the package documentation has.
func (g *Graph) emit(s *scratch) error {
	j := &g.journal
	if !j.on() {
		return nil
	}
	b := opBuilder{g: g, o: &s.op}
	b.cut()
	j.mu.Lock()
	defer j.mu.Unlock()
	// Searches before it have the smaller numbers.
	if err := j.flushLocked(); err != nil {
		return j.fail(err)
	}
	recs := s.op.records[:0]
	for i, p := range b.parts {
		rec, err := b.build(i, p)
		if err != nil {
			return j.fail(err)
		}
		recs = append(recs, rec)
	}
	s.op.records = recs
	if err := j.sink.Append(recs); err != nil {
		return j.fail(err)
	}
	j.last.Store(recs[len(recs)-1].EventID())
	return nil
}

// A part is what one record of an operation has.
type part struct {
	typ      uapi.Type
	from, to int // of the edges of a kind, of the vector, or of the freed slots
	kind     edgeKind
}

type opBuilder struct {
	g     *Graph
	o     *op
	first uint64 // event id of the first record
	root  uint64 // its root cause
	parts []part
	order [edgeKinds][]edge
}

var nodeTypes = [...]uapi.Type{
	opInsert: uapi.GraphNodeCreate, opDelete: uapi.GraphNodeDelete, opUpdate: uapi.GraphNodeUpdate, opSweep: uapi.GraphNodeDelete,
}

// cut decides what goes into which record.
func (b *opBuilder) cut() {
	b.parts = append(b.parts, part{typ: nodeTypes[b.o.kind]})
	if b.o.slot != none {
		size := len(b.vector())
		for from := 0; from < size; from += chunkSize {
			b.parts = append(b.parts, part{typ: uapi.GraphPropSet, from: from, to: min(from+chunkSize, size)})
		}
	}
	for _, e := range b.o.edges {
		b.order[e.kind] = append(b.order[e.kind], e)
	}
	for kind, edges := range b.order {
		for from := 0; from < len(edges); {
			to, size := from, 0
			for to < len(edges) && size < chunkSize {
				size += listHead + 4*edges[to].n
				to++
			}
			b.parts = append(b.parts, part{edgeTypes[kind], from, to, edgeKind(kind)})
			from = to
		}
	}
	for from := 0; from < len(b.o.freed); from += chunkSize / 4 {
		b.parts = append(b.parts, part{typ: uapi.GraphPropDelete, from: from, to: min(from+chunkSize/4, len(b.o.freed))})
	}
}

// vector is what the graph keeps of the new node's, which its records must have.
func (b *opBuilder) vector() []byte {
	g := b.g
	if g.cfg.Source != nil {
		return nil
	}
	return g.exact.rows.bytes(b.o.slot, g.rowBytes())
}

func (b *opBuilder) build(i int, p part) (uapi.Record, error) {
	o := b.o
	for len(o.builders) <= i {
		o.builders = append(o.builders, uapi.NewBuilder(nil))
	}
	h := uapi.Header{Type: p.typ, Flags: uapi.FlagTransactional, Parent: o.cause.Parent, RootCause: o.cause.Root}
	if i > 0 {
		h.Parent, h.RootCause = b.first, b.root
	}
	w := o.builders[i]
	id := b.g.journal.run.Begin(w, h)
	if i == 0 {
		b.first = id
	}
	w.AddU64(uapi.AttrTransaction, b.first)
	if o.kind != opSweep {
		w.AddU64(uapi.AttrGraphNode, o.id)
	}
	w.AddU32(uapi.AttrGraphOp, uint32(p.typ)&0xff)
	if i == 0 && o.slot != none {
		w.AddU64(uapi.AttrVectorID, o.id)
		w.AddU32(uapi.AttrVectorDims, uint32(b.g.cfg.Dims))
	}
	w.Payload(b.payload(i, p))
	rec, err := w.Finish()
	if err == nil && i == 0 {
		b.root = rec.RootCause()
	}
	return rec, err
}

func (b *opBuilder) payload(i int, p part) []byte {
	o, le := b.o, binary.LittleEndian
	to := append(o.payload[:0], formatV1, byte(o.kind), 0, 0)
	to = le.AppendUint32(to, uint32(len(b.parts)))
	to = le.AppendUint32(to, uint32(i))
	to = le.AppendUint32(to, uint32(b.g.cfg.Dims))
	switch {
	case i == 0:
		to = le.AppendUint64(to, o.id)
		to = le.AppendUint32(to, o.slot)
		to = le.AppendUint32(to, o.gone)
		to = le.AppendUint32(to, uint32(o.level))
		to = le.AppendUint32(to, o.entry.slot)
		to = le.AppendUint64(to, o.entryVersion)
		to = le.AppendUint64(to, uint64(o.entry.level))
	case p.typ == uapi.GraphPropSet:
		to = append(to, b.vector()[p.from:p.to]...)
	case p.typ == uapi.GraphPropDelete:
		for _, slot := range o.freed[p.from:p.to] {
			to = le.AppendUint32(to, slot)
		}
	default:
		for _, e := range b.order[p.kind][p.from:p.to] {
			to = le.AppendUint64(to, e.id)
			to = le.AppendUint64(to, e.version)
			to = le.AppendUint32(to, e.slot)
			to = le.AppendUint16(to, e.layer)
			to = le.AppendUint16(to, uint16(e.n))
			for _, l := range o.words[e.at : e.at+e.n] {
				to = le.AppendUint32(to, l)
			}
		}
	}
	o.payload = to
	return to
}
