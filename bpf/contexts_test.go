// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"context"
	"errors"
	"maps"
	"os"
	"sync/atomic"
	"testing"

	"vexj/internal/attribution"
	"vexj/internal/tap"
	"vexj/uapi"
)

// theSet is what the tests of contexts are made with: SET, or the one that any kernel
// takes.
func theSet() string {
	if set := os.Getenv("SET"); set != "" {
		return set
	}
	return "syscall"
}

// attributing is a producer that records what is created in a folder.
type attributing struct {
	*Producer
	tap *tap.Tap
}

func (a *attributing) Drain() ([]uapi.Record, error) { return a.tap.Drain() }

func newAttributing(t *testing.T, dir string) *attributing {
	t.Helper()
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
	return &attributing{p, tapped}
}

func TestContexts(t *testing.T) {
	attribution.Test(t, func(t *testing.T, dir string) attribution.Producer { return newAttributing(t, dir) })
}

// Of trees that have ended nothing is kept.
func TestContextsAreGivenBack(t *testing.T) {
	dir := t.TempDir()
	a := newAttributing(t, dir)
	attribution.EndsWithTree(t, a, dir)
	if n := len(a.contexts.trees); n != 1 {
		t.Errorf("%d nodes are kept", n)
	}
	if a.contexts.next > 22 {
		t.Errorf("%d indices were used", a.contexts.next)
	}
}

// A context ends with its tree even if no program was told of the end of a process.
func TestMissedEnd(t *testing.T) {
	dir := t.TempDir()
	a := newAttributing(t, dir)
	shell := attribution.StartShell(t, dir)
	if err := a.SetContext(uapi.Context{PID: shell.PID, Session: 1}); err != nil {
		t.Fatal(err)
	}
	c := a.contexts
	node := c.trees[0].node
	// One that the tree is left with: its number is above all that processes have.
	if err := c.maps["kins"].Put(syscallDirectKinKey{Start: 1, Tgid: 1 << 30}, node); err != nil {
		t.Fatal(err)
	}
	atomic.AddUint64(&c.node(node).Processes, 1)
	all, err := a.Contexts()
	if err != nil || len(all) != 1 || all[0].Processes != 1 {
		t.Fatalf("%+v, %v: not the shell alone", all, err)
	}
	shell.End()
	attribution.Until(t, "the context to go", func() bool {
		all, err := a.Contexts()
		return err == nil && len(all) == 0
	})
}

func TestContextRefused(t *testing.T) {
	a := newAttributing(t, t.TempDir())
	for name, c := range map[string]uapi.Context{
		"nobody's":     {Agent: "a"},
		"no process's": {PID: 1 << 30, Agent: "a"},
	} {
		if err := a.SetContext(c); !errors.Is(err, uapi.ErrContext) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range uint64(maxContexts) {
		if err := a.SetContext(uapi.Context{Cgroup: 1<<60 + i, Session: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.SetContext(uapi.Context{Cgroup: 1, Session: 1}); !errors.Is(err, uapi.ErrContext) {
		t.Errorf("one too many: %v", err)
	}
	if err := errors.Join(a.ClearContext(uapi.Context{Cgroup: 1 << 60}), a.SetContext(uapi.Context{Cgroup: 1, Session: 1})); err != nil {
		t.Error(err)
	}
}

// Programs that take over from others, as another filter is set, have their contexts.
func TestSuccessorKeepsContexts(t *testing.T) {
	dir := t.TempDir()
	a := newAttributing(t, dir)
	p := attribution.StartShell(t, dir)
	if err := a.SetContext(uapi.Context{PID: p.PID, Agent: "kept"}); err != nil {
		t.Fatal(err)
	}
	child := p.Fork("")
	next, err := Load(context.Background(), Options{Set: theSet(), Filter: uapi.Filter{PathPrefixes: []string{dir}}, Successor: a.Producer})
	if err != nil {
		t.Fatal(err)
	}
	both := p.Fork("") // while both are at work
	if err := a.Producer.Close(); err != nil {
		t.Fatal(err)
	}
	a.tap.Close()
	a.Producer = next
	if a.tap, err = tap.Open(next); err != nil {
		t.Fatal(err)
	}
	kept := attribution.Who{Agent: "kept", Visibility: ^uint64(0)}
	after := both.Fork("")
	all := map[int]*attribution.Shell{1: p, 2: child, 3: both, 4: after}
	if got := attribution.Did(t, a, dir, all); !maps.Equal(got, map[int]attribution.Who{1: kept, 2: kept, 3: kept, 4: kept}) {
		t.Errorf("%+v", got)
	}
	if c, err := a.Contexts(); err != nil || len(c) != 1 || c[0].Processes != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}

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
	attribution.TestDeclared(t, tapped.Drain)
}
