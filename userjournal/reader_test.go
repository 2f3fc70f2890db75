// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func TestOpenErrors(t *testing.T) {
	sealed := t.TempDir()
	smallJournal(t, sealed)
	good := readDir(t, sealed)[SegmentName(1)]
	header := func(change func(b []byte)) map[string][]byte {
		b := bytes.Clone(good)
		change(b)
		return map[string][]byte{SegmentName(1): b}
	}
	tests := []struct {
		name  string
		files map[string][]byte
		want  error
	}{
		{"empty directory", nil, ErrEmpty},
		{"only a lock", map[string][]byte{lockName: nil}, ErrEmpty},
		{"something else", map[string][]byte{"passwd": []byte("root")}, ErrNotJournal},
		{"segment of something else", map[string][]byte{SegmentName(1): bytes.Repeat([]byte("x"), 10000)}, ErrNotJournal},
		{"empty segment", map[string][]byte{SegmentName(1): nil}, ErrTruncated},
		{"half a header", map[string][]byte{SegmentName(1): good[:2000]}, ErrTruncated},
		{"legacy", header(func(b []byte) { le.PutUint32(b[4:], 1); le.PutUint32(b[132:], 77) }), ErrVersion},
		{"newer", header(func(b []byte) { le.PutUint32(b[4:], 3); le.PutUint32(b[132:], 8192) }), ErrVersion},
		{"newer, short", map[string][]byte{SegmentName(1): header(func(b []byte) { le.PutUint32(b[4:], 3) })[SegmentName(1)][:1000]}, ErrVersion},
		{"renamed", map[string][]byte{SegmentName(7): good}, ErrDamaged},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, b := range test.files {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(dir)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			t.Log(err)
			if _, segment := test.files[SegmentName(1)]; test.want == ErrVersion || test.want == ErrNotJournal && !segment {
				if _, err := Create(dir, Options{}); !errors.Is(err, test.want) {
					t.Errorf("Create: %v", err)
				}
			}
		})
	}
	if _, err := Open(filepath.Join(sealed, "missing")); !errors.Is(err, ErrNotJournal) {
		t.Errorf("missing directory: %v", err)
	}
	file := filepath.Join(sealed, SegmentName(1))
	if _, err := Open(file); !errors.Is(err, ErrNotJournal) {
		t.Errorf("file: %v", err)
	}
	if _, err := Create(file, Options{}); !errors.Is(err, ErrNotJournal) {
		t.Errorf("file: %v", err)
	}
}

func TestFindAndGet(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 20000, Options{SegmentSize: 128 << 10})
	r := open(t, dir)
	for i := 0; i < len(recs); i += 997 {
		id := uapi.Record(recs[i]).EventID()
		ordinal, rec, err := r.Find(id)
		if err != nil || ordinal != uint64(i)+1 || !bytes.Equal(rec, recs[i]) {
			t.Fatalf("Find(%d): ordinal %d, %v", id, ordinal, err)
		}
		if rec, err = r.Get(ordinal); err != nil || !bytes.Equal(rec, recs[i]) {
			t.Fatalf("Get(%d): %v", ordinal, err)
		}
	}
	for _, id := range []uint64{0, testIDBase, testIDBase + 20001, 1 << 60} {
		if _, _, err := r.Find(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("Find(%d): %v", id, err)
		}
	}
	for _, ordinal := range []uint64{0, 20001} {
		if _, err := r.Get(ordinal); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%d): %v", ordinal, err)
		}
	}
	if used := r.cache.used; used == 0 || used > defaultCache {
		t.Errorf("cache holds %d bytes", used)
	}
	for name, call := range map[string]func() error{
		"Get":    func() error { _, err := r.Get(1); return err },
		"Find":   func() error { _, _, err := r.Find(1); return err },
		"Scan":   func() error { return r.Scan(ScanOptions{}, nil) },
		"Info":   func() error { _, err := r.Info(); return err },
		"Verify": func() error { _, err := r.Verify(nil); return err },
	} {
		r.Close()
		if err := call(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestScanRange(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 5000, Options{SegmentSize: 64 << 10, BlockSize: MinBlockSize})
	r := open(t, dir)
	for _, x := range []struct{ from, to, first, last uint64 }{
		{0, 0, 1, 5000}, {1, 1, 1, 1}, {17, 4321, 17, 4321}, {4999, 9999, 4999, 5000}, {5000, 0, 5000, 5000},
		{5001, 0, 1, 0}, {10, 9, 1, 0}, {396, 397, 396, 397},
	} {
		for _, reverse := range []bool{false, true} {
			var got []uint64
			err := r.Scan(ScanOptions{From: x.from, To: x.to, Reverse: reverse}, func(ordinal uint64, rec uapi.Record) error {
				if !bytes.Equal(rec, recs[ordinal-1]) {
					t.Fatalf("record %d differs", ordinal)
				}
				got = append(got, ordinal)
				return nil
			})
			if err != nil || len(got) != int(x.last+1-x.first) {
				t.Fatalf("%+v, reverse %v: %d records, %v", x, reverse, len(got), err)
			}
			for i, ordinal := range got {
				want := x.first + uint64(i)
				if reverse {
					want = x.last - uint64(i)
				}
				if ordinal != want {
					t.Fatalf("%+v, reverse %v: ordinal %d, want %d", x, reverse, ordinal, want)
				}
			}
		}
	}
	boom := errors.New("boom")
	if err := r.Scan(ScanOptions{}, func(uint64, uapi.Record) error { return boom }); err != boom {
		t.Errorf("error of the callback became %v", err)
	}
}

// A block that a zone map leaves out has no record that would match.
func TestZoneMapsNeverDeny(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 5000, Options{BlockSize: MinBlockSize})
	r := open(t, dir)
	var skipped, total int
	for i := 0; i < len(recs); i += 371 {
		rec := uapi.Record(recs[i])
		file, _ := rec.File()
		parent := rec.Path()[:bytes.LastIndexByte(rec.Path(), '/')]
		questions := map[string]func(*ZoneMap) bool{
			"type":      func(z *ZoneMap) bool { return z.MayHaveType(rec.Type()) },
			"pid":       func(z *ZoneMap) bool { return z.MayHavePID(rec.PID()) },
			"path":      func(z *ZoneMap) bool { return z.MayHavePath(rec.Path()) },
			"directory": func(z *ZoneMap) bool { return z.MayHavePath(parent) },
			"root":      func(z *ZoneMap) bool { return z.MayHavePath([]byte("/")) },
			"inode":     func(z *ZoneMap) bool { return z.MayHaveInode(file.Inode) },
			"id":        func(z *ZoneMap) bool { return z.MinID <= rec.EventID() && rec.EventID() <= z.MaxID },
			"time":      func(z *ZoneMap) bool { return z.MinKtime <= rec.Ktime() && rec.Ktime() <= z.MaxKtime },
		}
		for name, ask := range questions {
			found := false
			err := r.Scan(ScanOptions{Filter: func(z *ZoneMap) bool {
				total++
				if !ask(z) {
					skipped++
					return false
				}
				return true
			}}, func(ordinal uint64, _ uapi.Record) error {
				found = found || ordinal == uint64(i)+1
				return nil
			})
			if err != nil || !found {
				t.Fatalf("%s: record %d not found: %v", name, i+1, err)
			}
		}
	}
	none := func(z *ZoneMap) bool {
		return z.MayHaveType(uapi.VectorSearch) || z.MayHavePID(77) || z.MayHaveSession(12345678) && z.MayHaveAgent([]byte("nobody"))
	}
	err := r.Scan(ScanOptions{Filter: none}, func(uint64, uapi.Record) error { return errors.New("visited") })
	if err != nil {
		t.Error("a block was read that has nothing of what was asked for")
	}
	t.Logf("%d of %d blocks skipped", skipped, total)
}

