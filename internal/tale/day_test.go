// SPDX-License-Identifier: Apache-2.0

package tale

import (
	"path/filepath"
	"testing"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

func TestDay(t *testing.T) {
	const records = 20_000
	dir := filepath.Join(t.TempDir(), "j")
	began := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	if err := WriteDay(dir, 1, records, began); err != nil {
		t.Fatal(err)
	}
	r, err := userjournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := map[uapi.Type]int{}
	n := 0
	var last time.Time
	err = r.Scan(userjournal.ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		if _, err := uapi.Check(rec); err != nil {
			return err
		}
		last = r.WallTime(ordinal, rec.Ktime())
		seen[rec.Type()]++
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < records*9/10 || seen[uapi.SemIntent] != 4 || seen[uapi.SysLost] != 2 || seen[uapi.ProcExit] == 0 || seen[uapi.FSRename] == 0 {
		t.Errorf("%d records: %v", n, seen)
	}
	if d := last.Sub(began); d < DayLength/2 || d > 2*DayLength {
		t.Errorf("it takes %v", d)
	}
}
