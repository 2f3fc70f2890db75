// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/hnsw"
)

// mapped is vectors in a mapped file, by number.
type mapped struct {
	mem    []byte
	floats []float32
	dims   int
}

func mapFloats(path string, dims int) (*mapped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return &mapped{mem, unsafe.Slice((*float32)(unsafe.Pointer(&mem[0])), len(mem)/4), dims}, nil
}

func (m *mapped) row(i int) []float32 { return m.floats[i*m.dims : (i+1)*m.dims : (i+1)*m.dims] }

// Vector implements [hnsw.Source].
func (m *mapped) Vector(id uint64, _ []float32) ([]float32, error) { return m.row(int(id)), nil }

// child runs one engine of vexj.
func child(spec string) error {
	f := strings.Fields(spec)
	if len(f) != 12 {
		return errors.New("what is to be done?")
	}
	var n [8]int
	for i := range n {
		n[i], _ = strconv.Atoi(f[3+i])
	}
	dims, count, nq, k, m, efc, threads, rounds := n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]
	base, err := mapFloats(f[1], dims)
	if err != nil {
		return err
	}
	queries, err := mapFloats(f[2], dims)
	if err != nil {
		return err
	}
	cfg := hnsw.Config{Dims: dims, M: m, EfConstruction: efc}
	switch f[0] {
	case "vexj-sq8":
		cfg.Codes = hnsw.SQ8
	case "vexj-mapped":
		cfg.Codes, cfg.Source = hnsw.SQ8, base
	}
	g, l, err := build(cfg, base, count, threads)
	if err != nil {
		return err
	}
	if cfg.Source == nil {
		if err := unix.Munmap(base.mem); err != nil {
			return err
		}
	} else if err := unix.Madvise(base.mem, unix.MADV_DONTNEED); err != nil {
		return err
	}
	l.measureMemory()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(l); err != nil {
		return err
	}
	runtime.LockOSThread()
	for _, s := range strings.Split(f[11], ",") {
		ef, _ := strconv.Atoi(s)
		l, err := searches(g, queries, nq, k, ef, rounds)
		if err != nil {
			return err
		}
		if err := out.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

var before int64 // anonymous memory

// build makes the graph.
func build(cfg hnsw.Config, base *mapped, count, threads int) (*hnsw.Graph, *line, error) {
	ids, vs := make([]uint64, count), make([][]float32, count)
	for i := range ids {
		ids[i], vs[i] = uint64(i), base.row(i)
	}
	debug.FreeOSMemory()
	before = status("RssAnon:")
	g, err := hnsw.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	cpu, start := processTime(unix.CLOCK_PROCESS_CPUTIME_ID), time.Now()
	if err := g.InsertBatch(ids, vs, threads); err != nil {
		return nil, nil, err
	}
	return g, &line{Build: time.Since(start).Seconds(), BuildCPU: processTime(unix.CLOCK_PROCESS_CPUTIME_ID) - cpu}, nil
}

func (l *line) measureMemory() {
	debug.FreeOSMemory()
	l.Anon, l.File = status("RssAnon:")-before, status("RssFile:")
}

func searches(g *hnsw.Graph, queries *mapped, nq, k, ef, rounds int) (*line, error) {
	l := &line{Ef: ef, Wall: 1e9, CPU: 1e9, IDs: make([]uint32, nq*k)}
	o := &hnsw.SearchOptions{Ef: ef}
	var found []hnsw.Result
	for range rounds {
		cpu, start := processTime(unix.CLOCK_THREAD_CPUTIME_ID), time.Now()
		for q := range nq {
			var err error
			if found, err = g.AppendSearch(found[:0], queries.row(q), k, o); err != nil {
				return nil, err
			}
			for i, r := range found {
				l.IDs[q*k+i] = uint32(r.ID)
			}
		}
		l.Wall = min(l.Wall, time.Since(start).Seconds())
		l.CPU = min(l.CPU, processTime(unix.CLOCK_THREAD_CPUTIME_ID)-cpu)
	}
	return l, nil
}

// processTime is what was had of the processor, in seconds.
func processTime(clock int32) float64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(clock, &ts)
	return float64(ts.Nano()) * 1e-9
}

// status is a line of /proc/self/status, in bytes.
func status(name string) int64 {
	b, _ := os.ReadFile("/proc/self/status")
	for l := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(l, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// scale prints how building and searching grow.
func (b *bench) scale(largest int) error {
	runtime.LockOSThread() // searches ask the thread's clock
	defer runtime.UnlockOSThread()
	for n := 10_000; n <= largest; n *= 10 {
		s, err := b.openSize("clustered128", 128, n)
		if err != nil {
			return err
		}
		base, err := mapFloats(s.base, s.dims)
		if err != nil {
			return err
		}
		queries, err := mapFloats(s.queries, s.dims)
		if err != nil {
			return err
		}
		g, l, err := build(hnsw.Config{Dims: s.dims, M: m, EfConstruction: ef, Codes: hnsw.SQ8}, base, n, 2)
		if err != nil {
			return err
		}
		l.measureMemory()
		fmt.Printf("%8d vectors: built in %7.1f s, %6.1f µs of processor an insert, %7.1f MiB\n", n, l.Build, l.BuildCPU/float64(n)*1e6, float64(l.Anon)/mega)
		if err := s.single(g, queries, b); err != nil {
			return err
		}
		if err := errors.Join(g.Close(), unix.Munmap(base.mem), unix.Munmap(queries.mem)); err != nil {
			return err
		}
	}
	return nil
}

// single prints the times of single searches at the least ef that finds 0.95.
func (s *set) single(g *hnsw.Graph, queries *mapped, b *bench) error {
	for _, ef := range b.efs {
		l, err := searches(g, queries, s.nq, k, ef, 2)
		if err != nil {
			return err
		}
		if r := s.recall(l.IDs); r >= 0.95 {
			times := make([]time.Duration, 0, 4*s.nq)
			o := &hnsw.SearchOptions{Ef: ef}
			var found []hnsw.Result
			for i := range 4 * s.nq {
				start := time.Now()
				if found, err = g.AppendSearch(found[:0], queries.row(i%s.nq), k, o); err != nil {
					return err
				}
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			at := func(p float64) time.Duration { return times[int(p*float64(len(times)))].Round(time.Microsecond) }
			fmt.Printf("%17s ef %d, recall %.4f: %.1f µs of processor a search; half take up to %v, p99 %v, p99.9 %v\n", "",
				ef, r, l.CPU/float64(s.nq)*1e6, at(0.5), at(0.99), at(0.999))
			return nil
		}
	}
	fmt.Println("                  recall 0.95 is not reached")
	return nil
}
