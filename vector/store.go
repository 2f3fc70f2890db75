// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"vexj/internal/produce"
	"vexj/uapi"
)

// A Store is a directory of vectors. All its methods may be called by any
// goroutine at any time; changes take turns, readers wait for nobody.
type Store struct {
	dir     string
	config  Config
	options Options
	lock    io.Closer // nil: read-only

	// now is what readers see. It is replaced with each change, by the writer.
	now atomic.Pointer[version]

	mu      sync.Mutex // the writer; guards what follows
	files   *files
	at      checkpoint // what the files have now; what of it is durable is in CHECKPOINT
	clean   bool       // CHECKPOINT says that nothing was written since
	reading *Reading   // of records that are applied
	failed  error      // why nothing more is taken
	builder *uapi.Builder
	closed  atomic.Bool
}

// A version is a state of the store, between two changes.
type version struct {
	m          *mapping
	slots      uint32
	texts      uint64
	seq        uint64
	live       uint64
	generation uint64
}

// Create makes a store in a directory that is missing or empty.
func Create(dir string, c Config, o Options) (*Store, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if o.ReadOnly {
		return nil, fmt.Errorf("%w: a new one is for writing", ErrReadOnly)
	}
	o.fill()
	if err := o.FS.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("create vector store: %w", err)
	}
	names, err := o.FS.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("create vector store: %w", err)
	}
	for _, name := range names {
		if name == checkpointName {
			return nil, fmt.Errorf("%s: %w: open it, or give another directory", dir, ErrThere)
		}
		if !ours(name) {
			return nil, fmt.Errorf("%s: %w: it holds %q; give an empty or a new directory", dir, ErrNotStore, name)
		}
	}
	lock, err := o.FS.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	s, err := create(dir, c, o, lock)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create vector store: %w", err), lock.Close())
	}
	return s, nil
}

const lockName = "LOCK"

// ours: a store that was not finished left it.
func ours(name string) bool {
	if name == lockName || name == checkpointName || strings.HasSuffix(name, ".tmp") {
		return true
	}
	kind, _, ok := strings.Cut(name, ".")
	for _, k := range kindNames {
		if ok && kind == k {
			return true
		}
	}
	return false
}

func (o *Options) fill() {
	if o.FS == nil {
		o.FS = OSFS
	}
	if o.Sink != nil && o.Run == nil {
		o.Run = produce.NewRun(uapi.ProducerVector)
	}
}

func create(dir string, c Config, o Options, lock io.Closer) (*Store, error) {
	s := &Store{dir: dir, config: c, options: o, lock: lock, builder: uapi.NewBuilder(nil), reading: NewReading(c)}
	s.at = checkpoint{id: newID(), config: c, generation: 1, nextID: 1}
	if err := s.sweep(0); err != nil {
		return nil, err
	}
	f, err := createFiles(o.FS, dir, &s.at)
	if err != nil {
		return nil, err
	}
	s.files = f
	if err := errors.Join(f.sync(), o.FS.SyncDir(dir)); err != nil {
		return nil, errors.Join(err, f.close())
	}
	if err := s.writeCheckpoint(true); err != nil {
		return nil, errors.Join(err, f.close())
	}
	if err := s.start(newIndex()); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return s, nil
}

// start maps the files and shows what is in them.
func (s *Store) start(x *index) error {
	m, err := mapFiles(s.files, s.dir, &s.at, s.at.slots, s.at.texts, &seenSlots{}, x, !s.options.ReadOnly)
	if err = errors.Join(err, x.drop()); err != nil {
		return err
	}
	s.now.Store(&version{m: m, slots: uint32(s.at.slots), texts: s.at.texts, seq: s.at.seq, live: s.at.live, generation: s.at.generation})
	return nil
}

// Config is what the store is of.
func (s *Store) Config() Config { return s.config }

// Dir is the directory.
func (s *Store) Dir() string { return s.dir }

// Len is how many vectors there are.
func (s *Store) Len() int { return int(s.now.Load().live) }

// writeCheckpoint makes what the files have count. They are synced already.
func (s *Store) writeCheckpoint(closed bool) error {
	s.at.closed = closed
	if err := replaceFile(s.options.FS, filepath.Join(s.dir, checkpointName), s.at.bytes()); err != nil {
		return err
	}
	s.clean = closed
	return nil
}

