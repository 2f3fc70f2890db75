// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Who is what a record says of its attribution.
type Who struct {
	Agent                 string
	Session, Parent, Root uint64
	Visibility            uint64
}

// Nobody is what the record of a process says that acts for nobody.
var Nobody = Who{Visibility: ^uint64(0)}

// Of is what a record says.
func Of(rec uapi.Record) Who {
	h := rec.Header()
	agent, _ := rec.Attr(uapi.AttrAgentID)
	session, _ := rec.U64(uapi.AttrSession)
	w := Who{string(agent), session, h.Parent, h.RootCause, h.VisibilityMask}
	if w.Root == h.EventID {
		w.Root = 0
	}
	return w
}

// A Producer attributes.
type Producer interface {
	SetContext(uapi.Context) error
	ClearContext(uapi.Context) error
	Contexts() ([]uapi.Context, error)
	ContextOf(pid uint32) (c uapi.Context, ok bool, err error)

	// Drain returns what was recorded since it was called last: of what is created
	// in the folder that it was opened for all.
	Drain() ([]uapi.Record, error)
}

// Test runs the suite. open makes a producer that records what is created in dir, and
// sees to its end.
func Test(t *testing.T, open func(t *testing.T, dir string) Producer) {
	for _, test := range []struct {
		name string
		do   func(*testing.T, *attributed)
	}{
		{"of a tree", ofTree},
		{"nested", nested},
		{"inner over outer", innerOverOuter},
		{"ends with its tree", func(t *testing.T, a *attributed) { EndsWithTree(t, a.Producer, a.dir) }},
		{"of a control group", ofCgroup},
		{"exec by a thread", execByThread},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.do(t, &attributed{open(t, dir), t, dir})
		})
	}
}

// attributed is a producer that records what is created in dir.
type attributed struct {
	Producer
	t   *testing.T
	dir string
}

// Did has each of the shells create a file in dir, and says for whom they did.
func Did(t *testing.T, p Producer, dir string, all map[int]*Shell) map[int]Who {
	t.Helper()
	for n, s := range all {
		path := filepath.Join(dir, fmt.Sprint(n))
		if got := s.Ask(": >" + path + "; echo did"); got != "did" {
			t.Fatal(got)
		}
		os.Remove(path)
	}
	recs, err := p.Drain()
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]Who{}
	for _, r := range recs {
		if n, err := strconv.Atoi(filepath.Base(string(r.Path()))); err == nil && r.Type() == uapi.FSCreate {
			out[n] = Of(r)
		}
	}
	return out
}

func (a *attributed) expect(all map[int]*Shell, want map[int]Who) {
	a.t.Helper()
	if got := Did(a.t, a.Producer, a.dir, all); !maps.Equal(got, want) {
		a.t.Errorf("%+v, want %+v", got, want)
	}
}

func (a *attributed) set(c uapi.Context) {
	a.t.Helper()
	if err := a.SetContext(c); err != nil {
		a.t.Fatal(err)
	}
}

func (a *attributed) clear(c uapi.Context) {
	a.t.Helper()
	if err := a.ClearContext(c); err != nil {
		a.t.Fatal(err)
	}
}

// Until waits for what happens, a minute at most: an orphan that has ended is there until
// init looks, and its memory until the kernel's callbacks are due.
func Until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}

// NewGroup makes a control group of the v2 hierarchy.
func NewGroup(t *testing.T, parts ...string) (path string, id uint64) {
	t.Helper()
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.procs"); err != nil {
		root += "/unified"
	}
	path = filepath.Join(append([]string{root}, parts...)...)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Until(t, path+" to be empty", func() bool { return os.Remove(path) == nil }) })
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return path, st.Ino
}

