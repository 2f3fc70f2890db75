// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	suite "vexj/internal/attribution"
	"vexj/internal/tap"
	"vexj/uapi"
)

// A shell runs lines that it is given, in a folder.
type shell struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startShell starts one, which enters the folder by itself: see within.
func startShell(t *testing.T, dir string) *shell {
	t.Helper()
	s := &shell{cmd: exec.Command("/bin/sh", "-c", `cd "$0" && exec /bin/sh`, dir)}
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end(t) })
	return s
}

func (s *shell) end(t *testing.T) {
	t.Helper()
	if s.cmd.ProcessState != nil {
		return
	}
	s.in.Close()
	if err := s.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func (s *shell) pid() uint32 { return uint32(s.cmd.Process.Pid) }

// run waits until a script has run and returns what it prints last.
func (s *shell) run(t *testing.T, script string) string {
	t.Helper()
	fmt.Fprintf(s.in, "%s\necho; echo .done\n", script)
	last := ""
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line = strings.TrimSpace(line); line == ".done" {
			return last
		}
		if line != "" {
			last = line
		}
	}
}

// created returns what the records of the creation of files say, by name.
func created(t *testing.T, tapped *tap.Tap) map[string]suite.Who {
	t.Helper()
	recs, err := tapped.Drain()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]suite.Who{}
	for _, rec := range recs {
		if rec.Header().Type == uapi.FSCreate {
			path, _ := rec.Attr(uapi.AttrPath)
			out[filepath.Base(string(path))] = suite.Of(rec)
		}
	}
	return out
}

// both runs a test with a kernel that tells of forks, and with one that does not.
func both(t *testing.T, test func(t *testing.T, tapped *tap.Tap, p *Producer, dir string)) {
	for _, hears := range []bool{true, false} {
		t.Run(map[bool]string{true: "hears", false: "deaf"}[hears], func(t *testing.T) {
			p, m := mounted(t, Options{}, MountOptions{})
			if !hears {
				p.kin.open = func() (*forks, error) { return nil, errors.ErrUnsupported }
			} else if !forksHeard() {
				t.Fatal("the kernel does not tell of forks")
			}
			tapped, err := tap.Open(p)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { tapped.Close() })
			test(t, tapped, p, m.Target)
		})
	}
}

// A context is a tree's: of those that were there and of those that come, across
// fork and exec, of nobody else, until it is cleared.
func TestContextOfTree(t *testing.T) {
	both(t, func(t *testing.T, tapped *tap.Tap, p *Producer, dir string) {
		a, b, none := startShell(t, dir), startShell(t, dir), startShell(t, dir)
		// Somebody who is there before, and is not seen until afterwards.
		a.run(t, "mkfifo ../go ../gone; exec 4<>../gone; { read x; : > a-before; echo >&4; } < ../go & :")
		want := map[string]suite.Who{
			"a": {Agent: "agent-7", Session: 42, Parent: 1000, Root: 900, Visibility: 6}, "b": {Session: 43, Parent: 7, Root: 7, Visibility: math.MaxUint64}, "none": suite.Nobody,
		}
		for _, c := range []uapi.Context{
			{PID: a.pid(), Agent: "agent-7", Session: 42, Parent: 1000, Root: 900, Visibility: 6},
			{PID: b.pid(), Session: 43, Parent: 7},
		} {
			if err := p.SetContext(c); err != nil {
				t.Fatal(err)
			}
		}
		a.run(t, "echo > ../go; read x <&4")
		const script = `: > NAME-self
(: > NAME-sub)
sh -c ': > NAME-child; sh -c "(: > NAME-deep); :"'
touch NAME-touch
for i in 1 2 3 4 5 6 7 8 9; do (: > NAME-storm-$i) & done; wait`
		for _, one := range []struct {
			s    *shell
			name string
		}{{a, "a"}, {b, "b"}, {none, "none"}} {
			one.s.run(t, strings.ReplaceAll(script, "NAME", one.name))
		}
		got := created(t, tapped)
		if len(got) != 3*14+1 {
			t.Errorf("%d files were made", len(got))
		}
		for name, w := range got {
			owner, _, _ := strings.Cut(name, "-")
			if w != want[owner] {
				t.Errorf("%s: %+v, not %+v", name, w, want[owner])
			}
		}
		if err := p.ClearContext(uapi.Context{PID: a.pid()}); err != nil {
			t.Fatal(err)
		}
		a.run(t, ": > none-1; (: > none-2)")
		for name, w := range created(t, tapped) {
			if w != want["none"] {
				t.Errorf("%s: %+v after the context was cleared", name, w)
			}
		}
		if err := p.ClearContext(uapi.Context{PID: a.pid()}); !errors.Is(err, uapi.ErrContext) {
			t.Errorf("cleared what is not set: %v", err)
		}
	})
}

