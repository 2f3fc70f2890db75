// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
)

// readAll takes whatever is ready, by Next.
func readAll(t *testing.T, r *Ring) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		sample, ok, err := r.Next()
		must(t, err)
		if !ok {
			return all
		}
		all = append(all, bytes.Clone(sample))
	}
}

func TestNextLengths(t *testing.T) {
	f, r := newFake(t, 4096)
	lengths := []int{0, 1, 7, 8, 9, 15, 16, 255, 256, 1000, 2047, 4080}
	number := 0
	for lap := range 20 {
		for _, n := range lengths {
			number++
			want := pattern(number, n)
			if !f.output(want) {
				t.Fatalf("lap %d: no room for %d bytes in an empty ring", lap, n)
			}
			got := readAll(t, r)
			if len(got) != 1 || !bytes.Equal(got[0], want) {
				t.Fatalf("lap %d: sample of %d bytes read as %d samples %x", lap, n, len(got), got)
			}
			r.Release()
			if f.consumer.Load() != f.producer.Load() {
				t.Fatalf("lap %d: consumer at %d, producer at %d", lap, f.consumer.Load(), f.producer.Load())
			}
		}
	}
}

func TestFullRing(t *testing.T) {
	f, r := newFake(t, 4096)
	count := 0
	for f.output(pattern(count, 100)) {
		count++
	}
	if want := 4095 / 112; count != want {
		t.Fatalf("%d samples fit, want %d", count, want)
	}
	got := readAll(t, r)
	if len(got) != count {
		t.Fatalf("read %d of %d", len(got), count)
	}
	if f.output(pattern(0, 100)) {
		t.Fatal("room before Release")
	}
	r.Release()
	if !f.output(pattern(0, 100)) {
		t.Fatal("no room after Release")
	}
}

func TestBusy(t *testing.T) {
	f, r := newFake(t, 4096)
	f.output(pattern(1, 10))
	first, _ := f.reserve(20)
	second, _ := f.reserve(30)
	f.commit(second, pattern(3, 30))

	if got := readAll(t, r); len(got) != 1 {
		t.Fatalf("read %d samples past a busy one", len(got))
	}
	batch := make([][]byte, 8)
	if n, err := r.Fill(batch); n != 0 || err != nil {
		t.Fatalf("Fill returned %d, %v at a busy sample", n, err)
	}
	f.commit(first, pattern(2, 20))
	if n, err := r.Fill(batch); n != 2 || err != nil || !bytes.Equal(batch[0], pattern(2, 20)) || !bytes.Equal(batch[1], pattern(3, 30)) {
		t.Fatalf("Fill returned %d, %v, %x", n, err, batch[:n])
	}
}

func TestDiscard(t *testing.T) {
	f, r := newFake(t, 4096)
	for range 3 {
		at, _ := f.reserve(40)
		f.discard(at)
	}
	if got := readAll(t, r); got != nil {
		t.Fatalf("read %x", got)
	}
	// Nothing was lent, so nobody will call Release: the room must come back.
	if f.consumer.Load() != f.producer.Load() {
		t.Error("skipped samples were not given back")
	}

	at, _ := f.reserve(40)
	f.discard(at)
	f.output(pattern(1, 9))
	at, _ = f.reserve(1)
	f.discard(at)
	if got := readAll(t, r); len(got) != 1 || !bytes.Equal(got[0], pattern(1, 9)) {
		t.Errorf("read %x", got)
	}
	if f.consumer.Load() == f.producer.Load() {
		t.Error("a lent sample was given back without Release")
	}
}

func TestPending(t *testing.T) {
	f, r := newFake(t, 4096)
	f.output(pattern(1, 100))
	f.output(pattern(2, 100))
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"unread", func() {}, 224},
		{"read", func() { readAll(t, r) }, 224},
		{"released", r.Release, 0},
		{"a wild producer", func() { f.producer.Add(1 << 30) }, 4096},
		{"closed", func() { must(t, r.Close()) }, 0},
	} {
		step.do()
		if got := r.Pending(); got != step.want {
			t.Errorf("%s: %d bytes pending, want %d", step.name, got, step.want)
		}
	}
}

// TestFillIsNext drives two rings with the same random producer and reads one by
// Next, the other by Fill.
func TestFillIsNext(t *testing.T) {
	for _, size := range []int{1, 2, 7, 64} {
		rng := rand.New(rand.NewPCG(1, uint64(size)))
		byNext, next := newFake(t, 8192)
		byFill, fill := newFake(t, 8192)
		batch := make([][]byte, size)
		var open []uintptr
		for number := range 20000 {
			switch op, n := rng.IntN(10), rng.IntN(600); {
			case op < 5:
				if byNext.output(pattern(number, n)) != byFill.output(pattern(number, n)) {
					t.Fatal("one ring is full, the other not")
				}
			case op < 6:
				if at, ok := byNext.reserve(n); ok {
					byFill.reserve(n)
					open = append(open, at)
				}
			case op < 7 && len(open) > 0:
				at := open[len(open)-1]
				open = open[:len(open)-1]
				byNext.discard(at)
				byFill.discard(at)
			default:
				n, err := fill.Fill(batch)
				must(t, err)
				for _, got := range batch[:n] {
					want, ok, err := next.Next()
					if !ok || err != nil || !bytes.Equal(got, want) {
						t.Fatalf("Fill gave %x, Next %x, %v, %v", got, want, ok, err)
					}
				}
				if n < size {
					if _, ok, _ := next.Next(); ok {
						t.Fatal("Next has more than Fill")
					}
				}
				fill.Release()
				next.Release()
			}
		}
	}
}

func TestReopen(t *testing.T) {
	f, r := newFake(t, 4096)
	f.output(pattern(1, 8))
	f.output(pattern(2, 8))
	_, _, err := r.Next()
	must(t, err)
	r.Release()
	_, _, err = r.Next()
	must(t, err)

	again := newRing(-1, r.control, r.readOnly)
	if got := readAll(t, again); len(got) != 1 || !bytes.Equal(got[0], pattern(2, 8)) {
		t.Errorf("a second reader sees %x", got)
	}
}

func TestOpenSize(t *testing.T) {
	for _, size := range []int{-4096, 0, 1, os.Getpagesize() - 1, 3 * os.Getpagesize(), maxSize + 1} {
		if _, err := Open(0, size); !errors.Is(err, ErrSize) {
			t.Errorf("Open with size %d: %v", size, err)
		}
	}
}

func TestOpenDescriptor(t *testing.T) {
	null, err := os.Open(os.DevNull)
	must(t, err)
	defer null.Close()
	for _, fd := range []int{-1, int(null.Fd())} {
		if r, err := Open(fd, os.Getpagesize()); err == nil {
			t.Errorf("descriptor %d opened as a ring", fd)
			must(t, r.Close())
		}
	}
}

func TestNoAllocation(t *testing.T) {
	f, r := newFake(t, 4096)
	batch := make([][]byte, 16)
	sample := pattern(1, 200)
	for name, read := range map[string]func(){
		"Next": func() { _, _, _ = r.Next() },
		"Fill": func() { _, _ = r.Fill(batch) },
	} {
		allocs := testing.AllocsPerRun(1000, func() {
			f.output(sample)
			read()
			r.Release()
			read() // empty
		})
		if allocs != 0 {
			t.Errorf("%s allocates %v times", name, allocs)
		}
	}
}