// A context is a tree's: of those that were there and of those that come, of daemons
// too, of nobody else, until it is cleared.
func ofTree(t *testing.T, a *attributed) {
	p, other := StartShell(t, a.dir), StartShell(t, a.dir)
	before := p.Fork("")
	below := before.Fork("")
	ctx := uapi.Context{PID: p.PID, Agent: "agent-7", Session: 42, Parent: 1000, Root: 900, Visibility: 6}
	a.set(ctx)
	after := p.Fork("")
	daemon := after.Fork("setsid")
	all := map[int]*Shell{1: p, 2: before, 3: below, 4: after, 5: daemon, 6: other}
	everybodys := func(w Who) map[int]Who { return map[int]Who{1: w, 2: w, 3: w, 4: w, 5: w, 6: Nobody} }
	a.expect(all, everybodys(Who{"agent-7", 42, 1000, 900, 6}))

	got, err := a.Contexts()
	ctx.Processes = 5
	if err != nil || len(got) != 1 || got[0] != ctx {
		t.Errorf("%+v, %v; not %+v", got, err, ctx)
	}
	if c, ok, err := a.ContextOf(daemon.PID); err != nil || !ok || c.Agent != "agent-7" {
		t.Errorf("the daemon acts for %+v, %v, %v", c, ok, err)
	}
	if c, ok, err := a.ContextOf(other.PID); err != nil || ok {
		t.Errorf("a stranger acts for %+v, %v", c, err)
	}

	// Its parents end, and it is attributed all the same.
	after.End()
	delete(all, 4)
	want := everybodys(Who{"agent-7", 42, 1000, 900, 6})
	delete(want, 4)
	a.expect(all, want)

	// Set again, it is the whole tree's again.
	a.set(uapi.Context{PID: p.PID, Session: 43})
	want = everybodys(Who{Session: 43, Visibility: ^uint64(0)})
	delete(want, 4)
	a.expect(all, want)

	a.clear(uapi.Context{PID: p.PID})
	want = everybodys(Nobody)
	delete(want, 4)
	a.expect(all, want)
	if err := a.ClearContext(uapi.Context{PID: p.PID}); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("cleared what is not set: %v", err)
	}
}

// Of two contexts the nearer one counts; when it is cleared the other is back.
func nested(t *testing.T, a *attributed) {
	p := StartShell(t, a.dir)
	child := p.Fork("")
	grandchild := child.Fork("")
	all := map[int]*Shell{1: p, 2: child, 3: grandchild}
	outer, inner := Who{Session: 1, Visibility: ^uint64(0)}, Who{Agent: "x", Visibility: ^uint64(0)}

	a.set(uapi.Context{PID: child.PID, Agent: "x"})
	a.set(uapi.Context{PID: p.PID, Session: 1})
	a.expect(all, map[int]Who{1: outer, 2: inner, 3: inner})
	a.clear(uapi.Context{PID: p.PID})
	a.set(uapi.Context{PID: p.PID, Session: 1})
	a.clear(uapi.Context{PID: child.PID})
	a.expect(all, map[int]Who{1: outer, 2: Nobody, 3: Nobody})
	// What was cleared leaves no trace: they are given the outer one with it.
	a.set(uapi.Context{PID: p.PID, Session: 1})
	a.set(uapi.Context{PID: child.PID, Agent: "x"})
	a.expect(all, map[int]Who{1: outer, 2: inner, 3: inner})
	deep := grandchild.Fork("")
	all[4] = deep
	a.set(uapi.Context{PID: grandchild.PID, Agent: "y"})
	innermost := Who{Agent: "y", Visibility: ^uint64(0)}
	a.expect(all, map[int]Who{1: outer, 2: inner, 3: innermost, 4: innermost})
	// The middle one goes: what lay over it lies over what was below.
	a.clear(uapi.Context{PID: child.PID})
	a.expect(all, map[int]Who{1: outer, 2: Nobody, 3: innermost, 4: innermost})
	a.clear(uapi.Context{PID: grandchild.PID})
	a.expect(all, map[int]Who{1: outer, 2: Nobody, 3: Nobody, 4: Nobody})
}

// A nested context set on a tree that has one lies over it.
func innerOverOuter(t *testing.T, a *attributed) {
	p := StartShell(t, a.dir)
	a.set(uapi.Context{PID: p.PID, Agent: "outer", Parent: 7})
	child := p.Fork("")
	a.set(uapi.Context{PID: child.PID, Agent: "inner", Parent: 8, Root: 7})
	grandchild := child.Fork("")
	all := map[int]*Shell{1: p, 2: child, 3: grandchild}
	outer, inner := Who{"outer", 0, 7, 7, ^uint64(0)}, Who{"inner", 0, 8, 7, ^uint64(0)}
	a.expect(all, map[int]Who{1: outer, 2: inner, 3: inner})
	a.set(uapi.Context{PID: p.PID, Agent: "outer", Parent: 9})
	outer.Parent, outer.Root = 9, 9
	a.expect(all, map[int]Who{1: outer, 2: inner, 3: inner})
	a.clear(uapi.Context{PID: child.PID})
	a.expect(all, map[int]Who{1: outer, 2: outer, 3: outer})
	// Those that had the inner one have the outer one as much as anybody.
	a.set(uapi.Context{PID: p.PID, Agent: "again"})
	again := Who{Agent: "again", Visibility: ^uint64(0)}
	a.expect(all, map[int]Who{1: again, 2: again, 3: again})
	a.clear(uapi.Context{PID: p.PID})
	a.expect(all, map[int]Who{1: Nobody, 2: Nobody, 3: Nobody})
}

