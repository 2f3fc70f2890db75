// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"sync"

	"vexj/uapi"
	"vexj/userjournal"
)

// An outbox keeps the records of a change until all of it was done. It is the sink
// of both, store and graph. What changes nothing goes to the journal at once.
type outbox struct {
	journal *userjournal.Writer

	mu      sync.Mutex
	vectors batch
	graph   batch
}

// A batch is copies of records.
type batch struct {
	buf  []byte
	ends []int
}

func (b *batch) add(rec uapi.Record) {
	b.buf = append(b.buf, rec...)
	b.ends = append(b.ends, len(b.buf))
}

func (b *batch) records(to [][]byte) [][]byte {
	at := 0
	for _, end := range b.ends {
		to = append(to, b.buf[at:end:end])
		at = end
	}
	return to
}

func (b *batch) reset() { b.buf, b.ends = b.buf[:0], b.ends[:0] }

// storeSink is the store's side of it.
type storeSink struct{ *outbox }

func (s storeSink) Append(rec uapi.Record) error {
	switch rec.Type() {
	case uapi.VectorCreate, uapi.VectorUpdate, uapi.VectorDelete:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.vectors.add(rec)
		return nil
	}
	_, err := s.journal.Append(rec)
	return err
}

// graphSink is the graph's.
type graphSink struct{ *outbox }

func (s graphSink) Append(recs []uapi.Record) error {
	if len(recs) == 0 {
		return nil
	}
	switch recs[0].Type() {
	case uapi.GraphQuery, uapi.GraphTraverse:
		all := make([][]byte, len(recs))
		for i, rec := range recs {
			all[i] = rec
		}
		_, err := s.journal.AppendBatch(all)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rec := range recs {
		s.graph.add(rec)
	}
	return nil
}

// journalSink is for records that belong to no change.
type journalSink struct{ *userjournal.Writer }

func (s journalSink) Append(rec uapi.Record) error {
	_, err := s.Writer.Append(rec)
	return err
}

// send gives the journal what was kept: the graph's records, and behind them those
// of the vectors, with which the change counts.
func (o *outbox) send() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.vectors.records(o.graph.records(nil))
	_, err := o.journal.AppendBatch(all)
	o.vectors.reset()
	o.graph.reset()
	return err
}
