// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"io"
	"slices"

	"vexj/uapi"
)

// Records is a target that takes records as they are, in the order of the replay: a
// vector store, a graph, or both, by what redoes their records. They are done one after
// the other in any mode, since links of a graph lead from any of its nodes to any other,
// and an identical state comes of an identical order alone.
type Records struct {
	// Apply does what a record says; those that are not its own it ignores.
	Apply func(rec uapi.Record) error
	// End is called behind the last one.
	End func() error
	// State names what came of it.
	State func() (Digest, error)
	// Marks make checkpoints possible, if there are any.
	Marks Marks

	key Key
}

// Marks are points to go on from: Load goes back to where Save was. Records behind it
// come again, and those that were done are passed over.
type Marks interface {
	Save(w io.Writer) error
	Load(r io.Reader) error
}

var _ Resumable = (*Records)(nil)

// Plan is of [Target].
func (r *Records) Plan(it *Item) Step {
	switch it.Record.Type().Category() {
	case uapi.CategoryVector, uapi.CategoryGraph:
		return &recordStep{r, slices.Clone(it.Record)}
	}
	switch it.Record.Producer() {
	case uapi.ProducerVector, uapi.ProducerHNSW: // that they start, stop, have a checkpoint
		return &recordStep{r, slices.Clone(it.Record)}
	}
	return nil
}

// Settle is of [Target].
func (r *Records) Settle(last bool) error {
	if !last {
		return nil
	}
	return r.End()
}

// Tidy is of [Target].
func (r *Records) Tidy() error { return nil }

// Digest is of [Target].
func (r *Records) Digest() (Digest, error) { return r.State() }

// Redoes is of [Resumable].
func (r *Records) Redoes() bool { return true }

// Save is of [Resumable].
func (r *Records) Save(w io.Writer) error {
	if r.Marks == nil {
		return errNoMarks
	}
	return r.Marks.Save(w)
}

// Load is of [Resumable].
func (r *Records) Load(from io.Reader) error {
	if r.Marks == nil {
		return errNoMarks
	}
	return r.Marks.Load(from)
}

var errNoMarks = fmt.Errorf("%w: this target has none; replay from the beginning", ErrCheckpoint)

// Verify is of [Resumable]: Load has looked.
func (r *Records) Verify(bool) error { return nil }

type recordStep struct {
	to  *Records
	rec uapi.Record
}

func (s *recordStep) Do(*Doing) error { return s.to.Apply(s.rec) }

func (s *recordStep) Uses(use func(*Key, bool)) { use(&s.to.key, true) }

func (s *recordStep) Alone() bool { return false }
