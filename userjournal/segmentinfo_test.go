// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSegments: each segment tells what is in it, whose clock it has, and where
// the chain is, and one that cannot be read does not hide the others.
func TestSegments(t *testing.T) {
	dir := t.TempDir()
	clocks := []*Clock{{Boot: [16]byte{1}, WallOffset: 1_600_000_000_000_000_000}, nil, {Boot: [16]byte{3}, WallOffset: -1}}
	for i, clock := range clocks {
		w, err := Create(dir, Options{Interval: -1, Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range newWorkload(uint64(i)).records(10 * (i + 1)) {
			if _, err := w.Append(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, dir)
	all := segmentsOf(t, r)
	if len(all) != 3 {
		t.Fatalf("%d segments", len(all))
	}
	next := uint64(1)
	for i, s := range all {
		want := uint64(10 * (i + 1))
		if s.First != next || s.Last != next+want-1 || s.Records != want || s.Number != uint64(i+1) || s.Blocks != 1 || !s.Sealed || s.Recovered || s.Signed {
			t.Errorf("segment %d: %+v", i+1, s)
		}
		if s.Name != SegmentName(next) || s.Codec == 0 || s.RawBytes == 0 || s.StoredBytes < HeaderSize || time.Since(s.Created) > time.Hour {
			t.Errorf("segment %d: %+v", i+1, s)
		}
		if clocks[i] != nil && s.Clock != *clocks[i] || clocks[i] == nil && s.Clock.Boot != bootID() {
			t.Errorf("segment %d: clock %+v, want %+v", i+1, s.Clock, clocks[i])
		}
		if got := r.WallTime(s.First, 5).UnixNano(); got != 5+s.Clock.WallOffset {
			t.Errorf("segment %d: ktime 5 is %d", i+1, got)
		}
		if s.FirstKtime > s.LastKtime || s.FirstTime.UnixNano() != int64(s.FirstKtime)+s.Clock.WallOffset {
			t.Errorf("segment %d: times %+v", i+1, s)
		}
		if i > 0 && s.Previous != all[i-1].Chain || s.Chain == (Digest{}) {
			t.Errorf("segment %d: the chain goes from %v to %v", i+1, s.Previous, s.Chain)
		}
		next += want
	}
	stopped := 0
	if err := r.Segments(func(SegmentInfo) error { stopped++; return ErrStop }); err != nil || stopped != 1 {
		t.Errorf("stopped after %d: %v", stopped, err)
	}
	other := errors.New("other")
	if err := r.Segments(func(SegmentInfo) error { return other }); !errors.Is(err, other) {
		t.Error(err)
	}

	// All of the second one is lost.
	if err := os.WriteFile(filepath.Join(dir, all[1].Name), make([]byte, all[1].StoredBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	left := segmentsOf(t, open(t, dir))
	if len(left) != 3 || left[0].Err != nil || left[1].Err == nil || left[2].Err != nil || left[2].Chain != all[2].Chain {
		t.Errorf("with one lost: %+v", left)
	}
}

func segmentsOf(t *testing.T, r *Reader) (all []SegmentInfo) {
	t.Helper()
	if err := r.Segments(func(s SegmentInfo) error { all = append(all, s); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}