func ofCgroup(t *testing.T, a *attributed) {
	upper, id := NewGroup(t, fmt.Sprint("vexjtest", os.Getpid()))
	lower, lowerID := NewGroup(t, filepath.Base(upper), "lower")
	in, below, outside := StartShell(t, a.dir), StartShell(t, a.dir), StartShell(t, a.dir)
	in.Enter(upper)
	below.Enter(lower)
	child := below.Fork("")
	all := map[int]*Shell{1: in, 2: below, 3: child, 4: outside}
	one, two, tree := Who{Session: 5, Visibility: ^uint64(0)}, Who{Agent: "b", Visibility: 3}, Who{Session: 9, Visibility: ^uint64(0)}

	a.set(uapi.Context{Cgroup: id, Session: 5})
	a.expect(all, map[int]Who{1: one, 2: one, 3: one, 4: Nobody})
	a.set(uapi.Context{Cgroup: lowerID, Agent: "b", Visibility: 3})
	a.expect(all, map[int]Who{1: one, 2: two, 3: two, 4: Nobody})
	a.set(uapi.Context{PID: below.PID, Session: 9})
	a.expect(all, map[int]Who{1: one, 2: tree, 3: tree, 4: Nobody})
	for pid, want := range map[uint32]uint64{in.PID: id, below.PID: 0} {
		if c, ok, err := a.ContextOf(pid); err != nil || !ok || c.Cgroup != want {
			t.Errorf("%d acts for %+v, %v, %v", pid, c, ok, err)
		}
	}
	a.set(uapi.Context{Cgroup: id, Session: 6})
	one.Session = 6
	a.expect(all, map[int]Who{1: one, 2: tree, 3: tree, 4: Nobody})
	for _, c := range []uapi.Context{{Cgroup: id}, {Cgroup: lowerID}, {PID: below.PID}} {
		a.clear(c)
	}
	a.expect(all, map[int]Who{1: Nobody, 2: Nobody, 3: Nobody, 4: Nobody})
	if err := a.ClearContext(uapi.Context{Cgroup: id}); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("cleared what is not set: %v", err)
	}
}

// EndsWithTree sees that the contexts of 20 trees end with their last processes, but
// for one whose process goes on.
func EndsWithTree(t *testing.T, producer Producer, dir string) {
	t.Helper()
	a := &attributed{producer, t, dir}
	for range 20 {
		p := StartShell(t, dir)
		a.set(uapi.Context{PID: p.PID, Session: 1})
		p.Fork("").End()
		p.End()
	}
	last := StartShell(t, dir)
	a.set(uapi.Context{PID: last.PID, Session: 2})
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		all, err := a.Contexts()
		t.Logf("%d contexts, %v", len(all), err)
		for _, c := range all {
			state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.PID))
			t.Logf("%+v: %s %v", c, state, err)
		}
	})
	Until(t, "the contexts to go", func() bool {
		all, err := a.Contexts()
		return err == nil && len(all) == 1
	})
}

// Hook, in a child of the suite, has a thread become the process.
func Hook() {
	path := os.Getenv("VEXJ_EXEC_BY_THREAD")
	if path == "" {
		return
	}
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
		os.Exit(1)
	}
	for range 100 {
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() != os.Getpid() {
				_ = syscall.Exec("/bin/sh", []string{"sh", "-c", ": >" + path}, nil)
			}
			select {}
		}()
	}
	select {}
}

// A thread that becomes the process by its exec acts for whom the process did.
func execByThread(t *testing.T, a *attributed) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "VEXJ_EXEC_BY_THREAD="+filepath.Join(a.dir, "1"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a.set(uapi.Context{PID: uint32(cmd.Process.Pid), Agent: "me"})
	if _, err := in.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	a.expect(nil, map[int]Who{1: {Agent: "me", Visibility: ^uint64(0)}})
}
