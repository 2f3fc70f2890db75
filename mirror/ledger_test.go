// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"math/rand/v2"
	"testing"
)

// TestLedger holds a ledger against a set of numbers. Every number that was
// opened is either taken one by one or given back as lost.
func TestLedger(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	l := newLedger()
	open := make(map[uint64]bool)
	forget := func(gone loss) {
		var n, first, last uint64
		for k := range open {
			if k >= gone.first && k <= gone.last {
				delete(open, k)
				if n++; n == 1 {
					first, last = k, k
				}
				first, last = min(first, k), max(last, k)
			}
		}
		if (loss{n, first, last}) != gone {
			t.Fatalf("given up %+v, opened were %+v", gone, loss{n, first, last})
		}
	}
	next := uint64(1)
	for range 6000 {
		switch rnd.IntN(10) {
		default:
			first := next + rnd.Uint64N(1000)
			next = first + 1 + rnd.Uint64N(3)
			for n := first; n < next; n++ {
				open[n] = true
			}
			forget(l.pass(first, next-1))
		case 0:
			n := rnd.Uint64N(next)
			if l.take(n) != open[n] {
				t.Fatalf("number %d was open: %v", n, open[n])
			}
			delete(open, n)
		case 1:
			limit := next - min(next, rnd.Uint64N(1<<20))
			var n uint64
			for k := range open {
				if k <= limit {
					n++
				}
			}
			if got := l.countUpTo(limit); got != n {
				t.Fatalf("%d open up to %d, want %d", got, limit, n)
			}
		case 2:
			if rnd.IntN(20) == 0 {
				forget(l.takeUpTo(next - min(next, rnd.Uint64N(1<<19))))
			}
		}
		if l.open != uint64(len(open)) {
			t.Fatalf("%d open, want %d", l.open, len(open))
		}
	}
}

func TestLedgerIsBounded(t *testing.T) {
	l := newLedger()
	if gone := l.pass(2, 2); gone.count != 0 {
		t.Errorf("given up %+v", gone)
	}
	const far = 10 * ledgerSize
	const limit = far - ledgerSize + giveUp
	if gone, want := l.pass(5, far), (loss{1 + limit - 4, 2, limit}); gone != want {
		t.Errorf("given up %+v, want %+v", gone, want)
	}
	if l.open != far-limit || l.take(limit) || !l.take(limit+1) || !l.take(far) {
		t.Errorf("%d are open", l.open)
	}
}
