// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"math/rand/v2"
	"testing"
)

// TestBitmap holds a bitmap against a set of numbers, in a window that goes
// around its end many times.
func TestBitmap(t *testing.T) {
	const size = 256
	rnd := rand.New(rand.NewPCG(1, 2))
	b, set := newBitmap(size), make(map[uint64]bool)
	for start := uint64(1); start < 3000; start += rnd.Uint64N(40) {
		first := start + rnd.Uint64N(size)
		last := first + rnd.Uint64N(start+size-first)
		switch rnd.IntN(4) {
		case 0:
			b.setRange(first, last)
		case 1:
			b.clearRange(first, last)
		case 2:
			b.set(first)
			last = first
		case 3:
			b.clear(first)
			last = first
		}
		for n := first; n <= last; n++ {
			set[n%size] = b.has(first)
		}
		check(t, b, set, first, start+size-1)
		check(t, b, set, start, last)
	}
}

func check(t *testing.T, b bitmap, set map[uint64]bool, first, last uint64) {
	t.Helper()
	count, ends := uint64(0), [2][2]uint64{{last + 1, first - 1}, {last + 1, first - 1}}
	for n := first; n <= last; n++ {
		is := set[n%(uint64(len(b))*64)]
		if is != b.has(n) {
			t.Fatalf("number %d: %v", n, b.has(n))
		}
		which := 0
		if is {
			which, count = 1, count+1
		}
		ends[which][0] = min(ends[which][0], n)
		ends[which][1] = n
	}
	got := [2][2]uint64{
		{b.nextClear(first, last), b.lastClear(first, last)},
		{b.nextSet(first, last), b.lastSet(first, last)},
	}
	if got != ends || b.count(first, last) != count {
		t.Fatalf("from %d to %d: count %d, found %v; want %d, %v", first, last, b.count(first, last), got, count, ends)
	}
}
