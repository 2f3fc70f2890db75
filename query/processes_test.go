// SPDX-License-Identifier: Apache-2.0

package query_test

import (
	"path/filepath"
	"testing"
	"time"

	"vexj/internal/tale"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// day is a journal of one, and what was asked for of it.
func day(t *testing.T, records int) (*userjournal.Set, *query.Inquiry) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "j")
	if err := tale.WriteDay(dir, 3, records, time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	set, err := userjournal.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set, query.Inquire(set, query.View{Mask: ^uint64(0)})
}

// TestProcesses compares the tree with each record of the journal.
func TestProcesses(t *testing.T) {
	set, q := day(t, 30_000)
	list, over, err := q.Processes(query.Conditions{})
	if err != nil || over {
		t.Fatal(err, over)
	}
	byPID := map[uint32]*query.Proc{} // the day uses no number twice
	for i, p := range list {
		if p.Number != i+1 || byPID[p.PID] != nil {
			t.Fatalf("process %d is number %d, pid %d", i, p.Number, p.PID)
		}
		if p.Parent != nil && p.Parent.Number >= p.Number {
			t.Errorf("%d comes before its parent", p.PID)
		}
		byPID[p.PID] = p
	}
	records := map[uint32]uint64{}
	err = set.Scan(userjournal.ScanOptions{}, func(_ uint64, r uapi.Record) error {
		task, ok := r.Task()
		if !ok {
			return nil
		}
		records[r.PID()]++
		p := byPID[r.PID()]
		switch {
		case p == nil:
			t.Fatalf("process %d is not there", r.PID())
		case task.PPID != 0 && (p.Parent == nil || p.Parent.PID != task.PPID):
			t.Fatalf("process %d has not the parent %d", r.PID(), task.PPID)
		case r.Type() == uapi.ProcExec && (p.Exec != r.EventID() || p.Program != string(r.Path())):
			t.Errorf("process %d runs %s, not %s", r.PID(), p.Program, r.Path())
		case r.Type() == uapi.ProcExit && !p.Ended:
			t.Errorf("process %d has not ended", r.PID())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Records != records[p.PID] {
			t.Errorf("process %d made %d records, not %d", p.PID, records[p.PID], p.Records)
		}
	}
	agents, _, err := q.Processes(query.Conditions{Agents: []string{"codex"}})
	if err != nil || len(agents) == 0 || len(agents) >= len(list) {
		t.Errorf("%d of %d processes are codex's: %v", len(agents), len(list), err)
	}
}

// TestTimeline: whatever the width, each record is in the bucket of its time.
func TestTimeline(t *testing.T) {
	set, q := day(t, 20_000)
	for _, c := range []struct {
		buckets int
		c       query.Conditions
	}{
		{0, query.Conditions{}},
		{2, query.Conditions{}},
		{2000, query.Conditions{}},
		{50, query.Conditions{Types: []uapi.Type{uapi.FSWrite}}},
		{50, query.Conditions{Since: time.Date(2026, 3, 2, 9, 0, 7, 0, time.UTC), Until: time.Date(2026, 3, 2, 9, 10, 0, 0, time.UTC)}},
		{100, query.Conditions{Since: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 2, 9, 0, 20, 0, time.UTC)}},
	} {
		l, err := q.Timeline(c.c, c.buckets)
		if err != nil {
			t.Fatal(err)
		}
		most := c.buckets
		if most == 0 {
			most = query.DefaultBuckets
		}
		if len(l.Buckets) > most || len(l.Buckets) <= most/5 || l.Start.UnixNano()%int64(l.Width) != 0 {
			t.Errorf("%d: %d buckets of %v from %v", c.buckets, len(l.Buckets), l.Width, l.Start)
		}
		want := make([]query.Bucket, len(l.Buckets))
		var lost uint64
		f, err := c.c.Compile(query.View{Mask: ^uint64(0)})
		if err != nil {
			t.Fatal(err)
		}
		err = f.Scan(set, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
			i := int(set.WallTime(ordinal, r.Ktime()).Sub(l.Start) / l.Width)
			if i < 0 || i >= len(want) {
				t.Fatalf("%d: a record is outside of all buckets", c.buckets)
			}
			want[i].Records++
			if x, ok := r.Lost(); ok {
				lost += x.Count
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if want[i].Records != l.Buckets[i].Records {
				t.Errorf("%d: bucket %d has %d records, not %d", c.buckets, i, want[i].Records, l.Buckets[i].Records)
			}
		}
		if l.Total.Lost != lost {
			t.Errorf("%d: %d lost, not %d", c.buckets, lost, l.Total.Lost)
		}
	}
	if _, err := q.Timeline(query.Conditions{}, query.MaxBuckets+1); err == nil {
		t.Error("too many buckets are made")
	}
}
