// SPDX-License-Identifier: Apache-2.0

package query

import (
	"slices"
	"testing"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// memory is a journal of records alone: ordinals count from 1, and there are no
// blocks that could be skipped.
type memory []uapi.Record

// wallOffset is the time of the boot of which the records tell.
const wallOffset = 1_790_000_000_000_000_000

func (m memory) Scan(opt userjournal.ScanOptions, fn func(uint64, uapi.Record) error) error {
	for i, r := range m {
		if err := fn(uint64(i)+1, r); err != nil {
			return err
		}
	}
	return nil
}

func (m memory) WallTime(_, ktime uint64) time.Time { return time.Unix(0, wallOffset+int64(ktime)) }

var _ Journal = (*userjournal.Reader)(nil)

// operation is what a test says of a record; the rest does not matter to it.
type operation struct {
	t           uapi.Type
	flags       uapi.Flags
	pid, uid    uint32
	comm        string
	path, path2 string
	ktime       uint64
	result      int64
	lost        uint64

	inode, inode2, session uint64
	agent                  string

	mask   uint64 // 0: all
	noMask bool

	transaction, chain, parent, root, id uint64
	tags, intent                         string
	priority                             uapi.Priority
	relevance                            uint32
	ppid                                 uint32
	child                                uint32
	start                                uint64 // of the process; 0: pid * 10
	dir                                  bool
	subtype                              uapi.Subtype
	meta                                 string
}

func (o operation) record(tb testing.TB, b *uapi.Builder) uapi.Record {
	tb.Helper()
	mask := o.mask
	if mask == 0 {
		mask = ^uint64(0)
	}
	if o.noMask {
		mask = 0
	}
	if o.priority == 0 {
		o.priority = uapi.PriorityNormal
	}
	if o.id == 0 {
		o.id = uapi.IDBase(uapi.ProducerTest, wallOffset) + o.ktime
	}
	b.Begin(uapi.Header{
		EventID: o.id, Type: o.t, Subtype: o.subtype, Flags: o.flags, PID: o.pid, Ktime: o.ktime,
		Priority: o.priority, VisibilityMask: mask, Relevance: o.relevance, Parent: o.parent, RootCause: o.root,
	})
	if o.start == 0 {
		o.start = uint64(o.pid) * 10
	}
	if o.comm != "" {
		task := uapi.Task{TID: o.pid, PPID: o.ppid, UID: o.uid, StartTime: o.start}
		copy(task.Comm[:], o.comm)
		b.AddTask(task)
		b.AddIO(uapi.IO{Offset: uapi.NoOffset, Length: 4096, Result: o.result, Duration: 7})
	}
	if o.path != "" {
		b.AddString(uapi.AttrPath, o.path)
	}
	if o.path2 != "" {
		b.AddString(uapi.AttrPath2, o.path2)
	}
	if o.inode > 0 {
		f := uapi.File{Inode: o.inode, Mode: 0o100644, Nlink: 1}
		if o.dir {
			f.Mode = 0o040755
		}
		b.AddFile(f)
	}
	if o.inode2 > 0 {
		b.AddFile2(uapi.File{Inode: o.inode2})
	}
	if o.agent != "" {
		b.AddString(uapi.AttrAgentID, o.agent)
	}
	if o.session > 0 {
		b.AddU64(uapi.AttrSession, o.session)
	}
	if o.transaction > 0 {
		b.AddU64(uapi.AttrTransaction, o.transaction)
	}
	if o.chain > 0 {
		b.AddU64(uapi.AttrChain, o.chain)
	}
	if o.tags != "" {
		b.AddString(uapi.AttrTags, o.tags)
	}
	if o.intent != "" {
		b.AddString(uapi.AttrAgentIntent, o.intent)
	}
	if o.child > 0 {
		b.AddChild(uapi.Child{PID: o.child, TID: o.child})
	}
	if o.lost > 0 {
		b.AddLost(uapi.Lost{Count: o.lost, First: 1, Last: o.lost})
	}
	if o.meta != "" {
		b.Metadata([]byte(o.meta))
	}
	r, err := b.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Clone(r)
}

func records(tb testing.TB, ops []operation) memory {
	tb.Helper()
	b := uapi.NewBuilder(nil)
	var m memory
	for _, o := range ops {
		m = append(m, o.record(tb, b))
	}
	return m
}
