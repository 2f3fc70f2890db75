// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// made answers a request that made a name, and records it. act makes the name in
// the open directory, with the caller's ids.
func (o *operation) made(x *fact, name string, out *fuse.EntryOut, act func(dirfd int) error) fuse.Status {
	fs := o.fs
	dir := fs.table.node(o.in.NodeId)
	if dir == nil {
		return fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	fd, err := fs.table.borrow(dir)
	if err == nil {
		fs.as(&o.in.Caller, func() { err = act(fd) })
		if err == nil {
			err = stat(fd, name, &st)
		}
		if err == nil {
			fs.entry(dir, fd, name, &st, out)
			x.file = &st
		}
		fs.table.giveBack(dir)
	}
	x.at.link, x.dir = link{dir, name}, dir
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	o.record(false, x)
	return status(err)
}

// Mkdir makes a directory.
func (fs *FS) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	return o.made(&fact{typ: uapi.FSMkdir}, name, out, func(fd int) error {
		return unix.Mkdirat(fd, name, fs.umask.apply(fd, in.Mode, in.Umask))
	})
}

// Mknod makes a file, or a special one.
func (fs *FS) Mknod(_ <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	x := fact{typ: uapi.FSMknod}
	switch in.Mode & unix.S_IFMT {
	case unix.S_IFREG, 0:
		x.typ = uapi.FSCreate
	case unix.S_IFCHR, unix.S_IFBLK:
		dev := uint64(in.Rdev)
		x.rdev = &uapi.Rdev{Major: unix.Major(dev), Minor: unix.Minor(dev)}
	}
	return o.made(&x, name, out, func(fd int) error {
		return unix.Mknodat(fd, name, fs.umask.apply(fd, in.Mode, in.Umask), int(in.Rdev))
	})
}

// Symlink makes a symbolic link.
func (fs *FS) Symlink(_ <-chan struct{}, in *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	o := fs.begin(in)
	return o.made(&fact{typ: uapi.FSSymlink, target: target}, name, out, func(fd int) error {
		return unix.Symlinkat(target, fd, name)
	})
}

// Link gives a file another name.
func (fs *FS) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	n, dir := fs.table.node(in.Oldnodeid), fs.table.node(in.NodeId)
	if n == nil || dir == nil {
		return fuse.Status(unix.ESTALE)
	}
	defer o.rename(n, nil)()
	var st unix.Statx_t
	old, gone := fs.table.nameOf(n)
	x := fact{typ: uapi.FSHardlink, at: spot{link: old}, at2: spot{link: link{dir, name}}, dir: old.dir, dir2: dir}
	if gone {
		x.flags = uapi.FlagUnlinked
	}
	fs.table.touch(n)
	err := fs.link(n, dir, name, &st)
	if err == nil {
		fs.entry(dir, -1, name, &st, out)
		fs.table.prefer(n, old)
		x.file = &st
		fs.table.touched(n, &st)
		fs.expire(old)
	} else {
		fs.table.touched(n, nil)
	}
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	o.record(false, &x)
	return status(err)
}

// link links the very object, whatever its name leads to by now.
func (fs *FS) link(n, dir *node, name string, st *unix.Statx_t) error {
	fd, err := fs.table.hold(n)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	dirfd, err := fs.table.borrow(dir)
	if err != nil {
		return err
	}
	defer fs.table.giveBack(dir)
	if err := linkFD(fd, dirfd, name); err != nil {
		return err
	}
	return stat(dirfd, name, st)
}

// expire makes the kernel look a name up anew: what it leads to has several names
// now. The kernel takes the directory's lock for it, which this request holds.
func (fs *FS) expire(l link) {
	if l.dir != nil && fs.server != nil {
		go fs.server.EntryNotify(l.dir.id, l.name)
	}
}

// Unlink removes a file's name.
func (fs *FS) Unlink(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	return fs.remove(in, name, uapi.FSDelete, 0)
}

// Rmdir removes a directory.
func (fs *FS) Rmdir(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	return fs.remove(in, name, uapi.FSRmdir, unix.AT_REMOVEDIR)
}

func (fs *FS) remove(in *fuse.InHeader, name string, t uapi.Type, flags int) fuse.Status {
	o := fs.begin(in)
	dir := fs.table.node(in.NodeId)
	if dir == nil {
		return fuse.Status(unix.ESTALE)
	}
	x := fact{typ: t, at: spot{link: link{dir, name}}, dir: dir}
	var v victim
	fd, err := fs.table.borrow(dir)
	if err == nil {
		v.look(fs, dir, fd, name)
		defer o.rename(v.node, nil)()
		if err = unix.Unlinkat(fd, name, flags); err == nil {
			v.gone()
			x.file = &v.st
		} else {
			v.spared()
		}
		fs.table.giveBack(dir)
	}
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	o.record(false, &x)
	if err == nil {
		fs.vectorGone(&v, x.event)
	}
	return status(err)
}

// Rename moves a name, or exchanges two.
func (fs *FS) Rename(_ <-chan struct{}, in *fuse.RenameIn, oldName, newName string) fuse.Status {
	o := fs.begin(&in.InHeader)
	dir, dir2 := fs.table.node(in.NodeId), fs.table.node(in.Newdir)
	if dir == nil || dir2 == nil {
		return fuse.Status(unix.ESTALE)
	}
	from, to := link{dir, oldName}, link{dir2, newName}
	x := fact{typ: uapi.FSRename, kind: uint16(in.Flags), at: spot{link: from}, at2: spot{link: to}, dir: dir, dir2: dir2}
	var m move
	err := m.do(&o, from, to, uint(in.Flags))
	defer m.recorded(&o)
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	if err != nil {
		o.record(false, &x)
		return status(err)
	}
	x.file = &m.moved
	switch {
	case m.exchanged:
		x.file2 = &m.target.st
		o.record(false, &x)
	case m.replaced:
		y := fact{typ: uapi.FSDelete, via: uapi.ViaRename, at: x.at2, dir: dir2, file: &m.target.st, io: x.io}
		if m.target.st.Mode&unix.S_IFMT == unix.S_IFDIR {
			y.typ = uapi.FSRmdir
		}
		o.record(true, &x, &y)
		fs.vectorGone(&m.target, y.event)
	default:
		o.record(false, &x)
	}
	fs.vectorsMoved(&m, from, to, x.event)
	return fuse.OK
}
