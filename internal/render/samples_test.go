// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

const (
	base = int64(1772366400_000_000_000) // 2026-03-01T12:00:00Z
	boot = uint64(5_000_000_000)
)

type sample struct {
	name  string
	typ   uapi.Type
	sub   uapi.Subtype
	flags uapi.Flags
	comm  string
	add   func(b *uapi.Builder)
}

var (
	regular = uapi.File{DevMajor: 8, DevMinor: 1, Inode: 42, Generation: 7, Mode: 0o100644, Size: 4608, Nlink: 1}
	folder  = uapi.File{DevMajor: 8, DevMinor: 1, Inode: 43, Mode: 0o40755, Size: 4096, Nlink: 2}
	ok      = uapi.IO{Offset: uapi.NoOffset}
)

func failed(e unix.Errno) uapi.IO { return uapi.IO{Offset: uapi.NoOffset, Result: -int64(e)} }

func at(path string) func(b *uapi.Builder) { return op(path, regular, ok) }

func op(path string, f uapi.File, io uapi.IO, more ...func(b *uapi.Builder)) func(b *uapi.Builder) {
	return func(b *uapi.Builder) {
		b.AddFile(f)
		b.AddIO(io)
		b.AddString(uapi.AttrPath, path)
		for _, m := range more {
			m(b)
		}
	}
}

func to(path2 string) func(b *uapi.Builder) {
	return func(b *uapi.Builder) { b.AddString(uapi.AttrPath2, path2) }
}

func via(v uapi.Via, kind uint16) uapi.Subtype { return uapi.MakeSubtype(v, kind) }

