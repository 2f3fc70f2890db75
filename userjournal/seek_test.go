// SPDX-License-Identifier: Apache-2.0

package userjournal_test

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"

	"vexj/uapi"
	uj "vexj/userjournal"
	"vexj/userjournal/errorfs"
)

// spanned makes a journal of segments whose clocks have the offsets to the first
// one, and returns the time of each record.
func spanned(t *testing.T, dir string, offsets []time.Duration) (times []time.Time) {
	t.Helper()
	const perSegment = 10
	base := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	recs := uj.SomeRecords(perSegment * len(offsets))
	first := int64(uapi.Record(recs[0]).Ktime())
	for i, by := range offsets {
		clock := uj.Clock{Boot: [16]byte{1}, WallOffset: base - first + int64(by)}
		w, err := uj.Create(dir, uj.Options{Durability: uj.DurabilityNone, Clock: &clock})
		check(t, err)
		part := recs[i*perSegment : (i+1)*perSegment]
		_, err = w.AppendBatch(part)
		check(t, errors.Join(err, w.Close()))
		for _, rec := range part {
			times = append(times, time.Unix(0, int64(uapi.Record(rec).Ktime())+clock.WallOffset))
		}
	}
	return times
}

// A scan between two times visits all records between them, and nothing is
// missing in it, however the clock was set.
func TestScanOfTimes(t *testing.T) {
	const segments = 16
	random := rand.New(rand.NewPCG(11, 12))
	clocks := map[string]func(i int) time.Duration{
		"steady":       func(int) time.Duration { return 0 },
		"ahead":        func(i int) time.Duration { return time.Duration(i) * time.Hour },
		"back once":    func(i int) time.Duration { return time.Duration(i)*time.Minute - time.Duration(i/9)*time.Hour },
		"back for one": func(i int) time.Duration { return time.Duration(i)*time.Minute - time.Duration(i%7/6)*time.Hour },
		"backwards":    func(i int) time.Duration { return -time.Duration(i) * time.Hour },
		"anywhere":     func(int) time.Duration { return time.Duration(random.Int64N(int64(time.Hour))) },
		"before 1970":  func(i int) time.Duration { return -time.Duration(i) * 24 * 365 * 10 * time.Hour },
	}
	for name, clock := range clocks {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			offsets := make([]time.Duration, segments)
			for i := range offsets {
				offsets[i] = clock(i)
			}
			times := spanned(t, dir, offsets)
			r, err := uj.Open(dir)
			check(t, err)
			defer r.Close()
			report, err := r.Verify(func(p uj.Problem) { t.Error(p) })
			check(t, err)
			if !report.OK() {
				t.FailNow()
			}
			pick := func() time.Time {
				if random.IntN(5) == 0 {
					return time.Time{}
				}
				return times[random.IntN(len(times))].Add(time.Duration(random.IntN(3)-1) * time.Microsecond)
			}
			for range 40 {
				o := uj.ScanOptions{Since: pick(), Until: pick(), Reverse: random.IntN(2) == 0}
				if random.IntN(2) == 0 {
					o.From = uint64(1 + random.IntN(len(times)))
				}
				seen := map[uint64]bool{}
				check(t, r.Scan(o, func(ordinal uint64, _ uapi.Record) error { seen[ordinal] = true; return nil }))
				for i, at := range times {
					ordinal := uint64(i + 1)
					wanted := ordinal >= o.From && (o.Since.IsZero() || !at.Before(o.Since)) && (o.Until.IsZero() || at.Before(o.Until))
					if wanted && !seen[ordinal] {
						t.Fatalf("%+v does not visit record %d of %v", o, ordinal, at)
					}
				}
			}
		})
	}
}

// To find an event id that is there opens as few.
func TestFindOpensFew(t *testing.T) {
	for _, segments := range []int{8, 128} {
		t.Run(fmt.Sprint(segments), func(t *testing.T) {
			dir := t.TempDir()
			spanned(t, dir, make([]time.Duration, segments))
			recs := uj.SomeRecords(10 * segments)
			for _, at := range []int{0, 3, len(recs) / 3, len(recs) / 2, len(recs) - 1} {
				fsys := errorfs.New(uj.OSFS, nil)
				r, err := uj.OpenFS(fsys, dir)
				check(t, err)
				opened := fsys.Count(errorfs.Open)
				ordinal, _, err := r.Find(uapi.Record(recs[at]).EventID())
				if err != nil || ordinal != uint64(at)+1 {
					t.Errorf("record %d: %d, %v", at+1, ordinal, err)
				}
				if n, limit := fsys.Count(errorfs.Open)-opened, 3*bits.Len(uint(segments))+4; n > limit {
					t.Errorf("record %d: %d files were opened, more than %d", at+1, n, limit)
				}
				if _, _, err := r.Find(1); !errors.Is(err, uj.ErrNotFound) {
					t.Errorf("an id that is not there: %v", err)
				}
				check(t, r.Close())
			}
		})
	}
}

// To find a time opens a number of segments that grows with the logarithm of how
// many there are.
func TestSeekOfTimeOpensFew(t *testing.T) {
	for _, segments := range []int{8, 32, 128} {
		t.Run(fmt.Sprint(segments), func(t *testing.T) {
			dir := t.TempDir()
			offsets := make([]time.Duration, segments)
			for i := range offsets {
				offsets[i] = time.Duration(i) * time.Minute
			}
			times := spanned(t, dir, offsets)
			most := 0
			for _, at := range []int{0, segments / 3, segments / 2, segments - 1} {
				fsys := errorfs.New(uj.OSFS, nil)
				r, err := uj.OpenFS(fsys, dir)
				check(t, err)
				opened := fsys.Count(errorfs.Open)
				since := times[at*10]
				found := 0
				check(t, r.Scan(uj.ScanOptions{Since: since, Until: since.Add(30 * time.Second)}, func(uint64, uapi.Record) error {
					found++
					return nil
				}))
				check(t, r.Close())
				if found == 0 {
					t.Errorf("nothing at %v", since)
				}
				most = max(most, fsys.Count(errorfs.Open)-opened)
			}
			t.Logf("%d files", most)
			// Two searches, and what is opened of the segments that are found.
			if limit := 2*bits.Len(uint(segments)) + 8; most > limit {
				t.Errorf("%d files were opened, more than %d", most, limit)
			}
		})
	}
}
