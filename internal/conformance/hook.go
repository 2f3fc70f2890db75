// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The copy of the binary that runs a row is told so by its environment.
const (
	envScenario = "VEXJ_CONFORMANCE_SCENARIO"
	envBase     = "VEXJ_CONFORMANCE_BASE"
)

// reportFD is where the child reports, a JSON object a line.
const reportFD = 3

var hooked bool

// report is what the child says at the end of Setup and again of Do.
type report struct {
	Facts map[string]int64 `json:"facts,omitempty"`
	Error string           `json:"error,omitempty"`
	Unmet string           `json:"unmet,omitempty"`
}

// Hook must be the first call in main, or in TestMain, of a binary that calls
// Run: in the copies of it that run the rows it does that and does not return.
func Hook() {
	hooked = true
	if name := os.Getenv(envScenario); name != "" {
		os.Exit(child(name, os.Getenv(envBase)))
	}
}

func child(name, base string) int {
	s, ok := find(name)
	if !ok {
		fmt.Fprintf(os.Stderr, "conformance: no row is called %q\n", name)
		return 2
	}
	e := newEnv(base)
	go follow(&s, e)
	select {}
}

// follow is the child's side of Run. Its thread is never given back, so that
// whatever the row does to the thread ends with it.
func follow(s *Scenario, e *Env) {
	runtime.LockOSThread()
	unix.CloseOnExec(reportFD)
	commands := bufio.NewScanner(os.Stdin)
	reports := json.NewEncoder(os.NewFile(reportFD, "report"))

	base, err := e.prepare()
	if err == nil {
		err = e.attempt(s.Setup)
	}
	r := report{Facts: e.facts}
	var unmet unmetError
	switch {
	case errors.As(err, &unmet):
		r.Unmet = unmet.reason
	case err != nil:
		r.Error = "setup: " + err.Error()
	}
	_ = reports.Encode(r)
	if err != nil || !commands.Scan() { // "go"
		e.runCleanup()
		os.Exit(1)
	}

	err = e.perform(s, base)
	r = report{Facts: e.facts}
	if err != nil {
		r.Error = err.Error()
	}
	_ = reports.Encode(r)
	commands.Scan() // "end"
	e.runCleanup()
	os.Exit(0)
}

// prepare gives the thread a working directory of its own and notes who it is.
// It returns a descriptor of Base, which serves the markers whatever becomes of
// the root directory.
func (e *Env) prepare() (int, error) {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return -1, fmt.Errorf("unshare(CLONE_FS): %w", err)
	}
	unix.Umask(0o022)
	if err := unix.Chdir(e.Dir); err != nil {
		return -1, fmt.Errorf("chdir %s: %w", e.Dir, err)
	}
	base, err := unix.Open(e.Base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", e.Base, err)
	}
	e.Note("pid", int64(os.Getpid()))
	e.Note("task.tid", int64(unix.Gettid()))
	e.Note("task.ppid", int64(os.Getppid()))
	e.Note("task.uid", int64(os.Geteuid()))
	e.Note("task.gid", int64(os.Getegid()))
	for fact, file := range map[string]string{"task.mnt_ns": "/proc/thread-self/ns/mnt", "task.pid_ns": "/proc/thread-self/ns/pid"} {
		var st unix.Stat_t
		if unix.Stat(file, &st) == nil {
			e.Note(fact, int64(st.Ino))
		}
	}
	if id, ok := cgroupID(); ok {
		e.Note("task.cgroup", id)
	}
	return base, nil
}

// cgroupID returns the id of the process's group in the default hierarchy,
// which is the inode of its directory, where that is mounted.
func cgroupID() (int64, bool) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
			var fs unix.Statfs_t
			var st unix.Stat_t
			if unix.Statfs(root, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC && unix.Stat(root+path, &st) == nil {
				return int64(st.Ino), true
			}
		}
	}
	return 0, false
}

// perform runs Do between the markers. The second marker is another thread's,
// as Do may have left this one with another root or without rights.
func (e *Env) perform(s *Scenario, base int) error {
	if err := unix.Mkdirat(base, markBegin, 0o755); err != nil {
		return fmt.Errorf("marker: %w", err)
	}
	err := e.attempt(s.Do)
	marked := make(chan error)
	go func() { marked <- unix.Mkdirat(base, markEnd, 0o755) }()
	return errors.Join(err, <-marked)
}

// attempt runs one part of a row and returns what Must, Fails or Unmet raised.
func (e *Env) attempt(part func(*Env)) (err error) {
	if part == nil {
		return nil
	}
	defer func() {
		switch v := recover().(type) {
		case nil:
		case broken:
			err = fmt.Errorf("%s: %w", caller(), v.err)
		case unmetError:
			err = v
		default:
			panic(v)
		}
	}()
	part(e)
	return nil
}

// caller returns the line of the row at which it broke.
func caller() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		name := f.File[strings.LastIndexByte(f.File, '/')+1:]
		if strings.HasPrefix(name, "rows_") {
			return name + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return "row"
		}
	}
}
