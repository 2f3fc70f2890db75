// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Full is what a Run does where a ring is full.
type Full int

const (
	// Wait makes no record before there is room for it: nothing is lost.
	Wait Full = iota
	// Lose numbers the record, and counts it as lost.
	Lose
)

// ErrStopped is what Run returns after Stop.
var ErrStopped = errors.New("gen: stopped")

// perCall bounds how long the kernel is at it without returning to Go, to some
// 100 µs.
const perCall = 1024

// pause is how long a thread sleeps that found no room: far less than any reader
// takes for a ring, so that it is never kept waiting, and otherwise as long as
// can be, since to wake for little costs the reader's processor time.
func (g *Generator) pause() time.Duration {
	return max(50*time.Microsecond, time.Duration(g.ringBytes)*time.Microsecond/4096)
}

// Run makes n records on each CPU, from as many threads, and returns when they
// are made, or lost, or ctx ended. A second Run waits for the first.
func (g *Generator) Run(ctx context.Context, n uint64, full Full) error {
	g.running.Lock()
	defer g.running.Unlock()
	errs := make([]error, len(g.cpus))
	var threads sync.WaitGroup
	for i, cpu := range g.cpus {
		threads.Go(func() { errs[i] = g.runOn(ctx, cpu, n, full) })
	}
	threads.Wait()
	return errors.Join(errs...)
}

func (g *Generator) runOn(ctx context.Context, cpu int, n uint64, full Full) error {
	// Never unlocked: the thread has an affinity that no other goroutine should
	// inherit, and ends with this one.
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("gen: move to CPU %d: %w", cpu, err)
	}
	for n > 0 {
		if err := g.halted(ctx); err != nil {
			return err
		}
		made, err := g.call(min(n, perCall), full)
		if err != nil {
			return err
		}
		n -= made
		if made == 0 {
			time.Sleep(g.pause())
		}
	}
	return nil
}

func (g *Generator) halted(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-g.stop:
		return ErrStopped
	default:
		return nil
	}
}

func (g *Generator) call(want uint64, full Full) (made uint64, err error) {
	args := genArgs{IdBase: g.idBase, Want: want, RingBytes: uint32(g.ringBytes), Watermark: uint32(g.watermark)}
	if full == Wait {
		args.Wait = 1
	}
	status, err := g.objects.Make.Run(&ebpf.RunOptions{Context: args, ContextOut: &args})
	if err != nil {
		return 0, fmt.Errorf("gen: run BPF program: %w", err)
	}
	if status != 0 {
		return 0, errors.New("gen: the BPF program found no ring of its CPU")
	}
	return args.Made, nil
}
