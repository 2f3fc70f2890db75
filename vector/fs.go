// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vexj/internal/disk"
)

// An FS is what a store asks of a filesystem. It is here so that tests can make
// each of these calls fail; [OSFS] is the real one.
type FS interface {
	// MkdirAll creates the directory and what is missing above it, durably.
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
	// Lock takes the lock that the file stands for, for as long as it is open.
	Lock(name string) (io.Closer, error)
}

// A File is one of a store's.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Sync makes data and size durable.
	Sync() error
	// Map maps so many bytes, of which those behind the end of the file must not
	// be touched until it has grown. What is written to the file shows in it, and
	// the other way round.
	Map(size int, write bool) ([]byte, error)
}

// unmap takes what Map returned.
func unmap(mem []byte) error {
	if len(mem) == 0 {
		return nil
	}
	return unix.Munmap(mem)
}

// OSFS is the machine's filesystem.
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
func (osFS) Rename(from, to string) error        { return os.Rename(from, to) }
func (osFS) Remove(name string) error            { return os.Remove(name) }

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := disk.Lock(name, fileMode)
	var held *disk.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("%s: %w: process %d; wait for it, or end it", filepath.Dir(name), ErrLocked, held.PID)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

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

func (f osFile) Sync() error { return disk.SyncData(f.File) }

func (f osFile) Map(size int, write bool) ([]byte, error) {
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, size, prot, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		return nil, &fs.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	return mem, nil
}
