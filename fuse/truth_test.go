// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"flag"
	"path/filepath"
	"testing"

	"vexj/internal/recorder"
	"vexj/internal/scramble"
	"vexj/query"
	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
)

var operations = flag.Int("operations", 16000, "`number` of operations of TestTruth")

// After a random workload of eight processes, who replays the journal's operations
// on names has the tree that is there; and the journal accounts for all records.
func TestTruth(t *testing.T) {
	p, m := mounted(t, Options{}, MountOptions{})
	dir := filepath.Join(t.TempDir(), "journal")
	rec, err := recorder.Start(p, dir, nil)
	must(t, err)
	var everybody [8]string
	for i := range everybody {
		everybody[i] = m.Target
	}
	pack, err := scramble.Gather(scramble.Names, 0, *operations/len(everybody), everybody[:]...)
	must(t, err)
	must(t, pack.Work())
	must(t, m.Unmount())
	must(t, rec.Stop())

	r, err := userjournal.Open(dir)
	must(t, err)
	defer r.Close()
	tree := replay.NewTree(replay.TreeOptions{From: m.Target, Strict: true, Report: func(p replay.Problem) { t.Error(&p) }})
	must(t, r.Scan(userjournal.ScanOptions{}, func(ordinal uint64, rec uapi.Record) error {
		tree.Apply(&replay.Item{Ordinal: ordinal, Record: rec})
		return nil
	}))
	want, err := replay.ReadDirectory(m.Source)
	must(t, err)
	if len(want) < 20 {
		t.Fatalf("the workload left %d names", len(want))
	}
	for _, d := range replay.Compare(want, tree.Entries(), replay.AspectTree) {
		t.Error(d)
	}
	verifies(t, dir)
}

// verifies makes sure that nothing was lost, by the journal's own account.
func verifies(t *testing.T, dir string) {
	t.Helper()
	r, err := userjournal.Open(dir)
	must(t, err)
	defer r.Close()
	a, err := query.Audit(r)
	must(t, err)
	for _, e := range a.Epochs {
		if e.Lost != 0 || !e.Stopped || !a.Sound() {
			t.Errorf("%+v", e)
		}
	}
	if len(a.Epochs) == 0 {
		t.Error("the journal has no run")
	}
}
