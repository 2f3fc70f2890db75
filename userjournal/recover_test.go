// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// unsealedJournal is what a writer leaves that was killed after six blocks of
// ten records, in one segment.
func unsealedJournal(t testing.TB) (recs [][]byte, file []byte, ends []int64) {
	t.Helper()
	dir := t.TempDir()
	recs = newWorkload(5).records(60)
	w, err := Create(dir, Options{Durability: DurabilityNone, Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, SegmentName(1))
	for i := 0; i < len(recs); i += 10 {
		if _, err := w.AppendBatch(recs[i : i+10]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int64(len(file)))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return recs, file, ends
}

func writeSegment(t testing.TB, first uint64, file []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, SegmentName(first)), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// reopen continues the journal with one record more.
func reopen(t testing.TB, dir string, rec []byte) RecoveryReport {
	t.Helper()
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if ordinal, err := w.Append(rec); err != nil || ordinal != w.Recovery().Next {
		t.Fatalf("Append: ordinal %d, %v; recovery: %+v", ordinal, err, w.Recovery())
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Recovery()
}

// The file ends anywhere: all whole blocks are kept, and the rest is cut off.
func TestTornTail(t *testing.T) {
	recs, file, ends := unsealedJournal(t)
	step := int64(37)
	for size := int64(0); size <= int64(len(file)); size += step {
		whole := 0
		for whole < len(ends) && ends[whole] <= size {
			whole++
		}
		dir := writeSegment(t, 1, file[:size])
		if r, err := Open(dir); err == nil {
			got, _ := scanAll(t, r, ScanOptions{})
			equal(t, got, recs[:10*whole])
			r.Close()
		} else if size >= HeaderSize || !errors.Is(err, ErrTruncated) {
			t.Fatalf("%d bytes: %v", size, err)
		}
		report := reopen(t, dir, recs[10*whole%len(recs)])
		cut := size - HeaderSize
		if whole > 0 {
			cut = size - ends[whole-1]
		} else if size < HeaderSize {
			cut = size
		}
		if report.Status != RecoveryComplete || report.Next != uint64(10*whole+1) || report.CutBytes != cut {
			t.Fatalf("%d bytes, %d whole blocks: %+v", size, whole, report)
		}
		got, _ := scanAll(t, open(t, dir), ScanOptions{})
		equal(t, got[:10*whole], recs[:10*whole])
		if after := verify(t, dir); !after.Clean {
			t.Fatalf("%d bytes: %+v", size, after)
		}
	}
}

// What is wrong with a segment that has no footer decides what Create does.
func TestRecovery(t *testing.T) {
	recs, file, ends := unsealedJournal(t)
	cut := func(at, n int64) []byte { return append(bytes.Clone(file[:at]), file[at+n:]...) }
	flip := func(at int64) []byte {
		b := bytes.Clone(file)
		b[at] ^= 0x40
		return b
	}
	zero := func(from, to int64) []byte {
		b := bytes.Clone(file)
		clear(b[from:to])
		return b
	}
	const last = 5
	tests := []struct {
		name    string
		file    []byte
		status  RecoveryStatus
		records []int // the blocks that are kept
		lost    uint64
		aside   bool
		fault   bool // left for Verify to report
	}{
		{"whole", file, RecoveryComplete, []int{0, 1, 2, 3, 4, 5}, 0, false, false},
		{"zeroes behind", append(bytes.Clone(file), make([]byte, 5000)...), RecoveryComplete, []int{0, 1, 2, 3, 4, 5}, 0, false, false},
		{"stale bytes behind", append(bytes.Clone(file), file[HeaderSize:ends[1]]...), RecoveryComplete, []int{0, 1, 2, 3, 4, 5}, 0, false, false},
		{"last block's header", flip(ends[last-1] + 60), RecoveryComplete, []int{0, 1, 2, 3, 4}, 0, false, false},
		{"last block's data", flip(ends[last] - 20), RecoveryComplete, []int{0, 1, 2, 3, 4}, 0, false, false},
		{"last block zeroed", zero(ends[last-1], ends[last]), RecoveryComplete, []int{0, 1, 2, 3, 4}, 0, false, false},
		{"header inside", flip(ends[1] + 21), RecoveryPartial, []int{0, 1, 3, 4, 5}, 10, false, true},
		{"data inside", flip(ends[2] - 20), RecoveryPartial, []int{0, 1, 3, 4, 5}, 10, false, true},
		{"two blocks zeroed", zero(ends[1], ends[3]), RecoveryPartial, []int{0, 1, 4, 5}, 20, false, true},
		{"a block cut out", cut(ends[1], ends[2]-ends[1]), RecoveryPartial, []int{0, 1, 3, 4, 5}, 10, false, true},
		{"eight bytes cut out", cut(ends[1]+8, 8), RecoveryPartial, []int{0, 1, 3, 4, 5}, 10, false, true},
		{"segment header", flip(200), RecoveryComplete, []int{0, 1, 2, 3, 4, 5}, 0, false, true},
		{"segment header zeroed", zero(0, HeaderSize), RecoveryComplete, []int{0, 1, 2, 3, 4, 5}, 0, false, true},
		{"all zeroes", make([]byte, 9000), RecoveryComplete, nil, 0, false, false},
		{"something else", bytes.Repeat([]byte("no journal "), 900), RecoveryPartial, nil, 0, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := writeSegment(t, 1, test.file)
			report := reopen(t, dir, recs[0])
			if report.Status != test.status || (report.SetAside != "") != test.aside {
				t.Errorf("report: %+v", report)
			}
			var want [][]byte
			for _, b := range test.records {
				want = append(want, recs[10*b:10*b+10]...)
			}
			var lost uint64
			var got [][]byte
			err := open(t, dir).Scan(ScanOptions{OnDamage: func(d *DamageError) error {
				lost += d.Last - d.First + 1
				return nil
			}}, collect(&got))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, got, append(want, recs[0]))
			if lost != test.lost {
				t.Errorf("%d records lost, want %d", lost, test.lost)
			}
			after, err := open(t, dir).Verify(nil)
			if err != nil || after.LostRecords != test.lost || after.OK() == test.fault {
				t.Errorf("verify: %+v, %v", after, err)
			}
			// Once more: there is nothing left to recover.
			again := reopen(t, dir, recs[1])
			if again.Status != RecoveryClean || again.Next != report.Next+1 {
				t.Errorf("second recovery: %+v", again)
			}
		})
	}
}

// A writer that appends nothing leaves a journal that can be opened, and no
// more segments each time.
func TestEmptySegments(t *testing.T) {
	dir := t.TempDir()
	recs := newWorkload(1).records(3)
	for range 3 {
		w, err := Create(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if info, err := open(t, dir).Info(); err != nil || info.Segments != 1 || info.LastOrdinal != 0 || !info.Clean {
			t.Fatalf("%+v, %v", info, err)
		}
		verify(t, dir)
	}
	reopen(t, dir, recs[0])
	for range 2 {
		w, err := Create(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.lock.Close() // as if it was killed
	}
	if report := reopen(t, dir, recs[1]); report.Next != 2 || report.Removed == "" {
		t.Errorf("%+v", report)
	}
	got, _ := scanAll(t, open(t, dir), ScanOptions{})
	equal(t, got, recs[:2])
	if r := verify(t, dir); r.Segments != 2 {
		t.Errorf("%+v", r)
	}
}

// A journal whose only segment has no records can be read while the next writer
// begins, at each moment of it, and a reader from before sees what that appends.
func TestEmptySegmentIsReplaced(t *testing.T) {
	dir := t.TempDir()
	recs := newWorkload(1).records(3)
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.lock.Close() // as if it was killed
	if _, err := Recover(dir, RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir) // a shard without segments would keep its set from being opened
	if last, err := r.LastOrdinal(); last != 0 || err != nil {
		t.Fatalf("%d, %v", last, err)
	}
	if report := reopen(t, dir, recs[0]); report.Status != RecoveryClean || report.Next != 1 {
		t.Errorf("%+v", report)
	}
	got, _ := scanAll(t, r, ScanOptions{})
	equal(t, got, recs[:1])
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+tempSuffix)); left != nil {
		t.Errorf("left: %v", left)
	}
	verify(t, dir)
}

// Both copies of the header and the first block are lost: what it was is made up
// from the other blocks, whatever stands in the payloads of the first.
func TestHeaderAndFirstBlockLost(t *testing.T) {
	recs, file, ends := unsealedJournal(t)
	_, foreign, foreignEnds := unsealedJournal(t)
	embedded := foreign[HeaderSize:foreignEnds[0]]
	tests := map[string]func(file []byte){
		"zeroes":          func(b []byte) { clear(b) },
		"noise":           func(b []byte) { copy(b, bytes.Repeat([]byte{0xa5, 0x17}, len(b)/2)) },
		"another journal": func(b []byte) { clear(b); copy(b[HeaderSize+64:], embedded[:min(len(embedded), len(b)-HeaderSize-64)]) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			b := bytes.Clone(file)
			spoil(b[:ends[0]])
			dir := writeSegment(t, 1, b)
			var lost []DamageError
			var got [][]byte
			err := open(t, dir).Scan(ScanOptions{OnDamage: func(d *DamageError) error { lost = append(lost, *d); return nil }}, collect(&got))
			if err != nil || len(lost) != 1 || lost[0].First != 1 || lost[0].Last != 10 {
				t.Fatalf("scan: %+v, %v", lost, err)
			}
			equal(t, got, recs[10:])
			report := reopen(t, dir, recs[0])
			if report.Status != RecoveryPartial || report.Lost != 10 || report.Records != 50 || report.SetAside != "" {
				t.Errorf("recovery: %+v", report)
			}
			if again := reopen(t, dir, recs[1]); again.Status != RecoveryClean {
				t.Errorf("again: %+v", again)
			}
			if rec, err := open(t, dir).Get(61); err != nil || !bytes.Equal(rec, recs[0]) {
				t.Errorf("what came after: %v", err)
			}
			found := findings(t, dir, Evidence{})
			if !mentions(found, "records 1 to 10 lost") || mentions(found, "11 to") {
				t.Errorf("%q", found)
			}
		})
	}
}
