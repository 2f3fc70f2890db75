// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"vexj/internal/conformance"
	"vexj/kmod/device"
	"vexj/ring"
	"vexj/uapi"
)

// capture is the module as a producer that stays its consumer from row to row
// and follows one process after the other.
type capture struct {
	p     *device.Producer
	rings []*ring.Ring
	root  uint32
}

func newCapture(t *testing.T) *capture {
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

func (c *capture) Holes() []string { return device.HoleRows }

// The module makes exactly the records of the conformance table, but for what it
// says it does not see. ROW picks rows.
func TestConformance(t *testing.T) {
	c := newCapture(t)
	for _, h := range c.p.Hooks() {
		if !h.Placed {
			t.Logf("%s (%s) is not placed: %s", h.Name, h.Operation, h.Why)
		}
	}
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
	if counts.Attempted == 0 {
		t.Error("the module counts no record")
	}
	for cause, n := range counts.Lost {
		if n != 0 {
			t.Errorf("%d records lost: %v", n, uapi.Cause(cause))
		}
	}
}
