// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"sync/atomic"
	"time"

	"vexj/internal/latency"
)

// WriterStats are a writer's since it was created. Written means in the file,
// where readers see it.
type WriterStats struct {
	Written      uint64 // last ordinal
	Acknowledged uint64 // last ordinal

	Records     uint64 // written
	RawBytes    uint64 // of these records
	StoredBytes uint64 // in the files: blocks, headers and footers
	Blocks      uint64
	Segments    uint64
	Syncs       uint64

	// Stalls is how often Append found no room, and waited for the disk or made a block
	// itself, and StallTime for how long: back-pressure.
	Stalls    uint64
	StallTime time.Duration
	// IndexFailures is how many indexes could not be made, which costs those
	// time who search, and nothing else.
	IndexFailures uint64
	// Syncing is how long syncs took, and Writing from the making of the oldest record of
	// a block to when the block was in the file: of records by the clock of this boot.
	Syncing, Writing latency.Counts
	// Stopped: the disk failed, and the writer takes nothing more.
	Stopped bool
	// Free is how many of its Buffers the writer could fill at once now.
	Free, Buffers int
}

// counters are the ones that other goroutines may read.
type counters struct {
	written, acknowledged atomic.Uint64

	records, raw, stored, blocks, segments, syncs atomic.Uint64

	stalls, stallTime, indexFailures atomic.Uint64

	syncing, writing latency.Histogram
}

// Stats may be called by any goroutine at any time.
func (w *Writer) Stats() WriterStats {
	c := &w.count
	w.mu.Lock()
	free := len(w.free)
	w.mu.Unlock()
	return WriterStats{
		Written:       c.written.Load(),
		Acknowledged:  c.acknowledged.Load(),
		Records:       c.records.Load(),
		RawBytes:      c.raw.Load(),
		StoredBytes:   c.stored.Load(),
		Blocks:        c.blocks.Load(),
		Segments:      c.segments.Load(),
		Syncs:         c.syncs.Load(),
		Stalls:        c.stalls.Load(),
		StallTime:     time.Duration(c.stallTime.Load()),
		IndexFailures: c.indexFailures.Load(),
		Syncing:       c.syncing.Counts(),
		Writing:       c.writing.Counts(),
		Stopped:       errors.As(w.failed(), new(*StoppedError)),
		Free:          free,
		Buffers:       buffers,
	}
}