var samples = []sample{
	{"create", uapi.FSCreate, via(uapi.ViaOpen, 0), 0, "", at("/a/new")},
	{"delete", uapi.FSDelete, 0, uapi.FlagUnlinked, "", at("/a/old")},
	{"read at", uapi.FSRead, 0, 0, "", op("/a/f", regular, uapi.IO{Offset: 4096, Length: 512, Result: 512, Duration: 1500})},
	{"write", uapi.FSWrite, via(uapi.ViaSplice, 0), 0, "", op("/a/f", regular, uapi.IO{Offset: uapi.NoOffset, Length: 512, Result: 100})},
	{"write fails", uapi.FSWrite, 0, uapi.FlagFailed, "", op("/a/f", regular, uapi.IO{Length: 1, Result: -int64(unix.ENOSPC)})},
	{"rename", uapi.FSRename, via(0, unix.RENAME_EXCHANGE), 0, "", op("/a/x", regular, ok, to("/b/y z"), func(b *uapi.Builder) {
		b.AddParents(uapi.Parents{Inode: 2, Inode2: 3})
		b.AddFile2(folder)
	})},
	{"chmod", uapi.FSChmod, 0, 0, "", at("/a/f")},
	{"chown", uapi.FSChown, 0, 0, "", op("/a/f", regular, ok, func(b *uapi.Builder) { b.AddOwner(uapi.Owner{UID: 1000, GID: unchanged}) })},
	{"truncate", uapi.FSTruncate, 0, 0, "", op("/a/f", regular, uapi.IO{Offset: -1, Length: 10})},
	{"mkdir", uapi.FSMkdir, 0, 0, "", op("/a/d", folder, ok)},
	{"rmdir fails", uapi.FSRmdir, 0, uapi.FlagFailed, "", op("/a/d", folder, failed(unix.ENOTEMPTY))},
	{"symlink", uapi.FSSymlink, 0, 0, "", op("/a/l", regular, ok, to("../\x1b[31mred"))},
	{"hardlink", uapi.FSHardlink, 0, 0, "", op("/a/f", regular, ok, to("/a/g"))},
	{"open", uapi.FSOpen, 0, 0, "", op("/a/f", regular, uapi.IO{Offset: -1, Result: 3}, func(b *uapi.Builder) {
		b.AddOpen(uapi.Open{Flags: unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC | unix.O_CLOEXEC | largefile, Mode: 0o100600, FD: 3})
	})},
	{"open tmpfile", uapi.FSOpen, 0, 0, "", op("/a", folder, uapi.IO{Offset: -1, Result: 4}, func(b *uapi.Builder) {
		b.AddOpen(uapi.Open{Flags: unix.O_WRONLY | unix.O_TMPFILE | 1<<30, Mode: 0o600, FD: 4})
	})},
	{"open fails", uapi.FSOpen, 0, uapi.FlagFailed | uapi.FlagObjectUnknown | uapi.FlagPathUnresolved, "", func(b *uapi.Builder) {
		b.AddIO(failed(unix.ENOENT))
		b.AddString(uapi.AttrPath, "none")
		b.AddOpen(uapi.Open{FD: -1})
	}},
	{"close", uapi.FSClose, 0, 0, "", at("/a/f")},
	{"mknod", uapi.FSMknod, 0, 0, "", op("/dev/null", uapi.File{Mode: 0o20666}, ok, func(b *uapi.Builder) { b.AddRdev(uapi.Rdev{Major: 1, Minor: 3}) })},
	{"setxattr", uapi.FSSetxattr, 0, 0, "", op("/a/f", regular, uapi.IO{Offset: -1, Length: 5}, func(b *uapi.Builder) { b.AddString(uapi.AttrName, "user.k") })},
	{"utimes", uapi.FSUtimes, 0, 0, "", op("/a/f", regular, ok, func(b *uapi.Builder) { b.AddTimes(uapi.Times{Atime: base, Mtime: base + 1}) })},
	{"fallocate", uapi.FSFallocate, via(0, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE), 0, "", op("/a/f", regular, uapi.IO{Offset: 0, Length: 4096})},
	{"mmap", uapi.FSMmapWrite, via(uapi.ViaMmap, uapi.MmapMapped), 0, "", op("/a/f", regular, uapi.IO{Offset: 0, Length: 8192})},
	{"lock", uapi.FSLock, via(0, uapi.LockFlock), 0, "", op("/a/f", regular, uapi.IO{Offset: 0, Length: 0}, func(b *uapi.Builder) { b.AddLock(uapi.Lock{Command: 2, Blocking: 1}) })},
	{"fsync", uapi.FSFsync, via(0, uapi.FsyncData), 0, "", at("/a/f")},
	{"no path", uapi.FSWrite, 0, 0, "", func(b *uapi.Builder) { b.AddFile(regular); b.AddIO(uapi.IO{Offset: 1, Length: 1, Result: 1}) }},
	{"cut path", uapi.FSStat, 0, uapi.FlagPathTruncated | uapi.FlagOverlayLower, "", at(".../deep")},
	{"hostile names", uapi.FSDelete, 0, 0, "\x1b]0;x\x07]", at("/a\n2026-03-01 12:00:00.000 git[1] delete \xff/\u202ecod.exe")},
	{"fork", uapi.ProcFork, 0, 0, "", func(b *uapi.Builder) { b.AddChild(uapi.Child{PID: 101, TID: 101}) }},
	{"thread", uapi.ProcFork, 0, 0, "", func(b *uapi.Builder) { b.AddChild(uapi.Child{PID: 100, TID: 102, Thread: 1}) }},
	{"exec", uapi.ProcExec, 0, 0, "", op("/bin/ls", regular, ok, func(b *uapi.Builder) { b.AddString(uapi.AttrArgv, "ls\x00-l\x00a b\x00\x00\xfe\x00") })},
	{"exec declares", uapi.ProcExec, 0, 0, "", op("/bin/ls", regular, ok, func(b *uapi.Builder) {
		b.AddString(uapi.AttrArgv, "ls")
		b.AddString(uapi.AttrDeclared, "CLAUDECODE=1\x00AI_AGENT=builder 7")
	})},
	{"exit", uapi.ProcExit, 0, 0, "", func(b *uapi.Builder) { b.AddIO(uapi.IO{Offset: -1, Result: 3 << 8}) }},
	{"killed", uapi.ProcExit, 0, 0, "", func(b *uapi.Builder) { b.AddIO(uapi.IO{Offset: -1, Result: 11 | 128}) }},
	{"mount", uapi.SysMount, 0, 0, "", op("/mnt", folder, ok, to("/dev/vdb"))},
	{"lost", uapi.SysLost, 0, 0, "", func(b *uapi.Builder) {
		b.AddLost(uapi.Lost{Count: 1234, First: 5, Last: 1300, Cause: uapi.LostFull, CPU: 1})
	}},
	{"lost unknown", uapi.SysLost, 0, 0, "", func(b *uapi.Builder) { b.AddLost(uapi.Lost{Cause: uapi.LostUnclean, CPU: uapi.SeveralCPUs}) }},
	{"start", uapi.SysProducerStart, 0, 0, "", func(b *uapi.Builder) {
		b.AddProducer(uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: 1 << 56})
		b.AddString(uapi.AttrCoverage, "kernel-internal writers\nio_uring\n")
		b.AddClock(uapi.Clock{Boottime: boot, Realtime: uint64(base), BootID: [16]byte{0: 0xab, 15: 1}})
	}},
	{"stop", uapi.SysProducerStop, 0, 0, "", func(b *uapi.Builder) {
		b.AddProducer(uapi.ProducerAttr{Producer: uapi.ProducerTest, Attempted: 10, Recorded: 8, Lost: 2, Filtered: 99})
	}},
	{"removed", uapi.SysRemoved, 0, 0, "", func(b *uapi.Builder) {
		b.AddRemoved(uapi.Removed{First: 1, Last: 1000, Records: 1000, Bytes: 1 << 20, Reason: uapi.RemovedAge | uapi.RemovedForced, Owed: 1})
		b.AddString(uapi.AttrConsumers, "backup 500\n")
	}},
	{"intent", uapi.SemIntent, 0, 0, "", func(b *uapi.Builder) {
		b.AddString(uapi.AttrAgentID, "agent 7")
		b.AddString(uapi.AttrAgentIntent, "fix\nit")
		b.AddU64(uapi.AttrTransaction, 1<<63)
		b.AddU32(uapi.AttrSystemLoad, 5)
		b.Payload([]byte("opaque"))
		b.Metadata([]byte{1})
		l := uapi.Link{Cause: 1, Effect: 2, Type: 3, Strength: 4, Delay: 5}
		copy(l.Description[:], "because")
		b.AddLink(l)
	}},
	{"unknown type and tag", uapi.Type(0x09ff), 0, 1 << 31, "", func(b *uapi.Builder) { b.AddBytes(999, []byte{1, 2, 3}) }},
}

