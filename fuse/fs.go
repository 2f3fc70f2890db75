// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// FS answers the requests of one mount. Its methods are called by the kernel's
// requests, many at a time; one file has those of each kind.
type FS struct {
	fuse.RawFileSystem // answers ENOSYS to what is not here
	server             *fuse.Server
	producer           *Producer
	table              *table
	handles            handles
	at                 string // the mount point, without a slash at its end
	modes              modes
	valid              time.Duration // for which the kernel may keep names and attributes
	privileged         bool          // serves other users than its own
	umask              umasks

	// tree orders records and moves of directories: whoever says a path holds it from
	// then until the record is numbered, and whoever moves a directory from before
	// the move until the record of it is. So the journal, read from its beginning,
	// never names a place that is not there yet, or not any more.
	tree sync.RWMutex

	order order

	direct             bool // reads and writes can all be seen, and files be mapped
	passthroughRefused atomic.Bool
	say                func(string) // tells the owner of the machine

	control *control // the folder .vexj; nil: there is none
	shown   bool     // it is listed
	vectors Vectors  // of files; nil: they have none
	ends    bool     // the process does, with the mount
}

func (fs *FS) String() string { return "vexj" }

// Init is called when the kernel has said what it can.
func (fs *FS) Init(s *fuse.Server) { fs.server = s }

// status is an error's errno.
func status(err error) fuse.Status {
	if err == nil {
		return fuse.OK
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return fuse.Status(errno)
	}
	return fuse.EIO
}

// attr fills in what the kernel keeps of a file.
func (fs *FS) attr(st *unix.Statx_t, out *fuse.Attr) {
	out.Ino = fs.number(identityOf(st).inode())
	out.Size = st.Size
	out.Blocks = st.Blocks
	out.Atime, out.Atimensec = uint64(st.Atime.Sec), st.Atime.Nsec
	out.Mtime, out.Mtimensec = uint64(st.Mtime.Sec), st.Mtime.Nsec
	out.Ctime, out.Ctimensec = uint64(st.Ctime.Sec), st.Ctime.Nsec
	out.Mode = uint32(st.Mode)
	out.Nlink = st.Nlink
	out.Uid, out.Gid = st.Uid, st.Gid
	out.Rdev = uint32(unix.Mkdev(st.Rdev_major, st.Rdev_minor))
	out.Blksize = st.Blksize
}

// number is the inode number that programs see: the backing file's, and for what
// lies on another filesystem below the source one that does not meet those.
func (fs *FS) number(i inode) uint64 {
	if i.dev == fs.table.root.known.dev {
		return i.ino
	}
	return i.ino ^ (i.dev&0xffff+1)<<48
}

// entry answers with a node that a name leads to. dirfd is the open directory.
func (fs *FS) entry(dir *node, dirfd int, name string, st *unix.Statx_t, out *fuse.EntryOut) *node {
	n, fresh := fs.table.enter(dir, name, st)
	if fresh {
		fs.table.aged(n, generation(dirfd, name))
	}
	out.NodeId, out.Generation = n.id, n.serial
	fs.attr(st, &out.Attr)
	out.SetAttrTimeout(fs.valid)
	// A file of several names is known by the one that was last looked up: so it
	// must be looked up each time.
	if st.Nlink < 2 || n.isDir() {
		out.SetEntryTimeout(fs.valid)
	}
	return n
}

// Lookup finds a name.
func (fs *FS) Lookup(_ <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	dir := fs.table.node(in.NodeId)
	if dir == nil {
		return fuse.Status(unix.ESTALE)
	}
	fd, err := fs.table.borrow(dir)
	if err != nil {
		return status(err)
	}
	defer fs.table.giveBack(dir)
	var st unix.Statx_t
	if err := stat(fd, name, &st); err != nil {
		return status(err)
	}
	fs.changedUnder(fs.begin(in), fs.entry(dir, fd, name, &st, out), &st)
	return fuse.OK
}

// Forget gives back references that entry gave.
func (fs *FS) Forget(id, count uint64) { fs.table.forget(id, count) }

// OnUnmount is called after the last request.
func (fs *FS) OnUnmount() {}

// GetAttr looks at a file. It is no record: the kernel asks for reasons of its own,
// and does not ask for each stat.
func (fs *FS) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	err := fs.table.look(n, &st)
	if err == nil {
		fs.attr(&st, &out.Attr)
		out.SetTimeout(fs.valid)
		fs.changedUnder(fs.begin(&in.InHeader), n, &st)
	}
	return status(err)
}

// Statx is GetAttr where the time of birth is asked for.
func (fs *FS) Statx(_ <-chan struct{}, in *fuse.StatxIn, out *fuse.StatxOut) fuse.Status {
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	err := fs.table.look(n, &st)
	if err == nil {
		out.FromStatx(&st)
		out.Ino = fs.number(identityOf(&st).inode())
		out.SetTimeout(fs.valid)
	}
	return status(err)
}

// about records an operation on a node that has no more to it than its outcome.
func (o *operation) about(t uapi.Type, n *node, st *unix.Statx_t, err error) {
	x := fact{typ: t, at: spot{node: n}, io: uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}}
	if err == nil {
		x.file = st
	}
	o.record(false, &x)
}

// Readlink reads a symbolic link. It is no record: the kernel asks when a path leads
// through one, and once.
func (fs *FS) Readlink(_ <-chan struct{}, in *fuse.InHeader) ([]byte, fuse.Status) {
	n := fs.table.node(in.NodeId)
	if n == nil {
		return nil, fuse.Status(unix.ESTALE)
	}
	fd, err := fs.table.hold(n)
	if err != nil {
		return nil, status(err)
	}
	defer unix.Close(fd)
	buf := make([]byte, unix.PathMax)
	size, err := unix.Readlinkat(fd, "", buf)
	if err != nil {
		return nil, status(err)
	}
	return buf[:size], fuse.OK
}

// StatFs tells of the backing filesystem.
func (fs *FS) StatFs(_ <-chan struct{}, in *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	o := fs.begin(in)
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	p, err := fs.table.reach(n)
	if err != nil {
		return status(err)
	}
	defer fs.table.done(p)
	// Of a file, its directory: they are on one filesystem but for mounts.
	var s unix.Statfs_t
	err = unix.Fstatfs(p.fd, &s)
	if err == nil {
		out.Blocks, out.Bfree, out.Bavail = s.Blocks, s.Bfree, s.Bavail
		out.Files, out.Ffree = s.Files, s.Ffree
		out.Bsize, out.Frsize = uint32(s.Bsize), uint32(s.Frsize)
		out.NameLen = uint32(s.Namelen)
	}
	if o.wants(uapi.FSStatfs) {
		var st unix.Statx_t
		looked := fs.table.look(n, &st)
		if err == nil {
			err = looked
		}
		o.about(uapi.FSStatfs, n, &st, err)
	}
	return status(err)
}
