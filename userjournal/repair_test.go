// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vexj/uapi"
)

// spoil changes a byte of the segment.
func spoil(t testing.TB, dir string, first uint64, at int) {
	t.Helper()
	path := filepath.Join(dir, SegmentName(first))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 0x20
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// blockAt is the offset of the block that has the ordinal.
func blockAt(t testing.TB, dir string, ordinal uint64) (first uint64, offset int) {
	t.Helper()
	r := open(t, dir)
	x := r.segments[r.position(ordinal)]
	if err := r.load(x, true); err != nil {
		t.Fatal(err)
	}
	return x.first, int(x.entries[findOrdinal(x.entries, ordinal)].offset)
}

func TestRepair(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
		lost  []uint64 // blocks of ten records, by their first
		more  bool     // damage that costs none
	}{
		{"nothing", func(*testing.T, string) {}, nil, false},
		{"block data", func(t *testing.T, dir string) {
			first, at := blockAt(t, dir, 11)
			spoil(t, dir, first, at+400)
		}, []uint64{11}, false},
		{"block header and another segment", func(t *testing.T, dir string) {
			first, at := blockAt(t, dir, 1)
			spoil(t, dir, first, at+30)
			first, at = blockAt(t, dir, 51)
			spoil(t, dir, first, at+400)
		}, []uint64{1, 51}, false},
		{"segment missing", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, SegmentName(31))); err != nil {
				t.Fatal(err)
			}
		}, []uint64{31, 41, 51}, false},
		{"segment of something else", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, SegmentName(31)), bytes.Repeat([]byte("x"), 9000), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []uint64{31, 41, 51}, true},
		{"footer and header", func(t *testing.T, dir string) {
			spoil(t, dir, 31, 100)
			info, err := os.Stat(filepath.Join(dir, SegmentName(31)))
			if err != nil {
				t.Fatal(err)
			}
			spoil(t, dir, 31, int(info.Size())-200)
		}, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			from, to := t.TempDir(), filepath.Join(t.TempDir(), "repaired")
			recs := smallJournal(t, from)
			more := newWorkload(4).records(10)
			w, err := Create(from, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.AppendBatch(more); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			recs = append(recs, more...)
			test.spoil(t, from)
			before := readDir(t, from)
			was, err := open(t, from).Info()
			if err != nil {
				t.Fatal(err)
			}
			key := NewSigningKey()
			told := 0
			report, err := Repair(from, to, RepairOptions{Key: key, OnDamage: func(d *DamageError) { told++ }})
			if err != nil {
				t.Fatal(err)
			}
			if !maps.EqualFunc(before, readDir(t, from), bytes.Equal) {
				t.Error("the old journal was changed")
			}
			var want [][]byte
			for i := range uint64(len(recs) / 10) {
				if !slices.Contains(test.lost, i*10+1) {
					want = append(want, recs[i*10:i*10+10]...)
				}
			}
			got, ordinals := scanAll(t, open(t, to), ScanOptions{})
			equal(t, got, want)
			if len(ordinals) > 0 && (ordinals[0] != 1 || ordinals[len(ordinals)-1] != uint64(len(want))) {
				t.Errorf("ordinals %d to %d", ordinals[0], ordinals[len(ordinals)-1])
			}
			lost := uint64(10 * len(test.lost))
			if report.Lost != lost || report.Records != uint64(len(want)) || report.Last != report.Records ||
				report.Damage != told || (told > 0) != (lost > 0 || test.more) {
				t.Errorf("%+v, told %d times", report, told)
			}
			after, err := open(t, to).VerifyAgainst(Evidence{Key: key.Public()}, func(p Problem) { t.Errorf("verify: %v", p) })
			if err != nil || !after.Clean || after.Attested.Records != report.Records {
				t.Errorf("%+v, %v", after, err)
			}
			info, err := open(t, to).Info()
			if err != nil || info.FirstTime != was.FirstTime && !slices.Contains(test.lost, 1) || info.LastTime != was.LastTime || info.Journal == was.Journal {
				t.Errorf("times were %v to %v, are %v to %v, %v", was.FirstTime, was.LastTime, info.FirstTime, info.LastTime, err)
			}
			// It goes on like any other.
			if report := reopen(t, to, recs[0]); report.Status != RecoveryClean {
				t.Errorf("continued: %+v", report)
			}
			if _, err := Repair(from, to, RepairOptions{}); !errors.Is(err, ErrExists) {
				t.Errorf("into a journal: %v", err)
			}
		})
	}
}

// What somebody changed is damage, however right its checksums are.
func TestRepairOfForgery(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	recs := smallJournal(t, from)
	f := forger{checksums, at(41, changes[1].change), nil}
	report, err := Repair(f.run(t, from), to, RepairOptions{})
	if err != nil || report.Lost != 10 {
		t.Fatalf("%+v, %v", report, err)
	}
	got, _ := scanAll(t, open(t, to), ScanOptions{})
	equal(t, got, append(slices.Clone(recs[:40]), recs[50:]...))
}

// Records are put in where the caller wants them; what is none ends the repair,
// and nobody can open what there is of it.
func TestRepairBefore(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	recs := smallJournal(t, from)
	put := func(rec []byte) func(uint64, uapi.Record) (uapi.Record, error) {
		return func(ordinal uint64, _ uapi.Record) (uapi.Record, error) {
			if ordinal == 31 {
				return rec, nil
			}
			return nil, nil
		}
	}
	report, err := Repair(from, to, RepairOptions{Before: put(recs[0])})
	if err != nil || report.Added != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	got, _ := scanAll(t, open(t, to), ScanOptions{})
	equal(t, got, slices.Concat(recs[:30], recs[:1], recs[30:]))

	to = t.TempDir()
	if _, err := Repair(from, to, RepairOptions{Before: put([]byte("no record"))}); !errors.Is(err, ErrRecord) {
		t.Fatal(err)
	}
	if _, err := Open(to); !errors.Is(err, ErrUnfinished) {
		t.Errorf("Open: %v", err)
	}
	if _, err := Create(to, Options{}); !errors.Is(err, ErrUnfinished) {
		t.Errorf("Create: %v", err)
	}
	w, err := Create(from, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := Repair(from, t.TempDir(), RepairOptions{}); !errors.Is(err, ErrLocked) {
		t.Errorf("of a journal that is written to: %v", err)
	}
}
