// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// The requests for the folder .vexj. None of them is a record: who reads the journal
// would make more of it by reading.

// Lookup finds a name.
func (f *controlled) Lookup(cancel <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	switch {
	case mine(in.NodeId):
		dir := f.control.node(in.NodeId)
		if dir == nil {
			return fuse.Status(unix.ESTALE)
		}
		ctx, end := asking(cancel)
		defer end()
		return f.control.lookup(ctx, in, dir, name, out)
	case in.NodeId == rootID && name == ControlName:
		return f.control.found(f.control.root, out)
	}
	return f.FS.Lookup(cancel, in, name, out)
}

// Forget gives back references.
func (f *controlled) Forget(id, count uint64) {
	if mine(id) {
		f.control.forget(id, count)
		return
	}
	f.FS.Forget(id, count)
}

// GetAttr looks at a file.
func (f *controlled) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	if !mine(in.NodeId) {
		return f.FS.GetAttr(cancel, in, out)
	}
	n := f.control.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	f.control.attr(n, &out.Attr)
	out.SetTimeout(time.Hour)
	return fuse.OK
}

// Statx leaves the kernel to ask GetAttr.
func (f *controlled) Statx(cancel <-chan struct{}, in *fuse.StatxIn, out *fuse.StatxOut) fuse.Status {
	if !mine(in.NodeId) {
		return f.FS.Statx(cancel, in, out)
	}
	n := f.control.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	var a fuse.Attr
	f.control.attr(n, &a)
	out.Mask = unix.STATX_BASIC_STATS
	out.Ino, out.Size, out.Nlink, out.Uid, out.Gid, out.Mode = a.Ino, a.Size, a.Nlink, a.Uid, a.Gid, uint16(a.Mode)
	out.Mtime.Sec, out.Ctime.Sec, out.Atime.Sec = a.Mtime, a.Ctime, a.Atime
	out.SetTimeout(time.Hour)
	return fuse.OK
}

// SetAttr changes nothing: a file that is written to may be said to be empty before.
func (f *controlled) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	if !mine(in.NodeId) {
		return f.FS.SetAttr(cancel, in, out)
	}
	n := f.control.node(in.NodeId)
	switch {
	case n == nil:
		return fuse.Status(unix.ESTALE)
	case n.name != Intent || in.Valid&(fuse.FATTR_MODE|fuse.FATTR_UID|fuse.FATTR_GID) != 0:
		return fuse.EPERM
	}
	f.control.attr(n, &out.Attr)
	return fuse.OK
}

// Open opens a file.
func (f *controlled) Open(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if !mine(in.NodeId) {
		return f.FS.Open(cancel, in, out)
	}
	n := f.control.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	return f.control.open(cancel, in, n, out)
}

// Read reads.
func (f *controlled) Read(cancel <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	if mine(in.NodeId) {
		return f.control.read(cancel, in, buf)
	}
	return f.FS.Read(cancel, in, buf)
}

// Writev leaves it to Write, but for files of the source.
func (f *controlled) Writev(cancel <-chan struct{}, in *fuse.WriteIn, data [][]byte) (uint32, fuse.Status) {
	if mine(in.NodeId) {
		return 0, fuse.ENOSYS
	}
	return f.FS.Writev(cancel, in, data)
}

// Write writes.
func (f *controlled) Write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	if mine(in.NodeId) {
		return f.control.write(cancel, in, data)
	}
	return f.FS.Write(cancel, in, data)
}

// Flush is called for each descriptor that is closed.
func (f *controlled) Flush(cancel <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	if mine(in.NodeId) {
		return fuse.OK
	}
	return f.FS.Flush(cancel, in)
}

// Fsync has nothing to bring to the disk.
func (f *controlled) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if mine(in.NodeId) {
		return fuse.OK
	}
	return f.FS.Fsync(cancel, in)
}

// FsyncDir neither.
func (f *controlled) FsyncDir(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if mine(in.NodeId) {
		return fuse.OK
	}
	return f.FS.FsyncDir(cancel, in)
}

// Release ends a handle.
func (f *controlled) Release(cancel <-chan struct{}, in *fuse.ReleaseIn) {
	if mine(in.NodeId) {
		f.control.release(in.Fh)
		return
	}
	f.FS.Release(cancel, in)
}

// Lseek is for files that are all data.
func (f *controlled) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	if mine(in.NodeId) {
		return fuse.EINVAL
	}
	return f.FS.Lseek(cancel, in, out)
}

