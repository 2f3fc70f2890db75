// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"os"
	"path/filepath"
	"testing"
)

// Where appending waits for the disk, blocks are written over zeroes. A reader
// that comes meanwhile, a verification and a recovery see the records and no
// tail; a sealed segment has none.
func TestReservedZeroes(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, Options{Durability: DurabilityRecord, Interval: -1})
	if err != nil {
		t.Fatal(err)
	}
	recs := newWorkload(1).records(20)
	for i, rec := range recs {
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
		got, _ := scanAll(t, open(t, dir), ScanOptions{})
		equal(t, got, recs[:i+1])
	}
	if report := verify(t, dir); report.TailBytes != 0 {
		t.Errorf("%d bytes of tail in an open journal", report.TailBytes)
	}
	crashed := t.TempDir()
	b, err := os.ReadFile(filepath.Join(dir, SegmentName(1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < len(zeroes) {
		t.Errorf("the open segment has %d bytes: nothing is reserved", len(b))
	}
	if err := os.WriteFile(filepath.Join(crashed, SegmentName(1)), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, SegmentName(1))); err != nil || info.Size() > 64<<10 {
		t.Errorf("sealed segment of %d bytes, %v", info.Size(), err)
	}
	again, err := Create(crashed, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r := again.Recovery(); r.CutBytes != 0 || r.Next != uint64(len(recs))+1 {
		t.Errorf("recovery cut %d bytes and continues with %d", r.CutBytes, r.Next)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := scanAll(t, open(t, crashed), ScanOptions{})
	equal(t, got, recs)
	verify(t, crashed)
}
