// SPDX-License-Identifier: Apache-2.0

// Package disk changes files so that the change is there after a power cut: what is
// written is synced, and so is the directory that a name is made in.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// MkdirAll makes a directory and what is missing above it, durably.
func MkdirAll(dir string, mode fs.FileMode) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := MkdirAll(parent, mode); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// ReadDir returns the names in a directory, sorted.
func ReadDir(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// SyncData makes a file's data and size durable (fdatasync).
func SyncData(f *os.File) error { return again(f, "fdatasync", unix.Fdatasync) }

// WriteBack has the disk begin with n bytes of a file that were written at offset. It
// does not wait for it, and its errors are those of the next SyncData.
func WriteBack(f *os.File, offset, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, n, unix.SYNC_FILE_RANGE_WRITE)
}

// Reserve has room on the disk for a file of so many bytes. Its size does not change.
func Reserve(f *os.File, size int64) error {
	return again(f, "fallocate", func(fd int) error {
		return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, size)
	})
}

// again makes a system call until no signal interrupts it.
func again(f *os.File, op string, call func(fd int) error) error {
	for {
		err := call(int(f.Fd()))
		if err != unix.EINTR {
			if err != nil {
				return &fs.PathError{Op: op, Path: f.Name(), Err: err}
			}
			return nil
		}
	}
}

// Replace gives a file new content, durably: whoever opens it, and whatever happens,
// finds what write wrote, whole, or what there was.
func Replace(name string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err = write(f); err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), name); err != nil {
		return err
	}
	return SyncDir(dir)
}

// ReplaceWith is Replace with content that is at hand.
func ReplaceWith(name string, mode fs.FileMode, content []byte) error {
	return Replace(name, mode, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// A HeldError says that another process has a lock.
type HeldError struct {
	PID int // it; 0: unknown
}

func (e *HeldError) Error() string { return fmt.Sprintf("locked by process %d", e.PID) }

// The lock belongs to the open file, as flock's does, so that the kernel gives it back
// however its holder ends, and a second one in the same process is refused as well.
// Unlike flock's it can be asked about without taking it: who looks whether somebody
// has it never gets in the way of one that starts.
func wholeFile(kind int16) unix.Flock_t { return unix.Flock_t{Type: kind, Whence: io.SeekStart} }

// Lock takes the lock that a file stands for, for as long as what it returns is open,
// and leaves the pid of this process in it. If another has it, the error is a
// *HeldError.
func Lock(name string, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	lock := wholeFile(unix.F_WRLCK)
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock); err != nil {
		pid := pidIn(f)
		f.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, &HeldError{pid}
		}
		return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
	}
	// The pid is for people only; a disk too full for it is no reason to refuse.
	if f.Truncate(0) == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}

func pidIn(f *os.File) int {
	var b [32]byte
	n, _ := f.ReadAt(b[:], 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

// Holder returns the process that has a lock; 0: nobody has, or there is no such file.
func Holder(name string) (int, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	// A read lock may be asked about through a descriptor that cannot write.
	lock := wholeFile(unix.F_RDLCK)
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock); err != nil {
		return 0, &fs.PathError{Op: "query lock", Path: name, Err: err}
	}
	if lock.Type == unix.F_UNLCK {
		return 0, nil
	}
	return pidIn(f), nil
}
