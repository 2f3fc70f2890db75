// SPDX-License-Identifier: Apache-2.0

package intent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vexj/agent/session"
	"vexj/uapi"
)

// fake is a recorder that keeps what it is given.
type fake struct {
	mu       sync.Mutex
	records  []uapi.Record
	contexts []uapi.Context
	of       map[uint32]uapi.Context
	refuse   func(uapi.Context) error
	full     bool
}

func (f *fake) Emit(rec uapi.Record) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return 0, ErrFull
	}
	f.records = append(f.records, append(uapi.Record(nil), rec...))
	return uint64(1000 + len(f.records)), nil
}

func (f *fake) SetContext(c uapi.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		if err := f.refuse(c); err != nil {
			return err
		}
	}
	f.contexts = append(f.contexts, c)
	return nil
}

func (f *fake) ClearContext(c uapi.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, have := range f.contexts {
		if have.PID == c.PID && have.Cgroup == c.Cgroup {
			f.contexts = append(f.contexts[:i:i], f.contexts[i+1:]...)
			return nil
		}
	}
	return uapi.ErrContext
}

func (f *fake) Contexts() ([]uapi.Context, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]uapi.Context(nil), f.contexts...), nil
}

func (f *fake) ContextOf(pid uint32) (uapi.Context, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.of[pid]
	return c, ok, nil
}

func (f *fake) ends() (whys []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.records {
		var e End
		if r.Type() == uapi.SemContextSwitch && json.Unmarshal(r.Metadata(), &e) == nil {
			whys = append(whys, e.Ended)
		}
	}
	return whys
}

func me() Caller { return Caller{PID: uint32(os.Getpid()), UID: 0} }

func TestBegin(t *testing.T) {
	f := &fake{}
	g := NewRegistry(f)
	pid := uint32(os.Getpid())
	i, err := g.Begin(me(), Request{Identity: session.Identity{Agent: "a", Session: "s"}, Text: "why", Confidence: 80, Touch: []string{"src/**"},
		PID: pid, Visibility: 6, Cwd: "/here", Argv: []string{"make", "all"}})
	if err != nil {
		t.Fatal(err)
	}
	rec := f.records[0]
	d, err := ParseDetails(rec)
	if err != nil || d.Session != "s" || len(d.Touch) != 1 || d.PID != pid || d.Bound != "tree" || d.Cwd != "/here" || len(d.Argv) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	agent, _ := rec.Attr(uapi.AttrAgentID)
	text, _ := rec.Attr(uapi.AttrAgentIntent)
	sessionID, _ := rec.U64(uapi.AttrSession)
	sure, _ := rec.U32(uapi.AttrAgentConfidence)
	task, _ := rec.Task()
	if string(agent) != "a" || string(text) != "why" || sessionID != session.ID("s") || sure != 80 || task.TID != pid || rec.VisibilityMask() != 6 {
		t.Errorf("%+v", rec.Header())
	}
	if i.ID != 1001 || i.Root != 1001 || i.Parent != 0 || i.Bound != "tree" {
		t.Errorf("%+v", i)
	}
	want := uapi.Context{PID: pid, Agent: "a", Session: session.ID("s"), Parent: 1001, Root: 1001, Visibility: 6}
	if len(f.contexts) != 1 || f.contexts[0] != want {
		t.Errorf("%+v, not %+v", f.contexts, want)
	}
	if err := g.End(me(), i.ID, false); err != nil {
		t.Fatal(err)
	}
	if end := f.records[1]; end.Parent() != 1001 || end.RootCause() != 1001 || len(f.contexts) != 0 || f.ends()[0] != EndedAsked {
		t.Errorf("%+v, %v", end.Header(), f.contexts)
	}
	if err := g.End(me(), i.ID, false); !errors.Is(err, ErrNone) {
		t.Errorf("ended twice: %v", err)
	}
}

