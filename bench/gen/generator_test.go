// SPDX-License-Identifier: Apache-2.0

package gen_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"vexj/bench/gen"
	"vexj/mirror"
	"vexj/ring"
	"vexj/uapi"
)

var _ mirror.Source = (*gen.Generator)(nil)

// drain reads until done is closed and the rings are empty, with a copy of each
// record's header fields that matter here.
func drain(t *testing.T, g *gen.Generator, done <-chan struct{}, each func(uapi.Record)) {
	t.Helper()
	rd, err := ring.NewReader(g.Rings())
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	batch := make([][]byte, 256)
	for last := false; ; {
		for _, r := range g.Rings() {
			for {
				n, err := r.Fill(batch)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
				for _, sample := range batch[:n] {
					rec, err := uapi.Check(sample)
					if err != nil {
						t.Fatalf("record of %d bytes: %v", len(sample), err)
					}
					if len(rec) != len(sample) {
						t.Fatalf("record of %d bytes in a sample of %d", len(rec), len(sample))
					}
					each(rec)
				}
				r.Release()
			}
		}
		if last {
			return
		}
		select {
		case <-done:
			last = true
		default:
			if err := rd.Wait(10 * time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func newGenerator(t *testing.T, ringBytes int) *gen.Generator {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("loading a BPF program needs root")
	}
	g, err := gen.New(ringBytes, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func TestRun(t *testing.T) {
	const perCPU = 20000
	tests := []struct {
		name string
		full gen.Full
		size int
	}{
		{"wait", gen.Wait, 64 << 10},
		{"lose", gen.Lose, 64 << 10},
		{"lose with a ring of one page", gen.Lose, 4096},
		{"wait with a ring of one page", gen.Wait, 4096},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGenerator(t, test.size)
			done := make(chan struct{})
			var runErr error
			go func() {
				defer close(done)
				runErr = g.Run(context.Background(), perCPU, test.full)
			}()
			var (
				seen  []uint64
				bytes uint64
				cpus  = map[uint32]uint64{}
				types = map[uapi.Type]int{}
			)
			drain(t, g, done, func(rec uapi.Record) {
				seen = append(seen, rec.GlobalSequence())
				bytes += uint64(len(rec))
				if rec.EventID() != g.IDBase()+rec.GlobalSequence() {
					t.Fatalf("event_id %#x, global_sequence %d", rec.EventID(), rec.GlobalSequence())
				}
				if rec.Sequence() <= cpus[rec.CPU()] {
					t.Fatalf("sequence %d after %d on CPU %d", rec.Sequence(), cpus[rec.CPU()], rec.CPU())
				}
				cpus[rec.CPU()] = rec.Sequence()
				types[rec.Type()]++
			})
			if runErr != nil {
				t.Fatal(runErr)
			}

			c := g.Counters()
			if want := uint64(perCPU * len(g.CPUs())); c.Attempted != want {
				t.Errorf("attempted %d, want %d", c.Attempted, want)
			}
			if lost := c.Lost[uapi.LostFull]; c.Attempted != c.Recorded+lost || uint64(len(seen)) != c.Recorded {
				t.Errorf("attempted %d, recorded %d, lost %d, read %d", c.Attempted, c.Recorded, lost, len(seen))
			}
			if test.full == gen.Wait && c.Recorded != c.Attempted {
				t.Errorf("lost %d records, waiting for room", c.Attempted-c.Recorded)
			}
			if bytes != g.Bytes() {
				t.Errorf("read %d bytes of %d", bytes, g.Bytes())
			}
			slices.Sort(seen)
			if unique := len(slices.Compact(seen)); uint64(unique) != c.Recorded {
				t.Errorf("%d numbers for %d records", unique, c.Recorded)
			}
			if next := g.NextSequence(); next != c.Attempted+1 {
				t.Errorf("next global sequence %d after %d", next, c.Attempted)
			}
			if mean := float64(bytes) / float64(len(seen)); test.full == gen.Wait && (mean < 253 || mean > 259) {
				t.Errorf("records of %.1f bytes in the mean, want 256", mean)
			}
			if len(types) != 5 {
				t.Errorf("types %v", types)
			}
		})
	}
}

func TestStop(t *testing.T) {
	g := newGenerator(t, 4096)
	done := make(chan error)
	go func() { done <- g.Run(context.Background(), 1<<60, gen.Wait) }()
	if err := g.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, gen.ErrStopped) {
		t.Errorf("Run after Stop: %v", err)
	}
	if err := g.Run(context.Background(), 1, gen.Wait); !errors.Is(err, gen.ErrStopped) {
		t.Errorf("second Run after Stop: %v", err)
	}
}

func TestContext(t *testing.T) {
	g := newGenerator(t, 4096)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.Run(ctx, 1, gen.Lose); !errors.Is(err, context.Canceled) {
		t.Errorf("Run with a context that ended: %v", err)
	}
	if c := g.Counters(); c.Attempted != 0 {
		t.Errorf("made %d records", c.Attempted)
	}
}
