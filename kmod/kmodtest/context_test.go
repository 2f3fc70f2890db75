// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
	"vexj/uapi"
)

// who is what a record says of its attribution.
type who struct {
	agent                 string
	session, parent, root uint64
	visibility            uint64
}

func attribution(rec uapi.Record) who {
	h := rec.Header()
	agent, _ := rec.Attr(uapi.AttrAgentID)
	session, _ := rec.U64(uapi.AttrSession)
	w := who{string(agent), session, h.Parent, h.RootCause, h.VisibilityMask}
	if w.root == h.EventID {
		w.root = 0
	}
	return w
}

var nobodys = who{visibility: ^uint64(0)}

// emitted has each process emit a record, by its node, and returns what they say.
func (r *run) emitted(t *testing.T, lines map[uint64]func(node uint64)) map[uint64]who {
	t.Helper()
	out := map[uint64]who{}
	for node, emit := range lines {
		emit(node)
	}
	for node, rec := range nodes(r.drain(t)) {
		out[node] = attribution(rec)
	}
	if len(out) != len(lines) {
		t.Fatalf("%d records of %d processes", len(out), len(lines))
	}
	return out
}

func (p *process) emits(t *testing.T) func(node uint64) {
	return func(node uint64) { p.must(t, fmt.Sprint("emit ", node)) }
}

// childEmits is the same of a process that p has forked and executed.
func (p *process) childEmits(t *testing.T, i int) func(node uint64) {
	return func(node uint64) { p.must(t, fmt.Sprintf("child %d emit %d", i, node)) }
}

func setContext(t *testing.T, d *device.Device, c uapi.Context) {
	t.Helper()
	if err := d.SetContext(c); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, got, want map[uint64]who) {
	t.Helper()
	for node := range want {
		if got[node] != want[node] {
			t.Errorf("process %d: %+v, not %+v", node, got[node], want[node])
		}
	}
}

// A context is a tree's: of those that were there and of those that come, across
// fork and exec, of nobody else, until it is cleared.
func TestContextOfTree(t *testing.T) {
	r := begin(t, device.Options{})
	fd := openDevice(t, unix.O_RDWR)
	p, other := startProcess(t, fd, nil), startProcess(t, fd, nil)
	p.must(t, "fork")         // 0, before
	p.must(t, "child 0 fork") // its child 0, before
	a := uapi.Context{PID: p.pid(), Agent: "agent-7", Session: 42, Parent: 1000, Root: 900, Visibility: 6}
	setContext(t, r.Device, a)
	p.must(t, "fork")         // 1, after
	p.must(t, "child 1 fork") // its child 0, after
	wantA := who{"agent-7", 42, 1000, 900, 6}
	grandchild := func(i int) func(uint64) {
		return func(node uint64) { p.must(t, fmt.Sprintf("child %d child 0 emit %d", i, node)) }
	}
	all := map[uint64]func(uint64){
		1: p.emits(t), 2: p.childEmits(t, 0), 3: p.childEmits(t, 1), 4: grandchild(0), 5: grandchild(1), 6: other.emits(t),
	}
	check(t, r.emitted(t, all), map[uint64]who{1: wantA, 2: wantA, 3: wantA, 4: wantA, 5: wantA, 6: nobodys})

	got, err := r.Contexts()
	a.Processes = 5
	if err != nil || len(got) != 1 || got[0] != a {
		t.Errorf("%+v, %v; not %+v", got, err, a)
	}

	if c, ok, err := r.ContextOf(p.pid()); err != nil || !ok || c != a {
		t.Errorf("it acts for %+v, %v, %v", c, ok, err)
	}
	if c, ok, err := r.ContextOf(other.pid()); err != nil || ok {
		t.Errorf("the other one acts for %+v, %v", c, err)
	}
	if _, _, err := r.ContextOf(1 << 30); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("of no process: %v", err)
	}

	// Set again, it is the whole tree's again.
	setContext(t, r.Device, uapi.Context{PID: p.pid(), Session: 43})
	want := who{session: 43, visibility: ^uint64(0)}
	check(t, r.emitted(t, all), map[uint64]who{1: want, 2: want, 3: want, 4: want, 5: want, 6: nobodys})

	if err := r.ClearContext(uapi.Context{PID: p.pid()}); err != nil {
		t.Fatal(err)
	}
	check(t, r.emitted(t, all), map[uint64]who{1: nobodys, 2: nobodys, 3: nobodys, 4: nobodys, 5: nobodys, 6: nobodys})
	if err := r.ClearContext(uapi.Context{PID: p.pid()}); err == nil {
		t.Error("cleared what is not set")
	}
}

