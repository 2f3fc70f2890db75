// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vexj/uapi"
)

// usjl are the names of the segments in a directory.
func usjl(t *testing.T, dir string) (names []string) {
	t.Helper()
	names, _, err := listSegments(OSFS, dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestArchive(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "a", "b")
	recs := fill(t, dir, 30000, segmented)
	before := usjl(t, dir)
	old := open(t, dir) // has seen where the segments were
	if _, err := old.Get(5); err != nil {
		t.Fatal(err)
	}
	report, err := Archive(dir, ArchiveOptions{To: to})
	if err != nil || report.Segments != len(before)-1 || report.After >= report.Before || report.Left != nil {
		t.Fatalf("%+v, %v", report, err)
	}
	t.Logf("%d bytes became %d", report.Before, report.After)
	if left, moved := usjl(t, dir), usjl(t, to); len(left) != 1 || !slices.Equal(append(moved, left...), before) {
		t.Fatalf("left %v, moved %v", left, moved)
	}
	for name, r := range map[string]*Reader{"before": old, "after": open(t, dir)} {
		t.Run("opened "+name, func(t *testing.T) {
			got, _ := scanAll(t, r, ScanOptions{})
			equal(t, got, recs)
			back, _ := scanAll(t, r, ScanOptions{Reverse: true})
			slices.Reverse(back)
			equal(t, back, recs)
			for _, i := range []int{0, 4, 12345, 29999} {
				rec, err := r.Get(uint64(i) + 1)
				if err != nil || !slices.Equal(rec, recs[i]) {
					t.Errorf("record %d: %v", i+1, err)
				}
				if o, _, err := r.Find(rec.EventID()); err != nil || o != uint64(i)+1 {
					t.Errorf("event of record %d: %d, %v", i+1, o, err)
				}
			}
			path := uapi.Record(recs[777]).Path()
			visited, found := with(t, r, ScanOptions{Keys: [][]Key{PathKeys(path)}}, func(r uapi.Record) bool { return string(r.Path()) == string(path) })
			if !slices.Contains(found, 778) || visited >= len(recs) {
				t.Errorf("found %v of %d visited", found, visited)
			}
			report, err := r.Verify(nil)
			if err != nil || !report.OK() || report.Records != uint64(len(recs)) || !report.Clean {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}

	// It goes on: more records, a second archive, then away with the oldest.
	w, err := Create(dir, segmented)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AppendBatch(recs); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	second := t.TempDir()
	if report, err := Archive(dir, ArchiveOptions{To: second, OlderThan: time.Nanosecond}); err != nil || report.Segments == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	got, _ := scanAll(t, open(t, dir), ScanOptions{})
	equal(t, got, slices.Concat(recs, recs))
	verify(t, dir)
	if report, err := Reindex(dir, false); err != nil || report.Made != 0 {
		t.Errorf("indexes: %+v, %v", report, err)
	}
	size, err := open(t, dir).bytes(open(t, dir).segments[0])
	if err != nil {
		t.Fatal(err)
	}
	info, err := open(t, dir).Info()
	if err != nil {
		t.Fatal(err)
	}
	if report, err := Retain(dir, RetainOptions{MaxBytes: int64(info.StoredBytes) - size}); err != nil || report.Segments == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if slices.Contains(usjl(t, to), SegmentName(1)) {
		t.Error("the oldest is still in the archive")
	}
	if first := oldest(t, dir); first == 1 {
		t.Error("nothing was removed")
	}
}

func TestArchiveRefuses(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 20000, segmented)
	other := t.TempDir()
	fill(t, other, 20000, segmented)
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]error{dir: ErrOption, other: ErrOption, elsewhere: ErrNotJournal} {
		if _, err := Archive(dir, ArchiveOptions{To: to}); !errors.Is(err, want) {
			t.Errorf("to %s: %v", to, err)
		}
	}
	// An archive that is not there is no journal without its beginning.
	to := filepath.Join(t.TempDir(), "archive")
	if _, err := Archive(dir, ArchiveOptions{To: to}); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to, to+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrArchive) {
		t.Errorf("open: %v", err)
	}
	if err := ForgetArchive(dir, to); err != nil {
		t.Fatal(err)
	}
	if err := ForgetArchive(dir, to); !errors.Is(err, ErrOption) {
		t.Errorf("forgotten twice: %v", err)
	}
	if first := oldest(t, dir); first == 1 {
		t.Error("the archive is away and its records are here")
	}
}

// A damaged segment is left where it is, with what can be read of it.
func TestArchiveLeavesDamage(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	fill(t, dir, 20000, segmented)
	name := usjl(t, dir)[1]
	path := filepath.Join(dir, name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[HeaderSize+1000] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := Archive(dir, ArchiveOptions{To: to})
	if err != nil || !slices.Equal(report.Left, []string{name}) || report.Segments == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	if left := usjl(t, dir); !slices.Contains(left, name) || slices.Contains(usjl(t, to), name) {
		t.Errorf("left %v", left)
	}
	if tmp, _ := filepath.Glob(filepath.Join(to, "*"+tempSuffix)); tmp != nil {
		t.Errorf("temporary files are left: %v", tmp)
	}
}

// Readers go on while segments move away beneath them.
func TestArchiveBesideReaders(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	recs := fill(t, dir, 40000, segmented)
	r := open(t, dir)
	next := uint64(1)
	err := r.Scan(ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		if ordinal != next || !slices.Equal(rec, recs[ordinal-1]) {
			t.Fatalf("record %d comes as %d", ordinal, next)
		}
		if next++; ordinal == 10 {
			if _, err := Archive(dir, ArchiveOptions{To: to}); err != nil {
				t.Fatal(err)
			}
		}
		return nil
	})
	if err != nil || next != 40001 {
		t.Errorf("up to %d: %v", next, err)
	}
}
