// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"strconv"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// What of a caller's flags is not the backing file's. O_DIRECT asks for buffers of
// the caller that are aligned; those here are not. O_NONBLOCK keeps a fifo that was
// put in the file's place from holding this process up.
const (
	notOpened = unix.O_CREAT | unix.O_EXCL | unix.O_TRUNC | unix.O_NOCTTY | unix.O_DIRECT
	opened    = unix.O_NONBLOCK | unix.O_NOFOLLOW
)

// reopen opens a node that the kernel knows.
func (fs *FS) reopen(n *node, flags int) (int, error) {
	for range retries {
		p, err := fs.table.reach(n)
		if err != nil {
			return -1, err
		}
		fd := -1
		if p.name == "" {
			fd, err = fs.table.openat(unix.AT_FDCWD, procFD(p.fd), flags&^unix.O_NOFOLLOW, 0)
			fs.table.done(p)
			return fd, err
		}
		fd, err = fs.table.openat(p.fd, p.name, flags, 0)
		if err == unix.EPERM && flags&unix.O_NOATIME != 0 {
			fd, err = fs.table.openat(p.fd, p.name, flags&^unix.O_NOATIME, 0)
		}
		fs.table.done(p)
		if err == nil {
			var st unix.Statx_t
			if err = stat(fd, "", &st); err == nil && identityOf(&st) == n.known {
				return fd, nil
			}
			unix.Close(fd)
		} else if err != unix.ENOENT && err != unix.ELOOP {
			return -1, err
		}
		if !fs.table.elsewhere(n, p) {
			break
		}
	}
	return -1, unix.ESTALE
}

// Open opens a file.
func (fs *FS) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	x := fact{typ: uapi.FSOpen, at: spot{node: n}, open: &uapi.Open{Flags: in.Flags, FD: -1}}
	flags := int(in.Flags)&^notOpened | opened
	if int(in.Flags)&unix.O_TRUNC != 0 && flags&unix.O_ACCMODE == unix.O_RDONLY {
		flags = flags&^unix.O_ACCMODE | unix.O_RDWR // Linux truncates all the same
	}
	fd, err := fs.reopen(n, flags)
	truncated := false
	if err == nil && int(in.Flags)&unix.O_TRUNC != 0 {
		if err = unix.Ftruncate(fd, 0); err == nil && in.Mode&fuse.OPEN_KILL_SUIDGID != 0 {
			err = fs.killSetID(n, fd)
		}
		truncated = err == nil
		if err != nil {
			unix.Close(fd)
		}
	}
	if err == nil {
		_ = stat(fd, "", &st)
		fs.opened(o, n, fd, flags, &st, out)
		x.file = &st
	}
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	if truncated {
		y := fact{typ: uapi.FSTruncate, via: uapi.ViaOpen, at: x.at, file: &st}
		y.io.Offset = uapi.NoOffset
		o.record(false, &y, &x)
	} else {
		o.record(false, &x)
	}
	return status(err)
}

// opened makes a handle of an open file, and tells the kernel which way its data
// takes.
func (fs *FS) opened(o operation, n *node, fd, flags int, st *unix.Statx_t, out *fuse.OpenOut) {
	h := &handle{fd: fd, flags: flags, node: n, opened: glimpseOf(st)}
	h.name, _ = fs.table.nameOf(n)
	var buf [256]byte
	path, _ := fs.table.path(buf[:0], h.name)
	h.mode = fs.modes.of(path)
	out.Fh = fs.handles.add(h)
	fs.changedUnder(o, n, st)
	fs.table.opened(h)
	fs.route(h, st, out)
}

