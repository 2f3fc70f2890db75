// SPDX-License-Identifier: Apache-2.0

package tale

import (
	"errors"

	"vexj/uapi"
	"vexj/userjournal"
)

// What the records of the tale may be asked by.
const (
	AnnMask, BobMask       = 1, 2
	AnnSession, BobSession = 1<<63 | 1, 1<<63 | 2
	// Base and a number from 1 up make an event id.
	Base = uint64(uapi.ProducerTest)<<56 | 0x1000
	// The intents, a write of ann's to /w/b, and a rename of bob's.
	AnnIntent, BobIntent, AnnWrite, BobRename = Base + 1, Base + 2, Base + 13, Base + 10
	// Records is how many there are, and those that ann sees.
	Records, AnnRecords = 18, 10
)

type event struct {
	t           uapi.Type
	agent       string
	pid         uint32
	inode       uint64
	path, path2 string
	result      int64
	parent      uint64
	mode        uint32
	child       uint32
	via         uapi.Via
}

var events = []event{
	{t: uapi.SemIntent, agent: "ann", pid: 10},
	{t: uapi.SemIntent, agent: "bob", pid: 20},
	{t: uapi.ProcFork, agent: "ann", pid: 10, child: 11},
	{t: uapi.ProcExec, agent: "ann", pid: 11, path: "/bin/sh"},
	{t: uapi.FSMkdir, agent: "ann", pid: 11, inode: 100, path: "/w/src", mode: 0o040755},
	{t: uapi.FSCreate, agent: "ann", pid: 11, inode: 101, path: "/w/src/a"},
	{t: uapi.FSWrite, agent: "ann", pid: 11, inode: 101, path: "/w/src/a", result: 10},
	{t: uapi.FSCreate, agent: "bob", pid: 21, inode: 102, path: "/w/src/.a.tmp"},
	{t: uapi.FSWrite, agent: "bob", pid: 21, inode: 102, path: "/w/src/.a.tmp", result: 5},
	{t: uapi.FSRename, agent: "bob", pid: 21, inode: 102, path: "/w/src/.a.tmp", path2: "/w/src/a"},
	{t: uapi.FSDelete, agent: "bob", pid: 21, inode: 101, path: "/w/src/a", parent: BobRename, via: uapi.ViaRename},
	{t: uapi.FSHardlink, agent: "bob", pid: 21, inode: 102, path: "/w/src/a", path2: "/w/b"},
	{t: uapi.FSWrite, agent: "ann", pid: 12, inode: 102, path: "/w/b", result: 7, parent: BobRename},
	{t: uapi.FSRename, agent: "ann", pid: 12, inode: 100, path: "/w/src", path2: "/w/lib", mode: 0o040755},
	{t: uapi.FSCreate, agent: "bob", pid: 21, inode: 103, path: "/w/notes.md"},
	{t: uapi.FSWrite, agent: "bob", pid: 21, inode: 103, path: "/w/notes.md", result: 99},
	{t: uapi.FSWrite, agent: "ann", pid: 11, inode: 104, path: "/w/other", result: 3},
	{t: uapi.AgentDecision, agent: "ann", pid: 11},
}

// Mask is that of the agent's records.
func mask(agent string) uint64 {
	if agent == "ann" {
		return AnnMask
	}
	return BobMask
}

func root(agent string) uint64 {
	if agent == "ann" {
		return AnnIntent
	}
	return BobIntent
}

// Write makes a journal of those events that have a bit of seen in their mask.
func Write(dir string, seen uint64) (err error) {
	w, err := userjournal.Create(dir, userjournal.Options{Clock: &userjournal.Clock{Boot: [16]byte{1}, WallOffset: 1_790_000_000_000_000_000}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	b := uapi.NewBuilder(nil)
	for i, e := range events {
		if mask(e.agent)&seen == 0 {
			continue
		}
		rec, err := e.build(b, uint64(i)+1)
		if err != nil {
			return err
		}
		if _, err := w.Append(rec); err != nil {
			return err
		}
	}
	return nil
}

func (e *event) build(b *uapi.Builder, n uint64) (uapi.Record, error) {
	h := uapi.Header{EventID: Base + n, Type: e.t, PID: e.pid, Ktime: n * 1_000_000, GlobalSequence: n, Priority: uapi.PriorityNormal,
		Parent: e.parent, RootCause: root(e.agent), VisibilityMask: mask(e.agent), Subtype: uapi.MakeSubtype(e.via, 0)}
	if h.Parent == 0 && h.EventID != h.RootCause {
		h.Parent = h.RootCause
	}
	b.Begin(h)
	task := uapi.Task{TID: e.pid, PPID: e.pid - 1, UID: 1000, StartTime: uint64(e.pid)}
	copy(task.Comm[:], "sh-"+e.agent)
	b.AddTask(task)
	if e.inode != 0 {
		f := uapi.File{DevMajor: 8, DevMinor: 1, Inode: e.inode, Mode: e.mode, Nlink: 1}
		if f.Mode == 0 {
			f.Mode = 0o100644
		}
		b.AddFile(f)
		b.AddIO(uapi.IO{Offset: uapi.NoOffset, Result: e.result})
	}
	if e.path != "" {
		b.AddString(uapi.AttrPath, e.path)
	}
	if e.path2 != "" {
		b.AddString(uapi.AttrPath2, e.path2)
	}
	if e.child != 0 {
		b.AddChild(uapi.Child{PID: e.child, TID: e.child})
	}
	b.AddString(uapi.AttrAgentID, e.agent)
	session := uint64(AnnSession)
	if e.agent == "bob" {
		session = BobSession
	}
	b.AddU64(uapi.AttrSession, session)
	if e.t == uapi.SemIntent {
		b.AddString(uapi.AttrAgentIntent, "intent of "+e.agent)
		b.Metadata([]byte(`{"session":"` + e.agent + `'s session","touch":["src/**"],"cwd":"/w"}`))
	}
	return b.Finish()
}