// Sync makes all changes before it durable, and lets the next opening begin there.
// position is given back by [Store.Position] then: how far the store has come in
// a journal, for example.
func (s *Store) Sync(position uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	return s.sync(position, false)
}

func (s *Store) sync(position uint64, closing bool) error {
	if s.clean && position == s.at.position {
		return nil
	}
	limit := max(maxDelta, int(s.at.covered/2))
	if closing {
		limit = maxDelta
	}
	old := s.at.index
	if err := s.mergeIndex(limit); err != nil {
		return s.fail(err)
	}
	if err := s.files.sync(); err != nil {
		return s.fail(err)
	}
	s.at.position = position
	if err := s.writeCheckpoint(closing); err != nil {
		return s.fail(err)
	}
	if old != 0 && old != s.at.index {
		return s.options.FS.Remove(indexName(s.dir, s.at.generation, old))
	}
	return nil
}

// mergeIndex writes the index anew when more than limit ids are not in it.
func (s *Store) mergeIndex(limit int) error {
	v := s.now.Load()
	x := v.m.index
	if x.pending() <= limit {
		return nil
	}
	number := s.at.index + 1
	if err := writeIndex(s.options.FS, s.dir, &s.at, v.m, v.slots, number); err != nil {
		return err
	}
	s.at.index, s.at.covered = number, uint64(v.slots)
	next, err := openIndex(s.options.FS, s.dir, &s.at)
	if err != nil {
		return err
	}
	if next.table == nil {
		return &DamageError{next.name, 0, "it is not what was just written"}
	}
	// Whoever is looking something up has the lock of the old one.
	x.mu.Lock()
	defer x.mu.Unlock()
	whole := x.whole
	x.delta, x.table, x.whole, x.shift = next.delta, next.table, next.whole, next.shift
	x.covered, x.number, x.name = next.covered, next.number, next.name
	return unmap(whole)
}

// Position is what the last Sync that counts was told.
func (s *Store) Position() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.position
}

// LastEvent is the event id of the last record that is in the store: records up
// to it do not change it any more.
func (s *Store) LastEvent() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.event
}

// writable: changes are taken. The lock is held.
func (s *Store) writable() error {
	switch {
	case s.closed.Load():
		return fmt.Errorf("%s: %w", s.dir, ErrClosed)
	case s.options.ReadOnly:
		return fmt.Errorf("%s: %w: open it for writing", s.dir, ErrReadOnly)
	}
	return s.failed
}

// fail stops the store.
func (s *Store) fail(err error) error {
	if s.failed == nil {
		s.failed = fmt.Errorf("%s: %w: %w; open it again", s.dir, ErrStopped, err)
	}
	return s.failed
}

// Close syncs, unless the store was stopped, and gives the lock back. Views that
// are open stay usable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Swap(true) {
		return nil
	}
	var err error
	if !s.options.ReadOnly && s.failed == nil && !s.clean {
		err = s.sync(s.at.position, true)
	}
	s.now.Load().m.drop()
	err = errors.Join(err, s.files.close())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Abandon closes, and leaves out what came behind the last Sync: the next opening goes
// back to that.
func (s *Store) Abandon() error {
	s.mu.Lock()
	if s.failed == nil && !s.clean {
		s.failed = fmt.Errorf("%s: %w: it was abandoned; open it again", s.dir, ErrStopped)
	}
	s.mu.Unlock()
	return s.Close()
}

// sweep removes files that no checkpoint names.
func (s *Store) sweep(keep uint64) error {
	names, err := s.options.FS.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == lockName || name == checkpointName || !ours(name) {
			continue
		}
		if keep != 0 && s.named(filepath.Join(s.dir, name)) {
			continue
		}
		if err := s.options.FS.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *Store) named(name string) bool {
	for _, kind := range []fileKind{rowsKind, slotsKind, textsKind} {
		if name == fileName(s.dir, kind, s.at.generation) {
			return true
		}
	}
	return s.at.index != 0 && name == indexName(s.dir, s.at.generation, s.at.index)
}
