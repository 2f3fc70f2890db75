// SPDX-License-Identifier: Apache-2.0

package boundary

import (
	"errors"
	"fmt"
	"math"

	"vexj/uapi"
)

// ErrConflict: there is a conflict, and the policy is to reject it.
var ErrConflict = errors.New("the sides conflict")

// A Policy says which of two acts in conflict stands.
type Policy int

const (
	// LastWriter: the later one. It gets a link of LinkSupersedes to the other.
	LastWriter Policy = iota
	// FirstWriter: the earlier one, likewise.
	FirstWriter
	// Merge: both, where bytes are written, the later one in what they share, with
	// a link of LinkMerged; what cannot be merged is reported, and both stand.
	Merge
	// Reject: none. The merge ends with ErrConflict.
	Reject
)

var policyNames = []string{"last-writer", "first-writer", "merge", "reject"}

func (p Policy) String() string { return policyNames[p] }

// PolicyNames are the words that ParsePolicy takes.
func PolicyNames() []string { return policyNames }

// ParsePolicy is the inverse of String.
func ParsePolicy(s string) (Policy, error) {
	for p, name := range policyNames {
		if name == s {
			return Policy(p), nil
		}
	}
	return 0, fmt.Errorf("policy %q is none of last-writer, first-writer, merge, reject", s)
}

// Types of links between records, from the one that stands to the other.
const (
	LinkSameAct    = 0x40 // both are of the same act
	LinkSupersedes = 0x41 // it stands in place of the other
	LinkMerged     = 0x42 // both stand, this one in what they share
)

// A Conflict is two acts of different sides that change the same.
type Conflict struct {
	First, Second uint64 // event ids
	Kernel        uint64 // which of them is the kernel's
	Path          string
	Aspect        string // data, mode, owner, times, name, or attribute NAME
	Stands        uint64 // 0: both
}

// An aspect is what of an object an act changes.
type aspect struct {
	word     string
	from, to uint64 // of data
	whole    bool   // it conflicts with every other one: the object goes away
}

// aspectOf is what a record changes, ok is false for nothing that counts.
func aspectOf(rec uapi.Record) (a aspect, ok bool) {
	io, _ := rec.IO()
	switch rec.Type() {
	case uapi.FSWrite:
		if io.Offset < 0 {
			return a, false
		}
		return aspect{word: "data", from: uint64(io.Offset), to: uint64(io.Offset) + uint64(max(io.Result, 0))}, io.Result > 0
	case uapi.FSTruncate:
		return aspect{word: "data", from: io.Length, to: math.MaxUint64}, true
	case uapi.FSFallocate:
		return aspect{word: "data", from: uint64(max(io.Offset, 0)), to: uint64(max(io.Offset, 0)) + io.Length}, true
	case uapi.FSChmod:
		return aspect{word: "mode"}, true
	case uapi.FSChown:
		return aspect{word: "owner"}, true
	case uapi.FSUtimes:
		return aspect{word: "times"}, true
	case uapi.FSSetxattr, uapi.FSRemovexattr:
		return aspect{word: "attribute " + string(rec.Name())}, true
	case uapi.FSRename:
		return aspect{word: "name"}, true
	case uapi.FSDelete, uapi.FSRmdir:
		return aspect{word: "name", whole: true}, true
	}
	return a, false
}

// shared is the word for what both change, "" for nothing.
func shared(a, b aspect) string {
	switch {
	case a.whole || b.whole:
		return "name"
	case a.word != b.word, a.word == "data" && (a.from >= b.to || b.from >= a.to):
		return ""
	}
	return a.word
}
