// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The lock belongs to the open file, as flock's does, so that the kernel gives
// it back however the writer ends, and a second writer in the same process is
// refused as well. Unlike flock's it can be asked about without taking it: a
// reader that looks whether a writer lives never gets in the way of one that
// starts.
var wholeFile = unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	lk := wholeFile
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lk); err != nil {
		pid := lockPID(f)
		f.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, &LockedError{Dir: filepath.Dir(name), PID: pid}
		}
		return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
	}
	// The pid is for people only; a disk too full for it is no reason to
	// refuse.
	if f.Truncate(0) == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}

func lockPID(f *os.File) int {
	var b [32]byte
	n, _ := f.ReadAt(b[:], 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

// WriterPID is the process that writes to the journal now, 0 if none does.
func WriterPID(dir string) (int, error) {
	f, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lk := wholeFile
	// A read lock may be asked about through a descriptor that cannot write.
	lk.Type = unix.F_RDLCK
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lk); err != nil {
		return 0, &fs.PathError{Op: "query lock", Path: f.Name(), Err: err}
	}
	if lk.Type == unix.F_UNLCK {
		return 0, nil
	}
	return lockPID(f), nil
}
