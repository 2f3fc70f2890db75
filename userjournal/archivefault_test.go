// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vexj/uapi"
)

// archivedJournal is a signed journal of which all segments but the last were
// archived.
func archivedJournal(t *testing.T) (dir, archive string, recs [][]byte, key *SigningKey) {
	t.Helper()
	key = NewSigningKey()
	dir, archive = t.TempDir(), t.TempDir()
	recs = newWorkload(3).records(90)
	writeSegments(t, dir, recs, Options{Key: key}, func() {})
	// The times of these records are of no matter to this.
	report, err := Archive(dir, ArchiveOptions{To: archive, Now: time.Now().Add(1000 * time.Hour)})
	if err != nil || report.Segments != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	return dir, archive, recs, key
}

// Signatures and checkpoints stand for the records, wherever they are and however
// they are compressed.
func TestEvidenceOfArchive(t *testing.T) {
	dir, _, recs, key := archivedJournal(t)
	point := checkpoint(t, dir)
	report, err := open(t, dir).VerifyAgainst(Evidence{key.Public(), []Checkpoint{point}},
		func(p Problem) { t.Errorf("verify: %v", p) })
	if a := report.Attested; err != nil || a.Records != uint64(len(recs)) || a.Signatures != 3 || a.Points != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	to := t.TempDir()
	if report, err := Repair(dir, to, RepairOptions{}); err != nil || report.Records != uint64(len(recs)) || report.Lost > 0 {
		t.Errorf("repair: %+v, %v", report, err)
	}
	got, _ := scanAll(t, open(t, to), ScanOptions{})
	equal(t, got, recs)
}

// A byte of an archived segment is flipped: it is reported, costs one block at
// most, and repair keeps the rest.
func TestFlippedByteOfArchive(t *testing.T) {
	dir, archive, recs, _ := archivedJournal(t)
	files := readDir(t, archive)
	n := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(archive, name)
		for at := 0; at < len(files[name]); at += 211 {
			b := bytes.Clone(files[name])
			b[at] ^= byte(1 + at%255)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			n++
			report, err := open(t, dir).Verify(nil)
			if err != nil || report.Problems == 0 || report.LostRecords > 10 {
				t.Fatalf("%s, byte %d: %+v, %v", name, at, report, err)
			}
			lost := report.LostRecords
			read := 0
			err = open(t, dir).Scan(ScanOptions{OnDamage: func(*DamageError) error { return nil }}, func(ordinal uint64, rec uapi.Record) error {
				read++
				if !bytes.Equal(rec, recs[ordinal-1]) {
					t.Fatalf("%s, byte %d: record %d is not what was written", name, at, ordinal)
				}
				return nil
			})
			if err != nil || read != len(recs)-int(lost) {
				t.Fatalf("%s, byte %d: %d read, %d lost, %v", name, at, read, lost, err)
			}
			to := t.TempDir()
			mended, err := Repair(dir, to, RepairOptions{})
			if err != nil || mended.Lost != lost || mended.Records != uint64(read) {
				t.Fatalf("%s, byte %d: repair: %+v, %v", name, at, mended, err)
			}
			if after := verify(t, to); after.Records != uint64(read) {
				t.Fatalf("%s, byte %d: repaired: %+v", name, at, after)
			}
		}
		if err := os.WriteFile(path, files[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d bytes flipped", n)
}

// A byte of a journal is flipped before it is archived and then reduced to its
// newest segment. None of that loses more than the block with the byte, but for
// what is removed on purpose, and all that is left is what was written.
func TestFlippedByteInUpkeep(t *testing.T) {
	source := t.TempDir()
	recs := newWorkload(3).records(90)
	writeSegments(t, source, recs, Options{}, func() {})
	files := readDir(t, source)
	n := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for at := 0; at < len(files[name]); at += 211 {
			n++
			dir, archive := t.TempDir(), t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			b := bytes.Clone(files[name])
			b[at] ^= byte(1 + at%255)
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Archive(dir, ArchiveOptions{To: archive, Now: time.Now().Add(1000 * time.Hour)}); err != nil {
				t.Fatalf("%s, byte %d: archive: %v", name, at, err)
			}
			if first := leftOf(t, dir, recs, name, at); first != 1 {
				t.Fatalf("%s, byte %d: archived: begins with %d", name, at, first)
			}
			limit := RetainOptions{MaxBytes: 1}
			if n%2 == 0 {
				limit = RetainOptions{MaxAge: time.Hour, Now: time.Now().Add(1000 * time.Hour)}
			}
			report, err := Retain(dir, limit)
			if err != nil || report.Segments == 0 {
				t.Fatalf("%s, byte %d: retain: %+v, %v", name, at, report, err)
			}
			if first := leftOf(t, dir, recs, name, at); first != 61 && first != 71 {
				t.Fatalf("%s, byte %d: reduced: begins with %d", name, at, first)
			}
		}
	}
	t.Logf("%d bytes flipped", n)
}

// leftOf holds what can be read against what was written, of which one block may be
// lost, and returns the first ordinal.
func leftOf(t *testing.T, dir string, recs [][]byte, name string, at int) (first int) {
	t.Helper()
	read, lost, last := 0, 0, 0
	err := open(t, dir).Scan(ScanOptions{OnDamage: func(d *DamageError) error {
		lost += int(d.Last - d.First + 1)
		if first == 0 {
			first = int(d.First)
		}
		return nil
	}}, func(ordinal uint64, rec uapi.Record) error {
		if first == 0 {
			first = int(ordinal)
		}
		read, last = read+1, int(ordinal)
		if int(ordinal) <= len(recs) && !bytes.Equal(rec, recs[ordinal-1]) {
			t.Fatalf("%s, byte %d: record %d is not what was written", name, at, ordinal)
		}
		return nil
	})
	if err != nil || lost > 10 || read+lost != max(last, len(recs))-first+1 {
		t.Fatalf("%s, byte %d: %d read from %d to %d, %d lost, %v", name, at, read, first, last, lost, err)
	}
	return first
}
