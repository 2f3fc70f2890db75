// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"slices"
	"testing"

	"vexj/uapi"
)

func open(t testing.TB, dir string) *Reader {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// verify fails the test if there is any problem.
func verify(t testing.TB, dir string) VerifyReport {
	t.Helper()
	report, err := open(t, dir).Verify(func(p Problem) { t.Errorf("verify: %v", p) })
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// scanAll returns copies of all records.
func scanAll(t testing.TB, r *Reader, o ScanOptions) (recs [][]byte, ordinals []uint64) {
	t.Helper()
	err := r.Scan(o, func(ordinal uint64, rec uapi.Record) error {
		recs = append(recs, bytes.Clone(rec))
		ordinals = append(ordinals, ordinal)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return recs, ordinals
}

func equal(t testing.TB, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("record %d differs:\n got %x\nwant %x", i, got[i], want[i])
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, codec := range []Codec{CodecNone, CodecLZ4, CodecDelta} {
		for _, n := range []int{1, 2, 1000, 20000} {
			dir := t.TempDir()
			want := fill(t, dir, n, Options{Codec: codec, SegmentSize: 512 << 10})
			got, ordinals := scanAll(t, open(t, dir), ScanOptions{})
			equal(t, got, want)
			if ordinals[0] != 1 || ordinals[n-1] != uint64(n) {
				t.Errorf("ordinals %d to %d", ordinals[0], ordinals[n-1])
			}
			back, _ := scanAll(t, open(t, dir), ScanOptions{Reverse: true})
			slices.Reverse(back)
			equal(t, back, want)
			report := verify(t, dir)
			if report.Records != uint64(n) || !report.Clean || report.TailBytes != 0 {
				t.Errorf("%v, %d records: %+v", codec, n, report)
			}
			t.Logf("%v %d: %.1f bytes a record of %.1f, %d segments", codec, n, float64(report.StoredBytes)/float64(n),
				float64(report.RawBytes)/float64(n), report.Segments)
		}
	}
}

// collect returns a callback that keeps copies of the records.
func collect(recs *[][]byte) func(uint64, uapi.Record) error {
	return func(_ uint64, rec uapi.Record) error {
		*recs = append(*recs, bytes.Clone(rec))
		return nil
	}
}
