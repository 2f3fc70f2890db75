// SPDX-License-Identifier: Apache-2.0

package distance

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkGather compares a query with 24 rows at random places, as a walk of a
// graph does: ns/row is what one costs.
func BenchmarkGather(b *testing.B) {
	const rows, batch = 100_000, 24
	for _, c := range []struct {
		op   Op
		e    Elem
		dims int
	}{
		{L2, Float32, 128}, {L2, Float32, 768}, {Dot, Float32, 128}, {L2, Float16, 128}, {L2, Int8, 128},
		{L2, Uint8, 128}, {L2, Uint8, 768}, {L1, Uint8, 128}, {Hamming, Binary, 768},
	} {
		for name, set := range sets {
			for _, near := range []bool{true, false} {
				b.Run(fmt.Sprintf("%s/%s/%d/%s/cached=%t", opNames[c.op], elemNames[c.e], c.dims, name, near), func(b *testing.B) {
					n := rows
					if near {
						n = 64
					}
					stride := c.e.Bytes(c.dims)
					base, q := make([]byte, n*stride), make([]byte, 4*c.dims)
					r := rand.New(rand.NewPCG(1, 2))
					order := make([]uint32, 1<<14)
					for i := range order {
						order[i] = uint32(r.IntN(n))
					}
					out := make([]float32, batch)
					k := set[c.op][c.e]
					at := 0
					for b.Loop() {
						k(&q[0], &base[0], uintptr(stride), &order[at], batch, c.dims, &out[0])
						if at += batch; at+batch > len(order) {
							at = 0
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
				})
			}
		}
	}
}
