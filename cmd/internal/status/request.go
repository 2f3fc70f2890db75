// SPDX-License-Identifier: Apache-2.0

package status

import "vexj/uapi"

// A Recorder is what a Publisher answers for. Its methods are called from
// another goroutine, never twice at once.
type Recorder interface {
	Snapshot() Snapshot
	Peek(most int) ([]uapi.Record, error)
	SetFilter(uapi.Filter) error
}

// A Request is what a recorder is asked. One of its members is set; none stands
// for the Snapshot alone.
type Request struct {
	Peek   int          `json:"peek,omitempty"`   // how many of the last records
	Filter *uapi.Filter `json:"filter,omitempty"` // to be set
}

// A Reply is the answer.
type Reply struct {
	Error    string        `json:"error,omitempty"`
	Code     int           `json:"code,omitempty"` // the exit code that goes with it
	Snapshot Snapshot      `json:"snapshot"`
	Records  []uapi.Record `json:"records,omitempty"`
}

// maxPeek bounds what a recorder copies for whoever asks.
const maxPeek = 10_000
