// SPDX-License-Identifier: Apache-2.0

package hnsw

import "errors"

// What callers tell apart. The errors that wrap these say which id, which value
// and what to do.
var (
	// ErrConfig is a Config that makes no graph.
	ErrConfig = errors.New("hnsw: bad configuration")
	// ErrDims is a vector whose length is not the graph's.
	ErrDims = errors.New("hnsw: wrong number of dimensions")
	// ErrNotFinite is a vector with a NaN or an infinity.
	ErrNotFinite = errors.New("hnsw: vector is not finite")
	// ErrZero is a vector of zeroes, which has no direction, under Cosine.
	ErrZero = errors.New("hnsw: zero vector has no cosine")
	// ErrExists is an insert of an id that is there.
	ErrExists = errors.New("hnsw: id exists")
	// ErrNotFound is an id that is not there.
	ErrNotFound = errors.New("hnsw: id not found")
	// ErrReadOnly is a change of a graph that is a mapped snapshot.
	ErrReadOnly = errors.New("hnsw: graph is read-only")
	// ErrClosed is a use after Close.
	ErrClosed = errors.New("hnsw: graph is closed")
	// ErrSink is what every change returns once a record could not be handed
	// over: memory and journal differ from then on.
	ErrSink = errors.New("hnsw: the sink took not all records")
	// ErrSource is an original that the Source did not give.
	ErrSource = errors.New("hnsw: original vector is missing")
	// ErrRecord is a record that does not redo anything.
	ErrRecord = errors.New("hnsw: malformed graph record")
	// ErrSnapshot is a file that is no snapshot, or damaged.
	ErrSnapshot = errors.New("hnsw: bad snapshot")
	// ErrCorrupt is a graph that contradicts itself.
	ErrCorrupt = errors.New("hnsw: graph is corrupt")
)
