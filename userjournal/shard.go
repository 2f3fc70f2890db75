// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrShards: directories are not the shards of one set, in their order, or a set
// is given where one journal is wanted, or the other way round.
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

// IsShard says whether the journal in the directory is one of a set. What is not in
// it may be in another shard then.
func IsShard(dir string) (bool, error) {
	_, err := readShard(OSFS, dir)
	if notExist(err) {
		return false, nil
	}
	return err == nil, err
}

// held holds the directories of the set against what they say of themselves.
func (s *shards) held(fsys FS) error {
	for i, dir := range s.dirs {
		of, err := readShard(fsys, dir)
		switch {
		case notExist(err):
			return fmt.Errorf("%s: %w: it is no shard; mount its disk, or give the right directory", dir, ErrShards)
		case err != nil:
			return err
		case of != shard{s.set, i, len(s.dirs)}:
			return fmt.Errorf("%s: %w: it is number %d of %d of the set %x", dir, ErrShards, of.number+1, of.count, of.set)
		}
	}
	return nil
}

// join makes shards of directories that are none yet. Some may be already, of a
// set that a crash kept from being finished.
func (s *shards) join(fsys FS) error {
	if len(s.dirs) == 0 || len(s.dirs) > maxShards {
		return fmt.Errorf("%d directories: %w: give 1 to %d", len(s.dirs), ErrOption, maxShards)
	}
	var missing []int
	known := false
	for i, dir := range s.dirs {
		of, err := readShard(fsys, dir)
		switch {
		case notExist(err):
			if err := free(fsys, dir, nil); err != nil {
				return err
			}
			missing = append(missing, i)
			continue
		case err != nil:
			return err
		case known && of.set != s.set, of.number != i, of.count != len(s.dirs):
			return fmt.Errorf("%s: %w: it is number %d of %d of the set %x", dir, ErrShards, of.number+1, of.count, of.set)
		}
		s.set, known = of.set, true
	}
	for _, i := range missing {
		of := shard{s.set, i, len(s.dirs)}
		if err := fsys.MkdirAll(s.dirs[i]); err != nil {
			return err
		}
		if err := replaceFile(fsys, filepath.Join(s.dirs[i], shardName), of.encode()); err != nil {
			return err
		}
	}
	return nil
}

// free: nothing of a journal is in the directory, nor of anything else but what
// leads to the shards.
func free(fsys FS, dir string, shards []string) error {
	names, foreign, err := listSegments(fsys, dir)
	if err != nil && !errors.Is(err, ErrNotJournal) {
		return err
	}
	if len(names) > 0 {
		return fmt.Errorf("%s: %w: it is a journal by itself", dir, ErrShards)
	}
	for _, name := range foreign {
		if !leads(filepath.Join(dir, name), shards) {
			return foreignError(dir, name)
		}
	}
	return nil
}

// leads: the path is a shard, or above one.
func leads(path string, shards []string) bool {
	path, err := filepath.Abs(path)
	return err == nil && slices.ContainsFunc(shards, func(shard string) bool {
		shard, err := filepath.Abs(shard)
		return err == nil && (shard == path || strings.HasPrefix(shard, path+string(filepath.Separator)))
	})
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
