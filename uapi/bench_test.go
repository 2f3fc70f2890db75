// SPDX-License-Identifier: Apache-2.0

package uapi

import "testing"

func benchRecord(tb testing.TB) Record {
	b := NewBuilder(nil)
	b.Begin(sampleHeader(FSWrite))
	addWrite(b)
	rec, err := b.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return rec
}

var (
	sinkInt   int
	sinkBytes []byte
	sinkTask  Task
)

// perRecord is what is done once a record somewhere, and must not allocate.
var perRecord = []struct {
	name string
	do   func(Record, *Builder)
}{
	{"Size", func(r Record, _ *Builder) { sinkInt, _ = Size(r) }},
	{"Check", func(r Record, _ *Builder) { _, _ = Check(r) }},
	{"Header", func(r Record, _ *Builder) { h := r.Header(); sinkInt = int(h.PID) }},
	{"Path", func(r Record, _ *Builder) { sinkBytes = r.Path() }},
	{"Absent", func(r Record, _ *Builder) { sinkBytes = r.Path2() }},
	{"Task", func(r Record, _ *Builder) { sinkTask, _ = r.Task() }},
	{"Attrs", func(r Record, _ *Builder) {
		for tag, v := range r.Attrs() {
			sinkInt += int(tag) + len(v)
		}
	}},
	{"Names", func(r Record, _ *Builder) {
		o, _ := r.IO()
		sinkInt = len(r.Type().String()) + len(r.Producer().String()) + len(o.Errno().String()) + len(Errno(2).String())
	}},
	{"Build", func(_ Record, b *Builder) {
		b.Begin(sampleHeader(FSWrite))
		addWrite(b)
		r, _ := b.Finish()
		sinkInt = len(r)
	}},
}

func BenchmarkRecord(b *testing.B) {
	rec, builder := benchRecord(b), NewBuilder(nil)
	for _, p := range perRecord {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.do(rec, builder)
			}
		})
	}
}

func TestNoAllocations(t *testing.T) {
	rec, builder := benchRecord(t), NewBuilder(nil)
	for _, p := range perRecord {
		if n := testing.AllocsPerRun(100, func() { p.do(rec, builder) }); n != 0 {
			t.Errorf("%s: %v allocations", p.name, n)
		}
	}
}
