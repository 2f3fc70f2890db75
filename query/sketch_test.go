// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSketchIsExactWhileThereIsRoom(t *testing.T) {
	s := NewSketch(3)
	for _, k := range []string{"b", "a", "c", "a", "c", "a"} {
		s.Add([]byte(k), 1)
	}
	s.Add([]byte("b"), 0)
	want := []Top{{"a", 3, 0}, {"c", 2, 0}, {"b", 1, 0}}
	if got := s.Top(10); !slices.Equal(got, want) || !s.Exact() || s.Total() != 6 {
		t.Errorf("got %v, exact %v, total %d", got, s.Exact(), s.Total())
	}
	if got := s.Top(1); !slices.Equal(got, want[:1]) {
		t.Errorf("got %v", got)
	}
	s.Add([]byte("d"), 1)
	if got := s.Top(3); s.Exact() || got[2] != (Top{"d", 2, 1}) {
		t.Errorf("got %v, exact %v", got, s.Exact())
	}
}

// TestSketchBounds: many keys, few slots; the bounds hold and what is frequent
// is found.
func TestSketchBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	zipf := rand.NewZipf(rng, 1.2, 1, 1<<20)
	const capacity = 256
	s := NewSketch(capacity)
	truth := map[string]uint64{}
	for range 200_000 {
		k := fmt.Sprint(zipf.Uint64())
		truth[k]++
		s.Add([]byte(k), 1)
	}
	top := s.Top(capacity)
	found := map[string]bool{}
	for _, e := range top {
		found[e.Key] = true
		if n := truth[e.Key]; n > e.Weight || n < e.Weight-e.Excess {
			t.Errorf("%s: %d times, told %d with an excess of at most %d", e.Key, n, e.Weight, e.Excess)
		}
	}
	for k, n := range truth {
		if n > s.Total()/capacity && !found[k] {
			t.Errorf("%s: %d of %d times and not found", k, n, s.Total())
		}
	}
	if len(s.slots) != capacity || len(s.at) != capacity {
		t.Errorf("%d slots, %d entries", len(s.slots), len(s.at))
	}
}