// An intent within another is part of it, and has what was not said from it.
func TestNested(t *testing.T) {
	pid := uint32(os.Getpid())
	f := &fake{of: map[uint32]uapi.Context{pid: {PID: 1, Agent: "outer", Session: 9, Parent: 500, Root: 400, Visibility: 6}}}
	g := NewRegistry(f)
	i, err := g.Begin(me(), Request{PID: pid, Text: "part"})
	if err != nil {
		t.Fatal(err)
	}
	if i.Agent != "outer" || i.SessionID != 9 || i.Session != "9" || i.Parent != 500 || i.Root != 400 || i.Visibility != 6 {
		t.Errorf("%+v", i)
	}
	if h := f.records[0].Header(); h.Parent != 500 || h.RootCause != 400 {
		t.Errorf("%+v", h)
	}
	i, err = g.Begin(me(), Request{PID: pid, Identity: session.Identity{Agent: "inner", Session: "x"}, Visibility: 3})
	if err != nil || i.Agent != "inner" || i.SessionID != session.ID("x") || i.Visibility != 2 {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := g.Begin(me(), Request{PID: pid, Visibility: 8}); !errors.Is(err, ErrIntent) {
		t.Errorf("visible to nobody: %v", err)
	}
}

func TestNewSession(t *testing.T) {
	g := NewRegistry(&fake{})
	i, err := g.Begin(me(), Request{PID: uint32(os.Getpid())})
	if err != nil || i.Session == "" || i.SessionID != session.ID(i.Session) || !strings.HasSuffix(i.Session, fmt.Sprint("-", os.Getpid())) {
		t.Errorf("%+v, %v", i, err)
	}
}

func TestBeginRefused(t *testing.T) {
	pid := uint32(os.Getpid())
	stranger := Caller{PID: pid, UID: 12345}
	for name, test := range map[string]struct {
		c    Caller
		r    Request
		want error
	}{
		"nobody's":       {me(), Request{}, ErrIntent},
		"long text":      {me(), Request{PID: pid, Text: strings.Repeat("x", MaxText+1)}, ErrIntent},
		"NUL":            {me(), Request{PID: pid, Text: "\x00"}, ErrIntent},
		"no UTF-8":       {me(), Request{PID: pid, Text: "\xff"}, ErrIntent},
		"too sure":       {me(), Request{PID: pid, Confidence: 101}, ErrIntent},
		"empty glob":     {me(), Request{PID: pid, Touch: []string{""}}, ErrIntent},
		"many globs":     {me(), Request{PID: pid, Touch: make([]string, MaxTouch+1)}, ErrIntent},
		"agent":          {me(), Request{PID: pid, Identity: session.Identity{Agent: "\n"}}, session.ErrAgent},
		"session":        {me(), Request{PID: pid, Identity: session.Identity{Session: "0"}}, session.ErrSession},
		"no process":     {me(), Request{PID: 1 << 22}, uapi.ErrContext},
		"another user's": {stranger, Request{PID: pid}, ErrNotYours},
		"no group":       {me(), Request{Cgroup: "/proc"}, uapi.ErrContext},
	} {
		f := &fake{}
		if _, err := NewRegistry(f).Begin(test.c, test.r); !errors.Is(err, test.want) || len(f.records) > 0 {
			t.Errorf("%s: %v, %d records", name, err, len(f.records))
		}
	}
	f := &fake{refuse: func(uapi.Context) error { return uapi.ErrContext }}
	if _, err := NewRegistry(f).Begin(me(), Request{PID: pid}); !errors.Is(err, uapi.ErrContext) || f.ends()[0] != EndedFailed {
		t.Errorf("not bound: %v, %v", err, f.ends())
	}
	f = &fake{full: true}
	if _, err := NewRegistry(f).Begin(me(), Request{PID: pid}); !errors.Is(err, ErrFull) || len(f.contexts) > 0 {
		t.Errorf("full: %v", err)
	}
}

func TestEndIsTheOwners(t *testing.T) {
	g := NewRegistry(&fake{})
	i, err := g.Begin(me(), Request{PID: uint32(os.Getpid())})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.End(Caller{PID: 1, UID: 12345}, i.ID, false); !errors.Is(err, ErrNotYours) {
		t.Error(err)
	}
}

// An intent whose processes are gone has ended; one that is kept is looked after
// until they are.
func TestTidy(t *testing.T) {
	f := &fake{}
	g := NewRegistry(f)
	cmd := exec.Command("/bin/cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = cmd.Wait() }()
	for range 2 {
		if _, err := g.Begin(me(), Request{PID: uint32(cmd.Process.Pid)}); err != nil {
			t.Fatal(err)
		}
	}
	all := g.List()
	if err := g.End(me(), all[0].ID, true); err != nil || len(f.contexts) != 2 {
		t.Fatalf("%v, %v", err, f.contexts)
	}
	if !g.tidy() || len(g.List()) != 2 || !g.List()[0].Ended {
		t.Errorf("%+v", g.List())
	}
	f.contexts = nil // as the producer has it when the last process is gone
	if g.tidy() || len(g.List()) != 0 {
		t.Errorf("%+v", g.List())
	}
	if got := fmt.Sprint(f.ends()); got != "[asked exited]" {
		t.Error(got)
	}
}

// newGroup makes a control group below that of parent, "" for the root.
func newGroup(t *testing.T, parent, name string) string {
	t.Helper()
	if parent == "" {
		parent = "/sys/fs/cgroup"
		if _, err := os.Stat(parent + "/cgroup.procs"); err != nil {
			parent += "/unified"
		}
	}
	group := filepath.Join(parent, fmt.Sprint("vexjtest-", name, "-", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(group) })
	return group
}

// A group that was made for an intent is removed when its last process is gone.
func TestRemove(t *testing.T) {
	group := newGroup(t, "", "intent")
	cmd := exec.Command("/bin/cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(group+"/cgroup.procs", fmt.Append(nil, cmd.Process.Pid), 0); err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	g := NewRegistry(f)
	i, err := g.Begin(me(), Request{Cgroup: group, Remove: true})
	if err != nil || i.Bound != "cgroup" || i.Cgroup == 0 {
		t.Fatalf("%+v, %v", i, err)
	}
	if err := g.End(me(), i.ID, true); err != nil {
		t.Fatal(err)
	}
	if !g.tidy() {
		t.Error("it is forgotten with a process in it")
	}
	in.Close()
	_ = cmd.Wait()
	for deadline := time.Now().Add(20 * time.Second); g.tidy(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is kept")
		}
	}
	if _, err := os.Stat(group); !errors.Is(err, os.ErrNotExist) || len(f.contexts) != 0 {
		t.Errorf("it is still there: %v, %v", err, f.contexts)
	}
	if _, err := g.Begin(me(), Request{PID: uint32(os.Getpid()), Cgroup: os.TempDir(), Remove: true}); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("a folder that is no group: %v", err)
	}
}

// The group of a nested intent is inside the outer one's, and is removed before it.
func TestRemoveNested(t *testing.T) {
	for name, end := range map[string]func(*Registry){
		"empty": func(g *Registry) { g.tidy() },
		"close": func(g *Registry) { _ = g.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			outer := newGroup(t, "", "outer")
			inner := newGroup(t, outer, "inner")
			g := NewRegistry(&fake{})
			for _, group := range []string{outer, inner} {
				if _, err := g.Begin(me(), Request{Cgroup: group, Remove: true}); err != nil {
					t.Fatal(err)
				}
			}
			end(g)
			if _, err := os.Stat(outer); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it is still there: %v", err)
			}
		})
	}
}

