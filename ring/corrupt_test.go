// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"errors"
	"testing"
)

func TestCorrupt(t *testing.T) {
	const size = 4096
	tests := []struct {
		name string
		harm func(f *fakeRing)
	}{
		{"producer behind the reader", func(f *fakeRing) { f.producer.Store(f.producer.Load() - 8192) }},
		{"producer a size ahead", func(f *fakeRing) { f.producer.Add(size) }},
		{"producer far ahead", func(f *fakeRing) { f.producer.Store(^uintptr(7)) }},
		{"producer unaligned", func(f *fakeRing) { f.producer.Add(4) }},
		{"one byte longer than what there is", harmHeader(24 + 1)},
		{"as long as the ring", harmHeader(size)},
		{"discarded and too long", harmHeader(discardBit | size)},
		{"longest length", harmHeader(discardBit - 1)},
		{"longest length, discarded", harmHeader(discardBit | (discardBit - 1))},
	}
	for _, test := range tests {
		for _, lap := range []int{0, 1, 50} {
			t.Run(test.name, func(t *testing.T) {
				f, r := newFake(t, size)
				for i := range lap {
					f.output(pattern(i, 111))
					readAll(t, r)
					r.Release()
				}
				test.harm(f)

				_, ok, err := r.Next()
				var corrupt *CorruptError
				if ok || !errors.Is(err, ErrCorrupt) || !errors.As(err, &corrupt) || corrupt.Reason == "" {
					t.Fatalf("Next: %v, %v", ok, err)
				}
				if _, err := r.Fill(make([][]byte, 4)); !errors.Is(err, ErrCorrupt) {
					t.Fatalf("Fill: %v", err)
				}
				if _, err := r.Resync(); err != nil {
					t.Fatal(err)
				}
				recover(t, f, r)
			})
		}
	}
}

// harmHeader leaves one sample of 24 bytes whose header claims something else.
func harmHeader(word uint32) func(f *fakeRing) {
	return func(f *fakeRing) {
		at, _ := f.reserve(24)
		f.header(at).Store(word)
	}
}

// recover checks that, once the producer behaves, so does the ring.
func recover(t *testing.T, f *fakeRing, r *Ring) {
	t.Helper()
	if f.producer.Load()%8 != 0 {
		if _, _, err := r.Next(); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("with an unaligned producer: %v", err)
		}
		f.producer.Store(f.producer.Load() &^ 7)
		_, err := r.Resync()
		must(t, err)
	}
	if !f.output(pattern(9, 77)) {
		t.Fatal("no room after Resync")
	}
	if got := readAll(t, r); len(got) != 1 || !bytes.Equal(got[0], pattern(9, 77)) {
		t.Fatalf("after Resync: %x", got)
	}
}

func TestCorruptAfterGood(t *testing.T) {
	f, r := newFake(t, 4096)
	f.output(pattern(1, 50))
	f.output(pattern(2, 60))
	harmHeader(5000)(f)
	batch := make([][]byte, 8)
	n, err := r.Fill(batch)
	if n != 2 || err != nil {
		t.Fatalf("Fill returned %d, %v", n, err)
	}
	if n, err := r.Fill(batch[2:]); n != 0 || !errors.Is(err, ErrCorrupt) {
		t.Fatalf("second Fill returned %d, %v", n, err)
	}
	if !bytes.Equal(batch[0], pattern(1, 50)) || !bytes.Equal(batch[1], pattern(2, 60)) {
		t.Error("what was lent before the error changed")
	}
	dropped, err := r.Resync()
	if dropped != 32 || err != nil {
		t.Errorf("Resync dropped %d, %v", dropped, err)
	}
}

func TestCorruptConsumer(t *testing.T) {
	for _, consumer := range []uintptr{4, 8, 1 << 30, ^uintptr(0)} {
		f, r := newFake(t, 4096)
		f.consumer.Store(consumer)
		again := newRing(-1, r.control, r.readOnly)
		if _, _, err := again.Next(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("consumer at %#x: %v", consumer, err)
		}
		_, err := again.Resync()
		must(t, err)
		recover(t, f, again)
	}
}
