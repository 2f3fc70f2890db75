// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/cilium/ebpf/btf"

	"vexj/internal/conformance"
	"vexj/ring"
	"vexj/uapi"
)

func TestMain(m *testing.M) {
	conformance.Hook()
	os.Exit(m.Run())
}

// capture is a producer that stays loaded from row to row and follows one
// process after the other.
type capture struct {
	p     *Producer
	rings []*ring.Ring
	root  uint32
}

func newCapture(t *testing.T, set, variant string) *capture {
	t.Helper()
	p, err := Load(context.Background(), Options{
		Set: set, variant: variant,
		// No process has this id: so far there is nothing to follow.
		Filter: uapi.Filter{TGIDTree: []uint32{^uint32(0)}, FailedToo: true, Types: uapi.Types()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &capture{p: p}
	for _, fd := range p.Rings() {
		r, err := ring.Open(fd.FD, fd.Size)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		c.rings = append(c.rings, r)
	}
	return c
}

func (c *capture) Start(root uint32, _ string) error {
	c.root = root
	return c.p.Follow(root)
}

func (c *capture) Stop() ([]uapi.Record, error) {
	if err := c.p.Unfollow(c.root); err != nil {
		return nil, err
	}
	return c.drain()
}

func (c *capture) drain() ([]uapi.Record, error) {
	var out []uapi.Record
	for _, r := range c.rings {
		for {
			sample, ok, err := r.Next()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			rec, err := uapi.Check(sample)
			if err != nil {
				return nil, fmt.Errorf("%x: %w", sample, err)
			}
			out = append(out, slices.Clone(rec))
		}
		r.Release()
	}
	return out, nil
}

func (c *capture) Holes() []string { return c.p.set.rows }

// The syscall set makes exactly the records of the conformance table, but for
// what it says it does not see.
func TestConformanceSyscall(t *testing.T) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	var cast *btf.Func
	for _, v := range syscallSet.variants {
		if v.name == plainLoads && errors.Is(kernel.TypeByName("bpf_rdonly_cast", &cast), btf.ErrNotFound) {
			t.Logf("%s: this kernel has no bpf_rdonly_cast", v.name)
			continue
		}
		t.Run(v.name, func(t *testing.T) { conform(t, newCapture(t, "syscall", v.name)) })
	}
}

// conform runs the table, or the rows that ROW picks.
func conform(t *testing.T, c *capture) {
	for _, r := range conformance.Run(c, t.TempDir(), os.Getenv("ROW")) {
		t.Run(r.Scenario.Name, func(t *testing.T) {
			switch r.Status {
			case conformance.Fail, conformance.Broken:
				t.Error(r.Err)
			default:
				if r.Err != nil {
					t.Logf("%v: %v", r.Status, r.Err)
				}
			}
		})
	}
	counts := c.p.Counters()
	for cause, n := range counts.Lost {
		if n != 0 {
			t.Errorf("%d records lost: %v", n, uapi.Cause(cause))
		}
	}
}
