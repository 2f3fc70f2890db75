// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// measure runs a job once under a tool and returns the time of one operation.
func measure(i int, t tool, n int) (c cost, note string, err error) {
	dir, err := os.MkdirTemp("", "vexj-bench-")
	if err != nil {
		return c, "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := startWorker(i, dir, n)
	if err != nil {
		return c, "", err
	}
	defer func() { err = errors.Join(err, w.cmd.Wait()) }()
	stop, err := t.attach(jobs[i], w.cmd.Process.Pid, dir)
	if err != nil {
		w.cmd.Process.Kill()
		return c, "", err
	}
	before, err := busy()
	if err != nil {
		return c, "", err
	}
	fmt.Fprintln(w.in, "go")
	if !w.out.Scan() {
		return c, "", io.ErrUnexpectedEOF
	}
	total, err := strconv.ParseInt(w.out.Text(), 10, 64)
	if err != nil {
		return c, "", err
	}
	// What the tool has still to write counts, and what it takes to end it not.
	settle()
	after, err := busy()
	if err != nil {
		return c, "", err
	}
	note, err = stop()
	// The worker warms up with a tenth of the operations.
	return cost{float64(total) / float64(n), float64(after-before) / (1.1 * float64(n))}, note, err
}

// settle waits until the machine has done nothing for a while, or long enough.
func settle() {
	for range 40 {
		before, err1 := busy()
		time.Sleep(200 * time.Millisecond)
		after, err2 := busy()
		if err1 != nil || err2 != nil || after-before <= 20*time.Millisecond {
			return
		}
	}
}

// busy is the time that all CPUs were busy, since boot.
func busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[:bytes.IndexByte(text, '\n')]))
	var ticks int64
	for i, f := range fields[1:] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		if i != 3 && i != 4 && i < 8 { // idle, iowait; guests are in user
			ticks += n
		}
	}
	const hz = 100 // USER_HZ, on every architecture that Go runs on
	return time.Duration(ticks) * time.Second / hz, nil
}

// A workerProcess has said that it is ready.
type workerProcess struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func startWorker(i int, dir string, n int) (*workerProcess, error) {
	cmd := exec.Command("/proc/self/exe", "worker", strconv.Itoa(i), dir, strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w := &workerProcess{cmd, in, bufio.NewScanner(out)}
	if !w.out.Scan() {
		return nil, io.ErrUnexpectedEOF
	}
	return w, nil
}
