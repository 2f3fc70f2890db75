// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/cmd/internal/status"
)

// errRunning means that there is a vexjd already.
var errRunning = errors.New("vexjd is running already")

// instance is the right to be the one vexjd. The lock ends with the process,
// however that ends; the file with its pid stays.
type instance struct {
	file *os.File
}

func lockInstance(dir string) (*instance, error) {
	if err := status.MakeDir(dir); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "vexjd.pid")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &os.PathError{Op: "lock", Path: name, Err: err}
		}
		b := make([]byte, 32)
		n, _ := f.ReadAt(b, 0)
		return nil, fmt.Errorf("%w, pid %s; stop it first with `systemctl stop vexjd` or SIGTERM",
			errRunning, strings.TrimSpace(string(b[:n])))
	}
	if err := errors.Join(f.Truncate(0), writePID(f)); err != nil {
		return nil, errors.Join(fmt.Errorf("writing %s: %w", name, err), f.Close())
	}
	return &instance{f}, nil
}

func writePID(f *os.File) error {
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// release empties the file first: a pid that nobody holds misleads.
func (i *instance) release() error {
	return errors.Join(i.file.Truncate(0), i.file.Close())
}
