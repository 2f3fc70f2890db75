// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

var codecs = []Codec{CodecNone, CodecLZ4, CodecDelta}

func cpuTime() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano() + u.Stime.Nano())
}

// cpu reports what all threads took since start, per op: the machine has other
// things to do.
func cpu(b *testing.B, start float64, n int) {
	b.ReportMetric((cpuTime()-start)/float64(n), "cpu-ns/record")
}

// BenchmarkAppend is the whole way to the file.
func BenchmarkAppend(b *testing.B) {
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			recs := newWorkload(1).records(100000)
			w, err := Create(b.TempDir(), Options{Codec: codec, Durability: DurabilityNone})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			start, raw := cpuTime(), 0
			for i := range b.N {
				rec := recs[i%len(recs)]
				if _, err := w.Append(rec); err != nil {
					b.Fatal(err)
				}
				raw += len(rec)
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			s := w.Stats()
			cpu(b, start, b.N)
			b.ReportMetric(float64(s.StoredBytes)/float64(b.N), "stored-B/op")
			b.ReportMetric(float64(raw)/float64(b.N), "raw-B/op")
			b.ReportMetric(float64(s.Stalls), "stalls")
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkAppendOnly is the part of the caller's goroutine, with the blocks
// thrown away.
func BenchmarkAppendOnly(b *testing.B) {
	recs := newWorkload(1).records(1000)
	buf := newBuffer(defaultBlockSize)
	buf.open(1)
	w := new(Writer)
	w.cur.Store(buf)
	b.ReportAllocs()
	for i := range b.N {
		if buf.load().bytes()+1024 > len(buf.data) {
			buf.seal()
			buf.records()
			buf.open(1)
		}
		if _, err := w.Append(recs[i%len(recs)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is what it costs to open a journal of 100 segments that was
// closed, to read and to continue.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	source := newWorkload(1)
	for range 100 {
		w, err := Create(dir, Options{Durability: DurabilityNone, Interval: -1})
		if err != nil {
			b.Fatal(err)
		}
		for range 10 {
			if _, err := w.AppendBatch(source.records(100)); err != nil {
				b.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			r, err := Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			if err := r.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("recover", func(b *testing.B) {
		for b.Loop() {
			r := recovery{fs: OSFS, dir: dir}
			if _, err := r.run(); err != nil || r.report.Status != RecoveryClean {
				b.Fatal(r.report, err)
			}
		}
	})
	b.Run("survey", func(b *testing.B) {
		for b.Loop() {
			if r, err := Recover(dir, RecoverOptions{DryRun: true}); err != nil || r.Status != RecoveryClean {
				b.Fatal(r, err)
			}
		}
	})
}

// BenchmarkPack is what the committer does to a block, per record.
func BenchmarkPack(b *testing.B) {
	for _, size := range []int{64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20} {
		raw, n := rawBlock(size)
		for _, codec := range codecs {
			b.Run(fmt.Sprintf("%v/%dK", codec, size>>10), func(b *testing.B) {
				var p packer
				var out []byte
				start := cpuTime()
				for i := 0; i < b.N; i += n {
					out, _ = p.pack(out[:0], raw, codec)
				}
				cpu(b, start, b.N)
				b.ReportMetric(float64(len(out))/float64(n), "stored-B/op")
			})
		}
	}
}

func BenchmarkUnpack(b *testing.B) {
	raw, n := rawBlock(defaultBlockSize)
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			stored, codec := new(packer).pack(nil, raw, codec)
			var u unpacker
			dst := make([]byte, len(raw))
			start := cpuTime()
			defer func() { cpu(b, start, b.N) }()
			for i := 0; i < b.N; i += n {
				if _, err := u.unpack(dst, stored, codec, n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkZoneMap(b *testing.B) {
	raw, n := rawBlock(defaultBlockSize)
	var s summary
	start := cpuTime()
	for i := 0; i < b.N; i += n {
		s.reset(1)
		s.addAll(raw)
		s.finish()
	}
	cpu(b, start, b.N)
	b.ReportMetric(float64(len(s.zone.filter)), "filter-B")
	b.ReportMetric(float64(n), "records")
}

// rawBlock returns about so many bytes of whole records, and how many.
func rawBlock(size int) (raw []byte, n int) {
	w := newWorkload(1)
	for len(raw) < size-1024 {
		raw = append(raw, w.next()...)
		n++
	}
	return raw, n
}

// benchJournal is as large as the VEXJ_BENCH_RECORDS says, or a tenth of what
// the figures in the documentation were taken with.
func benchJournal(b *testing.B) (string, int) {
	n := 500000
	if s := os.Getenv("VEXJ_BENCH_RECORDS"); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	w, err := Create(dir, Options{Durability: DurabilityNone})
	if err != nil {
		b.Fatal(err)
	}
	source := newWorkload(1)
	for range n {
		if _, err := w.Append(source.next()); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return dir, n
}

// BenchmarkScan reads the whole journal once for each op and looks at each
// path.
func BenchmarkScan(b *testing.B) {
	dir, n := benchJournal(b)
	r := open(b, dir)
	needle := []byte("runtime_ssa")
	scan := func(b *testing.B, fn func(uint64, uapi.Record) error) {
		start := cpuTime()
		for range b.N {
			if err := r.Scan(ScanOptions{}, fn); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		cpu(b, start, b.N*n)
	}
	b.Run("all", func(b *testing.B) { scan(b, func(uint64, uapi.Record) error { return nil }) })
	found := 0
	b.Run("path", func(b *testing.B) {
		scan(b, func(_ uint64, rec uapi.Record) error {
			if bytes.Contains(rec.Path(), needle) {
				found++
			}
			return nil
		})
	})
	b.Run("exact-path", func(b *testing.B) {
		path := []byte("/srv/checkout/nothing/like/it.go")
		for range b.N {
			o := ScanOptions{Filter: func(z *ZoneMap) bool { return z.MayHavePath(path) }}
			if err := r.Scan(o, func(uint64, uapi.Record) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
	})
}

// BenchmarkTail opens the journal and reads its last 20 records.
func BenchmarkTail(b *testing.B) {
	dir, _ := benchJournal(b)
	b.ResetTimer()
	for range b.N {
		r, err := Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		left := 20
		err = r.Scan(ScanOptions{Reverse: true}, func(uint64, uapi.Record) error {
			if left--; left == 0 {
				return ErrStop
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
