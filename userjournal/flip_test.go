// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"vexj/uapi"
)

// smallJournal is a sealed journal of several segments and blocks.
func smallJournal(t testing.TB, dir string) [][]byte {
	t.Helper()
	recs := newWorkload(3).records(60)
	writeSegments(t, dir, recs, Options{}, func() {})
	return recs
}

// writeSegments makes segments of 30 records in blocks of 10, and calls flushed
// after each block.
func writeSegments(t testing.TB, dir string, recs [][]byte, o Options, flushed func()) {
	t.Helper()
	for i := 0; i < len(recs); i += 30 {
		w, err := Create(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		for j := i; j < i+30; j += 10 {
			if _, err := w.AppendBatch(recs[j : j+10]); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			flushed()
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func readDir(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	names, _, err := listSegments(OSFS, dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, name := range names {
		if files[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// Every byte of a journal is flipped in turn. Each is reported; reading on costs
// one block at most, and what is read is what was written.
func TestEveryFlippedByte(t *testing.T) {
	dir := t.TempDir()
	recs := smallJournal(t, dir)
	files := readDir(t, dir)
	step := 1
	if testing.Short() {
		step = 7
	}
	m := memFS{}
	for name, b := range files {
		m[name] = &memFile{b}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b := m[name].data
		for at := 0; at < len(b); at += step {
			was := b[at]
			b[at] ^= byte(1 + at%255)
			flipped(t, m, recs, name, at)
			b[at] = was
		}
	}
}

// The same of a journal of 1 MiB: a byte here and there, or with VEXJ_FLIPS=all
// every one, which takes minutes. Beside the segment with the byte there is only
// the next one, for what is in a third has nothing to do with it.
func TestFlippedByteOfMany(t *testing.T) {
	step := 1009
	if os.Getenv("VEXJ_FLIPS") == "all" {
		step = 1
	}
	const perBlock, blocks = 60, 4
	dir := t.TempDir()
	source := newWorkload(3)
	var recs [][]byte
	for stored := uint64(0); stored < 1<<20; {
		w, err := Create(dir, Options{Interval: -1, Durability: DurabilityNone})
		if err != nil {
			t.Fatal(err)
		}
		for range blocks {
			batch := source.records(perBlock)
			if _, err := w.AppendBatch(batch); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			recs = append(recs, batch...)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		stored += w.Stats().StoredBytes
	}
	files := readDir(t, dir)
	names := slices.Sorted(maps.Keys(files))
	pieces, flips := min(8*runtime.GOMAXPROCS(0), len(names)), new(atomic.Int64)
	t.Run("all", func(t *testing.T) {
		for piece := range pieces {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for i := piece; i < len(names); i += pieces {
					m := memFS{}
					for _, name := range names[i:min(i+2, len(names))] {
						m[name] = &memFile{bytes.Clone(files[name])}
					}
					b := m[names[i]].data
					for at := i * 131 % step; at < len(b); at += step {
						was := b[at]
						b[at] ^= byte(1 + at%255)
						flippedIn(t, m, recs, names[i], at, perBlock)
						b[at] = was
						flips.Add(1)
					}
				}
			})
		}
	})
	t.Logf("%d bytes flipped, of %d segments", flips.Load(), len(names))
}

func flipped(t *testing.T, m memFS, recs [][]byte, name string, at int) {
	t.Helper()
	flippedIn(t, m, recs, name, at, 10)
}

// flippedIn looks at a journal that is a part of the one with recs, and has one
// byte changed. A block has so many records.
func flippedIn(t *testing.T, m memFS, recs [][]byte, name string, at, perBlock int) {
	t.Helper()
	r, err := OpenFS(m, "/")
	if err != nil {
		t.Fatalf("%s, byte %d: %v", name, at, err)
	}
	defer r.Close()
	problems, lost := 0, uint64(0)
	report, err := r.Verify(func(p Problem) {
		// That it begins where it does is no news.
		if !errors.Is(p.Err, errBeginning) {
			d := DamageError(p)
			problems, lost = problems+1, lost+d.lost()
		}
	})
	if err != nil || problems == 0 || lost > uint64(perBlock) {
		t.Fatalf("%s, byte %d: %+v, %v", name, at, report, err)
	}
	lost = 0
	read := 0
	err = r.Scan(ScanOptions{OnDamage: func(d *DamageError) error {
		lost += d.Last - d.First + 1
		return nil
	}}, func(ordinal uint64, rec uapi.Record) error {
		read++
		if !bytes.Equal(rec, recs[ordinal-1]) {
			t.Fatalf("%s, byte %d: record %d is not what was written", name, at, ordinal)
		}
		return nil
	})
	if err != nil || lost > uint64(perBlock) || read+int(lost) != int(report.LastOrdinal-report.FirstOrdinal)+1 {
		t.Fatalf("%s, byte %d: %d records read, %d lost, %v", name, at, read, lost, err)
	}
}

// Without OnDamage a scan ends at the damage and says which records it costs,
// in both directions.
func TestScanStopsAtDamage(t *testing.T) {
	dir := t.TempDir()
	smallJournal(t, dir)
	name := SegmentName(31)
	b := readDir(t, dir)[name]
	at := bytes.Index(b[HeaderSize+8:], blockMagic[:]) + HeaderSize + 8
	b[at+blkFixedSize+100] ^= 1
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, reverse := range []bool{false, true} {
		n := 0
		err := open(t, dir).Scan(ScanOptions{Reverse: reverse}, func(uint64, uapi.Record) error { n++; return nil })
		var d *DamageError
		if !errors.As(err, &d) || !errors.Is(err, ErrDamaged) {
			t.Fatalf("scan: %v", err)
		}
		if d.Segment != name || d.First != 41 || d.Last != 50 || d.Offset != int64(at) {
			t.Errorf("damage: %+v", d)
		}
		if want := map[bool]int{false: 40, true: 10}[reverse]; n != want {
			t.Errorf("%d records before the damage, want %d", n, want)
		}
	}
}
