// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/cilium/ebpf/btf"

	"vexj/internal/attribution"
	"vexj/internal/conformance"
	"vexj/internal/tap"
	"vexj/uapi"
)

func TestMain(m *testing.M) {
	conformance.Hook()
	attribution.Hook()
	os.Exit(m.Run())
}

// capture is a producer that stays loaded from row to row.
type capture struct {
	*tap.Tap
	p *Producer
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
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tapped.Close() })
	return &capture{tapped, p}
}

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
		t.Run(v.name, func(t *testing.T) {
			c := newCapture(t, "syscall", v.name)
			// One way or the other: with the plain loads nobody acts for an agent.
			if v.name != plainLoads {
				c.Attribution = &uapi.Context{Agent: "conformance", Session: 7, Parent: 1000, Root: 900, Visibility: 6}
			}
			conform(t, c)
		})
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
	if err := c.Lost(); err != nil {
		t.Error(err)
	}
}
