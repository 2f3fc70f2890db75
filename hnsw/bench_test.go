// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"testing"

	"vexj/uapi"
)

// discard is a sink that looks at nothing.
type discard struct{}

func (discard) Append([]uapi.Record) error { return nil }

func BenchmarkInsert(b *testing.B) {
	vs := clustered(20000, 128, 1)
	for _, codes := range []Codes{NoCodes, SQ8} {
		for _, sink := range []Sink{nil, discard{}} {
			b.Run(fmt.Sprintf("%s/records=%t", codes, sink != nil), func(b *testing.B) {
				for b.Loop() {
					g, err := New(Config{Dims: 128, Codes: codes, Sink: sink})
					if err != nil {
						b.Fatal(err)
					}
					for i, v := range vs {
						if err := g.Insert(uint64(i), v); err != nil {
							b.Fatal(err)
						}
					}
					g.Close()
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(vs)), "µs/insert")
			})
		}
	}
}

// BenchmarkSearch tells what records of searches cost: none, and handed over by 64.
func BenchmarkSearch(b *testing.B) {
	vs := clustered(20100, 128, 1)
	for _, codes := range []Codes{NoCodes, SQ8} {
		for _, searches := range []int{0, 64} {
			g := fresh(b, Config{Dims: 128, Codes: codes, Sink: discard{}, Searches: searches, EfConstruction: 100})
			fill(b, g, vs[:20000])
			b.Run(fmt.Sprintf("%s/records=%t", codes, searches > 0), func(b *testing.B) {
				var found []Result
				for i := 0; b.Loop(); i++ {
					var err error
					if found, err = g.AppendSearch(found[:0], vs[20000+i%100], 10, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