// Fallocate has no room to reserve.
func (f *controlled) Fallocate(cancel <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	if mine(in.NodeId) {
		return fuse.Status(unix.EOPNOTSUPP)
	}
	return f.FS.Fallocate(cancel, in)
}

// CopyFileRange leaves it to reads and writes.
func (f *controlled) CopyFileRange(cancel <-chan struct{}, in *fuse.CopyFileRangeIn) (uint32, fuse.Status) {
	if mine(in.NodeId) || mine(in.NodeIdOut) {
		return 0, fuse.Status(unix.EXDEV)
	}
	return f.FS.CopyFileRange(cancel, in)
}

// GetLk knows of no locks there.
func (f *controlled) GetLk(cancel <-chan struct{}, in *fuse.LkIn, out *fuse.LkOut) fuse.Status {
	if mine(in.NodeId) {
		return fuse.Status(unix.EOPNOTSUPP)
	}
	return f.FS.GetLk(cancel, in, out)
}

// SetLk takes none.
func (f *controlled) SetLk(cancel <-chan struct{}, in *fuse.LkIn) fuse.Status {
	if mine(in.NodeId) {
		return fuse.Status(unix.EOPNOTSUPP)
	}
	return f.FS.SetLk(cancel, in)
}

// SetLkw takes none either.
func (f *controlled) SetLkw(cancel <-chan struct{}, in *fuse.LkIn) fuse.Status {
	if mine(in.NodeId) {
		return fuse.Status(unix.EOPNOTSUPP)
	}
	return f.FS.SetLkw(cancel, in)
}

// Readlink reads a link of a search.
func (f *controlled) Readlink(cancel <-chan struct{}, in *fuse.InHeader) ([]byte, fuse.Status) {
	if !mine(in.NodeId) {
		return f.FS.Readlink(cancel, in)
	}
	n := f.control.node(in.NodeId)
	if n == nil || n.target == "" {
		return nil, fuse.EINVAL
	}
	return []byte(n.target), fuse.OK
}

// OpenDir opens a folder to be listed.
func (f *controlled) OpenDir(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if mine(in.NodeId) {
		return fuse.OK
	}
	return f.FS.OpenDir(cancel, in, out)
}

// ReadDir lists names.
func (f *controlled) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	if mine(in.NodeId) {
		return f.control.list(in, func(e fuse.DirEntry) bool { return out.AddDirEntry(e) })
	}
	return f.FS.ReadDir(cancel, in, out)
}

// ReadDirPlus lists names; those here are looked up one by one.
func (f *controlled) ReadDirPlus(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	if mine(in.NodeId) {
		return f.control.list(in, func(e fuse.DirEntry) bool { return out.AddDirLookupEntry(e) != nil })
	}
	return f.FS.ReadDirPlus(cancel, in, out)
}

func (c *control) list(in *fuse.ReadIn, add func(fuse.DirEntry) bool) fuse.Status {
	dir := c.node(in.NodeId)
	if dir == nil {
		return fuse.Status(unix.ESTALE)
	}
	all := c.entries(dir)
	for _, e := range all[min(in.Offset, uint64(len(all))):] {
		if !add(e) {
			break
		}
	}
	return fuse.OK
}

// ReleaseDir ends a handle.
func (f *controlled) ReleaseDir(in *fuse.ReleaseIn) {
	if !mine(in.NodeId) {
		f.FS.ReleaseDir(in)
	}
}

// StatFs tells of the backing filesystem.
func (f *controlled) StatFs(cancel <-chan struct{}, in *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	if mine(in.NodeId) {
		root := *in
		root.NodeId = rootID
		in = &root
	}
	return f.FS.StatFs(cancel, in, out)
}

// GetXAttr finds none.
func (f *controlled) GetXAttr(cancel <-chan struct{}, in *fuse.InHeader, name string, dest []byte) (uint32, fuse.Status) {
	if mine(in.NodeId) {
		return 0, fuse.Status(unix.ENODATA)
	}
	return f.FS.GetXAttr(cancel, in, name, dest)
}

// ListXAttr lists none.
func (f *controlled) ListXAttr(cancel <-chan struct{}, in *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	if mine(in.NodeId) {
		return 0, fuse.OK
	}
	return f.FS.ListXAttr(cancel, in, dest)
}