func TestClose(t *testing.T) {
	f := &fake{}
	g := NewRegistry(f)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() { g.Run(ctx); close(ran) }()
	if _, err := g.Begin(me(), Request{PID: uint32(os.Getpid())}); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil || len(f.contexts) != 0 || f.ends()[0] != EndedRecorder {
		t.Errorf("%v, %v, %v", err, f.contexts, f.ends())
	}
	if _, err := g.Begin(me(), Request{PID: uint32(os.Getpid())}); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	cancel()
	select {
	case <-ran:
	case <-time.After(10 * time.Second):
		t.Fatal("Run goes on")
	}
}

func TestTaskOf(t *testing.T) {
	task, err := TaskOf(uint32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	var st syscall.Stat_t
	if err := syscall.Stat("/proc/self/ns/mnt", &st); err != nil {
		t.Fatal(err)
	}
	if task.TID != uint32(os.Getpid()) || task.PPID != uint32(os.Getppid()) || task.UID != uint32(os.Geteuid()) || task.GID != uint32(os.Getegid()) ||
		task.MntNS != uint32(st.Ino) || task.StartTime == 0 || task.Command() == nil {
		t.Errorf("%+v", task)
	}
	if _, err := TaskOf(1 << 22); err == nil {
		t.Error("told of nobody")
	}
}

func FuzzParseDetails(f *testing.F) {
	f.Add([]byte(`{"session":"s","touch":["a"],"pid":1,"bound":"tree"}`))
	f.Add([]byte(`{"touch":5}`))
	f.Fuzz(func(t *testing.T, meta []byte) {
		b := uapi.NewBuilder(nil)
		b.Begin(uapi.Header{Type: uapi.SemIntent})
		b.Metadata(meta)
		if rec, err := b.Finish(); err == nil {
			if _, err := ParseDetails(rec); err != nil && !errors.Is(err, ErrIntent) {
				t.Fatal(err)
			}
		}
	})
}
