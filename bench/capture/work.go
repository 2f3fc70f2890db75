// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A job is one kind of operation, and the calls that it is made of.
type job struct {
	name  string
	calls []string
	types string // of vexj
	run   func(dir string, n int) error
}

var jobs = []job{
	{"pwrite of 1 byte", []string{"pwrite64"}, "write", pwrite},
	{"openat and close", []string{"openat", "close"}, "open,close", openClose},
	{"rename", []string{"rename"}, "rename", rename},
	{"stat", []string{"newfstatat"}, "stat", stat},
}

func bytePtr(s string) *byte {
	p, err := unix.BytePtrFromString(s)
	if err != nil {
		panic(err)
	}
	return p
}

func pwrite(dir string, n int) error {
	fd, err := unix.Open(filepath.Join(dir, "file"), unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	b := [1]byte{'x'}
	for range n {
		if _, _, e := unix.RawSyscall6(unix.SYS_PWRITE64, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), 1, 0, 0, 0); e != 0 {
			return e
		}
	}
	return nil
}

func openClose(dir string, n int) error {
	cwd := unix.AT_FDCWD
	name := bytePtr(filepath.Join(dir, "file"))
	for range n {
		fd, _, e := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(cwd), uintptr(unsafe.Pointer(name)), unix.O_RDONLY, 0, 0, 0)
		if e != 0 {
			return e
		}
		if _, _, e := unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0); e != 0 {
			return e
		}
	}
	return nil
}

func rename(dir string, n int) error {
	a, b := bytePtr(filepath.Join(dir, "file")), bytePtr(filepath.Join(dir, "gone"))
	for range n {
		if _, _, e := unix.RawSyscall(unix.SYS_RENAME, uintptr(unsafe.Pointer(a)), uintptr(unsafe.Pointer(b)), 0); e != 0 {
			return e
		}
		a, b = b, a
	}
	return nil
}

func stat(dir string, n int) error {
	cwd := unix.AT_FDCWD
	name := bytePtr(filepath.Join(dir, "file"))
	var st unix.Stat_t
	for range n {
		if _, _, e := unix.RawSyscall6(unix.SYS_NEWFSTATAT, uintptr(cwd), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&st)), 0, 0, 0); e != 0 {
			return e
		}
	}
	return nil
}

// worker is the child: it prints a line when it is ready, waits for one, does
// the job and prints the nanoseconds.
func worker(args []string) error {
	runtime.LockOSThread()
	if len(args) != 3 {
		return fmt.Errorf("worker: want a job, a folder and a count, got %q", args)
	}
	i, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(args[1], "file"), []byte("0123456789"), 0o600); err != nil {
		return err
	}
	var cpus unix.CPUSet
	cpus.Set(0)
	if err := unix.SchedSetaffinity(0, &cpus); err != nil {
		return err
	}
	fmt.Println("ready")
	var line string
	if _, err := fmt.Scanln(&line); err != nil {
		return err
	}
	if err := jobs[i].run(args[1], n/10+n/10%2); err != nil {
		return err
	}
	start, err := threadTime()
	if err != nil {
		return err
	}
	if err := jobs[i].run(args[1], n); err != nil {
		return err
	}
	end, err := threadTime()
	fmt.Println(end - start)
	return err
}

// threadTime is the CPU time of this thread, in the kernel and outside, in
// nanoseconds. Probes run on it; other programs on the machine do not count.
func threadTime() (int64, error) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return ts.Nano(), err
}
