// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"vexj/uapi"
)

// A kinship knows for whom processes act, and whether their tree is followed. Both
// are known of processes one by one, as in the module: a table has each that is
// attributed or followed, and a fork copies the parent's entry.
//
// The kernel tells of forks (see forks), before the child can do anything: what it
// has told is taken into account before anybody new is looked up. Where it does not
// tell, a process that is seen for the first time is looked for among the
// descendants of those that are known, by /proc; whose parent has ended by then is
// not found.
type kinship struct {
	mu       sync.Mutex
	of       map[uint32]entry // by tgid
	contexts []*attribution
	followed []uint32            // first processes of the trees
	forks    *forks              // nil: the kernel does not tell
	deaf     bool                // it does not tell, or has told of more than was heard
	enough   int                 // entries, until those who have ended are forgotten
	heard    int                 // forks since then
	ended    map[uint32]struct{} // they, while they are being forgotten
	missed   func()              // is told that forks were not heard of
	open     func() (*forks, error)
	closed   bool

	// state grows with every change, and is odd while there is nothing to know:
	// where a task stands was looked up under one state.
	state  atomic.Uint64
	groups atomic.Bool // control groups have contexts
}

// An entry is what is known of a process. start is when it began, 0 as long as
// nobody looked.
type entry struct {
	start   uint64
	context *attribution
	roots   []uint32 // of the followed trees that it is in; shared
}

// A standing is what was found out of a task.
type standing struct {
	state   uint64
	context *attribution
	roots   []uint32
}

var nobodys = &standing{}

// leastEntries is from how many on the dead are looked for.
const leastEntries = 1024

func newKinship(missed func()) *kinship {
	k := &kinship{of: map[uint32]entry{}, enough: leastEntries, missed: missed, open: hearForks}
	k.state.Store(1)
	return k
}

