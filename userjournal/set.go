// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"time"

	"vexj/uapi"
)

// A Set reads shards as one journal, or one journal that has none. Its ordinals
// are those of [ShardOrdinal]: of a journal by itself, its own.
//
// The order of a scan: records of one run of a producer come by their
// global_sequence, which is the order in which things happened; others by the
// time of day. A shard is read in its own order, so that this holds as long as
// each shard got the records of a run in their order.
type Set struct {
	dir    string
	id     [16]byte // zero: a journal by itself
	dirs   []string
	shards []*Reader
}

// OpenSet opens what is in the directory: a set of shards or a journal.
func OpenSet(dir string) (*Set, error) { return OpenSetFS(OSFS, dir) }

// OpenSetFS is OpenSet with another filesystem.
func OpenSetFS(fsys FS, dir string) (*Set, error) {
	found, err := readShards(fsys, dir)
	if err == nil && !found.alone() {
		err = found.held(fsys)
	}
	if err != nil {
		return nil, fmt.Errorf("open shards: %w", err)
	}
	s := &Set{dir: dir, id: found.set, dirs: found.dirs}
	for _, dir := range found.dirs {
		r, err := OpenFS(fsys, dir)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.shards = append(s.shards, r)
	}
	return s, nil
}

// Shards are the readers, each of which can be asked for what is its own.
func (s *Set) Shards() []*Reader { return s.shards }

// Dirs are the directories of the shards.
func (s *Set) Dirs() []string { return s.dirs }

// alone: there is nothing to merge.
func (s *Set) alone() bool { return len(s.shards) == 1 }

// Close closes all shards.
func (s *Set) Close() error {
	var errs []error
	for _, r := range s.shards {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

func (s *Set) find(ordinal uint64) (*Reader, uint64) {
	if ordinal == 0 {
		return s.shards[0], 0
	}
	i, own := ParseShardOrdinal(len(s.shards), ordinal)
	return s.shards[i], own
}

// Get is [Reader.Get].
func (s *Set) Get(ordinal uint64) (uapi.Record, error) {
	r, own := s.find(ordinal)
	return r.Get(own)
}

// WallTime is [Reader.WallTime].
func (s *Set) WallTime(ordinal, ktime uint64) time.Time {
	r, own := s.find(ordinal)
	return r.WallTime(own, ktime)
}

// Clock is [Reader.Clock].
func (s *Set) Clock(ordinal uint64) (Clock, error) {
	r, own := s.find(ordinal)
	return r.Clock(own)
}

// Find is [Reader.Find]. Ids are unique, so that the first shard that has it
// will do.
func (s *Set) Find(id uint64) (ordinal uint64, rec uapi.Record, err error) {
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

// Info sums up what [Reader.Info] says of the shards. The ordinals are the
// lowest and the highest, which of several shards are no count.
func (s *Set) Info() (Info, error) {
	var sum Info
	for i, r := range s.shards {
		x, err := r.Info()
		if err != nil {
			return Info{}, err
		}
		some := x.LastOrdinal >= x.FirstOrdinal
		if !s.alone() {
			x.FirstOrdinal = ShardOrdinal(i, len(s.shards), x.FirstOrdinal)
			if x.LastOrdinal > 0 {
				x.LastOrdinal = ShardOrdinal(i, len(s.shards), x.LastOrdinal)
			}
		}
		if i == 0 {
			sum = x
			continue
		}
		sum.add(&x, some)
	}
	sum.Dir = s.dir
	if !s.alone() {
		sum.Journal = s.id
	}
	return sum, nil
}

// add takes in another shard; some: it has records.
func (i *Info) add(x *Info, some bool) {
	i.Records += x.Records
	i.Segments += x.Segments
	i.RawBytes += x.RawBytes
	i.StoredBytes += x.StoredBytes
	i.Clean = i.Clean && x.Clean
	i.Writer = max(i.Writer, x.Writer)
	if !some {
		return
	}
	i.FirstOrdinal, i.LastOrdinal = min(i.FirstOrdinal, x.FirstOrdinal), max(i.LastOrdinal, x.LastOrdinal)
	if i.FirstTime.IsZero() || x.FirstTime.Before(i.FirstTime) {
		i.FirstTime, i.FirstKtime = x.FirstTime, x.FirstKtime
	}
	if x.LastTime.After(i.LastTime) {
		i.LastTime, i.LastKtime = x.LastTime, x.LastKtime
	}
}
