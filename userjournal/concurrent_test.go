// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A teller appends records that say who appended them and as which of its own.
type teller struct {
	w        *Writer
	pid      uint32
	records  uint64
	ordinals []uint64
}

func (p *teller) record() []byte {
	p.records++
	rec := payloadRecord(recHeader + 4*int(p.records%200))
	le.PutUint32(rec[recPID:], p.pid)
	le.PutUint64(rec[recSequence:], p.records)
	return rec
}

func (p *teller) one() error {
	ordinal, err := p.w.Append(p.record())
	p.ordinals = append(p.ordinals, ordinal)
	return err
}

// batch appends n records, which must get ordinals in a row.
func (p *teller) batch(n int) error {
	var recs [][]byte
	for range n {
		recs = append(recs, p.record())
	}
	first, err := p.w.AppendBatch(recs)
	for i := range recs {
		p.ordinals = append(p.ordinals, first+uint64(i))
	}
	return err
}

// Many goroutines append, alone, in batches, in batches larger than a block; others
// flush and sync. Each record is where its ordinal says, and those of one
// goroutine are in its order.
func TestConcurrentAppend(t *testing.T) {
	for _, d := range []Durability{DurabilityNone, DurabilityInterval, DurabilityBatch, DurabilityRecord} {
		t.Run(d.String(), func(t *testing.T) {
			dir := t.TempDir()
			w, err := Create(dir, Options{Durability: d, BlockSize: MinBlockSize, SegmentSize: 1 << 20, Interval: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			rounds := 60
			if d == DurabilityRecord {
				rounds = 5
			}
			tellers := make([]*teller, 6)
			var group sync.WaitGroup
			for i := range tellers {
				p := &teller{w: w, pid: uint32(i)}
				tellers[i] = p
				group.Go(func() {
					if err := p.tell(rounds); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			checkTold(t, dir, tellers)
			verify(t, dir)
		})
	}
}

func (p *teller) tell(rounds int) error {
	for i := range rounds {
		for range 20 {
			if err := p.one(); err != nil {
				return err
			}
		}
		err := p.batch(i)
		switch {
		case err != nil:
		case i%20 == 3:
			err = p.batch(700) // about 350 KiB
		case i%11 == 5:
			err = p.w.Sync()
		case i%7 == 1:
			err = p.w.Flush()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkTold(t *testing.T, dir string, tellers []*teller) {
	t.Helper()
	recs, _ := scanAll(t, open(t, dir), ScanOptions{})
	total := uint64(0)
	for _, p := range tellers {
		total += p.records
		for i, ordinal := range p.ordinals {
			rec := recs[ordinal-1]
			if le.Uint32(rec[recPID:]) != p.pid || le.Uint64(rec[recSequence:]) != uint64(i+1) {
				t.Fatalf("teller %d: its record %d is not at ordinal %d", p.pid, i+1, ordinal)
			}
			if i > 0 && ordinal <= p.ordinals[i-1] {
				t.Fatalf("teller %d: record %d at %d, the one before at %d", p.pid, i+1, ordinal, p.ordinals[i-1])
			}
		}
	}
	if uint64(len(recs)) != total {
		t.Fatalf("%d records, %d were appended", len(recs), total)
	}
}

// Whoever appends while the writer is closed gets the record in, or an error.
func TestAppendWhileClosing(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		w, err := Create(dir, Options{Durability: DurabilityNone, BlockSize: MinBlockSize})
		if err != nil {
			t.Fatal(err)
		}
		rec := payloadRecord(500)
		var appended atomic.Uint64
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for {
					if _, err := w.Append(rec); err != nil {
						if !errors.Is(err, ErrClosed) {
							t.Error(err)
						}
						return
					}
					appended.Add(1)
				}
			})
		}
		for appended.Load() < 1000 {
			time.Sleep(time.Microsecond)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		group.Wait()
		recs, _ := scanAll(t, open(t, dir), ScanOptions{})
		if uint64(len(recs)) != appended.Load() {
			t.Fatalf("%d records, %d were taken", len(recs), appended.Load())
		}
	}
}

// What comes at the end finds no buffer with room, also if it is an empty one.
func TestNothingTakenAtTheEnd(t *testing.T) {
	w, err := Create(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.commit.turn <- struct{}{}
	w.commit.reach(w.end())
	<-w.commit.turn
	if _, err := w.Append(payloadRecord(500)); !errors.Is(err, ErrClosed) {
		t.Errorf("a record was taken: %v", err)
	}
}

// Those who wait for the disk share its syncs.
func TestGroupCommit(t *testing.T) {
	w, err := Create(t.TempDir(), Options{Durability: DurabilityRecord, Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	const writers, each = 16, 20
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			p := teller{w: w, pid: uint32(i)}
			for range each {
				if err := p.one(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	s := w.Stats()
	if s.Acknowledged != writers*each {
		t.Errorf("%d acknowledged of %d", s.Acknowledged, writers*each)
	}
	if s.Syncing.Total() != s.Syncs || s.Writing.Total() != s.Blocks || s.Stopped {
		t.Errorf("%d syncs were timed of %d, %d blocks of %d", s.Syncing.Total(), s.Syncs, s.Writing.Total(), s.Blocks)
	}
	if s.Syncs > writers*each/2 {
		t.Errorf("%d syncs for %d records of %d writers", s.Syncs, s.Acknowledged, writers)
	}
	t.Logf("%d syncs for %d records", s.Syncs, s.Acknowledged)
}

// A segment is written to for no longer than it may be.
func TestSegmentAge(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Options{SegmentAge: 1, Interval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	recs := newWorkload(1).records(3)
	for i, rec := range recs {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
		for w.Stats().Segments < uint64(i)+2 {
			time.Sleep(time.Millisecond)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := scanAll(t, open(t, dir), ScanOptions{})
	equal(t, got, recs)
	for i := range recs {
		if names, _, err := listSegments(OSFS, dir); err != nil || names[i] != SegmentName(uint64(i)+1) {
			t.Errorf("segments %v, %v", names, err)
		}
	}
}

// Back-pressure is to be seen: with a disk that does not answer all buffers
// fill, and then Append waits.
func TestBackPressure(t *testing.T) {
	gate := make(chan struct{})
	w, err := Create(t.TempDir(), Options{FS: gatedFS{OSFS, gate}, Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	rec := payloadRecord(MaxRecord)
	done := make(chan error)
	go func() {
		for range 4 * buffers {
			if _, err := w.Append(rec); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for w.Stats().Free > 0 {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-done:
		t.Fatalf("nothing was written, and yet Append took all: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(gate)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := w.Stats(); s.Stalls == 0 || s.StallTime < 10*time.Millisecond {
		t.Errorf("%d stalls, %v", s.Stalls, s.StallTime)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// A gatedFS writes no block before the gate is open.
type gatedFS struct {
	FS
	gate chan struct{}
}

type gatedFile struct {
	File
	gate chan struct{}
}

func (g gatedFS) Create(name string) (File, error) {
	f, err := g.FS.Create(name)
	return gatedFile{f, g.gate}, err
}

func (f gatedFile) WriteAt(b []byte, offset int64) (int, error) {
	if bytes.HasPrefix(b, blockMagic[:]) {
		<-f.gate
	}
	return f.File.WriteAt(b, offset)
}

func BenchmarkConcurrentAppend(b *testing.B) {
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			recs := newWorkload(1).records(100000)
			w, err := Create(b.TempDir(), Options{Durability: DurabilityNone})
			if err != nil {
				b.Fatal(err)
			}
			start := cpuTime()
			b.ResetTimer()
			var group sync.WaitGroup
			for range writers {
				group.Go(func() {
					for i := range b.N / writers {
						if _, err := w.Append(recs[i%len(recs)]); err != nil {
							b.Error(err)
						}
					}
				})
			}
			group.Wait()
			cpu(b, start, b.N)
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
