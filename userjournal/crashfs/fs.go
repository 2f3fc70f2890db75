// SPDX-License-Identifier: Apache-2.0

package crashfs

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"vexj/userjournal"
)

// An FS is a filesystem whose past can be cut off anywhere. It may be used by
// several goroutines.
type FS struct {
	mu    sync.Mutex
	names map[string]*inode // files, by path
	dirs  map[string]bool
	locks map[string]bool

	base  map[string]*inode // what was there at first, durable
	data  map[*inode][]byte // and was in it then
	log   []step
	notes []note
}

// An inode is a file, whatever its name.
type inode struct{ data []byte }

// A note is what was promised when there were so many steps.
type note struct {
	steps   int
	promise uint64
}

// New is an empty filesystem.
func New() *FS { return with(nil, map[string]bool{"/": true}) }

// with has the files, and has them durably.
func with(files map[string][]byte, dirs map[string]bool) *FS {
	f := &FS{names: map[string]*inode{}, dirs: dirs, locks: map[string]bool{},
		base: map[string]*inode{}, data: map[*inode][]byte{}}
	for name, data := range files {
		i := &inode{slices.Clone(data)}
		f.names[name], f.base[name], f.data[i] = i, i, data
	}
	return f
}

// Steps is how many things were done that change the disk, or make it durable.
func (f *FS) Steps() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.log)
}

// Note remembers a promise, which must not get smaller.
func (f *FS) Note(promise uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notes = append(f.notes, note{len(f.log), promise})
}

// Noted is the last promise made before the step.
func (f *FS) Noted(step int) (promise uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.notes {
		if n.steps <= step {
			promise = n.promise
		}
	}
	return promise
}

// Unlock lets go of all locks, as the end of the process does that had them.
func (f *FS) Unlock() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.locks)
}

// Files are copies of all files, by path.
func (f *FS) Files() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	files := make(map[string][]byte, len(f.names))
	for name, i := range f.names {
		files[name] = slices.Clone(i.data)
	}
	return files
}

func (f *FS) did(s step) { f.log = append(f.log, s) }

var _ userjournal.FS = (*FS)(nil)

func notThere(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// MkdirAll is durable when it returns, as that of a journal has to be.
func (f *FS) MkdirAll(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for d := filepath.Clean(dir); !f.dirs[d]; d = filepath.Dir(d) {
		f.dirs[d] = true
	}
	return nil
}

func (f *FS) ReadDir(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir = filepath.Clean(dir)
	if !f.dirs[dir] {
		return nil, notThere("open", dir)
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.names)) {
		if filepath.Dir(name) == dir {
			names = append(names, filepath.Base(name))
		}
	}
	for d := range f.dirs {
		if d != dir && filepath.Dir(d) == dir {
			names = append(names, filepath.Base(d))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *FS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did(step{kind: syncDir, name: filepath.Clean(dir)})
	return nil
}

func (f *FS) Create(name string) (userjournal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = filepath.Clean(name)
	switch {
	case f.names[name] != nil:
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	case !f.dirs[filepath.Dir(name)]:
		return nil, notThere("create", name)
	}
	i := &inode{}
	f.names[name] = i
	f.did(step{kind: create, inode: i, name: name})
	return &file{f, i, name}, nil
}

func (f *FS) Open(name string) (userjournal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = filepath.Clean(name)
	if i := f.names[name]; i != nil {
		return &file{f, i, name}, nil
	}
	return nil, notThere("open", name)
}

func (f *FS) OpenWrite(name string) (userjournal.File, error) { return f.Open(name) }

func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to = filepath.Clean(from), filepath.Clean(to)
	i := f.names[from]
	if i == nil || !f.dirs[filepath.Dir(to)] {
		return notThere("rename", from)
	}
	delete(f.names, from)
	f.names[to] = i
	f.did(step{kind: rename, inode: i, name: from, to: to})
	return nil
}

func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = filepath.Clean(name)
	if f.names[name] == nil {
		return notThere("remove", name)
	}
	f.did(step{kind: remove, inode: f.names[name], name: name})
	delete(f.names, name)
	return nil
}

func (f *FS) Lock(name string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locks[name] {
		return nil, &userjournal.LockedError{Dir: filepath.Dir(name)}
	}
	f.locks[name] = true
	return unlock(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.locks, name)
	}), nil
}

type unlock func()

func (u unlock) Close() error { u(); return nil }

// String lists the steps.
func (f *FS) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for i, s := range f.log {
		fmt.Fprintf(&b, "%d: %v\n", i, s)
	}
	return b.String()
}
