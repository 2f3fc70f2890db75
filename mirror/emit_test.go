// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"vexj/uapi"
)

func TestEmitStamps(t *testing.T) {
	b := newBench(t, 1, 1<<14, Options{})
	build := uapi.NewBuilder(nil)
	emit := func(h uapi.Header) uint64 {
		t.Helper()
		build.Begin(h)
		build.AddString(uapi.AttrAgentID, "me")
		build.Payload([]byte("why"))
		rec, err := build.Finish()
		if err != nil {
			t.Fatal(err)
		}
		id, err := b.Emit(rec)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := emit(uapi.Header{Type: uapi.SemIntent, PID: 7})
	second := emit(uapi.Header{Type: uapi.SemIntent, Parent: first, VisibilityMask: 2, Sequence: 9, EventID: 9, Ktime: 9})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	// They were numbered before the start, which is the first record all the same.
	if got := describe(b.journal.records); got != "S3 1 2 E4" {
		t.Fatalf("journal %s", got)
	}
	one, two := b.journal.records[1].Header(), b.journal.records[2].Header()
	if one.EventID != first || one.RootCause != first || one.PID != 7 || one.Priority != uapi.PriorityNormal ||
		one.VisibilityMask != ^uint64(0) || one.Ktime < 1e6 {
		t.Errorf("the first is %+v", one)
	}
	if two.EventID != second || two.Parent != first || two.RootCause != first || two.VisibilityMask != 2 || two.Sequence != 0 || two.Ktime < one.Ktime {
		t.Errorf("the second is %+v", two)
	}
	if string(b.journal.records[2].Payload()) != "why" {
		t.Error("it has another payload")
	}
	if s := b.Stats(); s.Emitted != 2 || s.Records != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestEmitRefuses(t *testing.T) {
	b := newBench(t, 1, 1<<14, Options{})
	rec := numbered(0, 0, 0, 200)
	b.src.unnumbered = true
	if _, err := b.Emit(rec); !errors.Is(err, ErrEmitUnnumbered) {
		t.Error(err)
	}
	b.src.unnumbered = false
	if _, err := b.Emit(rec[:100]); err == nil {
		t.Error("it took half a record")
	}
	h := rec.Header()
	for _, typ := range []uapi.Type{uapi.SysLost, uapi.SysProducerStart, uapi.SysProducerStop} {
		h.Type = typ
		bad := append(uapi.Record(nil), rec...)
		h.Put(bad)
		if _, err := b.Emit(bad); !errors.Is(err, ErrEmitType) {
			t.Errorf("%s: %v", typ, err)
		}
	}
	for range maxEmitted {
		if _, err := b.Emit(rec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Emit(rec); !errors.Is(err, ErrEmitFull) || b.src.number.Load() != maxEmitted {
		t.Errorf("%v, and %d numbers were taken", err, b.src.number.Load())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if n, lost := account(t, b.journal.records); n != maxEmitted || lost != 0 {
		t.Errorf("%d records, %d lost", n, lost)
	}
	if _, err := b.Emit(rec); !errors.Is(err, ErrEmitEnded) {
		t.Error(err)
	}
}

// TestEmitStorm: many emit while a ring is filled and the mirror runs; each record
// that was acknowledged is in the journal, in its place.
func TestEmitStorm(t *testing.T) {
	b := newBench(t, 1, 1<<20, Options{Latency: time.Millisecond})
	b.rd = &impatient{}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error)
	go func() { ran <- b.Run(ctx) }()
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[uint64]bool{}
	rec := numbered(0, 0, 0, 300)
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				id, err := b.Emit(rec)
				for errors.Is(err, ErrEmitFull) {
					time.Sleep(time.Millisecond)
					id, err = b.Emit(rec)
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged[id] = true
				mu.Unlock()
			}
		})
	}
	for i := range uint64(2000) {
		n := b.src.NextSequence()
		b.rings[0].output(numbered(0, i+1, n, 300))
	}
	wg.Wait()
	cancel()
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	if n, lost := account(t, b.journal.records); n != 10000 || lost != 0 {
		t.Errorf("%d records, %d lost", n, lost)
	}
	last := uint64(0)
	for _, r := range b.journal.records[1:] {
		if r.GlobalSequence() < last {
			t.Fatalf("number %d after %d", r.GlobalSequence(), last)
		}
		last = r.GlobalSequence()
		delete(acknowledged, r.EventID())
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged records are not in the journal", len(acknowledged))
	}
}
