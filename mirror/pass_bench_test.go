// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"testing"
	"time"
)

// BenchmarkPass is what the mirror itself costs for a record: everything but
// the journal.
func BenchmarkPass(b *testing.B) {
	const batch = 2000
	m := newBench(b, 2, 1<<20, Options{})
	m.out.w = nowhere{}
	if err := m.start(); err != nil {
		b.Fatal(err)
	}
	next := uint64(2)
	var spent time.Duration
	for b.Loop() {
		for range batch {
			m.rings[next/7%2].output(prepared(next))
			next++
		}
		start := time.Now()
		for more := true; more; {
			more, _ = m.pass(false)
		}
		spent += time.Since(start)
	}
	if m.Stats().Records != next-2 {
		b.Errorf("%d of %d records were journaled", m.Stats().Records, next-2)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(next-2), "ns/record")
	b.ReportMetric(0, "ns/op")
}
