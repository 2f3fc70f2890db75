// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"io"
	"os"

	"vexj/internal/disk"
)

// An FS is what a journal asks of a filesystem. It is here so that tests can
// make each of these calls fail; [OSFS] is the real one.
type FS interface {
	// MkdirAll creates the directory and what is missing above it, and makes
	// that durable.
	MkdirAll(dir string) error
	// ReadDir returns the names in the directory, sorted.
	ReadDir(dir string) ([]string, error)
	// SyncDir makes the names in the directory durable.
	SyncDir(dir string) error
	// Create makes a new file for writing; there must be none.
	Create(name string) (File, error)
	// Open opens a file for reading, OpenWrite for writing too.
	Open(name string) (File, error)
	OpenWrite(name string) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// Lock takes the lock that the file stands for, for as long as it is
	// open, and leaves the pid of this process in it. If another process has
	// it, the error is a *LockedError.
	Lock(name string) (io.Closer, error)
}

// A File is an open segment.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Reserve asks for room on the disk up to size, and leaves the size of the
	// file as it is; Truncate gives back what is behind that.
	Reserve(size int64) error
	// WriteBack has the disk begin with n bytes that were written at offset, and
	// promises nothing: Sync finds less to do, and tells the errors.
	WriteBack(offset, n int64)
	// Sync makes the data and the size durable.
	Sync() error
}

// OSFS is the machine's filesystem. Files are for their owner, and for the
// group that the directory hands down.
var OSFS FS = osFS{}

type osFS struct{}

const (
	dirMode  = 0o750
	fileMode = 0o640
)

func (osFS) MkdirAll(dir string) error            { return disk.MkdirAll(dir, dirMode) }
func (osFS) ReadDir(dir string) ([]string, error) { return disk.ReadDir(dir) }
func (osFS) SyncDir(dir string) error             { return disk.SyncDir(dir) }

func (osFS) Create(name string) (File, error) {
	return openFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (osFS) Open(name string) (File, error)      { return openFile(name, os.O_RDONLY) }
func (osFS) OpenWrite(name string) (File, error) { return openFile(name, os.O_RDWR) }

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(name string) error     { return os.Remove(name) }

type osFile struct{ *os.File }

func openFile(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f osFile) Reserve(size int64) error  { return disk.Reserve(f.File, size) }
func (f osFile) WriteBack(offset, n int64) { disk.WriteBack(f.File, offset, n) }
func (f osFile) Sync() error               { return disk.SyncData(f.File) }