// stands returns where a task stands.
func (k *kinship) stands(t *task) *standing {
	state := k.state.Load()
	if state&1 != 0 || t.tgid == 0 {
		return nobodys
	}
	if s := t.stands.Load(); s != nil && s.state == state {
		return s
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drain()
	e := k.find(t.tgid, procStat{ppid: t.PPID, start: t.StartTime})
	s := &standing{state: k.state.Load(), context: e.context, roots: e.roots}
	if s.context == nil {
		s.context = k.groupContext(t)
	}
	t.stands.Store(s)
	return s
}

// changed is called after each change of contexts and followed trees. The lock is
// held.
func (k *kinship) changed() {
	next := k.state.Load()&^1 + 2
	if len(k.contexts) == 0 && len(k.followed) == 0 {
		next++
	}
	k.state.Store(next)
	k.groups.Store(slices.ContainsFunc(k.contexts, func(a *attribution) bool { return a.Cgroup != 0 }))
}

// put sets an entry, or forgets one that says nothing any more: where forks are not
// heard of, it says that nothing comes from the parent. The lock is held.
func (k *kinship) put(pid uint32, e entry) {
	if e.context == nil && len(e.roots) == 0 && !k.deaf {
		delete(k.of, pid)
		return
	}
	k.of[pid] = e
}

// find returns the entry of a process, of which its stat is known. The lock is held.
func (k *kinship) find(pid uint32, s procStat) entry {
	e, ok := k.of[pid]
	if ok && e.start == 0 {
		e.start = s.start
		k.of[pid] = e
	}
	if ok && sameStart(e.start, s.start) {
		return e
	}
	if !k.deaf || len(k.of) == 0 {
		return entry{}
	}
	up := s
	for range 64 { // a chain that goes round is not one
		if up.ppid == 0 {
			return entry{}
		}
		parent := up.ppid
		var err error
		if up, err = statOf(parent); err != nil {
			return entry{}
		}
		if e, ok := k.of[parent]; ok && sameStart(e.start, up.start) {
			e.start = s.start
			if k.of[pid] = e; len(k.of) > k.enough {
				k.sweep()
			}
			return e
		}
	}
	return entry{}
}

// spread changes what is known of a process and its descendants. give changes an
// entry, of somebody of whom nothing may be known yet, and says whether those below
// are to be given it too. The lock is held.
func (k *kinship) spread(first uint32, start uint64, give func(e *entry, known bool) bool) {
	children := map[uint32][]uint32{}
	starts := map[uint32]uint64{first: start}
	for pid, s := range processes() {
		children[s.ppid] = append(children[s.ppid], pid)
		starts[pid] = s.start
	}
	for todo := []uint32{first}; len(todo) > 0; {
		pid := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		e, ok := k.of[pid]
		if !ok || !sameStart(e.start, starts[pid]) {
			e, ok = entry{}, false
		}
		e.start = max(e.start, starts[pid])
		// With forks heard of, of whom nothing is known there is nothing to know.
		if give(&e, ok || !k.deaf) {
			k.put(pid, e)
			todo = append(todo, children[pid]...)
		}
	}
}

// follow makes roots the trees that are followed.
func (k *kinship) follow(roots []uint32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Equal(k.followed, roots) {
		return
	}
	defer k.changed()
	for _, root := range k.followed {
		if !slices.Contains(roots, root) {
			k.unfollow(root)
		}
	}
	old := k.followed
	k.followed = slices.Clone(roots)
	if len(roots) > 0 {
		k.listen()
	}
	k.drain()
	for _, root := range roots {
		first, err := statOf(root)
		if slices.Contains(old, root) || err != nil {
			continue // nobody is there, nobody is followed
		}
		k.spread(root, first.start, func(e *entry, _ bool) bool {
			if !slices.Contains(e.roots, root) {
				e.roots = append(slices.Clip(e.roots), root)
			}
			return true
		})
	}
	k.quiet()
}

func (k *kinship) unfollow(root uint32) {
	for pid, e := range k.of {
		if slices.Contains(e.roots, root) {
			e.roots = slices.DeleteFunc(slices.Clone(e.roots), func(x uint32) bool { return x == root })
			k.put(pid, e)
		}
	}
}

// sweep forgets those who have ended, and the contexts of trees of which nobody is
// left. What they have forked before may not have been heard yet, and is before they
// are forgotten. The lock is held.
func (k *kinship) sweep() {
	if k.ended != nil {
		return // it goes on
	}
	k.ended = map[uint32]struct{}{}
	for pid, e := range k.of {
		s, err := statOf(pid)
		if err != nil || !sameStart(e.start, s.start) {
			k.ended[pid] = struct{}{}
			continue
		}
		e.start = max(e.start, s.start)
		k.of[pid] = e
	}
	k.drain()
	for pid := range k.ended {
		delete(k.of, pid)
	}
	k.ended = nil
	for _, a := range k.contexts {
		a.Processes = 0
	}
	for _, e := range k.of {
		if e.context != nil {
			e.context.Processes++
		}
	}
	for _, a := range slices.Clone(k.contexts) {
		if a.PID != 0 && a.Processes == 0 {
			k.drop(a)
		}
	}
	k.enough, k.heard = max(leastEntries, 2*len(k.of)), 0
}

// within says whether a task is in one of the trees that are followed.
func (k *kinship) within(t *task, roots []uint32) bool {
	for _, root := range k.stands(t).roots {
		if slices.Contains(roots, root) {
			return true
		}
	}
	return false
}

// sameStart says whether two of one number may be one process. 0 is not known.
func sameStart(a, b uint64) bool { return a == b || a == 0 || b == 0 }

// A procStat is what /proc says of a process.
type procStat struct {
	ppid  uint32
	start uint64 // ns of CLOCK_BOOTTIME
}

// statOf asks for it. When a process in execve began is not known (0).
func statOf(pid uint32) (procStat, error) {
	s, err := guarded(func() (procStat, error) { return readStat(pid) })
	if err == errBusy {
		var text []byte
		text, err = os.ReadFile(procFile(pid, "status"))
		s.ppid = statusField(text, "\nPPid:")
	}
	return s, err
}

func readStat(pid uint32) (procStat, error) {
	text, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return procStat{}, err
	}
	fields := afterComm(text)
	if len(fields) < 20 {
		return procStat{}, errProc
	}
	ppid, err := strconv.ParseUint(fields[1], 10, 32)
	return procStat{uint32(ppid), startTime(text)}, err
}

// processes are those that there are.
func processes() map[uint32]procStat {
	out := map[uint32]procStat{}
	dir, err := os.Open("/proc")
	if err != nil {
		return out
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			continue
		}
		if s, err := statOf(uint32(pid)); err == nil {
			out[uint32(pid)] = s
		}
	}
	return out
}

// unheard counts forks after which somebody may not be attributed.
func (p *Producer) unheard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.last++
		p.counts.Attempted++
		p.counts.Lost[uapi.LostState]++
	}
}
