// SPDX-License-Identifier: Apache-2.0

package crashfs

import (
	"io"
	"slices"

	"vexj/userjournal"
)

type file struct {
	fs   *FS
	node *inode
	name string // when it was opened
}

var _ userjournal.File = (*file)(nil)

func (f *file) ReadAt(b []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if offset >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.data[offset:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.data = extend(f.node.data, offset+int64(len(b)))
	copy(f.node.data[offset:], b)
	f.fs.did(step{kind: write, inode: f.node, name: f.name, offset: offset, data: slices.Clone(b),
		size: int64(len(f.node.data))})
	return len(b), nil
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.data = extend(f.node.data, size)[:size]
	f.fs.did(step{kind: truncate, inode: f.node, name: f.name, size: size})
	return nil
}

// Reserve changes nothing that a crash could take away.
func (f *file) Reserve(int64) error { return nil }

// WriteBack is nothing new either: what is not synced may be on the disk anyway.
func (f *file) WriteBack(int64, int64) {}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.did(step{kind: syncFile, inode: f.node, name: f.name})
	return nil
}

func (f *file) Close() error { return nil }

// extend makes data that long at least, with zeroes.
func extend(data []byte, size int64) []byte {
	if n := int(size) - len(data); n > 0 {
		// What a truncation cut off must not come back.
		return append(data, make([]byte, n)...)
	}
	return data
}
