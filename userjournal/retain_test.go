// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vexj/uapi"
)

// tell is what the next writer does after a removal.
func tell(t *testing.T, dir string) {
	t.Helper()
	w, err := Create(dir, segmented)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.TellRemoved(), w.Close()); err != nil {
		t.Fatal(err)
	}
}

// oldest is the first ordinal that is left. What is left is whole, and tells that
// it is not all.
func oldest(t *testing.T, dir string) uint64 {
	t.Helper()
	tell(t, dir)
	_, ordinals := scanAll(t, open(t, dir), ScanOptions{})
	for i, o := range ordinals {
		if o != ordinals[0]+uint64(i) {
			t.Fatalf("record %d follows %d", o, ordinals[i-1])
		}
	}
	verify(t, dir)
	return ordinals[0]
}

func TestRetain(t *testing.T) {
	const n = 30000
	var now time.Time // of the last record
	setup := func(t *testing.T) (dir string, firsts []uint64, bytes int64) {
		dir = t.TempDir()
		recs := fill(t, dir, n, segmented)
		r := open(t, dir)
		now = r.WallTime(n, uapi.Record(recs[n-1]).Ktime())
		for _, x := range r.segments {
			firsts = append(firsts, x.first)
			size, err := r.bytes(x)
			if err != nil {
				t.Fatal(err)
			}
			bytes += size
		}
		if len(firsts) < 4 {
			t.Fatalf("%d segments", len(firsts))
		}
		return dir, firsts, bytes
	}
	t.Run("nothing", func(t *testing.T) {
		dir, _, bytes := setup(t)
		report, err := Retain(dir, RetainOptions{MaxBytes: bytes, MaxAge: time.Hour, Now: now})
		if err != nil || report.Segments != 0 || oldest(t, dir) != 1 {
			t.Errorf("%+v, %v", report, err)
		}
	})
	t.Run("size", func(t *testing.T) {
		dir, firsts, bytes := setup(t)
		report, err := Retain(dir, RetainOptions{MaxBytes: bytes - 1})
		if err != nil || report.Segments != 1 || report.Removed.Reason != uapi.RemovedSize || oldest(t, dir) != firsts[1] {
			t.Errorf("%+v, %v", report, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, SegmentName(1)[:20]+"*")); left != nil {
			t.Errorf("left: %v", left)
		}
	})
	t.Run("never the newest", func(t *testing.T) {
		dir, firsts, _ := setup(t)
		report, err := Retain(dir, RetainOptions{MaxBytes: 1, MaxAge: 1, Now: now.Add(time.Hour)})
		if err != nil || oldest(t, dir) != firsts[len(firsts)-1] || report.Removed.Reason != uapi.RemovedSize|uapi.RemovedAge {
			t.Errorf("%+v, %v", report, err)
		}
	})
	t.Run("age", func(t *testing.T) {
		dir, firsts, _ := setup(t)
		r := open(t, dir)
		rec, err := r.Get(firsts[2])
		if err != nil {
			t.Fatal(err)
		}
		age := now.Sub(r.WallTime(firsts[2], rec.Ktime()))
		report, err := Retain(dir, RetainOptions{MaxAge: age, Now: now})
		if err != nil || report.Removed.Reason != uapi.RemovedAge || oldest(t, dir) != firsts[2] {
			t.Errorf("%+v, %v: begins with %d, not %d", report, err, oldest(t, dir), firsts[2])
		}
	})
	t.Run("consumers", func(t *testing.T) {
		dir, firsts, _ := setup(t)
		c := open(t, dir).Consumers()
		for name, ordinal := range map[string]uint64{"fast": n, "slow": firsts[2] - 1} {
			if _, err := c.Add(name, ordinal); err != nil {
				t.Fatal(err)
			}
		}
		report, err := Retain(dir, RetainOptions{MaxBytes: 1})
		if err != nil || oldest(t, dir) != firsts[2] || len(report.Owed) != 1 || report.Owed[0].Name != "slow" || report.Kept == 0 {
			t.Errorf("%+v, %v", report, err)
		}
		// One whose file is damaged may be owed everything.
		if err := os.WriteFile(filepath.Join(dir, "fast"+consumerSuffix), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Acknowledge("slow", n); err != nil {
			t.Fatal(err)
		}
		if report, err := Retain(dir, RetainOptions{MaxBytes: 1}); err != nil || report.Segments != 0 || report.Owed[0].Damaged == nil {
			t.Errorf("%+v, %v", report, err)
		}
		if report, err := Retain(dir, RetainOptions{MaxBytes: 1, Force: true}); err != nil || report.Segments == 0 ||
			report.Removed.Reason != uapi.RemovedSize|uapi.RemovedForced {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// What was removed is told in the journal, once, by who writes it next; also what
// two runs removed.
func TestRemovalIsTold(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 30000, segmented)
	if _, err := open(t, dir).Consumers().Add("slow", 5); err != nil {
		t.Fatal(err)
	}
	var sum uapi.Removed
	for _, limit := range []int64{300 << 10, 1} {
		report, err := Retain(dir, RetainOptions{MaxBytes: limit, Force: true})
		if err != nil {
			t.Fatal(err)
		}
		sum.Last = report.Removed.Last
		sum.Records += report.Removed.Records
		sum.Bytes += report.Removed.Bytes
	}
	for range 2 {
		w, err := Create(dir, segmented)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.TellRemoved(), w.TellRemoved(), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, dir)
	var told []uapi.Removed
	_ = r.Scan(ScanOptions{Keys: [][]Key{{TypeKey(uapi.SysRemoved)}}}, func(_ uint64, rec uapi.Record) error {
		if a, ok := rec.Removed(); ok {
			told = append(told, a)
			if text, _ := rec.Attr(uapi.AttrConsumers); string(text) != "slow 5\n" {
				t.Errorf("owed: %q", text)
			}
		}
		return nil
	})
	want := uapi.Removed{First: 1, Last: sum.Last, Records: sum.Records, Bytes: sum.Bytes,
		Reason: uapi.RemovedSize | uapi.RemovedForced, Owed: 1}
	if !slices.Equal(told, []uapi.Removed{want}) {
		t.Errorf("told %+v, not %+v", told, want)
	}
}

// Who comes too late for records is told which are gone.
func TestReadersOfRemoved(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 30000, segmented)
	r := open(t, dir)
	segments := r.segments
	next := segments[len(segments)-1].first
	cursor := r.Cursor(5, recs[4])
	id := uapi.Record(recs[4]).EventID()
	if _, err := Retain(dir, RetainOptions{MaxBytes: 1}); err != nil {
		t.Fatal(err)
	}
	for _, reader := range []*Reader{r, open(t, dir)} {
		var gone *DamageError
		err := reader.Scan(ScanOptions{From: 5}, func(uint64, uapi.Record) error { return nil })
		if !errors.As(err, &gone) || !errors.Is(err, ErrRemoved) || errors.Is(err, ErrDamaged) || gone.First != 5 || gone.Last != next-1 {
			t.Errorf("scan: %v", err)
		}
		err = reader.Follow(context.Background(), 7, func(uint64, uapi.Record) error { return ErrStop })
		if !errors.Is(err, ErrRemoved) {
			t.Errorf("follow: %v", err)
		}
		if _, err := reader.Get(5); !errors.Is(err, ErrNotFound) || !errors.Is(err, ErrRemoved) {
			t.Errorf("get: %v", err)
		}
		if _, err := reader.Seek(cursor); !errors.Is(err, ErrRemoved) || !errors.Is(err, ErrCursor) {
			t.Errorf("seek: %v", err)
		}
		if _, _, err := reader.Find(id); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) {
			t.Errorf("find: %v", err)
		}
		if err := reader.Scan(ScanOptions{}, func(ordinal uint64, _ uapi.Record) error {
			if ordinal != next {
				t.Errorf("begins with %d, not %d", ordinal, next)
			}
			return ErrStop
		}); err != nil {
			t.Error(err)
		}
	}
}

// Beside a writer and a follower, which gets every record that it comes in time
// for.
func TestRetainBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	recs := newWorkload(1).records(40000)
	w, err := Create(dir, segmented)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(recs[0]); err != nil {
		t.Fatal(err)
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir)
	if _, err := r.Consumers().Add("follower", 0); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		defer close(done)
		next := uint64(1)
		err := r.Follow(t.Context(), 1, func(ordinal uint64, rec uapi.Record) error {
			if ordinal != next || !slices.Equal(rec, recs[ordinal-1]) {
				t.Errorf("record %d comes as %d", ordinal, next)
			}
			if next++; ordinal%5000 == 0 {
				if _, err := r.Consumers().Acknowledge("follower", ordinal); err != nil {
					return err
				}
			}
			if ordinal == uint64(len(recs)) {
				return ErrStop
			}
			return nil
		})
		done <- err
	}()
	for i, rec := range recs[1:] {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if _, err := Retain(dir, RetainOptions{MaxBytes: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := Retain(dir, RetainOptions{MaxBytes: 1}); err != nil {
		t.Fatal(err)
	}
	if report, err := open(t, dir).Verify(nil); err != nil || !report.OK() {
		t.Errorf("what the writer at work is yet to tell: %+v, %v", report, err)
	}
	if err := errors.Join(w.TellRemoved(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if first := oldest(t, dir); first < 20000 {
		t.Errorf("begins with %d: nothing was removed", first)
	}
}
