// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"slices"
	"testing"

	"vexj/uapi"
)

// TestScanByCause: what comes of an event, how a process began and where a folder
// was before is found by the index, and only there.
func TestScanByCause(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, segmented)
	if err != nil {
		t.Fatal(err)
	}
	const intent, outer, pid = 1<<59 | 77, 1<<59 | 66, 4711
	b := uapi.NewBuilder(nil)
	want := map[string][]uint64{}
	for i := range 20000 {
		h := uapi.Header{EventID: uint64(8)<<56 | uint64(i+1), Type: uapi.FSWrite, PID: uint32(i % 50), Ktime: uint64(i)}
		h.RootCause = h.EventID
		name, file := "", uapi.File{Inode: uint64(i % 1000), Mode: 0o100644}
		path, path2 := fmt.Sprintf("/srv/%d", i%1000), ""
		child := uapi.Child{}
		switch i {
		case 7000, 15000:
			name, h.Parent, h.RootCause = "caused", intent, outer
		case 8000:
			name, h.Type, child = "begun", uapi.ProcFork, uapi.Child{PID: pid, TID: pid}
		case 8001:
			h.Type, child = uapi.ProcFork, uapi.Child{PID: pid + 1, TID: pid, Thread: 1}
		case 8500:
			name, h.Type, h.PID = "begun", uapi.ProcExec, pid
		case 9000:
			name, h.Type, path, path2, file.Mode = "moved", uapi.FSRename, "/srv/old", "/srv/new", 0o040755
		case 9001:
			h.Type, path, path2 = uapi.FSRename, "/srv/file", "/srv/other"
		}
		b.Begin(h)
		b.AddFile(file)
		b.AddString(uapi.AttrPath, path)
		if path2 != "" {
			b.AddString(uapi.AttrPath2, path2)
		}
		if child.PID != 0 {
			b.AddChild(child)
		}
		rec, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
		if name != "" {
			want[name] = append(want[name], uint64(i+1))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir)
	for _, tc := range []struct {
		name string
		key  Key
		less int
	}{
		{"caused", ParentKey(intent), 5000},
		{"caused", RootKey(outer), 5000},
		{"begun", BegunKey(pid), 5000},
		{"moved", MovedKey([]byte("/srv/old")), 2500},
		{"moved", MovedKey([]byte("/srv/new")), 2500},
		{"", ParentKey(uint64(8)<<56 | 1), 1},
		{"", RootKey(uint64(8)<<56 | 1), 1},
		{"", BegunKey(pid + 1), 1},
		{"", MovedKey([]byte("/srv/file")), 1},
	} {
		visited := map[uint64]bool{}
		err := r.Scan(ScanOptions{Keys: [][]Key{{tc.key}}}, func(ordinal uint64, _ uapi.Record) error {
			visited[ordinal] = true
			return nil
		})
		if err != nil || len(visited) >= tc.less {
			t.Errorf("%s: visited %d records, %v", tc.name, len(visited), err)
		}
		if missing := slices.DeleteFunc(slices.Clone(want[tc.name]), func(o uint64) bool { return visited[o] }); len(missing) > 0 {
			t.Errorf("%s: did not visit %d", tc.name, missing)
		}
	}
}
