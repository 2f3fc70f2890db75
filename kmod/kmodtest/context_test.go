// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/internal/attribution"
	"vexj/internal/tap"
	"vexj/kmod/device"
	"vexj/uapi"
)

type attributing struct {
	*device.Producer
	tap *tap.Tap
}

func (a *attributing) Drain() ([]uapi.Record, error) { return a.tap.Drain() }

func TestContexts(t *testing.T) {
	attribution.Test(t, func(t *testing.T, dir string) attribution.Producer {
		p, err := device.Consume(device.Options{Filter: uapi.Filter{PathPrefixes: []string{dir}, Types: []uapi.Type{uapi.FSCreate}}})
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
		if _, _, err := p.ContextOf(1 << 30); !errors.Is(err, uapi.ErrContext) {
			t.Errorf("of no process: %v", err)
		}
		return &attributing{p, tapped}
	})
}

func TestDeclared(t *testing.T) {
	p, tapped := newTap(t)
	if err := p.Follow(uint32(os.Getpid())); err != nil {
		t.Fatal(err)
	}
	attribution.TestDeclared(t, tapped.Drain)
}

func setContext(t *testing.T, d *device.Device, c uapi.Context) {
	t.Helper()
	if err := d.SetContext(c); err != nil {
		t.Fatal(err)
	}
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
	if len(got) != 2 || attribution.Of(got[1]).Agent != "any" || attribution.Of(got[2]) != (attribution.Who{Agent: "me", Session: 5, Visibility: ^uint64(0)}) {
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
	for node, want := range []attribution.Who{
		{Visibility: 6, Parent: 10, Root: 10},
		{Visibility: 2, Parent: 10, Root: 10},
		{Visibility: 6, Parent: 20, Root: 20},
		{Visibility: 6, Parent: 20, Root: 21},
	} {
		if a := attribution.Of(got[uint64(node)]); a != want {
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