// Create makes a file and opens it.
func (fs *FS) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	dir := fs.table.node(in.NodeId)
	if dir == nil {
		return fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	x := fact{typ: uapi.FSOpen, at: spot{link: link{dir, name}}, open: &uapi.Open{Flags: in.Flags, Mode: in.Mode, FD: -1}}
	flags := int(in.Flags)&^notOpened | opened
	fd := -1
	var n *node
	dirfd, err := fs.table.borrow(dir)
	if err == nil {
		if err = fs.table.room(); err == nil {
			mode := fs.umask.apply(dirfd, in.Mode, in.Umask)
			fs.as(&in.Caller, func() { fd, err = openat(dirfd, name, flags|unix.O_CREAT|unix.O_EXCL, mode) })
		}
		if err == nil {
			fs.table.took(fd)
			_ = stat(fd, "", &st)
			n = fs.entry(dir, dirfd, name, &st, &out.EntryOut)
		}
		fs.table.giveBack(dir)
	}
	if err == unix.EEXIST && int(in.Flags)&unix.O_EXCL == 0 {
		// It came under the mount, after the kernel had looked. It must look again,
		// for the permissions of what is there.
		return fuse.Status(unix.ESTALE)
	}
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	if err != nil {
		o.record(false, &x)
		return status(err)
	}
	fs.opened(o, n, fd, flags, &st, &out.OpenOut)
	x.file = &st
	y := fact{typ: uapi.FSCreate, via: uapi.ViaOpen, at: x.at, dir: dir, file: &st}
	y.io.Offset = uapi.NoOffset
	o.record(false, &y, &x)
	return fuse.OK
}

// Tmpfile makes a file without a name and opens it.
func (fs *FS) Tmpfile(_ <-chan struct{}, in *fuse.CreateIn, out *fuse.CreateOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	dir := fs.table.node(in.NodeId)
	if dir == nil {
		return fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	x := fact{typ: uapi.FSOpen, at: spot{node: dir}, open: &uapi.Open{Flags: in.Flags, Mode: in.Mode, FD: -1}}
	flags := int(in.Flags) &^ (unix.O_CREAT | unix.O_TRUNC | unix.O_NOCTTY | unix.O_DIRECT)
	fd := -1
	dirfd, err := fs.table.borrow(dir)
	if err == nil {
		mode := fs.umask.apply(dirfd, in.Mode, in.Umask)
		fs.as(&in.Caller, func() { fd, err = fs.table.openat(dirfd, ".", flags|unix.O_TMPFILE, mode) })
		fs.table.giveBack(dir)
	}
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	if err != nil {
		o.record(false, &x)
		return status(err)
	}
	_ = stat(fd, "", &st)
	name := tmpName(st.Ino)
	n := fs.entry(dir, -1, name, &st, &out.EntryOut)
	out.SetEntryTimeout(0)
	x.at, x.flags = spot{link: link{dir, name}}, uapi.FlagUnlinked
	fs.opened(o, n, fd, flags&^unix.O_TMPFILE|opened, &st, &out.OpenOut)
	fs.table.removed(n, link{dir, name}, -1)
	x.file = &st
	y := fact{typ: uapi.FSCreate, via: uapi.ViaTmpfile, at: x.at, flags: x.flags, dir: dir, file: &st}
	y.io.Offset = uapi.NoOffset
	o.record(false, &y, &x)
	return fuse.OK
}

// Flush is called for each descriptor that is closed.
func (fs *FS) Flush(_ <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	o := fs.begin(&in.InHeader)
	h := fs.handles.get(in.Fh)
	if h == nil {
		return fuse.EBADF
	}
	fs.unlock(h.node, in.LockOwner)
	fs.tellWritten(o, h)
	o.close(h)
	return fuse.OK
}

// close records that a descriptor was closed by a call.
func (o *operation) close(h *handle) {
	if !o.wants(uapi.FSClose) || o.fs.producer.tasks.leaving(o.in.Pid) {
		return
	}
	var st unix.Statx_t
	x := fact{typ: uapi.FSClose, at: spot{handle: h}, io: uapi.IO{Offset: uapi.NoOffset}}
	if stat(h.fd, "", &st) == nil {
		x.file = &st
	}
	o.record(false, &x)
}

// Release ends a handle, when all of its descriptors are closed.
func (fs *FS) Release(_ <-chan struct{}, in *fuse.ReleaseIn) {
	h := fs.handles.remove(in.Fh)
	if h == nil {
		return
	}
	fs.tellWritten(fs.begin(&in.InHeader), h)
	fs.end(h)
}

// end gives back what a handle has. Its flock ends with its descriptor.
func (fs *FS) end(h *handle) {
	var st unix.Statx_t
	looked := stat(h.fd, "", &st)
	last := fs.table.closed(h)
	if last == nil {
		return
	}
	if last.backing != 0 {
		_ = fs.server.UnregisterBackingFd(last.backing)
	}
	if last.locks != nil {
		last.locks.end()
	}
	if looked == nil {
		fs.table.leftAs(h.node, &st)
	}
}

// tmpName is what the kernel calls a file without a name.
func tmpName(ino uint64) string { return "#" + strconv.FormatUint(ino, 10) }
