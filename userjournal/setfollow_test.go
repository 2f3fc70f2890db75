// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vexj/uapi"
)

// Records become visible shard by shard, the later ones first: who follows gets
// them in the order of their numbers all the same.
func TestFollowSet(t *testing.T) {
	dirs := shardDirs(t, 2)
	w, err := CreateSet(home(dirs), dirs, Options{Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	recs := newWorkload(1).records(400)
	got := make(chan []byte, len(recs))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	s := openSet(t, home(dirs))
	go func() {
		ended <- s.Follow(ctx, nil, func(_ uint64, rec uapi.Record) error {
			got <- bytes.Clone(rec)
			return nil
		})
	}()
	for i := 0; i < len(recs); i += 100 {
		// Each gets every other record; the second shows its own at once.
		for j := range 100 {
			if _, err := w.Shards()[j%2].Append(recs[i+j]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Shards()[1].Flush(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			time.Sleep(10 * time.Millisecond) // not needed for the order
		}
		if err := w.Shards()[0].Flush(); err != nil {
			t.Fatal(err)
		}
		for j := range 100 {
			select {
			case rec := <-got:
				if !bytes.Equal(rec, recs[i+j]) {
					t.Fatalf("number %d came where %d belongs", uapi.Record(rec).GlobalSequence(), i+j+1)
				}
			case <-time.After(time.Minute):
				t.Fatalf("record %d did not come", i+j)
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// What a follower holds back, and for how long.
func TestFollowerHolds(t *testing.T) {
	rec := func(number uint64) uapi.Record {
		var b uapi.Builder
		b.Begin(uapi.Header{Type: uapi.FSWrite, EventID: 1000 + number, GlobalSequence: number})
		r, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	lost := func(first, last uint64) uapi.Record {
		var b uapi.Builder
		b.Begin(uapi.Header{Type: uapi.SysLost, EventID: 1000 + last, GlobalSequence: last})
		b.AddLost(uapi.Lost{First: first, Last: last, Count: last - first + 1})
		r, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, c := range map[string]struct {
		rec   uapi.Record
		dry   bool
		since time.Duration // ago
		want  bool
	}{
		"next number":           {rec(8), true, 0, false},
		"missing number":        {rec(9), true, 0, true},
		"nobody can have it":    {rec(9), false, 0, false},
		"lost, next":            {lost(8, 20), true, 0, false},
		"lost, behind one":      {lost(9, 20), true, 0, true},
		"waited for not enough": {rec(9), true, settleTime / 2, true},
		"waited for enough":     {rec(9), true, settleTime, false},
	} {
		f := follower{at: Position{5, 5}, end: Position{9, 9}, run: 1000, sequence: 7}
		if c.since > 0 {
			f.since, f.seen = time.Now().Add(-c.since), Position{6, 9}
		}
		h := &headOfShard{shard: 0, ordinal: 6, rec: c.rec, run: 1000, sequence: c.rec.GlobalSequence()}
		if got := f.holds(h, c.dry); got != c.want {
			t.Errorf("%s: held back: %v", name, got)
		}
		if h.ordinal = 7; c.want == false && c.since > 0 && !f.holds(h, true) {
			t.Errorf("%s: what came later did not wait", name)
		}
	}
}

// Whoever goes on from a cursor gets each record once, whichever shard it is in.
func TestSetCursor(t *testing.T) {
	dirs := shardDirs(t, 3)
	recs := newWorkload(1).records(900)
	w, err := CreateSet(home(dirs), dirs, Options{Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	w.stretch = 2 << 10
	for _, rec := range recs {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := openSet(t, home(dirs))
	var cursors []string
	at := s.start()
	err = s.Scan(ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		at.Pass(ordinal)
		cursors = append(cursors, s.Cursor(at, ordinal, rec))
		return nil
	})
	if err != nil || len(cursors) != len(recs) {
		t.Fatalf("%d cursors, %v", len(cursors), err)
	}
	for _, i := range []int{0, 1, 333, 898} {
		before, behind, err := s.Seek(cursors[i])
		if err != nil {
			t.Fatal(err)
		}
		for from, after := range map[int]Position{i: before, i + 1: behind} {
			var got [][]byte
			if err := s.Between(after, nil).Scan(ScanOptions{}, collect(&got)); err != nil {
				t.Fatal(err)
			}
			equal(t, got, recs[from:])
		}
	}
	other := shardDirs(t, 3)
	if w, err = CreateSet(home(other), other, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := []byte(cursors[0])
	damaged[20] = map[bool]byte{true: 'B', false: 'A'}[damaged[20] == 'A']
	for name, text := range map[string]string{
		"damaged":            string(damaged),
		"cut short":          cursors[0][:30],
		"of a journal alone": openSet(t, dirs[0]).Cursor(nil, 1, recs[0]),
		"empty":              "",
	} {
		if _, _, err := s.Seek(text); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, _, err := openSet(t, home(other)).Seek(cursors[0]); err == nil {
		t.Error("of another set: taken")
	}
}

// A consumer of a set keeps in each shard what it has not acknowledged.
func TestSetConsumers(t *testing.T) {
	dirs := shardDirs(t, 2)
	w, err := CreateSet(home(dirs), dirs, segmented)
	if err != nil {
		t.Fatal(err)
	}
	w.stretch = 16 << 10
	for _, rec := range newWorkload(1).records(20000) {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := openSet(t, home(dirs))
	c := s.Consumers()
	end, err := s.End()
	if err != nil || end.Sum() != 20000 {
		t.Fatal(end, err)
	}
	half := Position{end[0] / 2, end[1]}
	check := func(want ...string) {
		t.Helper()
		var got []string
		all, err := c.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			got = append(got, fmt.Sprint(one.Name, " ", one.Acknowledged, " ", one.Damaged != nil))
		}
		if !slices.Equal(got, want) {
			t.Errorf("consumers %q, want %q", got, want)
		}
	}
	noErr := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	noErr(c.Add("a", make(Position, 2)))
	noErr(c.Add("b", end))
	noErr(c.Acknowledge("a", half))
	noErr(c.Rewind("b", half))
	check("a "+half.String()+" false", "b "+half.String()+" false")
	if err := c.Add("a", end); err == nil {
		t.Error("added twice")
	}
	if err := c.Acknowledge("a", Position{end[0] + 1, 0}); err == nil {
		t.Error("acknowledged what is not there")
	}
	for i, dir := range dirs {
		report, err := Retain(dir, RetainOptions{MaxBytes: 1})
		if err != nil || report.Removed.Last > half[i] || i == 1 && report.Segments == 0 {
			t.Errorf("retain: %+v, %v", report, err)
		}
	}
	// A crash in the middle of a removal: it is neither there nor gone.
	noErr(s.Shards()[0].Consumers().Remove("b"))
	check("a "+half.String()+" false", "b 0,"+fmt.Sprint(end[1])+" true")
	if _, err := c.Get("b"); err == nil {
		t.Error("half of a consumer was taken for one")
	}
	noErr(c.Remove("b"))
	noErr(c.Remove("a"))
	check()
	if err := c.Remove("a"); err == nil {
		t.Error("removed twice")
	}
	if _, err := c.Get("a"); err == nil {
		t.Error("there is none")
	}
}

// Each shard is verified, signatures and checkpoints along with it.
func TestVerifySet(t *testing.T) {
	dirs := shardDirs(t, 2)
	key := NewSigningKey()
	w, err := CreateSet(home(dirs), dirs, Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range SomeRecords(1000) {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
		w.turn, w.filled = 1-w.turn, 0
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	held := Evidence{Key: key.Public()}
	s := openSet(t, home(dirs))
	for _, r := range s.Shards() {
		c, err := r.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		held.Checkpoints = append(held.Checkpoints, c)
	}
	report, err := s.VerifyAgainst(held, func(p Problem) { t.Error(p) })
	if err != nil || report.Attested.Records != 1000 || report.Attested.Points != 2 || report.Attested.Signatures != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	// A shard was begun anew, as if to get rid of what was in it.
	alone := t.TempDir()
	fill(t, alone, 500, Options{Key: key})
	name := SegmentName(1)
	if err := OSFS.Rename(filepath.Join(alone, name), filepath.Join(dirs[1], name)); err != nil {
		t.Fatal(err)
	}
	var problems []string
	report, err = openSet(t, home(dirs)).VerifyAgainst(held, func(p Problem) { problems = append(problems, p.String()) })
	if err != nil || report.Problems == 0 || report.Problems != len(problems) {
		t.Errorf("%+v, %q, %v", report, problems, err)
	}
}
