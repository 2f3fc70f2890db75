// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"time"
)

// Durability is when records are acknowledged without a call of Sync.
type Durability int

const (
	// DurabilityInterval: every Options.Interval.
	DurabilityInterval Durability = iota
	// DurabilityNone: not before Sync or Close.
	DurabilityNone
	// DurabilityBatch: AppendBatch returns when its records are safe. What
	// Append took is safe with the next batch, or after Options.Interval.
	DurabilityBatch
	// DurabilityRecord: Append and AppendBatch return when the record is safe.
	DurabilityRecord
)

var durabilityNames = [...]string{"interval", "none", "batch", "record"}

func (d Durability) String() string {
	if d < 0 || int(d) >= len(durabilityNames) {
		return fmt.Sprintf("durability %d", int(d))
	}
	return durabilityNames[d]
}

// waits: whoever appends waits for the disk.
func (d Durability) waits() bool { return d == DurabilityBatch || d == DurabilityRecord }

// ParseDurability is the inverse of Durability.String.
func ParseDurability(s string) (Durability, error) {
	for d, name := range durabilityNames {
		if name == s {
			return Durability(d), nil
		}
	}
	return 0, fmt.Errorf("durability %q: %w: use none, interval, batch or record", s, ErrOption)
}

const (
	defaultInterval    = time.Second
	defaultBlockSize   = 256 << 10
	defaultSegmentSize = 32 << 20
	minSegmentSize     = 64 << 10

	// buffers are what Append can run ahead of the disk.
	buffers = 8
)

// Options of a writer. The zero value is what a recorder should use.
type Options struct {
	Durability Durability
	// Ordered writes a block when those before it are durable, so that a power cut
	// takes the end of a journal and no hole is left before what it has: for one
	// that is a log of changes of which each builds on those before.
	Ordered bool
	// Interval is how long a record may stay unseen by readers, whatever the
	// durability, and unsafe with DurabilityInterval. Default 1 s; negative:
	// until a block is full, or Flush or Sync is called.
	Interval time.Duration
	// Codec is CodecDelta if 0.
	Codec Codec
	// BlockSize is how many bytes of records are compressed together, 128
	// KiB to 1 MiB; default 256 KiB. The writer keeps a few of these.
	BlockSize int
	// SegmentSize is what a file may grow to, in bytes; default 32 MiB. It
	// bounds what has to be looked through when a journal was not closed, or
	// is not yet: by a writer that recovers, by a reader that opens it.
	SegmentSize int64
	// Key, if there is one, signs each segment when it is sealed.
	Key *SigningKey
	// Clock is what the ktime of the records counts from; nil: this boot of
	// this machine. It is for records that were made elsewhere.
	Clock *Clock
	// SegmentAge is for how long a file is written to; 0: until it is full.
	// It is looked at with each block, and each Interval.
	SegmentAge time.Duration
	// NoIndex leaves the indexes of segments to [Reindex]: they cost whoever
	// records 100 ns a record, and are missed only by who searches.
	NoIndex bool
	// FS is the machine's filesystem if nil.
	FS FS
}

func (o *Options) normalize() error {
	if o.Interval == 0 {
		o.Interval = defaultInterval
	}
	if o.Codec == 0 {
		o.Codec = CodecDelta
	}
	if o.BlockSize == 0 {
		o.BlockSize = defaultBlockSize
	}
	if o.SegmentSize == 0 {
		o.SegmentSize = defaultSegmentSize
	}
	if o.FS == nil {
		o.FS = OSFS
	}
	switch {
	case o.Durability < 0 || int(o.Durability) >= len(durabilityNames):
		return fmt.Errorf("%v: %w", o.Durability, ErrOption)
	case codecNames[o.Codec] == "":
		return fmt.Errorf("%v: %w", o.Codec, ErrOption)
	case o.BlockSize < MinBlockSize || o.BlockSize > MaxBlockSize:
		return fmt.Errorf("block size %d: %w: %d to %d", o.BlockSize, ErrOption, MinBlockSize, MaxBlockSize)
	case o.SegmentAge < 0:
		return fmt.Errorf("segment age %v: %w: 0 or more", o.SegmentAge, ErrOption)
	case o.SegmentSize < minSegmentSize:
		return fmt.Errorf("segment size %d: %w: at least %d", o.SegmentSize, ErrOption, minSegmentSize)
	}
	return nil
}
