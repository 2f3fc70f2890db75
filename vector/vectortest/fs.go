// SPDX-License-Identifier: Apache-2.0

package vectortest

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"vexj/userjournal"
	"vexj/userjournal/crashfs"
	"vexj/vector"
)

// An FS does everything twice: to real files, which are read and mapped, and to
// those of a [crashfs.FS], which remembers.
type FS struct {
	Disk *crashfs.FS
}

// New is a filesystem with an empty past.
func New() *FS { return &FS{crashfs.New()} }

var _ vector.FS = (*FS)(nil)

func both(real, shadow error) error {
	if real != nil {
		return real
	}
	return shadow
}

func (f *FS) MkdirAll(dir string) error {
	return both(vector.OSFS.MkdirAll(dir), f.Disk.MkdirAll(dir))
}

func (f *FS) ReadDir(dir string) ([]string, error) { return vector.OSFS.ReadDir(dir) }

func (f *FS) SyncDir(dir string) error {
	// Nothing is cut off but what the shadow has: the real file need not wait.
	return f.Disk.SyncDir(dir)
}

func (f *FS) Rename(from, to string) error {
	return both(vector.OSFS.Rename(from, to), f.Disk.Rename(from, to))
}

func (f *FS) Remove(name string) error {
	if err := vector.OSFS.Remove(name); err != nil {
		return err
	}
	return f.Disk.Remove(name)
}

func (f *FS) Lock(name string) (io.Closer, error) { return vector.OSFS.Lock(name) }

func (f *FS) Create(name string) (vector.File, error) {
	return join(vector.OSFS.Create, f.Disk.Create, name)
}

func (f *FS) Open(name string) (vector.File, error) { return vector.OSFS.Open(name) }

func (f *FS) OpenWrite(name string) (vector.File, error) {
	return join(vector.OSFS.OpenWrite, f.Disk.OpenWrite, name)
}

func join(open func(string) (vector.File, error), shadow func(string) (userjournal.File, error), name string) (vector.File, error) {
	real, err := open(name)
	if err != nil {
		return nil, err
	}
	s, err := shadow(name)
	if err != nil {
		real.Close()
		return nil, err
	}
	return &file{real, s}, nil
}

// A file is a real one and its shadow.
type file struct {
	vector.File
	shadow userjournal.File
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(b, off)
	if err != nil {
		return n, err
	}
	return f.shadow.WriteAt(b, off)
}

func (f *file) Truncate(size int64) error {
	return both(f.File.Truncate(size), f.shadow.Truncate(size))
}

func (f *file) Sync() error { return f.shadow.Sync() }

func (f *file) Close() error { return both(f.File.Close(), f.shadow.Close()) }

// Restore puts what the disk held below the folder from after a cut into the
// folder to.
func Restore(t testing.TB, disk *crashfs.FS, from, to string) {
	t.Helper()
	for name, content := range disk.Files() {
		rel, err := filepath.Rel(from, name)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		path := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