func (s sample) entry(t testing.TB, i int) Entry {
	t.Helper()
	seq := uint64(i + 1)
	b := uapi.NewBuilder(nil)
	h := uapi.Header{
		EventID: uapi.IDBase(uapi.ProducerTest, base) + seq, Type: s.typ, Subtype: s.sub, Flags: s.flags,
		Ktime: boot + seq, Sequence: seq, CPU: 1, PID: 100, GlobalSequence: seq, Priority: uapi.PriorityNormal,
		VisibilityMask: ^uint64(0),
	}
	h.RootCause = h.EventID
	if s.typ.Category() == uapi.CategorySystem && s.typ != uapi.SysMount {
		h.PID = 0
	}
	b.Begin(h)
	if h.PID != 0 {
		task := uapi.Task{TID: 100, PPID: 1, UID: 1000, GID: 1000, StartTime: 1, CgroupID: 9, MntNS: 4026531841, PidNS: 4026531836}
		copy(task.Comm[:], "worker")
		if s.comm != "" {
			task.Comm = [16]byte{}
			copy(task.Comm[:], s.comm)
		}
		b.AddTask(task)
	}
	s.add(b)
	r, err := b.Finish()
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return Entry{Ordinal: seq, Wall: base + int64(i)*1_000_001, Rec: r}
}
