// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"

	"vexj/uapi"
)

// What can be wrong with a replay.
var (
	// ErrProblem: a replay that stops at problems met one. It wraps the Problem.
	ErrProblem = errors.New("the replay stopped")
	// ErrTarget: what was to be replayed into is not fit for it.
	ErrTarget = errors.New("cannot replay into it")
	// ErrCheckpoint: a checkpoint cannot be gone on from.
	ErrCheckpoint = errors.New("cannot go on from the checkpoint")
)

// Kind is what a Problem is about.
type Kind int

const (
	// Gap: the journal does not hold what would be needed.
	Gap Kind = iota
	// Mismatch: the record and the target disagree.
	Mismatch
	// Failure: the target could not do it.
	Failure
)

var kindNames = [...]string{"gap", "mismatch", "failure"}

func (k Kind) String() string { return kindNames[k] }

// MarshalText makes JSON bear the word.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// A Problem is something that keeps the target from becoming what the journal tells
// of, and the record at which it showed.
type Problem struct {
	Kind    Kind
	Ordinal uint64
	EventID uint64
	Type    uapi.Type
	Path    string
	Err     error
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%v at record %d (id %d), %v %q: %v", p.Kind, p.Ordinal, p.EventID, p.Type, p.Path, p.Err)
}

func (p *Problem) Unwrap() error { return p.Err }