// Of two contexts the nearer one counts; when it is cleared the other is back.
func TestNestedContexts(t *testing.T) {
	r := begin(t, device.Options{})
	fd := openDevice(t, unix.O_RDWR)
	p := startProcess(t, fd, nil)
	var child uint32
	if _, err := fmt.Sscan(p.must(t, "fork"), &child); err != nil {
		t.Fatal(err)
	}
	p.must(t, "child 0 fork")
	grandchild := func(node uint64) { p.must(t, fmt.Sprintf("child 0 child 0 emit %d", node)) }
	all := map[uint64]func(uint64){1: p.emits(t), 2: p.childEmits(t, 0), 3: grandchild}
	outer, inner := who{session: 1, visibility: ^uint64(0)}, who{agent: "x", visibility: ^uint64(0)}

	setContext(t, r.Device, uapi.Context{PID: child, Agent: "x"})
	setContext(t, r.Device, uapi.Context{PID: p.pid(), Session: 1})
	check(t, r.emitted(t, all), map[uint64]who{1: outer, 2: inner, 3: inner})
	if err := r.ClearContext(uapi.Context{PID: p.pid()}); err != nil {
		t.Fatal(err)
	}
	setContext(t, r.Device, uapi.Context{PID: p.pid(), Session: 1})
	if err := r.ClearContext(uapi.Context{PID: child}); err != nil {
		t.Fatal(err)
	}
	setContext(t, r.Device, uapi.Context{PID: child, Agent: "x"})
	check(t, r.emitted(t, all), map[uint64]who{1: outer, 2: inner, 3: inner})
	if err := r.ClearContext(uapi.Context{PID: child}); err != nil {
		t.Fatal(err)
	}
	got := r.emitted(t, all)
	if got[1] != outer || got[2] != got[3] || got[2] == inner {
		t.Errorf("after the inner one is cleared: %+v", got)
	}
}

// A tree's context ends with its last process.
func TestContextEndsWithTree(t *testing.T) {
	r := begin(t, device.Options{})
	fd := openDevice(t, unix.O_RDWR)
	for range 20 {
		p, err := newProcess(fd, nil)
		if err != nil {
			t.Fatal(err)
		}
		setContext(t, r.Device, uapi.Context{PID: p.pid(), Session: 1})
		p.must(t, "fork")
		p.end()
	}
	until(t, "the contexts to go", func() bool { i, err := r.Info(); return err == nil && i.Contexts == 0 })
}

// newGroup makes a control group of the v2 hierarchy.
func newGroup(t *testing.T, parts ...string) (path string, id uint64) {
	t.Helper()
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.procs"); err != nil {
		root += "/unified"
	}
	path = filepath.Join(append([]string{root}, parts...)...)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { until(t, path+" to be empty", func() bool { return os.Remove(path) == nil }) })
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return path, st.Ino
}

