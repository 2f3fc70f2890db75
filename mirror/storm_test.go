// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"vexj/uapi"
)

// A storm is a producer with a goroutine for each CPU, which does at random what
// a probe can do to the order and to the rings.
type storm struct {
	*bench
	seed   uint64
	each   int // numbers a CPU takes
	mishap int // one in so many records has one
	cpus   sync.WaitGroup
	stray  sync.WaitGroup // commits that come after their CPU went on
}

func (s *storm) blow() {
	for cpu := range s.rings {
		s.cpus.Go(func() { s.on(uint32(cpu)) })
	}
}

func (s *storm) on(cpu uint32) {
	rnd := rand.New(rand.NewPCG(s.seed, uint64(cpu)))
	var sequence uint64
	take := func() uapi.Record {
		sequence++
		n := s.src.number.Add(1)
		s.src.count(func(c *Counters) { c.Attempted++ })
		return numbered(cpu, sequence, n, 132+rnd.IntN(400))
	}
	for range s.each {
		r := take()
		if rnd.IntN(s.mishap) != 0 {
			s.put(cpu, r, 0)
			continue
		}
		switch rnd.IntN(6) {
		case 0: // interrupted between its number and its ring
			nested := take()
			s.put(cpu, nested, 0)
			s.put(cpu, r, 0)
		case 1: // preempted there
			runtime.Gosched()
			s.put(cpu, r, 0)
		case 2: // preempted in its ring
			s.put(cpu, r, time.Duration(rnd.IntN(3))*time.Millisecond)
		case 3: // never comes to its ring
			s.lose(uapi.LostNested)
		case 4: // a burst
			for range rnd.IntN(100) {
				s.put(cpu, take(), 0)
			}
			s.put(cpu, r, 0)
		case 5:
			time.Sleep(time.Duration(rnd.IntN(300)) * time.Microsecond)
			s.put(cpu, r, 0)
		}
	}
}

func (s *storm) put(cpu uint32, r uapi.Record, late time.Duration) {
	pos, ok := s.rings[cpu].reserve(r)
	switch {
	case !ok:
		s.lose(uapi.LostFull)
	case late > 0:
		s.stray.Go(func() {
			time.Sleep(late)
			s.rings[cpu].commit(pos, false)
			s.src.count(func(c *Counters) { c.Recorded++ })
		})
	default:
		s.rings[cpu].commit(pos, false)
		s.src.count(func(c *Counters) { c.Recorded++ })
	}
}

func (s *storm) lose(cause uapi.Cause) {
	s.src.count(func(c *Counters) { c.Lost[cause]++ })
}

func TestStorm(t *testing.T) {
	tests := []struct {
		cpus, ring, each, mishap int
		o                        Options
	}{
		{cpus: 1, ring: 1 << 20, each: 5000, mishap: 10},
		{cpus: 2, ring: 1 << 20, each: 5000, mishap: 50},
		{cpus: 2, ring: 1 << 12, each: 5000, mishap: 20},
		{cpus: 4, ring: 1 << 14, each: 5000, mishap: 3},
		{cpus: 4, ring: 1 << 12, each: 5000, mishap: 1000},
		{cpus: 8, ring: 1 << 13, each: 2000, mishap: 5, o: Options{Hold: 1}},
	}
	for i, test := range tests {
		t.Run(fmt.Sprintf("%d CPUs, ring of %d, mishap in %d", test.cpus, test.ring, test.mishap), func(t *testing.T) {
			digest := sha256.New()
			test.o.Digest, test.o.Grace = digest, time.Minute
			s := &storm{bench: newBench(t, test.cpus, test.ring, test.o),
				seed: uint64(i), each: test.each, mishap: test.mishap}
			s.src.stopped = s.cpus.Wait
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- s.Run(ctx) }()
			for s.src.number.Load() == 0 {
				runtime.Gosched() // until the start has its number
			}
			s.blow()
			s.cpus.Wait()
			cancel()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			s.stray.Wait()
			s.verify(t, digest.Sum(nil))
		})
	}
}

func (s *storm) verify(t *testing.T, digest []byte) {
	journaled, lost := account(t, s.journal.records)
	stats, c := s.Stats(), s.src.Counters()
	if stats.Stray != 0 {
		t.Errorf("%d records came after they were told lost", stats.Stray)
	}
	if want := sum(&c.Lost); lost != want || lost != sum(&stats.Lost) {
		t.Errorf("%d told lost, stats say %d; the producer lost %d", lost, sum(&stats.Lost), want)
	}
	if journaled != c.Recorded || journaled != stats.Records {
		t.Errorf("%d journaled, stats say %d; the producer recorded %d", journaled, stats.Records, c.Recorded)
	}
	again := sha256.New()
	var last, late, told uint64
	for _, r := range s.journal.records[1 : len(s.journal.records)-1] {
		if r.Type() == uapi.SysLost {
			told++
			continue
		}
		again.Write(r)
		want := numbered(r.CPU(), r.Sequence(), r.GlobalSequence(), uapi.HeaderSize+r.PayloadSize())
		if !bytes.Equal(r, want) {
			t.Fatalf("record %d is not what was put into its ring", r.GlobalSequence())
		}
		if r.GlobalSequence() < last {
			late++
		}
		last = max(last, r.GlobalSequence())
	}
	if late > stats.Late {
		t.Errorf("%d records are out of order, stats say %d", late, stats.Late)
	}
	if !bytes.Equal(digest, again.Sum(nil)) {
		t.Error("the digest of the records drained is not that of the records journaled")
	}
	t.Logf("%d records, %d lost in %d LOST records, %d late", journaled, lost, told, stats.Late)
}
