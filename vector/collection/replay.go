// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"slices"

	"vexj/hnsw"
	"vexj/uapi"
	"vexj/vector"
)

// A Replay does again, in a store and a graph, what the records of a journal say was
// done in others, in the journal's order. The graph's records of a change come before
// the one of the vector, with which the change counts, and those of a batch of changes
// before its first vector: those that it does not follow were cut off by a crash, and are
// left out.
type Replay struct {
	store *vector.Store
	graph *hnsw.Graph // nil: the store alone
	held  map[uint64][]*operation
	last  map[uint64]*operation // by transaction
	batch vector.Batches
	done  uint64
	at    uint64 // ordinal of the record that is applied, where somebody counts

	batchAt uint64 // of the first record that batch holds back, 0: of none
}

// An operation is the records of the graph that belong together.
type operation struct {
	cause uint64
	at    uint64 // ordinal of the first one
	recs  []uapi.Record
}

// NewReplay begins one. The graph, if there is one, must have the originals itself
// or from this store.
func NewReplay(s *vector.Store, g *hnsw.Graph) *Replay {
	return &Replay{store: s, graph: g, held: map[uint64][]*operation{}, last: map[uint64]*operation{}}
}

// Apply takes the next record, of any kind. It is true if something was changed by
// it: with an error the store, and not the graph.
func (r *Replay) Apply(rec uapi.Record) (bool, error) {
	switch rec.Type() {
	case uapi.VectorCreate, uapi.VectorUpdate, uapi.VectorDelete:
		return r.vector(rec)
	case uapi.GraphNodeCreate, uapi.GraphNodeDelete, uapi.GraphNodeUpdate, uapi.GraphPropSet, uapi.GraphPropDelete,
		uapi.GraphEdgeCreate, uapi.GraphEdgeDelete, uapi.GraphEdgeUpdate:
		if r.graph != nil && rec.Producer() == uapi.ProducerHNSW {
			return false, r.hold(rec)
		}
	}
	return false, nil
}

func (r *Replay) hold(rec uapi.Record) error {
	of, _ := rec.U64(uapi.AttrTransaction)
	op := r.last[of]
	if op == nil {
		op = &operation{cause: rec.Parent(), at: r.at}
		if op.cause == 0 || r.came(op.cause) || of != rec.EventID() {
			// No vector is concerned, as in a sweep that was asked for; or causes come
			// before effects, as in a replay in their order; or it is a part of such.
			return r.graph.Apply(rec)
		}
		r.last[of] = op
		r.held[op.cause] = append(r.held[op.cause], op)
	}
	op.recs = append(op.recs, slices.Clone(rec))
	return nil
}

// came: the record of the vector was applied before.
func (r *Replay) came(id uint64) bool {
	last := r.store.LastEvent()
	return id>>56 == last>>56 && id <= last
}

// begun is the ordinal of the first record of a change that is not complete, or next.
func (r *Replay) begun(next uint64) uint64 {
	if r.batchAt != 0 {
		next = min(next, r.batchAt)
	}
	for _, ops := range r.held {
		for _, op := range ops {
			next = min(next, op.at)
		}
	}
	return next
}

func (r *Replay) vector(rec uapi.Record) (changed bool, err error) {
	recs := r.batch.Add(rec)
	if recs == nil {
		if r.batchAt == 0 {
			r.batchAt = r.at
		}
		return false, nil
	}
	r.batchAt = 0
	for _, one := range recs {
		did, err := r.one(one)
		changed = changed || did
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// one does a change of a vector, or a part of it, and what it made of the graph.
func (r *Replay) one(rec uapi.Record) (bool, error) {
	changed, err := r.store.Apply(rec)
	if err != nil {
		return false, err
	}
	ops := r.held[rec.EventID()]
	delete(r.held, rec.EventID())
	ours := r.ours(rec)
	for _, op := range ops {
		of, _ := op.recs[0].U64(uapi.AttrTransaction)
		delete(r.last, of)
		for _, one := range op.recs {
			if !ours {
				break
			}
			if err := r.graph.Apply(one); err != nil {
				return changed, err
			}
		}
	}
	if part, ok := rec.Part(); changed && (!ok || int(part.Offset)+rec.PayloadSize() == int(part.Size)) {
		r.done++
	}
	return changed, nil
}

// ours: the record is of the collection that the store is of.
func (r *Replay) ours(rec uapi.Record) bool {
	name, _ := rec.Attr(uapi.AttrCollection)
	return string(name) == r.store.Config().Name
}

// Changes is how many changes of vectors were done.
func (r *Replay) Changes() uint64 { return r.done }

// End ends the replay: the graph takes changes again. dropped are changes whose
// records the journal does not have all of.
func (r *Replay) End() (dropped int, err error) {
	dropped = len(r.held)
	clear(r.held)
	clear(r.last)
	if r.graph != nil {
		_, err = r.graph.Recovered()
	}
	return dropped, err
}