func inGroup(t *testing.T, fd int, path string) *process {
	t.Helper()
	dir, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	p := startProcess(t, fd, nil)
	if err := os.WriteFile(path+"/cgroup.procs", fmt.Append(nil, p.pid()), 0); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestContextOfCgroup(t *testing.T) {
	r := begin(t, device.Options{})
	fd := openDevice(t, unix.O_RDWR)
	upper, id := newGroup(t, "vexjtest")
	lower, lowerID := newGroup(t, "vexjtest", "lower")
	in, below, outside := inGroup(t, fd, upper), inGroup(t, fd, lower), startProcess(t, fd, nil)
	all := map[uint64]func(uint64){1: in.emits(t), 2: below.emits(t), 3: outside.emits(t)}
	a, b, tree := who{session: 5, visibility: ^uint64(0)}, who{agent: "b", visibility: 3}, who{session: 9, visibility: ^uint64(0)}

	setContext(t, r.Device, uapi.Context{Cgroup: id, Session: 5})
	check(t, r.emitted(t, all), map[uint64]who{1: a, 2: a, 3: nobodys})
	setContext(t, r.Device, uapi.Context{Cgroup: lowerID, Agent: "b", Visibility: 3})
	check(t, r.emitted(t, all), map[uint64]who{1: a, 2: b, 3: nobodys})
	if c, ok, err := r.ContextOf(below.pid()); err != nil || !ok || c.Cgroup != lowerID {
		t.Errorf("it acts for %+v, %v, %v", c, ok, err)
	}
	setContext(t, r.Device, uapi.Context{PID: below.pid(), Session: 9})
	check(t, r.emitted(t, all), map[uint64]who{1: a, 2: tree, 3: nobodys})
	for _, c := range []uapi.Context{{Cgroup: id}, {Cgroup: lowerID}, {PID: below.pid()}} {
		if err := r.ClearContext(c); err != nil {
			t.Error(err)
		}
	}
	check(t, r.emitted(t, all), map[uint64]who{1: nobodys, 2: nobodys, 3: nobodys})
}

// An attributed process may repeat whom it acts for, and not say another; it
// can narrow who sees its records, not widen it.
func TestClaims(t *testing.T) {
	r := begin(t, device.Options{})
	fd := openDevice(t, unix.O_RDWR)
	p := startProcess(t, fd, nil)
	p.must(t, "emit 1 any")
	setContext(t, r.Device, uapi.Context{PID: p.pid(), Agent: "me", Session: 5})
	p.must(t, "emit 2 me")
	for _, claim := range []string{"you", "m", "mee"} {
		if got := p.ask("emit 3 " + claim); got != "EPERM" {
			t.Errorf("claiming to be %q: %s", claim, got)
		}
	}
	got := nodes(r.drain(t))
	if len(got) != 2 || attribution(got[1]).agent != "any" || attribution(got[2]) != (who{"me", 5, 0, 0, ^uint64(0)}) {
		t.Errorf("%v", got)
	}

	setContext(t, r.Device, uapi.Context{PID: uint32(os.Getpid()), Visibility: 6, Parent: 10})
	t.Cleanup(func() { r.ClearContext(uapi.Context{PID: uint32(os.Getpid())}) })
	for node, h := range []uapi.Header{
		{},
		{VisibilityMask: 3},
		{Parent: 20},
		{Parent: 20, RootCause: 21},
	} {
		b := uapi.NewBuilder(nil)
		h.Type = uapi.AgentDecision
		b.Begin(h)
		b.AddU64(uapi.AttrGraphNode, uint64(node))
		if _, err := r.Write(finish(b)); err != nil {
			t.Fatal(err)
		}
	}
	got = nodes(r.drain(t))
	for node, want := range []who{
		{visibility: 6, parent: 10, root: 10},
		{visibility: 2, parent: 10, root: 10},
		{visibility: 6, parent: 20, root: 20},
		{visibility: 6, parent: 20, root: 21},
	} {
		if a := attribution(got[uint64(node)]); a != want {
			t.Errorf("record %d: %+v, not %+v", node, a, want)
		}
	}
}

// Trees that are followed, for the filter: the module counts who is.
func TestFollow(t *testing.T) {
	d := mustOpen(t)
	fd := openDevice(t, unix.O_RDWR)
	p := startProcess(t, fd, &syscall.SysProcAttr{Setpgid: true})
	p.must(t, "fork")
	followed := func() int {
		i, err := d.Info()
		if err != nil {
			t.Fatal(err)
		}
		return i.Followed
	}
	if err := d.Follow(p.pid()); err != nil {
		t.Fatal(err)
	}
	if n := followed(); n != 2 {
		t.Errorf("%d followed, not two", n)
	}
	p.must(t, "fork")
	p.must(t, "child 1 fork")
	// Whatever else they forked on their way is gone soon.
	until(t, "four to be followed", func() bool { return followed() == 4 })
	if err := d.Unfollow(p.pid()); err != nil {
		t.Fatal(err)
	}
	if n := followed(); n != 0 {
		t.Errorf("%d followed, none should be", n)
	}
}
