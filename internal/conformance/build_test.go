// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// draft is a record to be, with the parts that the comparer looks at.
type draft struct {
	typ         uapi.Type
	via         uapi.Via
	kind        uint16
	flags       uapi.Flags
	pid         uint32
	id          uint64
	parent      uint64
	root        uint64
	ktime       uint64
	path, path2 string
	name        string
	value       string
	task        uapi.Task
	io          *uapi.IO
	file, file2 *uapi.File
	open        *uapi.Open
	dirs        *uapi.Parents
	owner       *uapi.Owner
	times       *uapi.Times
	rdev        *uapi.Rdev
	lock        *uapi.Lock
	child       *uapi.Child
	argv        string
}

func (d *draft) record(t *testing.T) uapi.Record {
	t.Helper()
	b := uapi.NewBuilder(nil)
	root := d.root
	if root == 0 {
		root = d.id
	}
	b.Begin(uapi.Header{EventID: d.id, Type: d.typ, Subtype: uapi.MakeSubtype(d.via, d.kind), Flags: d.flags,
		PID: d.pid, Ktime: d.ktime, Sequence: 1, GlobalSequence: d.id, Parent: d.parent, RootCause: root, VisibilityMask: ^uint64(0)})
	b.AddTask(d.task)
	if d.io != nil {
		b.AddIO(*d.io)
	}
	if d.file != nil {
		b.AddFile(*d.file)
	}
	if d.file2 != nil {
		b.AddFile2(*d.file2)
	}
	if d.open != nil {
		b.AddOpen(*d.open)
	}
	if d.dirs != nil {
		b.AddParents(*d.dirs)
	}
	if d.owner != nil {
		b.AddOwner(*d.owner)
	}
	if d.times != nil {
		b.AddTimes(*d.times)
	}
	if d.rdev != nil {
		b.AddRdev(*d.rdev)
	}
	if d.lock != nil {
		b.AddLock(*d.lock)
	}
	if d.child != nil {
		b.AddChild(*d.child)
	}
	for tag, s := range map[uapi.Tag]string{uapi.AttrPath: d.path, uapi.AttrPath2: d.path2, uapi.AttrName: d.name, uapi.AttrValue: d.value, uapi.AttrArgv: d.argv} {
		if s != "" {
			b.AddString(tag, s)
		}
	}
	r, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drafts makes the records that wants, resolved, ask for.
func drafts(t *testing.T, wants []Want) []*draft {
	t.Helper()
	var out []*draft
	labels := map[string]uint64{}
	object := func(label string, inode int64) *uapi.File {
		if label == "" {
			label = fmt.Sprint("nameless", len(out))
		}
		if _, ok := labels[label]; !ok {
			labels[label] = 1000 + uint64(len(labels))
			if inode != 0 {
				labels[label] = uint64(inode)
			}
		}
		return &uapi.File{DevMajor: 8, Inode: labels[label], Mode: unix.S_IFREG | 0o644, Nlink: 1}
	}
	for i, w := range wants {
		d := &draft{typ: w.Type, id: uint64(i + 1), ktime: uint64(i + 1), path: w.Path, path2: w.Path2, flags: w.flags,
			io: &uapi.IO{Offset: uapi.NoOffset}, open: &uapi.Open{FD: -1}, task: uapi.Task{StartTime: 1}}
		switch {
		case w.flags.Has(uapi.FlagPathTruncated):
			d.path = "..." + w.Path[len(w.Path)-1000:][strings.IndexByte(w.Path[len(w.Path)-1000:], '/'):]
		case w.glob:
			d.path = strings.ReplaceAll(w.Path, "*", "42")
		}
		if w.Type.Category() == uapi.CategoryFilesystem {
			d.file = object(w.obj, w.inode)
		}
		if w.obj2 != "" {
			d.file2 = object(w.obj2, 0)
		}
		if w.causedBy > 0 {
			d.parent = uint64(i + 1 - w.causedBy)
			d.root = d.parent
		}
		for _, f := range w.fields {
			d.fill(t, f)
		}
		out = append(out, d)
	}
	return out
}

// fill gives d the value that f demands.
func (d *draft) fill(t *testing.T, f expect) {
	t.Helper()
	n, _ := strconv.ParseInt(f.value, 0, 64)
	scan := func(format string, into ...any) {
		if _, err := fmt.Sscanf(f.value, format, into...); err != nil {
			t.Fatalf("%s %q: %v", f.field, f.value, err)
		}
	}
	if f.value == "*" || f.value == ">=0" {
		return
	}
	switch f.field {
	case "via":
		for d.via.String() != f.value {
			d.via++
		}
	case "flags":
	case "kind":
		d.kind = uint16(n)
	case "name":
		d.name, _ = strconv.Unquote(f.value)
	case "value":
		d.value, _ = strconv.Unquote(f.value)
	case "argv":
		d.argv, _ = strconv.Unquote(f.value)
	case "pid":
		d.pid = uint32(n)
	case "result":
		d.io.Result = n
	case "offset":
		d.io.Offset = n
	case "length":
		d.io.Length = uint64(n)
	case "file.size":
		d.file.Size = uint64(n)
	case "file.nlink":
		d.file.Nlink = uint32(n)
	case "file.mode":
		d.file.Mode = uint32(n)
	case "task.tid":
		d.task.TID = uint32(n)
	case "task.ppid":
		d.task.PPID = uint32(n)
	case "task.uid":
		d.task.UID = uint32(n)
	case "task.gid":
		d.task.GID = uint32(n)
	case "task.mnt_ns":
		d.task.MntNS = uint32(n)
	case "task.pid_ns":
		d.task.PidNS = uint32(n)
	case "task.cgroup":
		d.task.CgroupID = uint64(n)
	case "open.fd":
		d.open.FD = int32(n)
	case "open.flags":
		d.open.Flags = uint32(n) | largefile()
	case "owner":
		var uid, gid int32
		scan("%d:%d", &uid, &gid)
		d.owner = &uapi.Owner{UID: uint32(uid), GID: uint32(gid)}
	case "times":
		d.times = new(uapi.Times)
		scan("%d %d", &d.times.Atime, &d.times.Mtime)
	case "rdev":
		d.rdev = new(uapi.Rdev)
		scan("%d:%d", &d.rdev.Major, &d.rdev.Minor)
	case "dirs":
		d.dirs = new(uapi.Parents)
		scan("%d %d", &d.dirs.Inode, &d.dirs.Inode2)
	case "lock":
		var blocking bool
		d.lock = new(uapi.Lock)
		scan("%d blocking=%t", &d.lock.Command, &blocking)
		if blocking {
			d.lock.Blocking = 1
		}
	case "child":
		d.child = &uapi.Child{PID: uint32(n), TID: uint32(n)}
	default:
		t.Fatalf("no draft has a field %q", f.field)
	}
}
