// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"vexj/uapi"
)

func TestMain(m *testing.M) {
	Hook()
	os.Exit(m.Run())
}

// The operations of every row go as the row says on this machine.
func TestOperations(t *testing.T) {
	for _, r := range Run(Discard{}, t.TempDir(), "") {
		if r.Status == Broken {
			t.Errorf("%s: %v", r.Scenario.Name, r.Err)
		}
		if r.Lacks() {
			t.Logf("%s: %v", r.Scenario.Name, r.Err)
		}
	}
}

func TestTable(t *testing.T) {
	names := map[string]bool{}
	kinds := map[string]bool{}
	for _, s := range Table() {
		if s.Name == "" || names[s.Name] {
			t.Errorf("a row's name is missing or another's: %q", s.Name)
		}
		names[s.Name] = true
		if len(s.Kinds) == 0 || s.Do == nil || s.Want == nil {
			t.Errorf("%s: it lacks kinds, Do or Want", s.Name)
		}
		for _, k := range s.Kinds {
			kinds[k] = true
		}
	}
	if len(names) < 45 || len(kinds) < 40 {
		t.Errorf("%d rows of %d kinds of operation are too few", len(names), len(kinds))
	}
	t.Logf("%d rows of %d kinds of operation", len(names), len(kinds))
}

// Every type that an operation on files can cause has a row.
func TestTableCoversTypes(t *testing.T) {
	stated := map[uapi.Type]bool{}
	for _, s := range Table() {
		e := paper()
		for _, w := range s.Want(e) {
			stated[w.Type] = true
		}
	}
	for _, typ := range uapi.Types() {
		switch typ.Category() {
		case uapi.CategoryFilesystem, uapi.CategoryProcess:
			if !stated[typ] {
				t.Errorf("no row states a %s record", typ)
			}
		}
	}
}

// fixed is a Capture with made-up records.
type fixed struct {
	records func(pid uint32, base string) []uapi.Record
	holes   []string
	pid     uint32
	base    string
}

func (f *fixed) Start(root uint32, dir string) error { f.pid, f.base = root, dir; return nil }
func (f *fixed) Stop() ([]uapi.Record, error)        { return f.records(f.pid, f.base), nil }
func (f *fixed) Holes() []string                     { return f.holes }

func TestRunJudges(t *testing.T) {
	const row = "fallocate"
	mkdir := func(path string, id uint64, pid uint32) uapi.Record {
		d := draft{typ: uapi.FSMkdir, path: path, id: id, pid: pid, ktime: boottime(), task: uapi.Task{StartTime: 1},
			io: &uapi.IO{}, file: &uapi.File{Inode: 1, Mode: directory}}
		return d.record(t)
	}
	markers := func(pid uint32, base string) []uapi.Record {
		return []uapi.Record{mkdir(base+"/end", 9, pid), mkdir(base+"/begin", 1, pid)}
	}
	for name, tt := range map[string]struct {
		capture fixed
		status  Status
		err     error
	}{
		"nothing recorded": {fixed{records: func(uint32, string) []uapi.Record { return nil }}, Fail, ErrNoMarker},
		"markers alone":    {fixed{records: markers}, Fail, ErrMismatch},
		"a declared row":   {fixed{records: markers, holes: []string{row}}, Hole, ErrMismatch},
		"a declared kind":  {fixed{records: markers, holes: []string{"fallocate"}}, Hole, ErrMismatch},
		"another hole":     {fixed{records: markers, holes: []string{"mmap", "field:result"}}, Fail, ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range Run(&tt.capture, t.TempDir(), row) {
				if r.Scenario.Name != row {
					continue
				}
				if r.Status != tt.status || !errors.Is(r.Err, tt.err) {
					t.Errorf("%s, %v", r.Status, r.Err)
				}
			}
		})
	}
}

func TestRelevant(t *testing.T) {
	e := paper()
	rec := func(id uint64, pid uint32, typ uapi.Type, path string) *draft {
		return &draft{typ: typ, id: id, pid: pid, ktime: id, path: path}
	}
	kernel := rec(9, 100, uapi.FSWrite, "/base/w/upper/a")
	kernel.via = uapi.ViaKernel
	fork := rec(4, 100, uapi.ProcFork, "")
	fork.child = &uapi.Child{PID: 200}
	moved := rec(7, 100, uapi.FSRename, "/elsewhere/a")
	moved.path2 = "/base/w/a"
	ds := []*draft{
		rec(11, 100, uapi.FSMkdir, "/base/w/after"),
		rec(1, 100, uapi.FSMkdir, "/base/w/before"),
		rec(2, 100, uapi.FSMkdir, "/base/begin"),
		rec(3, 100, uapi.FSMkdir, "/base/w/own"),
		fork,
		rec(5, 200, uapi.FSMkdir, "/base/w/descendant"),
		rec(6, 300, uapi.FSMkdir, "/base/w/stranger"),
		moved,
		rec(8, 100, uapi.FSMkdir, "/basement"),
		kernel,
		rec(10, 100, uapi.FSMkdir, "/base/end"),
	}
	got, err := e.relevant(&Scenario{}, records(t, ds))
	if err != nil {
		t.Fatal(err)
	}
	var ids []uint64
	for _, r := range got {
		ids = append(ids, r.EventID())
	}
	if !slices.Equal(ids, []uint64{3, 5, 7}) {
		t.Errorf("records %v count", ids)
	}
}

func TestNormalise(t *testing.T) {
	make := func(base string, pid uint32, id, inode uint64, fd int64) []string {
		e := paper()
		e.Base, e.Dir = base, base+"/w"
		e.Note("pid", int64(pid))
		ds := drafts(t, resolved(e, Rec(uapi.FSOpen, "a").FD(fd).Object("a"), Rec(uapi.FSClose, "a").Object("a")))
		for i, d := range ds {
			d.id, d.ktime = id+uint64(i), id
			d.file.Inode = inode
			d.task.TID = pid
		}
		ds[1].parent = id
		return Normalise(records(t, ds), base)
	}
	one, other := make("/one", 10, 100, 5000, 3), make("/the/other", 77, 9000, 6, 3)
	if !slices.Equal(one, other) {
		t.Errorf("differ:\n%s\n\n%s", strings.Join(one, "\n"), strings.Join(other, "\n"))
	}
	if !strings.HasSuffix(one[1], "caused-by=-1") || strings.Contains(one[0], "5000") {
		t.Errorf("%s", strings.Join(one, "\n"))
	}
	if slices.Equal(one, make("/one", 10, 100, 5000, 4)) {
		t.Error("another descriptor makes no difference")
	}
}
