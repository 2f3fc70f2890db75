// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

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
	groups []byte // what /proc said of its control groups
	stands atomic.Pointer[standing]
	claims atomic.Pointer[[]byte] // what is declared, until a record has it
}

type tasks struct {
	mu     sync.RWMutex
	byTID  map[uint32]*taskEntry
	groups *atomic.Bool // that they are in is asked for each time

	saying sync.Mutex
	said   map[uint32]claim // by tgid
}

// A claim is what a process was recorded to declare of itself.
type claim struct {
	start uint64
	text  string
}

type taskEntry struct {
	mu     sync.Mutex
	comm   int // descriptors; the others are opened when they are needed
	args   int
	group  int
	looked int64
	task   *task
}

func newTasks(groups *atomic.Bool) *tasks {
	return &tasks{byTID: map[uint32]*taskEntry{}, groups: groups, said: map[uint32]claim{}}
}

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
	fd, err := openat(unix.AT_FDCWD, procFile(tid, "comm"), unix.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	e := &taskEntry{comm: fd, args: -1, group: -1}
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
	for _, fd := range []*int{&e.comm, &e.args, &e.group} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
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
	if t := e.task; t != nil && now-e.looked < taskAge && bytes.Equal(t.Command(), comm) &&
		(!ts.groups.Load() || e.sameGroups(tid)) {
		return t
	}
	t, err := ask(tid)
	if err != nil || t.StartTime == 0 && e.task != nil {
		return e.task
	}
	copy(t.Comm[:], comm)
	if t.StartTime == 0 {
		return t // and it is asked again the next time
	}
	if e.task != nil {
		t.claims.Store(e.task.claims.Swap(nil))
	}
	ts.hearClaim(t)
	e.task, e.looked = t, now
	return t
}

// hearClaim looks at what a program declares. Its exec is not seen, and so it is the
// first record afterwards that says it: of a program with the name of the one
// before, taskAge later.
func (ts *tasks) hearClaim(t *task) {
	environ, err := guarded(func() ([]byte, error) { return os.ReadFile(procFile(t.tgid, "environ")) })
	if err != nil {
		return // it has ended, is on its way to another program, or none of this user's business
	}
	text := uapi.ScanEnviron(environ)
	now := claim{t.StartTime, string(text)}
	ts.saying.Lock()
	defer ts.saying.Unlock()
	before, known := ts.said[t.tgid]
	if known && before == now || !known && text == nil {
		return
	}
	if len(ts.said) >= mostTasks {
		clear(ts.said) // what was said is said again
	}
	ts.said[t.tgid] = now
	if text != nil {
		t.claims.Store(&text)
	}
}

// sameGroups says whether a thread is still in the control groups that it was in.
func (e *taskEntry) sameGroups(tid uint32) bool {
	if e.group < 0 {
		fd, err := openat(unix.AT_FDCWD, procFile(tid, "cgroup"), unix.O_RDONLY, 0)
		if err != nil {
			return false
		}
		e.group = fd
	}
	var buf [1024]byte
	n, err := unix.Pread(e.group, buf[:], 0)
	return err == nil && bytes.Equal(buf[:max(n, 0)], e.task.groups)
}

var errProc = errors.New("not understood")

// An origin is what of a thread the kernel guards.
type origin struct {
	stat         procStat
	mntNS, pidNS uint32
}

// ask reads all of a thread, but not the origin of one in execve.
func ask(tid uint32) (*task, error) {
	t := &task{}
	status, err := os.ReadFile(procFile(tid, "status"))
	if err != nil {
		return nil, err
	}
	t.TID = tid
	t.tgid = statusField(status, "\nTgid:")
	t.PPID = statusField(status, "\nPPid:")
	if t.tgid == 0 {
		return nil, errProc
	}
	origin, err := guarded(func() (o origin, err error) {
		if inExecve(tid) {
			return o, errBusy
		}
		if o.stat, err = readStat(t.tgid); err == nil {
			o.mntNS, o.pidNS = namespace(procFile(tid, "ns/mnt")), namespace(procFile(tid, "ns/pid"))
		}
		return o, err
	})
	if err != nil && err != errBusy {
		return nil, err
	}
	t.StartTime, t.MntNS, t.PidNS = origin.stat.start, origin.mntNS, origin.pidNS
	if text, err := os.ReadFile(procFile(tid, "cgroup")); err == nil {
		t.groups = text
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

// leaving says whether a thread is in execve or past the point where it ends: what it
// closes then, it does not close by a call. Its memory is not there yet, or not any
// more, and that can be seen without a lock.
func (ts *tasks) leaving(tid uint32) bool {
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
	for range 2 { // the first may be of a thread that had the number before
		if e.args < 0 {
			fd, err := openat(unix.AT_FDCWD, procFile(tid, "cmdline"), unix.O_RDONLY, 0)
			if err != nil {
				return true
			}
			e.args = fd
		}
		var buf [1]byte
		n, err := unix.Pread(e.args, buf[:], 0)
		if err == nil {
			return n == 0
		}
		unix.Close(e.args)
		e.args = -1
	}
	return true
}
