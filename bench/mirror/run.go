// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"vexj/bench/gen"
	"vexj/mirror"
	"vexj/ring"
	"vexj/userjournal"
)

// A plan is what one run does.
type plan struct {
	records uint64
	ring    int
	dir     string
	codec   userjournal.Codec
	profile string
}

// A result is what one run was like.
type result struct {
	records, bytes, file uint64
	lost                 uint64
	fill                 int // percent of the fullest ring
	rss                  uint64
	took, user, system   time.Duration
}

func (r result) rate() float64   { return float64(r.records) / r.took.Seconds() }
func (r result) mean() float64   { return float64(r.bytes) / float64(r.records) }
func (r result) raw() float64    { return float64(r.bytes) / 1e6 / r.took.Seconds() }
func (r result) stored() float64 { return float64(r.file) / 1e6 / r.took.Seconds() }

func (r result) each(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(r.records) }

// run makes records in the kernel and mirrors them into a journal. The clock
// stops when the last one is safe on disk.
func (p plan) run(ctx context.Context) (r result, err error) {
	closing := func(close func() error) { err = errors.Join(err, close()) }

	dir, err := os.MkdirTemp(p.dir, "vexj-bench-")
	if err != nil {
		return r, fmt.Errorf("make a directory for the journal (see -dir): %w", err)
	}
	defer closing(func() error { return os.RemoveAll(dir) })
	g, err := gen.New(p.ring, 0)
	if err != nil {
		return r, err
	}
	defer closing(g.Close)
	rd, err := ring.NewReader(g.Rings())
	if err != nil {
		return r, err
	}
	defer closing(rd.Close)
	w, err := userjournal.Create(dir, userjournal.Options{Codec: p.codec})
	if err != nil {
		return r, err
	}
	defer closing(w.Close)
	if p.profile != "" {
		f, err := os.Create(p.profile)
		if err != nil {
			return r, err
		}
		defer closing(f.Close)
		if err := pprof.StartCPUProfile(f); err != nil {
			return r, err
		}
		defer pprof.StopCPUProfile()
	}
	m := mirror.New(g, rd, w, mirror.Options{})
	if r, err = p.measure(ctx, g, m); err != nil {
		return r, err
	}
	stats := m.Stats()
	r.records, r.bytes, r.fill = stats.Records, stats.Bytes, stats.MaxFill
	for _, n := range stats.Lost {
		r.lost += n
	}
	r.file = w.Stats().StoredBytes
	if r.lost > 0 || r.records != g.Counters().Attempted {
		return r, fmt.Errorf("%d records of %d came to the journal, %d were lost", r.records, g.Counters().Attempted, r.lost)
	}
	return r, nil
}

func (p plan) measure(ctx context.Context, g *gen.Generator, m *mirror.Mirror) (r result, err error) {
	if err := resetPeak(); err != nil {
		return r, err
	}
	user, system, err := spent()
	if err != nil {
		return r, err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	start := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- m.Run(running) }()
	err = g.Run(ctx, p.records/uint64(len(g.CPUs())), gen.Wait)
	stop()
	err = errors.Join(err, <-ended)
	r.took = time.Since(start)
	if err != nil {
		return r, err
	}
	if r.user, r.system, err = spent(); err != nil {
		return r, err
	}
	r.user -= user
	r.system -= system
	r.rss, err = peak()
	return r, err
}
