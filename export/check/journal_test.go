// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/export"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

const (
	base = uint64(uapi.ProducerTest)<<56 | 1<<40
	// wall is 2026-03-01T12:00:00.000000000Z; the n-th record is n µs and 7 ns later.
	wall = int64(1_772_366_400_000_000_000)
	many = 3000
)

// write makes a journal of all kinds of records, most of which are writes.
func write(t *testing.T) *userjournal.Set {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "j")
	w, err := userjournal.Create(dir, userjournal.Options{Clock: &userjournal.Clock{WallOffset: wall}})
	if err != nil {
		t.Fatal(err)
	}
	b := uapi.NewBuilder(nil)
	for n := uint64(1); n <= many; n++ {
		rec, err := record(b, n)
		if err == nil {
			_, err = w.Append(rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := userjournal.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set
}

func record(b *uapi.Builder, n uint64) (uapi.Record, error) {
	h := uapi.Header{
		EventID: base + n, Type: uapi.FSWrite, Ktime: n*1000 + 7, Sequence: n, GlobalSequence: n, CPU: uint32(n % 4), PID: 100,
		Priority: uapi.PriorityNormal, RootCause: base + n, VisibilityMask: ^uint64(0),
	}
	path, io := fmt.Sprintf("/srv/file-%d", n%50), uapi.IO{Offset: int64(n), Length: 10, Result: 10, Duration: n}
	switch n {
	case 2:
		h.Type, path, io = uapi.FSRename, "/srv/\xff\xfe", uapi.IO{Offset: uapi.NoOffset}
	case 3:
		h.Type, h.Flags, io = uapi.FSOpen, uapi.FlagFailed|uapi.FlagObjectUnknown, uapi.IO{Offset: uapi.NoOffset, Result: -int64(unix.EACCES)}
	case 4:
		h.Type, path = uapi.ProcExec, "/usr/bin/git"
	case 5:
		h.Type, h.VisibilityMask, h.Parent, h.RootCause = uapi.SysLost, 1<<63, base+1, base+1
		b.Begin(h)
		b.AddLost(uapi.Lost{Count: 1 << 63, First: 5, Last: 5, Cause: uapi.LostFull, CPU: uapi.SeveralCPUs})
		return b.Finish()
	}
	b.Begin(h)
	task := uapi.Task{TID: 101, PPID: 1, UID: 1000, GID: 1000, StartTime: 5, CgroupID: 1 << 63, MntNS: 2, PidNS: 3}
	copy(task.Comm[:], "writer")
	b.AddTask(task)
	b.AddFile(uapi.File{DevMajor: 8, DevMinor: 1, Inode: 1<<63 | n, Mode: 0o100644, Size: n, Nlink: 1})
	b.AddIO(io)
	b.AddString(uapi.AttrPath, path)
	switch n {
	case 2:
		b.AddString(uapi.AttrPath2, "/srv/x\ny")
	case 4:
		b.AddString(uapi.AttrArgv, "git\x00commit\x00")
		b.AddString(uapi.AttrAgentID, "builder")
		b.AddU64(uapi.AttrSession, 1<<63|5)
		b.AddU32(uapi.AttrSystemLoad, 3)
		b.Payload([]byte("hello"))
	}
	return b.Finish()
}

// give exports all of a journal.
func give(t *testing.T, set *userjournal.Set, sink export.Sink) {
	t.Helper()
	f, err := query.Conditions{Losses: true}.Compile(query.All)
	if err != nil {
		t.Fatal(err)
	}
	x := export.Export{Set: set, Filter: f, Sink: sink}
	if r, err := x.Run(t.Context()); err != nil || r.Sent != many {
		t.Fatalf("%+v %v", r, err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
}

func identity(t *testing.T, set *userjournal.Set) [16]byte {
	t.Helper()
	info, err := set.Info()
	if err != nil {
		t.Fatal(err)
	}
	return info.Journal
}
