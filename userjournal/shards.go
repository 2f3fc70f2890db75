// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
)

// ErrShards: the directories are not the shards of one set, in their order.
var ErrShards = errors.New("not the shards of one set")

// A shard says in its directory which set it is of and which one it is, so that
// no two are exchanged or left out unnoticed.
type shard struct {
	set    [16]byte
	number int // from 0
	count  int
}

const (
	shardName = "SHARD"
	shardHead = "usjl shard 1\n"

	maxShards    = 256
	maxShardFile = 4 << 10
)

func (s *shard) encode() []byte {
	return sealText(fmt.Appendf(nil, "%sset %x\nshard %d\nof %d\n", shardHead, s.set, s.number, s.count))
}

func readShard(fsys FS, dir string) (s shard, err error) {
	b, err := readSmall(fsys, filepath.Join(dir, shardName), maxShardFile)
	if err != nil {
		return s, err
	}
	lines, err := openText(b, shardHead)
	if err != nil {
		return s, fmt.Errorf("%s: %w", filepath.Join(dir, shardName), err)
	}
	for word, value := range lines {
		switch word {
		case "set":
			s.set, err = parseJournal(value)
		case "shard":
			s.number, err = strconv.Atoi(value)
		case "of":
			s.count, err = strconv.Atoi(value)
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", filepath.Join(dir, shardName), damaged("%s %s: %w", word, value, err))
		}
	}
	return s, nil
}

// checkShards holds the directories against what they say of themselves. With
// set, those that say nothing yet join it; without, all must.
func checkShards(fsys FS, dirs []string, join bool) error {
	if len(dirs) == 0 || len(dirs) > maxShards {
		return fmt.Errorf("%d directories: %w: give 1 to %d", len(dirs), ErrOption, maxShards)
	}
	set := newID()
	known := false
	missing := []int{}
	for i, dir := range dirs {
		s, err := readShard(fsys, dir)
		switch {
		case notExist(err):
			missing = append(missing, i)
			continue
		case err != nil:
			return err
		case known && s.set != set, s.number != i, s.count != len(dirs):
			return fmt.Errorf("%s: %w: it is number %d of %d of the set %x", dir, ErrShards, s.number+1, s.count, s.set)
		}
		set, known = s.set, true
	}
	if len(missing) > 0 && !join {
		return fmt.Errorf("%s: %w: it is no shard", dirs[missing[0]], ErrShards)
	}
	for _, i := range missing {
		names, _, err := listSegments(fsys, dirs[i])
		if err != nil && !errors.Is(err, ErrNotJournal) {
			return err
		}
		if len(names) > 0 {
			return fmt.Errorf("%s: %w: it is a journal by itself", dirs[i], ErrShards)
		}
	}
	for _, i := range missing {
		s := shard{set, i, len(dirs)}
		if err := fsys.MkdirAll(dirs[i]); err != nil {
			return err
		}
		if err := replaceFile(fsys, filepath.Join(dirs[i], shardName), s.encode()); err != nil {
			return err
		}
	}
	return nil
}

// ShardOrdinal is the ordinal that a record has in a set of shards: it names the
// record for ever, and says nothing of the order over all shards.
func ShardOrdinal(shard, shards int, ordinal uint64) uint64 {
	return (ordinal-1)*uint64(shards) + uint64(shard) + 1
}

// ParseShardOrdinal is the inverse of ShardOrdinal.
func ParseShardOrdinal(shards int, ordinal uint64) (shard int, own uint64) {
	return int((ordinal - 1) % uint64(shards)), (ordinal-1)/uint64(shards) + 1
}

// A ShardedWriter spreads what is appended over several journals, each on a disk
// of its own, say. Any number of goroutines may use it.
//
// A batch, or a stretch of single records, goes to one shard and the next to the
// next, so that each shard keeps the order in which it got them. Sync returns
// when all shards have synced; after a crash everything that was acknowledged is
// there, and of the rest each shard may have more or less.
type ShardedWriter struct {
	shards []*Writer

	mu     sync.Mutex
	turn   int
	filled int // bytes that the shard whose turn it is got
}

// shardStretch is how many bytes go to one shard before the next gets its turn: a
// block of the default size.
const shardStretch = defaultBlockSize

// CreateSharded makes or continues a set of shards in the directories, which are
// always given in the same order.
func CreateSharded(dirs []string, o Options) (*ShardedWriter, error) {
	fsys := o.FS
	if fsys == nil {
		fsys = OSFS
	}
	if err := checkShards(fsys, dirs, true); err != nil {
		return nil, fmt.Errorf("create shards: %w", err)
	}
	s := &ShardedWriter{}
	for _, dir := range dirs {
		w, err := Create(dir, o)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.shards = append(s.shards, w)
	}
	return s, nil
}

// Shards are the writers, for their reports and counters.
func (s *ShardedWriter) Shards() []*Writer { return s.shards }

// next is the shard that gets the next so many bytes.
func (s *ShardedWriter) next(bytes int) int {
	if s.filled > 0 && s.filled+bytes > shardStretch {
		s.turn, s.filled = (s.turn+1)%len(s.shards), 0
	}
	s.filled += bytes
	return s.turn
}

// Append is [Writer.Append] to one of the shards.
func (s *ShardedWriter) Append(rec []byte) (ordinal uint64, err error) {
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
func (s *ShardedWriter) AppendBatch(recs [][]byte) (first uint64, err error) {
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

func (s *ShardedWriter) named(i int, ordinal uint64) uint64 {
	if ordinal == 0 {
		return 0
	}
	return ShardOrdinal(i, len(s.shards), ordinal)
}

// all calls fn for the shards at the same time.
func (s *ShardedWriter) all(fn func(*Writer) error) error {
	errs := make([]error, len(s.shards))
	var group sync.WaitGroup
	for i, w := range s.shards {
		group.Go(func() { errs[i] = fn(w) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// Flush is [Writer.Flush] of all shards.
func (s *ShardedWriter) Flush() error { return s.all((*Writer).Flush) }

// Sync returns when all that was appended before is acknowledged by all shards.
func (s *ShardedWriter) Sync() error { return s.all((*Writer).Sync) }

// Close closes all shards.
func (s *ShardedWriter) Close() error { return s.all((*Writer).Close) }
