// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"vexj/bench/gen"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("loading a BPF program needs root")
	}
}

// TestContendersAgree: what is compared must do the same, which is to see every
// record once.
func TestContendersAgree(t *testing.T) {
	needRoot(t)
	const each = 500
	g, err := gen.New(256<<10, 256<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var last uint64 // global_sequence
	for _, keep := range []bool{false, true} {
		for _, c := range contenders {
			if err := g.Run(context.Background(), each, gen.Wait); err != nil {
				t.Fatal(err)
			}
			s := &sink{block: make([]byte, blockSize)}
			for _, m := range g.Maps() {
				d, err := c.open(m)
				if err != nil {
					t.Fatal(err)
				}
				if err := d.drain(s, each, keep); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			var want uint64
			for range each * len(g.CPUs()) {
				last++
				want += last
			}
			if s.sum != want {
				t.Errorf("%s: numbers add up to %d, want %d", c.name, s.sum, want)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	needRoot(t)
	var out strings.Builder
	if err := compare(&out, options{runs: 1, records: 1000, ring: 64 << 10}); err != nil {
		t.Fatal(err)
	}
	for _, c := range contenders {
		if got := strings.Count(out.String(), c.name); got != len(fills)*len(uses) {
			t.Errorf("%q has %d rows in\n%s", c.name, got, out.String())
		}
	}
}
