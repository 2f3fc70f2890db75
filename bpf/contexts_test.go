// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/internal/tap"
	"vexj/uapi"
)

// who is what a record says of its attribution.
type who struct {
	agent                 string
	session, parent, root uint64
	visibility            uint64
}

var nobody = who{visibility: ^uint64(0)}

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

// A shell is a process that does what it is told, and forks others.
type shell struct {
	t   *testing.T
	dir string
	in  io.WriteCloser
	out *bufio.Reader
	pid uint32
	cmd *exec.Cmd // nil: it is another shell's child
}

var shells int

func startShell(t *testing.T, dir string) *shell {
	t.Helper()
	cmd := exec.Command("/bin/sh")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &shell{t, dir, in, bufio.NewReader(out), uint32(cmd.Process.Pid), cmd}
	t.Cleanup(s.end)
	return s
}

// ask returns the line that the shell answers with.
func (s *shell) ask(command string) string {
	s.t.Helper()
	fmt.Fprintln(s.in, command)
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatalf("%s: %v", command, err)
	}
	return strings.TrimSpace(line)
}

// fork has the shell start another one, by way of words such as setsid.
func (s *shell) fork(words string) *shell {
	s.t.Helper()
	shells++
	name := filepath.Join(s.dir, fmt.Sprint("shell", shells))
	for _, end := range []string{".in", ".out"} {
		if err := unix.Mkfifo(name+end, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	fmt.Fprintf(s.in, "%s sh <%s.in >%s.out &\n", words, name, name)
	in, err := os.OpenFile(name+".in", os.O_WRONLY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := os.Open(name + ".out")
	if err != nil {
		s.t.Fatal(err)
	}
	c := &shell{s.t, s.dir, in, bufio.NewReader(out), 0, nil}
	s.t.Cleanup(func() { in.Close(); out.Close() })
	pid, err := strconv.ParseUint(c.ask("echo $$"), 10, 32)
	if err != nil {
		s.t.Fatal(err)
	}
	c.pid = uint32(pid)
	return c
}

// end ends the shell and waits until it is gone.
func (s *shell) end() {
	s.in.Close()
	_, _ = io.Copy(io.Discard, s.out)
	if s.cmd != nil {
		_ = s.cmd.Wait() // a second time it fails
	}
}

// theSet is what the tests of contexts are made with: SET, or the one that any kernel
// takes.
func theSet() string {
	if set := os.Getenv("SET"); set != "" {
		return set
	}
	return "syscall"
}

// attributed is a producer that records what is created in dir.
type attributed struct {
	*Producer
	t   *testing.T
	tap *tap.Tap
	dir string
}

func attributing(t *testing.T) *attributed {
	t.Helper()
	dir := t.TempDir()
	p, err := Load(context.Background(), Options{Set: theSet(), Filter: uapi.Filter{PathPrefixes: []string{dir}, Types: []uapi.Type{uapi.FSCreate}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tapped.Close() })
	return &attributed{p, t, tapped, dir}
}

// did has each of them create a file, and says for whom they did.
func (a *attributed) did(all map[int]*shell) map[int]who {
	a.t.Helper()
	for n, s := range all {
		path := filepath.Join(a.dir, fmt.Sprint(n))
		if got := s.ask(": >" + path + "; echo did"); got != "did" {
			a.t.Fatal(got)
		}
		os.Remove(path)
	}
	recs, err := a.tap.Drain()
	if err != nil {
		a.t.Fatal(err)
	}
	out := map[int]who{}
	for _, r := range recs {
		if n, err := strconv.Atoi(filepath.Base(string(r.Path()))); err == nil {
			out[n] = attribution(r)
		}
	}
	return out
}

func (a *attributed) expect(all map[int]*shell, want map[int]who) {
	a.t.Helper()
	if got := a.did(all); !maps.Equal(got, want) {
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

func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}

// A context is a tree's: of those that were there and of those that come, of daemons
// too, of nobody else, until it is cleared.
func TestContextOfTree(t *testing.T) {
	a := attributing(t)
	p, other := startShell(t, a.dir), startShell(t, a.dir)
	before := p.fork("")
	below := before.fork("")
	ctx := uapi.Context{PID: p.pid, Agent: "agent-7", Session: 42, Parent: 1000, Root: 900, Visibility: 6}
	a.set(ctx)
	after := p.fork("")
	daemon := after.fork("setsid")
	all := map[int]*shell{1: p, 2: before, 3: below, 4: after, 5: daemon, 6: other}
	everybodys := func(w who) map[int]who { return map[int]who{1: w, 2: w, 3: w, 4: w, 5: w, 6: nobody} }
	a.expect(all, everybodys(who{"agent-7", 42, 1000, 900, 6}))

	got, err := a.Contexts()
	ctx.Processes = 5
	if err != nil || len(got) != 1 || got[0] != ctx {
		t.Errorf("%+v, %v; not %+v", got, err, ctx)
	}
	if c, ok, err := a.ContextOf(daemon.pid); err != nil || !ok || c.Agent != "agent-7" {
		t.Errorf("the daemon acts for %+v, %v, %v", c, ok, err)
	}
	if c, ok, err := a.ContextOf(other.pid); err != nil || ok {
		t.Errorf("a stranger acts for %+v, %v", c, err)
	}

	// Its parents end, and it is attributed all the same.
	after.end()
	delete(all, 4)
	want := everybodys(who{"agent-7", 42, 1000, 900, 6})
	delete(want, 4)
	a.expect(all, want)

	// Set again, it is the whole tree's again.
	a.set(uapi.Context{PID: p.pid, Session: 43})
	want = everybodys(who{session: 43, visibility: ^uint64(0)})
	delete(want, 4)
	a.expect(all, want)

	a.clear(uapi.Context{PID: p.pid})
	want = everybodys(nobody)
	delete(want, 4)
	a.expect(all, want)
	if err := a.ClearContext(uapi.Context{PID: p.pid}); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("cleared what is not set: %v", err)
	}
}

// Of two contexts the nearer one counts; when it is cleared the other is back.
func TestNestedContexts(t *testing.T) {
	a := attributing(t)
	p := startShell(t, a.dir)
	child := p.fork("")
	grandchild := child.fork("")
	all := map[int]*shell{1: p, 2: child, 3: grandchild}
	outer, inner := who{session: 1, visibility: ^uint64(0)}, who{agent: "x", visibility: ^uint64(0)}

	a.set(uapi.Context{PID: child.pid, Agent: "x"})
	a.set(uapi.Context{PID: p.pid, Session: 1})
	a.expect(all, map[int]who{1: outer, 2: inner, 3: inner})
	a.clear(uapi.Context{PID: p.pid})
	a.set(uapi.Context{PID: p.pid, Session: 1})
	a.clear(uapi.Context{PID: child.pid})
	a.expect(all, map[int]who{1: outer, 2: nobody, 3: nobody})
	// What was cleared leaves no trace: they are given the outer one with it.
	a.set(uapi.Context{PID: p.pid, Session: 1})
	a.set(uapi.Context{PID: child.pid, Agent: "x"})
	a.expect(all, map[int]who{1: outer, 2: inner, 3: inner})
	deep := grandchild.fork("")
	all[4] = deep
	a.set(uapi.Context{PID: grandchild.pid, Agent: "y"})
	innermost := who{agent: "y", visibility: ^uint64(0)}
	a.expect(all, map[int]who{1: outer, 2: inner, 3: innermost, 4: innermost})
	// The middle one goes: what lay over it lies over what was below.
	a.clear(uapi.Context{PID: child.pid})
	a.expect(all, map[int]who{1: outer, 2: nobody, 3: innermost, 4: innermost})
	a.clear(uapi.Context{PID: grandchild.pid})
	a.expect(all, map[int]who{1: outer, 2: nobody, 3: nobody, 4: nobody})
}

// A nested context set on a tree that has one lies over it.
func TestInnerOverOuter(t *testing.T) {
	a := attributing(t)
	p := startShell(t, a.dir)
	a.set(uapi.Context{PID: p.pid, Agent: "outer", Parent: 7})
	child := p.fork("")
	a.set(uapi.Context{PID: child.pid, Agent: "inner", Parent: 8, Root: 7})
	grandchild := child.fork("")
	all := map[int]*shell{1: p, 2: child, 3: grandchild}
	outer, inner := who{"outer", 0, 7, 7, ^uint64(0)}, who{"inner", 0, 8, 7, ^uint64(0)}
	a.expect(all, map[int]who{1: outer, 2: inner, 3: inner})
	a.set(uapi.Context{PID: p.pid, Agent: "outer", Parent: 9})
	outer.parent, outer.root = 9, 9
	a.expect(all, map[int]who{1: outer, 2: inner, 3: inner})
	a.clear(uapi.Context{PID: child.pid})
	a.expect(all, map[int]who{1: outer, 2: outer, 3: outer})
	// Those that had the inner one have the outer one as much as anybody.
	a.set(uapi.Context{PID: p.pid, Agent: "again"})
	again := who{agent: "again", visibility: ^uint64(0)}
	a.expect(all, map[int]who{1: again, 2: again, 3: again})
	a.clear(uapi.Context{PID: p.pid})
	a.expect(all, map[int]who{1: nobody, 2: nobody, 3: nobody})
}

func TestContextEndsWithTree(t *testing.T) {
	a := attributing(t)
	for range 20 {
		p := startShell(t, a.dir)
		a.set(uapi.Context{PID: p.pid, Session: 1})
		p.fork("").end()
		p.end()
	}
	last := startShell(t, a.dir)
	a.set(uapi.Context{PID: last.pid, Session: 2})
	until(t, "the contexts to go", func() bool {
		all, err := a.Contexts()
		return err == nil && len(all) == 1
	})
	if n := len(a.contexts.trees); n != 1 {
		t.Errorf("%d nodes are kept", n)
	}
	if a.contexts.next > 22 {
		t.Errorf("%d indices were used", a.contexts.next)
	}
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

func (s *shell) enter(path string) {
	s.t.Helper()
	if err := os.WriteFile(path+"/cgroup.procs", fmt.Append(nil, s.pid), 0); err != nil {
		s.t.Fatal(err)
	}
}

func TestContextOfCgroup(t *testing.T) {
	a := attributing(t)
	upper, id := newGroup(t, fmt.Sprint("vexjtest", os.Getpid()))
	lower, lowerID := newGroup(t, filepath.Base(upper), "lower")
	in, below, outside := startShell(t, a.dir), startShell(t, a.dir), startShell(t, a.dir)
	in.enter(upper)
	below.enter(lower)
	child := below.fork("")
	all := map[int]*shell{1: in, 2: below, 3: child, 4: outside}
	one, two, tree := who{session: 5, visibility: ^uint64(0)}, who{agent: "b", visibility: 3}, who{session: 9, visibility: ^uint64(0)}

	a.set(uapi.Context{Cgroup: id, Session: 5})
	a.expect(all, map[int]who{1: one, 2: one, 3: one, 4: nobody})
	a.set(uapi.Context{Cgroup: lowerID, Agent: "b", Visibility: 3})
	a.expect(all, map[int]who{1: one, 2: two, 3: two, 4: nobody})
	a.set(uapi.Context{PID: below.pid, Session: 9})
	a.expect(all, map[int]who{1: one, 2: tree, 3: tree, 4: nobody})
	for pid, want := range map[uint32]uint64{in.pid: id, below.pid: 0} {
		if c, ok, err := a.ContextOf(pid); err != nil || !ok || c.Cgroup != want {
			t.Errorf("%d acts for %+v, %v, %v", pid, c, ok, err)
		}
	}
	a.set(uapi.Context{Cgroup: id, Session: 6})
	one.session = 6
	a.expect(all, map[int]who{1: one, 2: tree, 3: tree, 4: nobody})
	for _, c := range []uapi.Context{{Cgroup: id}, {Cgroup: lowerID}, {PID: below.pid}} {
		a.clear(c)
	}
	a.expect(all, map[int]who{1: nobody, 2: nobody, 3: nobody, 4: nobody})
	if err := a.ClearContext(uapi.Context{Cgroup: id}); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("cleared what is not set: %v", err)
	}
}

func TestContextRefused(t *testing.T) {
	a := attributing(t)
	for name, c := range map[string]uapi.Context{
		"nobody's":     {Agent: "a"},
		"no process's": {PID: 1 << 30, Agent: "a"},
	} {
		if err := a.SetContext(c); !errors.Is(err, uapi.ErrContext) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range uint64(maxContexts) {
		a.set(uapi.Context{Cgroup: 1<<60 + i, Session: 1})
	}
	if err := a.SetContext(uapi.Context{Cgroup: 1, Session: 1}); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("one too many: %v", err)
	}
	a.clear(uapi.Context{Cgroup: 1 << 60})
	a.set(uapi.Context{Cgroup: 1, Session: 1})
}

// Programs that take over from others, as another filter is set, have their contexts.
func TestSuccessorKeepsContexts(t *testing.T) {
	a := attributing(t)
	p := startShell(t, a.dir)
	a.set(uapi.Context{PID: p.pid, Agent: "kept"})
	child := p.fork("")
	next, err := Load(context.Background(), Options{Set: theSet(), Filter: uapi.Filter{PathPrefixes: []string{a.dir}}, Successor: a.Producer})
	if err != nil {
		t.Fatal(err)
	}
	both := p.fork("") // while both are at work
	if err := a.Producer.Close(); err != nil {
		t.Fatal(err)
	}
	a.tap.Close()
	a.Producer = next
	if a.tap, err = tap.Open(next); err != nil {
		t.Fatal(err)
	}
	kept := who{agent: "kept", visibility: ^uint64(0)}
	after := both.fork("")
	all := map[int]*shell{1: p, 2: child, 3: both, 4: after}
	a.expect(all, map[int]who{1: kept, 2: kept, 3: kept, 4: kept})
	if c, err := a.Contexts(); err != nil || len(c) != 1 || c[0].Processes != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}

// execByThread, in a child of TestExecByThread, has a thread become the process.
func execByThread() {
	path := os.Getenv("VEXJ_BPF_EXEC_BY_THREAD")
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
func TestExecByThread(t *testing.T) {
	a := attributing(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "VEXJ_BPF_EXEC_BY_THREAD="+filepath.Join(a.dir, "1"))
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
	a.expect(nil, map[int]who{1: {agent: "me", visibility: ^uint64(0)}})
}

// What an exec declares of itself is in its record, as it is in /proc.
func TestDeclared(t *testing.T) {
	p, err := Load(context.Background(), Options{Set: theSet(), Filter: uapi.Filter{Types: []uapi.Type{uapi.ProcExec}, TGIDTree: []uint32{uint32(os.Getpid())}}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer tapped.Close()
	long := "TRACEPARENT=" + strings.Repeat("x", 300)
	var many []string
	for i := range 1200 {
		many = append(many, fmt.Sprint("V", i, "=", i))
	}
	for name, env := range map[string][]string{
		"nothing":   {"PATH=/bin"},
		"one":       {"A=1", "AI_AGENT=builder 7", "B=2"},
		"all":       {"TRACEPARENT=00-4bf9", "CLAUDECODE=1", "CODEX_THREAD_ID=", "X=Y", "CLAUDE_CODE_SESSION_ID=3f0d\xff", "AI_AGENT=a=b"},
		"others":    {"AI_AGENT_X=1", "XAI_AGENT=1", "AI_AGEN=1", "AI_AGENT", "CLAUDECO", "CODEX_THREAD_I=", "X=\nAI_AGENT=1"},
		"cut":       {long, "AI_AGENT=x"},
		"too many":  {long, long, long, long, long, long, long, long, long},
		"long ones": {"L=" + strings.Repeat("y", 4093), "AI_AGENT=1", "M=" + strings.Repeat("AI_AGENT=2", 900), "CLAUDECODE=1", "N=" + strings.Repeat("z", 4092), "TRACEPARENT=1"},
		"too far":   append(append([]string{}, many...), "AI_AGENT=me"),
	} {
		pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{Env: env})
		if err != nil {
			t.Fatal(err)
		}
		var st unix.WaitStatus
		if _, err := unix.Wait4(pid, &st, 0, nil); err != nil {
			t.Fatal(err)
		}
		want := string(uapi.ScanEnviron([]byte(strings.Join(env, "\x00") + "\x00")))
		recs, err := tapped.Drain()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range recs {
			if r.PID() != uint32(pid) {
				continue
			}
			found = true
			if got := string(r.Declared()); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			if _, ok := r.Attr(uapi.AttrAgentID); ok {
				t.Errorf("%s: what was declared is taken for what is so", name)
			}
		}
		if !found {
			t.Errorf("%s: no record", name)
		}
	}
}
