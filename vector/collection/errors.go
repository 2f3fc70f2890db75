// SPDX-License-Identifier: Apache-2.0

package collection

import "errors"

// What callers tell apart, besides what the store, the graph and the journal have.
var (
	// ErrNotCollection: the directory is missing or holds something else.
	ErrNotCollection = errors.New("not a collection of vectors")
	// ErrThere: a collection is to be made where one is.
	ErrThere = errors.New("a collection is there already")
	// ErrStopped: a change was not done whole: nothing more is taken until the
	// collection is opened again, which leaves it out.
	ErrStopped = errors.New("collection stopped")
	// ErrClosed: the collection was closed.
	ErrClosed = errors.New("collection is closed")
	// ErrReadOnly: the collection was opened for reading.
	ErrReadOnly = errors.New("collection is open for reading only")
	// ErrIncomplete: the journal does not have what the store or the graph needs.
	ErrIncomplete = errors.New("the journal does not lead to the collection")
	// ErrDiffers: store and graph, or these and the journal, do not agree.
	ErrDiffers = errors.New("parts of the collection differ")
)
