// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"vexj/uapi"
)

// A ShardedReader reads a set of shards as one journal. Its ordinals are those
// of [ShardOrdinal].
//
// The order of a scan: records of one run of a producer come by their
// global_sequence, which is the order in which things happened; others by the
// time of day. A shard is read in its own order, so that this holds as long as
// each shard got the records of a run in their order.
type ShardedReader struct {
	shards []*Reader
}

// OpenSharded opens the shards in the directories, in the order in which they
// were made.
func OpenSharded(dirs []string) (*ShardedReader, error) { return OpenShardedFS(OSFS, dirs) }

// OpenShardedFS is OpenSharded with another filesystem.
func OpenShardedFS(fsys FS, dirs []string) (*ShardedReader, error) {
	if err := checkShards(fsys, dirs, false); err != nil {
		return nil, fmt.Errorf("open shards: %w", err)
	}
	s := &ShardedReader{}
	for _, dir := range dirs {
		r, err := OpenFS(fsys, dir)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.shards = append(s.shards, r)
	}
	return s, nil
}

// Shards are the readers: consumers, cursors, following and verification are
// each shard's own.
func (s *ShardedReader) Shards() []*Reader { return s.shards }

// Close closes all shards.
func (s *ShardedReader) Close() error {
	var errs []error
	for _, r := range s.shards {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

func (s *ShardedReader) find(ordinal uint64) (*Reader, uint64) {
	if ordinal == 0 {
		return s.shards[0], 0
	}
	i, own := ParseShardOrdinal(len(s.shards), ordinal)
	return s.shards[i], own
}

// Get is [Reader.Get].
func (s *ShardedReader) Get(ordinal uint64) (uapi.Record, error) {
	r, own := s.find(ordinal)
	return r.Get(own)
}

// WallTime is [Reader.WallTime].
func (s *ShardedReader) WallTime(ordinal, ktime uint64) time.Time {
	r, own := s.find(ordinal)
	return r.WallTime(own, ktime)
}

// Find is [Reader.Find]. Ids are unique, so that the first shard that has it
// will do.
func (s *ShardedReader) Find(id uint64) (ordinal uint64, rec uapi.Record, err error) {
	var missing error
	for i, r := range s.shards {
		own, rec, err := r.Find(id)
		if err == nil {
			return ShardOrdinal(i, len(s.shards), own), rec, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return 0, nil, err
		}
		// One that could not be read in part says more than one without.
		if missing == nil || errors.Is(err, ErrDamaged) {
			missing = err
		}
	}
	return 0, nil, missing
}

// Scan is [Reader.Scan] in the order of all shards. From and To must be 0:
// ordinals of different shards have no order.
func (s *ShardedReader) Scan(o ScanOptions, fn func(ordinal uint64, rec uapi.Record) error) error {
	if o.From != 0 || o.To != 0 {
		return fmt.Errorf("scan of shards: %w: From and To are those of a shard; bound it by time", ErrOption)
	}
	heads := make([]*headOfShard, 0, len(s.shards))
	defer func() {
		for _, h := range heads {
			h.stop()
		}
	}()
	for i, r := range s.shards {
		h := &headOfShard{reader: r, shard: i}
		h.next, h.stop = iter.Pull2(h.scan(o))
		heads = append(heads, h)
		if err := h.advance(); err != nil {
			return err
		}
	}
	for {
		h := first(heads, o.Reverse)
		if h == nil {
			return nil
		}
		err := fn(ShardOrdinal(h.shard, len(s.shards), h.ordinal), h.rec)
		if errors.Is(err, ErrStop) {
			return nil
		}
		if err == nil {
			err = h.advance()
		}
		if err != nil {
			return err
		}
	}
}

// A headOfShard is the next record of a shard.
type headOfShard struct {
	reader *Reader
	shard  int
	next   func() (uint64, uapi.Record, bool)
	stop   func()
	err    error // of the scan, once it has ended

	rec      uapi.Record // nil: there is none
	ordinal  uint64
	run      uint64 // event_id of number 0: names the run of a producer; 0: no numbers
	sequence uint64
	time     time.Time
}

// scan yields the records of the shard; each is valid until the next one.
func (h *headOfShard) scan(o ScanOptions) iter.Seq2[uint64, uapi.Record] {
	return func(yield func(uint64, uapi.Record) bool) {
		h.err = h.reader.Scan(o, func(ordinal uint64, rec uapi.Record) error {
			if !yield(ordinal, rec) {
				return ErrStop
			}
			return nil
		})
	}
}

func (h *headOfShard) advance() error {
	ordinal, rec, ok := h.next()
	if !ok {
		h.rec = nil
		return h.err
	}
	h.ordinal, h.rec = ordinal, rec
	h.run, h.sequence = 0, rec.GlobalSequence()
	if h.sequence != 0 {
		h.run = rec.EventID() - h.sequence
	}
	h.time = h.reader.WallTime(ordinal, rec.Ktime())
	return nil
}

// first is the head that comes next. Numbers of a run and times need not agree,
// as clocks of CPUs differ: so of each run only the lowest number is a choice,
// and of the choices the earliest comes next.
func first(heads []*headOfShard, reverse bool) (next *headOfShard) {
	for _, h := range heads {
		if h.rec == nil || behind(h, heads, reverse) {
			continue
		}
		if next == nil || h.time.Before(next.time) != reverse && !h.time.Equal(next.time) {
			next = h
		}
	}
	return next
}

// behind: another shard has a record of the same run that comes before.
func behind(h *headOfShard, heads []*headOfShard, reverse bool) bool {
	for _, o := range heads {
		if o != h && o.rec != nil && h.run != 0 && o.run == h.run && o.sequence != h.sequence && o.sequence < h.sequence != reverse {
			return true
		}
	}
	return false
}