// A reader sees whole records in order, and all that was flushed, while the
// writer goes on; a follower gets each once.
func TestLiveReader(t *testing.T) {
	dir := t.TempDir()
	recs := newWorkload(1).records(8000)
	w, err := Create(dir, Options{SegmentSize: 64 << 10, Interval: time.Millisecond, Durability: DurabilityNone})
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	group.Add(2)
	go func() {
		defer group.Done()
		next := uint64(1)
		err := r.Follow(ctx, 0, func(ordinal uint64, rec uapi.Record) error {
			if ordinal != next || !bytes.Equal(rec, recs[ordinal-1]) {
				t.Errorf("follower got record %d, want %d", ordinal, next)
				return ErrStop
			}
			if next++; next > uint64(len(recs)) {
				return ErrStop
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	go func() {
		defer group.Done()
		for seen := 0; seen < len(recs) && !t.Failed(); {
			var got [][]byte
			if err := r.Scan(ScanOptions{}, collect(&got)); err != nil {
				t.Error(err)
				return
			}
			if len(got) < seen {
				t.Errorf("%d records, %d before", len(got), seen)
			}
			seen = len(got)
			equal(t, got, recs[:seen])
			if seen > 0 {
				if _, err := r.Get(uint64(seen)); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for i, rec := range recs {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
		if i%500 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if info, err := r.Info(); err != nil || info.LastOrdinal < uint64(i)+1 || info.Writer != os.Getpid() || info.Clean {
				t.Fatalf("after a flush of %d: %+v, %v", i+1, info, err)
			}
			if report, err := r.Verify(nil); err != nil || !report.OK() {
				t.Fatalf("verify: %+v, %v", report, err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := r.Info()
	if err != nil || !info.Clean || info.Writer != 0 || info.Records != uint64(len(recs)) {
		t.Errorf("%+v, %v", info, err)
	}
	if err := r.Follow(ctx, 0, func(uint64, uapi.Record) error { cancel(); return nil }); err != nil {
		t.Errorf("follow to the end of the context: %v", err)
	}
}

func TestInfoAndWallTime(t *testing.T) {
	dir := t.TempDir()
	recs := fill(t, dir, 3000, Options{SegmentSize: 64 << 10})
	r := open(t, dir)
	i, err := r.Info()
	if err != nil {
		t.Fatal(err)
	}
	var raw uint64
	for _, rec := range recs {
		raw += uint64(len(rec))
	}
	first, last := uapi.Record(recs[0]), uapi.Record(recs[len(recs)-1])
	if i.FirstOrdinal != 1 || i.LastOrdinal != 3000 || i.Records != 3000 || i.RawBytes != raw ||
		i.FirstKtime != first.Ktime() || i.LastKtime != last.Ktime() || i.Segments < 2 {
		t.Errorf("%+v", i)
	}
	if got := r.WallTime(3000, last.Ktime()); !got.Equal(i.LastTime) || got.IsZero() {
		t.Errorf("wall time %v, %v", got, i.LastTime)
	}
	// The offset is the machine's, whatever the ktimes are.
	now := uint64(clockNs(unix.CLOCK_BOOTTIME))
	if d := time.Since(r.WallTime(1, now)); d.Abs() > time.Minute {
		t.Errorf("now is %v ago", d)
	}
}
