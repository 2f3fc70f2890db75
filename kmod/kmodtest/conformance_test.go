// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"os"
	"testing"

	"vexj/internal/conformance"
	"vexj/internal/tap"
	"vexj/kmod/device"
	"vexj/uapi"
)

// newTap makes this process the module's consumer, which follows one process after
// the other.
func newTap(t *testing.T) (*device.Producer, *tap.Tap) {
	t.Helper()
	p, err := device.Consume(device.Options{
		// What this process does is never recorded: so far there is nothing
		// to follow.
		Filter: uapi.Filter{TGIDTree: []uint32{uint32(os.Getpid())}, FailedToo: true, Types: uapi.Types()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	// Its children would be.
	if err := p.Unfollow(uint32(os.Getpid())); err != nil {
		t.Fatal(err)
	}
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tapped.Close() })
	return p, tapped
}

// The module makes exactly the records of the conformance table, but for what it
// says it does not see. ROW picks rows.
func TestConformance(t *testing.T) {
	p, tapped := newTap(t)
	for _, h := range p.Hooks() {
		if !h.Placed {
			t.Logf("%s (%s) is not placed: %s", h.Name, h.Operation, h.Why)
		}
	}
	conform(t, tapped)
	if p.Counters().Attempted == 0 {
		t.Error("the module counts no record")
	}
}

// What each record bears besides does not change what it says.
func TestConformanceAttributed(t *testing.T) {
	_, tapped := newTap(t)
	tapped.Attribution = &uapi.Context{Agent: "conformance", Session: 7, Parent: 1000, Root: 900, Visibility: 6}
	conform(t, tapped)
}

func conform(t *testing.T, tapped *tap.Tap) {
	t.Helper()
	for _, r := range conformance.Run(tapped, t.TempDir(), os.Getenv("ROW")) {
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
	if err := tapped.Lost(); err != nil {
		t.Error(err)
	}
}
