// SPDX-License-Identifier: Apache-2.0

package ring

import "testing"

// BenchmarkRead measures the reader alone: 64 KiB of samples that are in the
// cache, read over and over by moving the reader back. bench/ring has the
// comparison with another reader, on rings that the kernel fills.
func BenchmarkRead(b *testing.B) {
	const each = 256
	f, r := newFake(b, 128<<10)
	for range each {
		if !f.output(pattern(1, 256)) {
			b.Fatal("no room")
		}
	}
	end := f.producer.Load()
	batch := make([][]byte, 64)
	for _, bench := range []struct {
		name string
		lap  func() (read int)
	}{
		{"Next", func() (read int) {
			for ok := true; ok; read++ {
				_, ok, _ = r.Next()
			}
			r.Release()
			return read - 1
		}},
		{"NextReleaseEach", func() (read int) {
			for ok := true; ok; read++ {
				_, ok, _ = r.Next()
				r.Release()
			}
			return read - 1
		}},
		{"Fill", func() (read int) {
			for n := len(batch); n > 0; read += n {
				n, _ = r.Fill(batch)
				r.Release()
			}
			return read
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			read := 0
			for read < b.N {
				f.consumer.Store(end - each*264)
				r.pos = end - each*264
				r.limit, r.given = r.pos, r.pos
				n := bench.lap()
				if n != each {
					b.Fatalf("read %d samples of %d", n, each)
				}
				read += n
			}
		})
	}
}
