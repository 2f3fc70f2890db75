// SPDX-License-Identifier: Apache-2.0

package blake3

import (
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
	"lukechampine.com/blake3/guts"
)

// hashers are those that this processor can run.
var hashers = map[string]*hasher{"library": &library}

func random(n int) []byte {
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte{3, 5})
	source.Read(b)
	return b
}

// Every way makes what the library's own function does, whatever the length, and wherever
// the bytes begin.
func TestSum256(t *testing.T) {
	const chunk = guts.ChunkSize
	b := random(1<<20 + 3*chunk)
	sizes := []int{0, 1, 63, 64, 65, len(b) - 1, len(b)}
	for _, chunks := range []int{1, 2, 3, 4, 15, 16, 17, 18, 31, 32, 33, 47, 48, 63, 64, 65, 127, 128, 129,
		160, 239, 240, 241, 254, 255, 256, 257, 272, 273, 300, 511, 512, 513, 768, 1023, 1024} {
		for _, more := range []int{-1, 0, 1, 132, 1023} {
			sizes = append(sizes, chunks*chunk+more)
		}
	}
	r := rand.New(rand.NewPCG(3, 5))
	for range 200 {
		sizes = append(sizes, r.IntN(300*chunk))
	}
	for name, h := range hashers {
		for _, n := range sizes {
			at := r.IntN(min(n, len(b)-n) + 1)
			if got, want := h.sum(b[at:at+n]), blake3.Sum256(b[at:at+n]); got != want {
				t.Fatalf("%s: %d bytes at %d: %x, not %x", name, n, at, got, want)
			}
		}
	}
	for _, h := range hashers {
		for _, n := range []int{leaf - 1, 300*chunk - 1} {
			if n := testing.AllocsPerRun(10, func() { h.sum(b[:n]) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		}
	}
}

// A tree that begins far behind has counters that do not fit into 32 bits.
func TestCounters(t *testing.T) {
	b := random(library.most)
	for name, h := range hashers {
		for _, chunk := range []uint64{1, 1<<32 - 16, 1<<32 - 8, 1 << 32, 1<<54 - 16} {
			if got, want := h.node(b, chunk), libraryNode(b, chunk); got != want {
				t.Errorf("%s: chunks from %d: %x, not %x", name, chunk, got, want)
			}
		}
	}
}

func TestFound(t *testing.T) {
	if h := hashers["wide"]; h != nil && found.most != h.most {
		t.Error("the kernel is there and not used")
	}
	b := random(99999)
	if got, want := Sum256(b), blake3.Sum256(b); got != want {
		t.Errorf("%x, not %x", got, want)
	}
}

func FuzzSum256(f *testing.F) {
	for _, chunks := range []int{0, 1, 2, 16, 17, 40, 300} {
		f.Add(random(chunks*guts.ChunkSize+chunks), uint16(chunks))
	}
	f.Fuzz(func(t *testing.T, b []byte, more uint16) {
		// Long enough for all there is, of what little comes.
		for n := len(b) + 16*int(more); len(b) > 0 && len(b) < n; {
			b = append(b, b[:min(len(b), n-len(b))]...)
		}
		want := blake3.Sum256(b)
		for name, h := range hashers {
			if got := h.sum(b); got != want {
				t.Errorf("%s: %d bytes: %x, not %x", name, len(b), got, want)
			}
		}
	})
}

// BenchmarkSum256 hashes what a block of a journal has.
func BenchmarkSum256(b *testing.B) {
	raw := random(256 << 10)
	for name, h := range hashers {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				h.sum(raw)
			}
		})
	}
}
