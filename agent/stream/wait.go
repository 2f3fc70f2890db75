// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"encoding/json"
	"sync"
)

// A wait is a subscription for one record.
type wait struct {
	mu   sync.Mutex
	done bool
	got  waited
	came chan struct{} // closed when it is done
}

// waited is what a wait has come to.
type waited struct {
	Record  json.RawMessage `json:"record"` // null: none came in time
	Gaps    []*Gap          `json:"gaps,omitempty"`
	Cursor  string          `json:"cursor"`
	Timeout bool            `json:"timeout,omitempty"`
	err     error
}

func newWait() *wait { return &wait{came: make(chan struct{})} }

func (w *wait) finish(f func(got *waited)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return
	}
	w.done = true
	f(&w.got)
	close(w.came)
}

func (w *wait) record(line []byte, cursor string) {
	w.finish(func(got *waited) { got.Record, got.Cursor = line, cursor })
}

func (w *wait) fail(why error) { w.finish(func(got *waited) { got.err = why }) }

// maxWaitGaps bounds what is kept of them: the last ones.
const maxWaitGaps = 100

func (w *wait) gap(g *Gap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return
	}
	if len(w.got.Gaps) == maxWaitGaps {
		w.got.Gaps = append(w.got.Gaps[:0], w.got.Gaps[1:]...)
	}
	w.got.Gaps = append(w.got.Gaps, g)
}

// timeout is called when there is no more time, with where the wait had come to. A
// record that came at the last moment counts.
func (w *wait) timeout(cursor string) *waited {
	w.finish(func(got *waited) { got.Timeout, got.Cursor = true, cursor })
	return &w.got
}
