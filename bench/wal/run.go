// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

// A task is what one process does.
type task struct {
	Do      string // write, crash, read or recover
	Engine  string
	Policy  policy
	Writers int
	Records int
	Batch   int // records of one call of append
	Input   string
	Dir     string
	Profile string
}

// A result is what came of it. What a task does not have is zero.
type result struct {
	Took, CPU time.Duration
	Kernel    time.Duration // of CPU
	Memory    uint64        // bytes
	Stored    uint64        // bytes
}

func (t task) run() (r result, err error) {
	e, err := findEngine(t.Engine)
	if err != nil {
		return r, err
	}
	in, err := openInput(t.Input, t.Records)
	if err != nil {
		return r, err
	}
	want := in.tally()
	if t.Do == "write" || t.Do == "crash" {
		if err := warm(t.Dir, in.bytes()+in.bytes()/8); err != nil {
			return r, err
		}
	}
	if t.Profile != "" {
		f, err := os.Create(t.Profile)
		if err != nil {
			return r, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return r, err
		}
		defer pprof.StopCPUProfile()
	}
	m := watchMemory()
	cpu, kernel, err := cpuTime()
	if err != nil {
		return r, err
	}
	start := time.Now()
	stop := func() error {
		took := time.Since(start)
		all, inKernel, err := cpuTime()
		r.Took, r.CPU, r.Kernel = took, all-cpu, inKernel-kernel
		return err
	}
	switch t.Do {
	case "write", "crash":
		err = t.write(e, in, stop)
	case "read":
		var got tally
		err = errors.Join(e.visit(t.Dir, got.add), stop())
		if err == nil && got != want {
			err = fmt.Errorf("read %+v, wrote %+v", got, want)
		}
	case "recover":
		var j journal
		if j, err = e.open(t.Dir, t.Policy); err == nil {
			err = errors.Join(stop(), j.close())
		}
	default:
		err = fmt.Errorf("nothing is known of %q", t.Do)
	}
	if err != nil {
		return r, err
	}
	if r.Memory, err = m.stop(); err != nil {
		return r, err
	}
	r.Stored, err = stored(t.Dir)
	return r, err
}

// write appends all and calls stop when that is done as the policy wants it.
func (t task) write(e *engine, in *input, stop func() error) error {
	j, err := e.open(t.Dir, t.Policy)
	if err != nil {
		return err
	}
	quit, ticking := make(chan struct{}), make(chan error, 1)
	go func() { ticking <- t.tick(j, quit) }()
	errs := make([]error, t.Writers)
	var writers sync.WaitGroup
	for i := range t.Writers {
		writers.Go(func() { errs[i] = t.writer(j, in) })
	}
	writers.Wait()
	close(quit)
	err = errors.Join(errors.Join(errs...), <-ticking, j.finish(), stop())
	if err != nil || t.Do == "crash" {
		return err
	}
	return j.close()
}

func (t task) writer(j journal, in *input) error {
	recs := make([][]byte, 0, hundred)
	for {
		if recs = in.take(recs); len(recs) == 0 {
			return nil
		}
		for at := 0; at < len(recs); at += t.Batch {
			if err := j.append(recs[at:min(at+t.Batch, len(recs))]); err != nil {
				return err
			}
		}
	}
}

func (t task) tick(j journal, quit <-chan struct{}) error {
	if t.Policy != clocked {
		return nil
	}
	clock := time.NewTicker(interval)
	defer clock.Stop()
	for {
		select {
		case <-quit:
			return nil
		case <-clock.C:
			if err := j.tick(); err != nil {
				return err
			}
		}
	}
}
