// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
)

// A SetWriter spreads what is appended over several journals, each on a disk
// of its own, say; or it writes to one. Any number of goroutines may use it.
//
// A batch, or a stretch of single records, goes to one shard and the next to the
// next, so that each shard keeps the order in which it got them. Sync returns
// when all shards have synced; after a crash everything that was acknowledged is
// there, and of the rest each shard may have more or less.
type SetWriter struct {
	shards []*Writer
	lock   io.Closer // of the set; nil for a journal by itself

	mu      sync.Mutex
	turn    int
	filled  int // bytes that the shard whose turn it is got
	stretch int // how many it gets
}

// CreateSet makes or continues a set of shards, which the directory names from
// then on; the shards may be in it or anywhere else. Without shards it continues
// the set that is there, or is [Create].
func CreateSet(dir string, shards []string, o Options) (*SetWriter, error) {
	fsys := o.FS
	if fsys == nil {
		fsys = OSFS
	}
	s := &SetWriter{stretch: defaultBlockSize}
	if err := s.open(fsys, dir, shards, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *SetWriter) open(fsys FS, dir string, dirs []string, o Options) error {
	found, err := readShards(fsys, dir)
	if err != nil {
		return fmt.Errorf("create shards: %w", err)
	}
	if len(dirs) > 0 || !found.alone() {
		if err := fsys.MkdirAll(dir); err != nil {
			return fmt.Errorf("create shards: %w", err)
		}
		if found.alone() {
			// Nothing is put into a directory of something else.
			if err := free(fsys, dir, dirs); err != nil {
				return fmt.Errorf("create shards: %w", err)
			}
		}
		if s.lock, err = fsys.Lock(filepath.Join(dir, lockName)); err != nil {
			return err
		}
		if found, err = settled(fsys, dir, dirs); err != nil {
			return fmt.Errorf("create shards: %w", err)
		}
	}
	for _, dir := range found.dirs {
		w, err := Create(dir, o)
		if err != nil {
			return err
		}
		s.shards = append(s.shards, w)
	}
	return nil
}

// Shards are the writers, for their reports and counters.
func (s *SetWriter) Shards() []*Writer { return s.shards }

// next is the shard that gets the next so many bytes.
func (s *SetWriter) next(bytes int) int {
	if s.filled > 0 && s.filled+bytes > s.stretch {
		s.turn, s.filled = (s.turn+1)%len(s.shards), 0
	}
	s.filled += bytes
	return s.turn
}

// Append is [Writer.Append] to one of the shards.
func (s *SetWriter) Append(rec []byte) (ordinal uint64, err error) {
	if len(s.shards) == 1 {
		return s.shards[0].Append(rec)
	}
	s.mu.Lock()
	i := s.next(len(rec))
	if s.shards[i].each {
		s.mu.Unlock() // a sync must not hold up the others
		ordinal, err = s.shards[i].Append(rec)
	} else {
		ordinal, err = s.shards[i].Append(rec)
		s.mu.Unlock()
	}
	return s.named(i, ordinal), err
}

// AppendBatch is [Writer.AppendBatch] to one of the shards. The ordinals of the
// records behind the first are that of the first plus the number of shards, each
// time.
func (s *SetWriter) AppendBatch(recs [][]byte) (first uint64, err error) {
	if len(s.shards) == 1 {
		return s.shards[0].AppendBatch(recs)
	}
	bytes := 0
	for _, rec := range recs {
		bytes += len(rec)
	}
	s.mu.Lock()
	i := s.next(bytes)
	s.mu.Unlock()
	first, err = s.shards[i].AppendBatch(recs)
	return s.named(i, first), err
}

func (s *SetWriter) named(i int, ordinal uint64) uint64 {
	if ordinal == 0 {
		return 0
	}
	return ShardOrdinal(i, len(s.shards), ordinal)
}

// all calls fn for the shards at the same time.
func (s *SetWriter) all(fn func(*Writer) error) error {
	if len(s.shards) == 1 {
		return fn(s.shards[0]) // without another goroutine
	}
	errs := make([]error, len(s.shards))
	var group sync.WaitGroup
	for i, w := range s.shards {
		group.Go(func() { errs[i] = fn(w) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// Flush is [Writer.Flush] of all shards.
func (s *SetWriter) Flush() error { return s.all((*Writer).Flush) }

// Sync returns when all that was appended before is acknowledged by all shards.
func (s *SetWriter) Sync() error { return s.all((*Writer).Sync) }

// TellRemoved is [Writer.TellRemoved] of all shards: each tells of itself.
func (s *SetWriter) TellRemoved() error { return s.all((*Writer).TellRemoved) }

// Stats are the sums over all shards. Of ordinals there is no sum: Written and
// Acknowledged are those of the first shard.
func (s *SetWriter) Stats() WriterStats {
	sum := s.shards[0].Stats()
	for _, w := range s.shards[1:] {
		x := w.Stats()
		sum.Records += x.Records
		sum.RawBytes += x.RawBytes
		sum.StoredBytes += x.StoredBytes
		sum.Blocks += x.Blocks
		sum.Segments += x.Segments
		sum.Syncs += x.Syncs
		sum.Stalls += x.Stalls
		sum.StallTime += x.StallTime
		sum.IndexFailures += x.IndexFailures
		sum.Syncing.Join(&x.Syncing)
		sum.Writing.Join(&x.Writing)
		sum.Stopped = sum.Stopped || x.Stopped
		sum.Free += x.Free
		sum.Buffers += x.Buffers
	}
	return sum
}

// Close closes all shards and gives the lock back.
func (s *SetWriter) Close() error {
	err := s.all((*Writer).Close)
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
		s.lock = nil
	}
	return err
}
