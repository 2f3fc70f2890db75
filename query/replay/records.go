// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"

	"vexj/uapi"
)

// Records is a target that takes records as they are, in the order of the replay: a
// vector store, a graph, or both, by what redoes their records.
type Records struct {
	// Apply does what a record says; those that are not its own it ignores.
	Apply func(rec uapi.Record) error
	// End is called behind the last one.
	End func() error
	// State names what came of it.
	State func() (Digest, error)

	key Key
}

// Plan is of [Target].
func (r *Records) Plan(it *Item) Step {
	switch it.Record.Type().Category() {
	case uapi.CategoryVector, uapi.CategoryGraph:
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

type recordStep struct {
	to  *Records
	rec uapi.Record
}

func (s *recordStep) Do(*Doing) error { return s.to.Apply(s.rec) }

// Uses keeps the order: links of a graph lead from any of its nodes to any other, and
// an identical state comes of an identical order alone.
func (s *recordStep) Uses(use func(*Key, bool)) { use(&s.to.key, true) }

func (s *recordStep) Alone() bool { return false }