// Who outlives its parents, and does nothing before, is known by the fork.
func TestContextOfDaemon(t *testing.T) {
	p, m := mounted(t, Options{}, MountOptions{})
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer tapped.Close()
	s := startShell(t, m.Target)
	if err := p.SetContext(uapi.Context{PID: s.pid(), Session: 5}); err != nil {
		t.Fatal(err)
	}
	s.run(t, `mkfifo ../go ../gone; exec 4<>../gone
setsid sh -c 'setsid sh -c "read x < ../go; : > daemon; echo > ../gone" & '
echo > ../go; read x <&4`)
	if got := created(t, tapped)["daemon"]; got.Session != 5 {
		t.Errorf("the daemon's record has %+v", got)
	}
	// Nor does the tree's context end with its first process.
	s.run(t, `setsid sh -c 'read x < ../go; : > later; echo > ../gone' & `)
	s.end(t)
	if got, err := p.Contexts(); err != nil || len(got) != 1 || got[0].Processes < 1 {
		t.Errorf("contexts: %+v", got)
	}
	startShell(t, m.Target).run(t, "echo > ../go; read x < ../gone")
	if got := created(t, tapped)["later"]; got.Session != 5 {
		t.Errorf("the record of who is left has %+v", got)
	}
}

// Of two contexts the nearer one counts; when it is cleared the other is back.
func TestNestedContexts(t *testing.T) {
	both(t, func(t *testing.T, tapped *tap.Tap, p *Producer, dir string) {
		s := startShell(t, dir)
		var child uint32
		if _, err := fmt.Sscan(s.run(t, `mkfifo ../go ../gone; exec 4<>../gone
sh -c 'exec 3<>../go; while read line <&3; do eval "$line"; echo > ../gone; done' & echo $!`), &child); err != nil {
			t.Fatal(err)
		}
		defer func() { // or the shell's end would wait for it
			if err := unix.Kill(int(child), unix.SIGTERM); err != nil {
				t.Error(err)
			}
		}()
		number := 0
		check := func(self, inner uint64) {
			t.Helper()
			number++
			s.run(t, fmt.Sprintf(`: > self-%[1]d
echo ': > child-%[1]d; (: > grandchild-%[1]d)' > ../go; read x <&4`, number))
			got := created(t, tapped)
			if len(got) != 3 {
				t.Fatalf("%v", got)
			}
			for name, w := range got {
				want := inner
				if strings.HasPrefix(name, "self") {
					want = self
				}
				if w.Session != want {
					t.Errorf("%s: session %d, not %d", name, w.Session, want)
				}
			}
		}
		set := func(c uapi.Context) {
			t.Helper()
			if err := p.SetContext(c); err != nil {
				t.Fatal(err)
			}
		}
		clearOf := func(pid uint32) {
			t.Helper()
			if err := p.ClearContext(uapi.Context{PID: pid}); err != nil {
				t.Fatal(err)
			}
		}
		set(uapi.Context{PID: child, Session: 2})
		set(uapi.Context{PID: s.pid(), Session: 1})
		check(1, 2)
		clearOf(s.pid())
		check(0, 2)
		set(uapi.Context{PID: s.pid(), Session: 3})
		set(uapi.Context{PID: child, Session: 4}) // again, the same tree's
		check(3, 4)
		clearOf(child)
		check(3, 0) // it had none when its own was set
		set(uapi.Context{PID: child, Session: 5})
		set(uapi.Context{PID: child, Session: 6})
		clearOf(child)
		check(3, 0)
		clearOf(s.pid())
		set(uapi.Context{PID: s.pid(), Session: 7})
		check(7, 7)
		set(uapi.Context{PID: child, Session: 8})
		check(7, 8)
		set(uapi.Context{PID: s.pid(), Session: 9})
		check(9, 8)
		clearOf(child)
		check(9, 9)
	})
}

