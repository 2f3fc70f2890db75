// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"os"
	"sync"
	"testing"
)

func peek(t *testing.T, r *Ring, most int) [][]byte {
	t.Helper()
	got, err := r.Peek(most)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Peek shows what is there, read or not, and moves nothing.
func TestPeek(t *testing.T) {
	f, r := newFake(t, os.Getpagesize())
	if got := peek(t, r, 5); len(got) != 0 {
		t.Fatalf("an empty ring holds %d samples", len(got))
	}
	for i := range 4 {
		f.output(pattern(i, 20+i))
	}
	at, _ := f.reserve(8)
	f.discard(at)
	f.output(pattern(4, 24))
	busy, _ := f.reserve(40)
	f.output(pattern(5, 25))
	check := func(when string, want ...int) {
		t.Helper()
		got := peek(t, r, 3)
		if len(got) != len(want) {
			t.Fatalf("%s: %d samples, want %d", when, len(got), len(want))
		}
		for i, n := range want {
			if !bytes.Equal(got[i], pattern(n, 20+n)) {
				t.Errorf("%s: sample %d is not number %d", when, i, n)
			}
		}
	}
	check("nothing was read", 2, 3, 4)
	for range 2 {
		if _, ok, err := r.Next(); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	check("two are lent", 2, 3, 4)
	r.Release()
	check("two were read", 2, 3, 4)
	f.commit(busy, pattern(9, 40))
	for {
		if _, ok, _ := r.Next(); !ok {
			break
		}
	}
	r.Release()
	if got := peek(t, r, 100); len(got) != 7 {
		t.Errorf("all were read: %d samples left, want 7", len(got))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Peek(1); err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
}

// After many laps the last samples are found all the same, and no other.
func TestPeekAfterLaps(t *testing.T) {
	f, r := newFake(t, os.Getpagesize())
	for i := range 10_000 {
		if !f.output(pattern(i, 16+i%100)) {
			t.Fatal("full")
		}
		if i%3 != 0 {
			continue
		}
		for {
			if _, ok, _ := r.Next(); !ok {
				break
			}
		}
		r.Release()
	}
	got := peek(t, r, 10)
	if len(got) != 10 {
		t.Fatalf("%d samples, want 10", len(got))
	}
	for i, b := range got {
		if n := 9_990 + i; !bytes.Equal(b, pattern(n, 16+n%100)) {
			t.Errorf("sample %d is not number %d", i, n)
		}
	}
}

// Whatever the producer does meanwhile, what Peek returns is whole.
func TestPeekUnderLoad(t *testing.T) {
	f, r := newFake(t, 4*os.Getpagesize())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			f.output(pattern(i, 1+i%200))
			for {
				if _, ok, _ := r.Next(); !ok {
					break
				}
			}
			if i%7 == 0 {
				r.Release()
			}
		}
	})
	seen := 0
	for n := 0; n < 1_000_000 && seen < 10_000; n++ {
		for _, b := range peek(t, r, 20) {
			seen++
			if !isPattern(b) {
				t.Fatalf("a torn sample: %x", b)
			}
		}
	}
	close(stop)
	wg.Wait()
	if seen == 0 {
		t.Error("no sample was ever seen")
	}
}
