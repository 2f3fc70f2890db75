// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"errors"
	"fmt"
)

// What callers tell apart. All are wrapped by an error that says where, and what
// to do: test with errors.Is.
var (
	// ErrNotStore: the directory is missing or holds something else.
	ErrNotStore = errors.New("not a vector store")
	// ErrThere: a store is to be made where one is.
	ErrThere = errors.New("a vector store is there already")
	// ErrVersion: the store was made in a format that this program does not know.
	ErrVersion = errors.New("unknown version of a vector store")
	// ErrLocked: another process writes to the store.
	ErrLocked = errors.New("vector store is in use by another writer")
	// ErrDamaged: bytes are not what was written. The error is a *DamageError.
	ErrDamaged = errors.New("damaged")
	// ErrConfig: a store cannot be of that kind.
	ErrConfig = errors.New("bad configuration of a vector store")

	// ErrExists: the id is taken.
	ErrExists = errors.New("vector id exists")
	// ErrNotFound: there is no such id.
	ErrNotFound = errors.New("no such vector")
	// ErrID: no vector can have that id.
	ErrID = errors.New("bad vector id")
	// ErrDims: a vector has another number of elements than those of the store.
	ErrDims = errors.New("wrong number of dimensions")
	// ErrNotFinite: a vector has a NaN or an infinity.
	ErrNotFinite = errors.New("vector is not finite")
	// ErrRange: an element has a value that its type has not.
	ErrRange = errors.New("element out of range")
	// ErrZero: a vector of zeroes has no direction, and no cosine.
	ErrZero = errors.New("zero vector has no cosine")
	// ErrMeta: a path or tags are too long, or are none.
	ErrMeta = errors.New("bad metadata")

	// ErrReadOnly: the store was opened for reading.
	ErrReadOnly = errors.New("vector store is open for reading only")
	// ErrClosed: the store or the view was closed.
	ErrClosed = errors.New("vector store is closed")
	// ErrStopped: a write failed, and what the disk holds is not known any more:
	// nothing more is taken until the store is opened again.
	ErrStopped = errors.New("vector store stopped")
	// ErrRecord: a record of a vector does not say what was done.
	ErrRecord = errors.New("malformed record of a vector")
	// ErrOption: an argument is out of its range.
	ErrOption = errors.New("bad option")

	// ErrStop, returned by a callback, ends the iteration without an error.
	ErrStop = errors.New("stop")
)

// A DamageError says which bytes are not what was written.
type DamageError struct {
	File   string
	Offset int64
	What   string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: byte %d: %s: %s; rebuild the store from its journal, or from a copy", e.File, e.Offset, ErrDamaged, e.What)
}

// Unwrap: a damaged one is [ErrDamaged].
func (e *DamageError) Unwrap() error { return ErrDamaged }

// ignore returns nil for an error of the kind.
func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}
