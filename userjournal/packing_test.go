// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

// Who appends and has no room makes the blocks himself, though nobody else does
// anything, and they are written in their order by whoever has the turn then.
func TestAppendPacks(t *testing.T) {
	// Two are the committer's and the appender's: none is left for goroutines that
	// only make blocks.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	dir := t.TempDir()
	w, err := Create(dir, Options{Durability: DurabilityNone, Interval: -1, BlockSize: MinBlockSize})
	if err != nil {
		t.Fatal(err)
	}
	w.commit.turn <- struct{}{}
	p := &teller{w: w, pid: 1}
	appended := make(chan error, 1)
	go func() {
		for range 2 * buffers * MinBlockSize / recHeader {
			if err := p.one(); err != nil {
				appended <- err
				return
			}
		}
		appended <- nil
	}()
	for begun := time.Now(); len(w.commit.packing.packed) < buffers; time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("%d blocks of %d were made", len(w.commit.packing.packed), buffers)
		}
	}
	if s := w.Stats(); s.Blocks != 0 || s.Stalls < buffers {
		t.Errorf("%d blocks written out of turn, %d stalls", s.Blocks, s.Stalls)
	}
	<-w.commit.turn
	if err := errors.Join(<-appended, w.Close()); err != nil {
		t.Fatal(err)
	}
	checkTold(t, dir, []*teller{p})
	verify(t, dir)
}
