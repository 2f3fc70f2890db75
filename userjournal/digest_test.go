// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
)

// The digest is BLAKE3, whatever the length.
func TestDigestRecords(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	b := make([]byte, MaxBlockSize)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	sizes := []int{0, 1, 63, 64, 65, len(b) - 1, len(b)}
	for leaves := range 9 {
		for _, more := range []int{-1, 0, 1, 132, 1023, 1024, 1025, 2048, 9000} {
			sizes = append(sizes, max(0, leaves*digestLeaf+more))
		}
	}
	for range 200 {
		sizes = append(sizes, random.IntN(defaultBlockSize))
	}
	for _, n := range sizes {
		if got := digestRecords(b[:n]); got != blake3.Sum256(b[:n]) {
			t.Fatalf("%d bytes: %v", n, got)
		}
	}
	if n := testing.AllocsPerRun(10, func() { digestRecords(b[:99999]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDigest(b *testing.B) {
	raw, _ := rawBlock(defaultBlockSize)
	start := cpuTime()
	for b.Loop() {
		digestRecords(raw)
	}
	b.ReportMetric(float64(len(raw))*float64(b.N)/(cpuTime()-start), "GB/cpu-s")
}
