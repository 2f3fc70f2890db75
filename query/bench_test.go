// SPDX-License-Identifier: Apache-2.0

package query

import (
	"testing"

	"vexj/uapi"
	"vexj/userjournal"
)

var benchFilters = []struct {
	name string
	c    Conditions
}{
	{"path/below", Conditions{Paths: []string{"/home/ann/**"}}},
	{"path/exact", Conditions{Paths: []string{"/srv/db/4/a.go"}}},
	{"path/suffix", Conditions{Paths: []string{"*.nothing"}}},
	{"path/general", Conditions{Paths: []string{"/srv/**/[a-m]*/**/*.{x,y}"}}},
	{"type", Conditions{Types: []uapi.Type{uapi.FSRename}}},
	{"command", Conditions{Commands: []string{"worker-1"}}},
}

func BenchmarkMatch(b *testing.B) {
	m := storm(b, 4096)
	for _, bf := range benchFilters {
		f := compile(b, bf.c)
		b.Run(bf.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f.Match(m[i&4095])
				i++
			}
		})
	}
}

// BenchmarkScan reads a journal of a million records; skip tells whether the
// zone maps may save the work, which a path that occurs in each block forbids.
func BenchmarkScan(b *testing.B) {
	const n = 1_000_000
	m := storm(b, n)
	j := write(b, m, userjournal.Options{})
	m = nil
	for _, bf := range benchFilters {
		f := compile(b, bf.c)
		for _, skip := range []bool{false, true} {
			name := bf.name + "/all-blocks"
			if skip {
				name = bf.name + "/skipping"
			}
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					found := 0
					var err error
					if skip {
						err = f.Scan(j, userjournal.ScanOptions{}, func(uint64, uapi.Record) error { found++; return nil })
					} else {
						err = j.Scan(userjournal.ScanOptions{}, func(_ uint64, r uapi.Record) error {
							if f.Match(r) {
								found++
							}
							return nil
						})
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}

func BenchmarkAccount(b *testing.B) {
	m := newRun(b, 1).start().write(200_000).stop().journal()
	for b.Loop() {
		a := &Account{}
		for i, r := range m {
			a.Add(uint64(i)+1, r)
		}
		a.Close()
		if !a.Sound() {
			b.Fatal("not sound")
		}
	}
	b.ReportMetric(float64(len(m))*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkStat(b *testing.B) {
	m := storm(b, 65536)
	s := NewStat()
	i := 0
	for b.Loop() {
		s.Add(uint64(i)+1, m[i&65535])
		i++
	}
	b.ReportAllocs()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
