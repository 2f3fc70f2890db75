// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMountIn(t *testing.T) {
	const v1 = "31 22 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
	for name, test := range map[string]struct{ text, want string }{
		"unified": {"30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup"},
		"hybrid":  {v1 + "42 22 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/unified"},
		"blank":   {`42 22 0:30 / /a\040b rw - cgroup2 x rw` + "\n", "/a b"},
		"none":    {v1, ""},
		"cut":     {"42 22 - cgroup2 x\n", ""},
	} {
		got, err := mountIn(test.text)
		if got != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, ErrNone) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestGroup(t *testing.T) {
	g, err := New(fmt.Sprint("vexjtest-", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := g.Add(cmd.Process.Pid); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", cmd.Process.Pid)); !strings.Contains(string(text), filepath.Base(g.Path)) {
		t.Errorf("it is in %s", text)
	}
	if left, err := g.Remove(); !left || err != nil {
		t.Errorf("removed with a process in it: %v, %v", left, err)
	}
	id, path, err := Find(strings.TrimPrefix(g.Path, must(Mount())))
	if want, _ := ID(g.Path); err != nil || id != want || path != g.Path {
		t.Errorf("found %d at %s, %v", id, path, err)
	}
	in.Close()
	_ = cmd.Wait()
	if left, err := g.Remove(); left || err != nil {
		t.Errorf("not removed: %v, %v", left, err)
	}
	if _, _, err := Find("no/such/group"); err == nil {
		t.Error("found what is not there")
	}
}

// TestDissolve: who is left goes back to where it came from.
func TestDissolve(t *testing.T) {
	g, err := New(fmt.Sprint("vexjtest-dissolve-", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", "cat & cat & read x; wait")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		_ = cmd.Wait()
	}()
	inner := &Group{filepath.Join(g.Path, Prefix+"inner"), g.home}
	if err := os.Mkdir(inner.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := inner.Add(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	before, err := own()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is gone
		if err := g.Dissolve(); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", cmd.Process.Pid))
	if err != nil || !strings.Contains(string(text), "0::"+before+"\n") {
		t.Errorf("it is in %s, %v; want %s", text, err, before)
	}
	if _, err := os.Stat(g.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the group is there: %v", err)
	}
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}
