// SPDX-License-Identifier: Apache-2.0

package replay

import "io"

// A Target is what a journal is replayed into.
type Target interface {
	// Plan takes note of the next record and returns what has to be done for it,
	// nil for nothing. It is called by one goroutine, in the order of the replay.
	// The item and its record are valid during the call.
	Plan(it *Item) Step
	// Settle completes what steps put off. last: no other step comes. No step is
	// under way.
	Settle(last bool) error
	// Tidy takes away what only the replay needed, once its end is kept.
	Tidy() error
	// Digest names the state that the target has by what it planned.
	Digest() (Digest, error)
}

// A Resumable is a target whose plan can be kept in a checkpoint.
type Resumable interface {
	Target
	// Save writes what Plan goes by.
	Save(w io.Writer) error
	// Load reads it again. The target is as it was opened.
	Load(r io.Reader) error
	// Verify is an error if the target is not what was planned. settled: also
	// what Settle puts there; it may be that of records that are yet to come
	// again.
	Verify(settled bool) error
	// Redoes: the target knows itself which steps behind a checkpoint were done, and
	// passes over them when they come again, all of them.
	Redoes() bool
}

// A Step is what has to be done to a target for one record.
type Step interface {
	// Do does it. Steps that use no Key together are done at the same time.
	Do(d *Doing) error
	// Uses calls use for each Key.
	Uses(use func(k *Key, exclusive bool))
	// Alone: all steps before it are done before it, and none behind it begins.
	Alone() bool
}

// A Doing is how a step is done.
type Doing struct {
	// Again: the step may have been done before, all of it or a part, by a
	// process that came to no end.
	Again bool
	slot  *slot
	noted uint64
}

// Note keeps a number, not 0, for whoever does the step again.
func (d *Doing) Note(n uint64) { d.slot.note(n) }

// Noted is the number that was kept when the step was begun the first time, or 0.
func (d *Doing) Noted() uint64 { return d.noted }
