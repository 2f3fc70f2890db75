// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
)

// A memFS has one directory. It is for one goroutine.
type memFS map[string]*memFile

type memFile struct{ data []byte }

var _ FS = memFS{}

func (m memFS) MkdirAll(string) error            { return nil }
func (m memFS) ReadDir(string) ([]string, error) { return slices.Sorted(maps.Keys(m)), nil }
func (m memFS) SyncDir(string) error             { return nil }

func (m memFS) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (m memFS) Create(name string) (File, error) {
	name = filepath.Base(name)
	if m[name] != nil {
		return nil, fs.ErrExist
	}
	m[name] = new(memFile)
	return m[name], nil
}

func (m memFS) Open(name string) (File, error) {
	if f := m[filepath.Base(name)]; f != nil {
		return f, nil
	}
	return nil, fs.ErrNotExist
}

func (m memFS) OpenWrite(name string) (File, error) { return m.Open(name) }

func (m memFS) Rename(from, to string) error {
	m[filepath.Base(to)] = m[filepath.Base(from)]
	return m.Remove(from)
}

func (m memFS) Remove(name string) error {
	delete(m, filepath.Base(name))
	return nil
}

func (f *memFile) Reserve(int64) error    { return nil }
func (f *memFile) WriteBack(int64, int64) {}
func (f *memFile) Size() (int64, error)   { return int64(len(f.data)), nil }
func (f *memFile) Sync() error            { return nil }
func (f *memFile) Close() error           { return nil }

func (f *memFile) Truncate(size int64) error {
	f.data = slices.Clone(f.data[:size])
	return nil
}

func (f *memFile) ReadAt(b []byte, offset int64) (int, error) {
	if offset >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[offset:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, offset int64) (int, error) {
	if n := int(offset) + len(b) - len(f.data); n > 0 {
		f.data = append(f.data, make([]byte, n)...)
	}
	return copy(f.data[offset:], b), nil
}
