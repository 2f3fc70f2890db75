// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const workerMark = "bench-fuse-worker"

// The steps of a worker, in their order. Names are looked up afresh in each: the
// kernel's cache is dropped before.
var steps = []string{"create", "stat", "list", "rename", "unlink"}

// names measures what is done to names, by 1 and 4 processes in a folder each.
func names(m *mount) ([]figure, error) {
	var out []figure
	for _, processes := range []int{1, 4} {
		dirs := make([]string, processes)
		for i := range dirs {
			dirs[i] = filepath.Join(m.at, fmt.Sprintf("%d-%d", processes, i))
			if err := os.Mkdir(dirs[i], 0o755); err != nil {
				return nil, err
			}
		}
		for _, step := range steps {
			if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("2"), 0); err != nil {
				return nil, err
			}
			took, err := together(step, dirs, *files/processes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", step, err)
			}
			out = append(out, figure{fmt.Sprintf("%s by %d", step, processes), float64(*files) / took.Seconds(), "/s"})
		}
	}
	return out, nil
}

// together runs a worker in each folder and returns how long they took.
func together(step string, dirs []string, n int) (time.Duration, error) {
	var started []*exec.Cmd
	begin := time.Now()
	var errs []error
	for _, dir := range dirs {
		cmd := exec.Command("/proc/self/exe", workerMark, step, dir, strconv.Itoa(n))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			errs = append(errs, err)
			continue
		}
		started = append(started, cmd)
	}
	for _, cmd := range started {
		errs = append(errs, cmd.Wait())
	}
	return time.Since(begin), errors.Join(errs...)
}

// worker does a step to n files of a folder.
func worker(args []string) {
	step, dir := args[0], args[1]
	n, err := strconv.Atoi(args[2])
	if err == nil {
		err = work(step, dir, n)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s in %s: %v\n", step, dir, err)
		os.Exit(1)
	}
}

func work(step, dir string, n int) error {
	if step == "list" {
		names, err := os.ReadDir(dir)
		if err == nil && len(names) != n {
			err = fmt.Errorf("%d names instead of %d", len(names), n)
		}
		return err
	}
	if err := unix.Chdir(dir); err != nil {
		return err
	}
	text := make([]byte, 1024)
	for i := range n {
		name, other := "file-"+strconv.Itoa(i), "moved-"+strconv.Itoa(i)
		var err error
		switch step {
		case "create":
			err = create(name, text)
		case "stat":
			var st unix.Stat_t
			err = unix.Lstat(name, &st)
		case "rename":
			err = unix.Rename(name, other)
		case "unlink":
			err = unix.Unlink(other)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func create(name string, text []byte) error {
	fd, err := unix.Open(name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	if _, err := unix.Write(fd, text); err != nil {
		return err
	}
	return unix.Close(fd)
}