// A control group's context is of those that are in it or below, when they are, and
// a tree's counts more.
func TestContextOfGroup(t *testing.T) {
	if unifiedRoot() == "" {
		t.Fatal("control groups of version 2 are not mounted here: mount -t cgroup2 none /sys/fs/cgroup")
	}
	tapped, p, m := newTap(t, MountOptions{})
	if err := p.SetFilter(&uapi.Filter{}); err != nil {
		t.Fatal(err)
	}
	outer := filepath.Join(unifiedRoot(), fmt.Sprintf("vexj-fuse-test-%d", os.Getpid()))
	inner := filepath.Join(outer, "inner")
	for _, dir := range []string{outer, inner} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		}()
	}
	id := func(dir string) uint64 { return groupID(strings.TrimPrefix(dir, unifiedRoot())) }
	s := startShell(t, m.Target)
	check := func(name string, session uint64) {
		t.Helper()
		s.run(t, ": > "+name)
		if got, ok := created(t, tapped)[name]; !ok || got.Session != session {
			t.Errorf("%s: %+v, not session %d", name, got, session)
		}
	}
	enter := func(dir string) { s.run(t, "echo $$ > "+dir+"/cgroup.procs") }
	defer enter(unifiedRoot())
	set := func(c uapi.Context) {
		t.Helper()
		if err := p.SetContext(c); err != nil {
			t.Fatal(err)
		}
	}
	set(uapi.Context{Cgroup: id(outer), Session: 1})
	check("outside", 0)
	enter(outer)
	check("in", 1)
	enter(inner)
	check("below", 1)
	set(uapi.Context{Cgroup: id(inner), Session: 2})
	check("nearer", 2)
	enter(outer)
	check("back", 1)
	set(uapi.Context{PID: s.pid(), Session: 3})
	check("tree", 3)
	if err := p.ClearContext(uapi.Context{PID: s.pid()}); err != nil {
		t.Fatal(err)
	}
	check("group", 1)
	set(uapi.Context{Cgroup: id(outer), Session: 4})
	check("again", 4)
	if err := p.ClearContext(uapi.Context{Cgroup: id(outer)}); err != nil {
		t.Fatal(err)
	}
	check("cleared", 0)
	enter(unifiedRoot())
	check("left", 0)
}

func TestContextRefused(t *testing.T) {
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	self := uint32(os.Getpid())
	for _, c := range []uapi.Context{
		{}, {PID: self, Cgroup: 1}, {PID: math.MaxUint32}, {PID: 1 << 22}, {Cgroup: math.MaxUint64},
		{PID: self, Root: 5}, {PID: self, Agent: strings.Repeat("x", 65)}, {PID: self, Agent: "a\x00b"},
	} {
		if err := p.SetContext(c); !errors.Is(err, uapi.ErrContext) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if got, _ := p.Contexts(); len(got) != 0 || p.kin.forks != nil {
		t.Errorf("%+v is set", got)
	}
}

// What a program says of itself is in its first record, and in no other.
func TestDeclared(t *testing.T) {
	p, m := mounted(t, Options{}, MountOptions{})
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer tapped.Close()
	s := startShell(t, m.Target)
	s.run(t, `unset AI_AGENT CLAUDECODE CLAUDE_CODE_SESSION_ID CODEX_THREAD_ID TRACEPARENT
sh -c ': > none'
sh -c ': > other; AI_AGENT=x CODEX_THREAD_ID=1 exec bash -c ": > first; : > second"'
AI_AGENT=z touch touched`)
	recs, err := tapped.Drain()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, rec := range recs {
		if said := rec.Declared(); said != nil {
			path, _ := rec.Attr(uapi.AttrPath)
			got[filepath.Base(string(path))] += string(said) + ";"
		}
		if _, ok := rec.Attr(uapi.AttrAgentID); ok {
			t.Error("a claim was taken for an attribution")
		}
	}
	want := map[string]string{"first": "AI_AGENT=x\x00CODEX_THREAD_ID=1;", "touched": "AI_AGENT=z;"}
	if !maps.Equal(got, want) {
		t.Errorf("declared: %q, not %q", got, want)
	}
}
