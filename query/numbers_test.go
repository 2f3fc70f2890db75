// SPDX-License-Identifier: Apache-2.0

package query

import (
	"math/rand/v2"
	"testing"
)

// TestNumbersAgainstModel does random things to numbers and to a plain set.
func TestNumbersAgainstModel(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var s numbers
		done := map[uint64]bool{} // seen or lost
		var top uint64
		missing := func(first, last uint64) (n uint64) {
			for i := first; i <= last; i++ {
				if !done[i] {
					n++
				}
			}
			return n
		}
		if rng.IntN(2) == 0 {
			n := uint64(1 + rng.IntN(40))
			s.expect(n)
			done[n] = true
			if n == 1 {
				top = 1
			}
		}
		for range 100 {
			if rng.IntN(4) > 0 {
				n := uint64(1 + rng.IntN(int(top)+10))
				if got := s.see(n); got == done[n] {
					t.Fatalf("seed %d: see(%d) = %v, model has it: %v", seed, n, got, done[n])
				}
				if !done[n] {
					top = max(top, n)
				}
				done[n] = true
			} else {
				first := uint64(1 + rng.IntN(int(top)+5))
				last := first + uint64(rng.IntN(12))
				want := missing(first, last)
				if want == 0 {
					continue
				}
				if got := s.lose(first, last, want); got != want {
					t.Fatalf("seed %d: lose(%d, %d) finds %d, model %d", seed, first, last, got, want)
				}
				for i := first; i <= last; i++ {
					done[i] = true
				}
				top = max(top, last)
			}
			for done[top+1] {
				top++
			}
			if want := missing(1, top); s.missing != want {
				t.Fatalf("seed %d: %d missing, model %d: %v", seed, s.missing, want, s.gaps)
			}
		}
		for i := range s.gaps {
			g := s.gaps[i]
			if !g.whole() || i > 0 && s.gaps[i-1].last >= g.first {
				t.Fatalf("seed %d: gaps %v", seed, s.gaps)
			}
		}
	}
}

// TestNumbersAreBounded: with far more gaps than can be kept apart the count
// stays exact.
func TestNumbersAreBounded(t *testing.T) {
	const n = 5 * maxGaps
	var s numbers
	for i := uint64(2); i <= 2*n; i += 2 {
		s.see(i)
	}
	if len(s.gaps) > maxGaps || s.missing != n {
		t.Fatalf("%d gaps, %d missing; want at most %d, and %d", len(s.gaps), s.missing, maxGaps, n)
	}
	s.see(101) // in a merged gap
	s.see(2*n - 1)
	half := s.lose(1, n, ^uint64(0)>>1)
	if found := half + s.lose(n+1, 2*n, n); found != n-2 || s.missing != 0 || len(s.gaps) != 0 {
		t.Errorf("found %d of %d, %d missing in %d gaps", found, n-2, s.missing, len(s.gaps))
	}
}
