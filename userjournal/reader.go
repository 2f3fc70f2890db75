// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sort"
	"sync"
)

// A Reader reads a journal, also while a writer in this or another process
// appends to it: it takes no lock and sees whole blocks only. Its methods may
// be called by several goroutines.
type Reader struct {
	fs      FS
	dir     string
	journal [16]byte // identity

	mu       sync.Mutex
	closed   bool
	segments []*index // oldest first
	recent   []*index // those whose entries are kept, the last used last
	cache    blockCache
}

// Open opens the journal in the directory. Of one that was closed it reads the
// header and the footer of the last segment.
func Open(dir string) (*Reader, error) { return OpenFS(OSFS, dir) }

// OpenFS is Open with another filesystem.
func OpenFS(fsys FS, dir string) (*Reader, error) {
	all, foreign, err := places(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if len(all) == 0 {
		if len(foreign) > 0 {
			return nil, fmt.Errorf("open journal: %s: %w: it holds %q and no segment", dir, ErrNotJournal, foreign[0])
		}
		return nil, fmt.Errorf("open journal: %s: %w: nothing was recorded here yet", dir, ErrEmpty)
	}
	r := &Reader{fs: fsys, dir: dir}
	r.cache.limit = defaultCache
	if err := r.update(all); err != nil {
		return nil, fmt.Errorf("open journal: %s: %w", dir, err)
	}
	if err := r.identify(); err != nil {
		return nil, err
	}
	return r, nil
}

// identify finds out which journal it is, from the newest header that is not
// lost.
func (r *Reader) identify() error {
	for _, x := range slices.Backward(r.segments) {
		if err := r.load(x, false); err != nil && !gone(err) {
			return fmt.Errorf("open journal: %s: %w", r.dir, err)
		}
		if x.header != nil && x.header.Journal != [16]byte{} {
			r.journal = x.header.Journal
			break
		}
	}
	return nil
}

// LastOrdinal is that of the last record that is visible now, 0 if there is none.
func (r *Reader) LastOrdinal() (uint64, error) {
	if err := r.refresh(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, ErrClosed
	}
	x := r.segments[len(r.segments)-1]
	err := r.load(x, true)
	return x.last(), err
}

// Close makes all later calls fail with ErrClosed. Those under way go on.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed, r.segments, r.recent = true, nil, nil
	r.cache.clear()
	return nil
}

// refresh looks for what was written since.
func (r *Reader) refresh() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	return r.look()
}

// look is refresh for whoever holds the lock.
func (r *Reader) look() error {
	all, _, err := places(r.fs, r.dir)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: %w: its segments were removed", r.dir, ErrEmpty)
	}
	return r.update(all)
}

// moved is the segment as it is now, if it has moved to an archive since it was
// looked for, and nil if it has not. The caller holds the lock.
func (r *Reader) moved(x *index) *index {
	if r.closed || r.look() != nil {
		return nil
	}
	y := r.segments[r.position(x.first)]
	if y.first != x.first || y.dir == x.dir {
		return nil
	}
	return y
}

// update takes in the segments that are there now, and what has become visible
// in the last one.
func (r *Reader) update(all []place) error {
	known := make(map[place]*index, len(r.segments))
	for _, x := range r.segments {
		known[place{x.dir, x.name}] = x
	}
	segments := make([]*index, 0, len(all))
	for _, p := range all {
		x := known[p]
		if x == nil {
			first, _ := ParseSegmentName(p.name)
			x = &index{dir: p.dir, segment: segment{name: p.name, first: first}}
		}
		segments = append(segments, x)
	}
	// The last one may have been created a moment ago and have no header
	// yet; the one before it may have grown before it was sealed.
	for i := len(segments) - 1; i >= 0; i-- {
		err := r.load(segments[i], false)
		switch {
		case err == nil:
			r.segments = segments
			return nil
		case i > 0 && (errors.Is(err, ErrTruncated) || errors.Is(err, fs.ErrNotExist)):
			segments = segments[:i]
		case i > 0 && gone(err):
			r.segments = segments
			return nil
		default:
			return err
		}
	}
	return nil
}

// open opens the file of a segment.
func (r *Reader) open(x *index) (File, error) {
	return r.fs.Open(filepath.Join(x.dir, x.name))
}

// gone: the error is of a segment that cannot be read as one, or that somebody
// removed. What it held is missing.
func gone(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrTruncated) ||
		errors.Is(err, ErrNotJournal) || errors.Is(err, fs.ErrNotExist)
}

// position is the index of the segment in which the ordinal would be.
func (r *Reader) position(ordinal uint64) int {
	i := sort.Search(len(r.segments), func(i int) bool { return r.segments[i].first > ordinal })
	return max(i-1, 0)
}
