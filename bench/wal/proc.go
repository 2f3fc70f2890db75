// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what all threads of the process took, and what of it in kernel mode.
func cpuTime() (all, kernel time.Duration, err error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), time.Duration(u.Stime.Nano()), nil
}

// warm has the kernel take as much memory for the page cache as the run will.
// Where a hypervisor gives it only when it is touched, and takes back what is
// free, whoever comes first would pay for the others.
func warm(dir string, bytes int) error {
	path := filepath.Join(dir, "warm")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	chunk := make([]byte, 1<<20)
	for at := 0; at < bytes && err == nil; at += len(chunk) {
		_, err = f.Write(chunk)
	}
	return errors.Join(err, f.Close(), os.Remove(path))
}

// anonymous is the resident memory of the process that is no file, in bytes.
func anonymous() (uint64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "RssAnon: %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no RssAnon")
}

const sample = 20 * time.Millisecond

// A memory watches what the process takes beyond what it had.
type memory struct {
	base, peak uint64
	err        error
	quit       chan struct{}
	watching   sync.WaitGroup
}

func watchMemory() *memory {
	m := &memory{quit: make(chan struct{})}
	m.base, m.err = anonymous()
	m.watching.Go(func() {
		clock := time.NewTicker(sample)
		defer clock.Stop()
		for m.err == nil {
			select {
			case <-m.quit:
				return
			case <-clock.C:
				m.look()
			}
		}
	})
	return m
}

func (m *memory) look() {
	now, err := anonymous()
	m.peak, m.err = max(m.peak, now), err
}

func (m *memory) stop() (uint64, error) {
	close(m.quit)
	m.watching.Wait()
	if m.err == nil {
		m.look()
	}
	return max(m.peak, m.base) - m.base, m.err
}

// stored is what the files in a directory take on the disk. Of a file with room
// reserved behind its end, as far as its end counts.
func stored(dir string) (uint64, error) {
	var sum uint64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		taken := info.Sys().(*syscall.Stat_t).Blocks * 512
		sum += uint64(min(taken, info.Size()))
		return nil
	})
	return sum, err
}
