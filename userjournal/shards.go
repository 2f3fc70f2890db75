// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// The shards of a set are named in the file SHARDS of its directory, which has
// no segments of its own. A journal by itself counts as a set of one, without
// that file.
type shards struct {
	set  [16]byte // zero: a journal by itself
	dirs []string
}

const (
	shardsName = "SHARDS"
	shardsHead = "usjl shards 1\n"

	maxShardsFile = 4 << 20
)

// encode names directories inside that of the set relative to it, so that it can
// be moved as a whole.
func (s *shards) encode(home string) []byte {
	b := fmt.Appendf(nil, "%sset %x\n", shardsHead, s.set)
	for _, dir := range s.dirs {
		if inside, err := filepath.Rel(home, dir); err == nil && filepath.IsLocal(inside) {
			dir = inside
		}
		b = fmt.Appendf(b, "directory %q\n", dir)
	}
	return sealText(b)
}

// readShards is the inverse of encode; for a journal by itself it returns that.
func readShards(fsys FS, home string) (s shards, err error) {
	path := filepath.Join(home, shardsName)
	b, err := readSmall(fsys, path, maxShardsFile)
	if notExist(err) || errors.Is(err, unix.ENOTDIR) {
		return shards{dirs: []string{home}}, nil
	}
	if err != nil {
		return s, err
	}
	if err = s.decode(b, home); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return s, err
}

func (s *shards) decode(b []byte, home string) error {
	lines, err := openText(b, shardsHead)
	if err != nil {
		return err
	}
	for word, value := range lines {
		switch word {
		case "set":
			if s.set, err = parseJournal(value); err != nil {
				return err
			}
		case "directory":
			dir, err := strconv.Unquote(value)
			if err != nil {
				return damaged("directory %s: %w", value, err)
			}
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(home, dir)
			}
			s.dirs = append(s.dirs, dir)
		}
	}
	if n := len(s.dirs); n == 0 || n > maxShards || s.set == [16]byte{} {
		return damaged("%d directories", n)
	}
	return nil
}

func (s *shards) alone() bool { return s.set == [16]byte{} }

// ShardDirs are the directories of a set, in their order, or of a journal by
// itself that one.
func ShardDirs(dir string) ([]string, error) {
	s, err := readShards(OSFS, dir)
	return s.dirs, err
}

// ArchiveDir is where [Archive] is to move the segments of a shard to, of a set
// that has one folder for its archive: the names of segments are the same in each.
func ArchiveDir(to string, shard, shards int) string {
	if shards == 1 {
		return to
	}
	return filepath.Join(to, strconv.Itoa(shard))
}

// Share is how many bytes each shard may have if the set may have so many; 0 is
// no limit.
func Share(bytes int64, shards int) int64 {
	if bytes <= 0 {
		return bytes
	}
	return max(bytes/int64(shards), 1)
}

// settled finds the shards of a journal to write to, or with dirs makes a set
// of them.
func settled(fsys FS, home string, dirs []string) (s shards, err error) {
	if s, err = readShards(fsys, home); err != nil {
		return s, err
	}
	if len(dirs) == 0 {
		if !s.alone() {
			err = s.held(fsys)
		}
		return s, err
	}
	wanted := shards{set: newID()}
	for _, dir := range dirs {
		if dir, err = filepath.Abs(dir); err != nil {
			return s, err
		}
		wanted.dirs = append(wanted.dirs, dir)
	}
	if !s.alone() {
		for i := range s.dirs {
			if s.dirs[i], err = filepath.Abs(s.dirs[i]); err != nil {
				return s, err
			}
		}
		if !slices.Equal(s.dirs, wanted.dirs) {
			return s, fmt.Errorf("%s: %w: it is a set of the shards %q", home, ErrShards, s.dirs)
		}
		return s, s.held(fsys)
	}
	if err := free(fsys, home, dirs); err != nil {
		return s, err
	}
	if err := wanted.join(fsys); err != nil {
		return s, err
	}
	absolute, err := filepath.Abs(home)
	if err != nil {
		return s, err
	}
	return wanted, replaceFile(fsys, filepath.Join(home, shardsName), wanted.encode(absolute))
}
