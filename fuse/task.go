// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// The kernel says of a caller its thread id, fsuid and fsgid. The rest is asked
// of /proc. That is slow, and a thread id is used again, so that what was learnt
// is kept together with an open file of /proc/TID/comm: reading it fails once that
// thread has ended, whoever has its number then, and tells of an exec by another
// name. Parent, control group and namespaces can be taskAge old.
const (
	taskAge   = int64(200e6) // ns
	mostTasks = 1024         // that are kept, each with a descriptor
)

// A task is what is known of a thread. It does not change.
type task struct {
	uapi.Task
	tgid   uint32
	cgroup string // of the v2 hierarchy, from its root
}

type tasks struct {
	mu    sync.RWMutex
	byTID map[uint32]*taskEntry
}

type taskEntry struct {
	mu     sync.Mutex
	comm   int // descriptors; stat is opened when it is needed
	stat   int
	looked int64
	task   *task
}

func newTasks() *tasks { return &tasks{byTID: map[uint32]*taskEntry{}} }

// nobodyKnown is a caller of whom nothing is known: the kernel itself, or a
// process outside of the pid namespace of the mount.
var nobodyKnown = &task{}

// get returns what is known of a thread.
func (ts *tasks) get(tid uint32, now int64) *task {
	if tid == 0 {
		return nobodyKnown
	}
	ts.mu.RLock()
	e := ts.byTID[tid]
	ts.mu.RUnlock()
	if e != nil {
		if t := ts.refresh(e, tid, now); t != nil {
			return t
		}
		ts.forget(tid, e)
	}
	e = ts.open(tid)
	if e == nil {
		return nobodyKnown
	}
	if t := ts.refresh(e, tid, now); t != nil {
		return t
	}
	return nobodyKnown
}

func (ts *tasks) open(tid uint32) *taskEntry {
	fd, err := openat(unix.AT_FDCWD, "/proc/"+strconv.FormatUint(uint64(tid), 10)+"/comm", unix.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	e := &taskEntry{comm: fd, stat: -1}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if old := ts.byTID[tid]; old != nil { // somebody was faster
		unix.Close(fd)
		return old
	}
	if len(ts.byTID) >= mostTasks {
		for other, e := range ts.byTID { // any will do
			delete(ts.byTID, other)
			e.close()
			break
		}
	}
	ts.byTID[tid] = e
	return e
}

func (ts *tasks) forget(tid uint32, e *taskEntry) {
	ts.mu.Lock()
	if ts.byTID[tid] == e {
		delete(ts.byTID, tid)
	}
	ts.mu.Unlock()
	e.close()
}

func (ts *tasks) close() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for tid, e := range ts.byTID {
		delete(ts.byTID, tid)
		e.close()
	}
}

func (e *taskEntry) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.comm >= 0 {
		unix.Close(e.comm)
		e.comm = -1
	}
	if e.stat >= 0 {
		unix.Close(e.stat)
		e.stat = -1
	}
}

// refresh returns e's task as it is now; nil if the thread has ended.
func (ts *tasks) refresh(e *taskEntry, tid uint32, now int64) *task {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.comm < 0 {
		return nil
	}
	var buf [32]byte
	n, err := unix.Pread(e.comm, buf[:], 0)
	if err != nil || n == 0 {
		return nil
	}
	comm := bytes.TrimSuffix(buf[:n], []byte("\n"))
	if t := e.task; t != nil && now-e.looked < taskAge && bytes.Equal(t.Command(), comm) {
		return t
	}
	t, err := ask(tid)
	if err != nil {
		return e.task
	}
	copy(t.Comm[:], comm)
	e.task, e.looked = t, now
	return t
}

var errProc = errors.New("not understood")

// ask reads all of a thread.
func ask(tid uint32) (*task, error) {
	t := &task{}
	dir := "/proc/" + strconv.FormatUint(uint64(tid), 10)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return nil, err
	}
	t.TID = tid
	t.tgid = statusField(status, "\nTgid:")
	t.PPID = statusField(status, "\nPPid:")
	if t.tgid == 0 {
		return nil, errProc
	}
	stat, err := os.ReadFile("/proc/" + strconv.FormatUint(uint64(t.tgid), 10) + "/stat")
	if err != nil {
		return nil, err
	}
	t.StartTime = startTime(stat)
	t.MntNS = namespace(dir + "/ns/mnt")
	t.PidNS = namespace(dir + "/ns/pid")
	if text, err := os.ReadFile(dir + "/cgroup"); err == nil {
		t.cgroup = unifiedGroup(string(text))
		t.CgroupID = groupID(t.cgroup)
	}
	return t, nil
}

func statusField(status []byte, name string) uint32 {
	_, rest, ok := bytes.Cut(status, []byte(name))
	if !ok {
		return 0
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, _ := strconv.ParseUint(string(bytes.TrimSpace(line)), 10, 32)
	return uint32(n)
}

// afterComm returns the fields of /proc/PID/stat from the third on: the second, a
// name in brackets, may have anything in it.
func afterComm(stat []byte) []string {
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

// tick is what the kernel counts start times in, whatever its own HZ.
const tick = uint64(1e9 / 100)

// startTime is when a process began, in ns of CLOCK_BOOTTIME.
func startTime(stat []byte) uint64 {
	fields := afterComm(stat)
	if len(fields) < 20 {
		return 0
	}
	n, _ := strconv.ParseUint(fields[19], 10, 64)
	return n * tick
}

func namespace(file string) uint32 {
	name, err := os.Readlink(file) // mnt:[4026531841]
	if err != nil {
		return 0
	}
	_, number, _ := strings.Cut(name, "[")
	n, _ := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
	return uint32(n)
}

func unifiedGroup(text string) string {
	for line := range strings.Lines(text) {
		if group, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return group
		}
	}
	return ""
}

// groupID is the id of a control group: the inode of its folder.
func groupID(group string) uint64 {
	var fs unix.Statfs_t
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Stat_t
		if unix.Statfs(root, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC && unix.Stat(root+group, &st) == nil {
			return st.Ino
		}
	}
	return 0
}

// exiting says whether a thread is past the point where it ends: what it closes
// then, it does not close by a call.
func (ts *tasks) exiting(tid uint32) bool {
	const pfExiting = 0x4
	ts.mu.RLock()
	e := ts.byTID[tid]
	ts.mu.RUnlock()
	if e == nil {
		if e = ts.open(tid); e == nil {
			return true
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stat < 0 {
		fd, err := openat(unix.AT_FDCWD, "/proc/"+strconv.FormatUint(uint64(tid), 10)+"/stat", unix.O_RDONLY, 0)
		if err != nil {
			return true
		}
		e.stat = fd
	}
	var buf [512]byte
	n, err := unix.Pread(e.stat, buf[:], 0)
	if err != nil {
		// Of a thread that had the number before.
		unix.Close(e.stat)
		e.stat = -1
		return false
	}
	fields := afterComm(buf[:n])
	if len(fields) < 7 {
		return false
	}
	flags, _ := strconv.ParseUint(fields[6], 10, 64)
	return flags&pfExiting != 0
}

// within says whether a process is one of roots or descends from one.
func (ts *tasks) within(t *task, roots []uint32, now int64) bool {
	pid, parent := t.tgid, t.PPID
	for range 64 { // a chain that goes round is not one
		for _, root := range roots {
			if pid == root {
				return true
			}
		}
		if parent <= 1 {
			return false
		}
		p := ts.get(parent, now)
		if p == nobodyKnown {
			return false
		}
		pid, parent = p.tgid, p.PPID
	}
	return false
}
