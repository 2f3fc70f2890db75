// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// SetAttr changes mode, owner, size or times, or several of them, of which each is
// a record.
func (fs *FS) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	fs.table.touch(n)
	fd, err := fs.table.hold(n)
	if err == nil {
		defer unix.Close(fd)
		err = fs.change(fd, in)
		if looked := stat(fd, "", &st); err == nil {
			err = looked
		}
	}
	if err == nil {
		fs.attr(&st, &out.Attr)
		out.SetTimeout(fs.valid)
		fs.table.touched(n, &st)
	} else {
		fs.table.touched(n, nil)
	}
	o.changed(n, in, &st, err)
	return status(err)
}

// change does it to what an O_PATH descriptor is of.
func (fs *FS) change(fd int, in *fuse.SetAttrIn) error {
	if in.Valid&(fuse.FATTR_UID|fuse.FATTR_GID) != 0 {
		uid, gid := asked(in)
		if err := unix.Fchownat(fd, "", int(int32(uid)), int(int32(gid)), unix.AT_EMPTY_PATH); err != nil {
			return err
		}
	}
	if in.Valid&fuse.FATTR_MODE != 0 {
		if err := unix.Chmod(procFD(fd), in.Mode&0o7777); err != nil {
			return err
		}
	}
	if in.Valid&fuse.FATTR_SIZE != 0 {
		if err := fs.truncate(fd, in); err != nil {
			return err
		}
	}
	if in.Valid&(fuse.FATTR_ATIME|fuse.FATTR_MTIME) != 0 {
		times := []unix.Timespec{
			timeOf(in, fuse.FATTR_ATIME, fuse.FATTR_ATIME_NOW, in.Atime, in.Atimensec),
			timeOf(in, fuse.FATTR_MTIME, fuse.FATTR_MTIME_NOW, in.Mtime, in.Mtimensec),
		}
		return unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH)
	}
	return nil
}

func (fs *FS) truncate(fd int, in *fuse.SetAttrIn) error {
	var err error
	if h := fs.handles.get(in.Fh); in.Valid&fuse.FATTR_FH != 0 && h != nil {
		// Whoever has it open may, though not by its mode any more.
		err = unix.Ftruncate(h.fd, int64(in.Size))
	} else {
		err = unix.Truncate(procFD(fd), int64(in.Size))
	}
	if err == nil && in.Valid&fuse.FATTR_KILL_SUIDGID != 0 {
		_, err = killSetID(fd)
	}
	return err
}

// killSetID takes set-user-ID and set-group-ID away, as a write by somebody without
// the right to keep them does. This process has the right, so that the backing
// filesystem does not do it by itself.
func killSetID(fd int) (killed bool, err error) {
	var st unix.Statx_t
	if err := stat(fd, "", &st); err != nil {
		return false, err
	}
	kill := setID(&st)
	if kill == 0 {
		return false, nil
	}
	return true, unix.Chmod(procFD(fd), uint32(st.Mode)&0o7777&^kill)
}

// killSetID does it for a request whose answer does not have the mode, which the
// kernel would go on to keep as it was.
func (fs *FS) killSetID(n *node, fd int) error {
	killed, err := killSetID(fd)
	if killed && err == nil {
		fs.server.InodeNotify(n.id, -1, 0) // takes no lock that a request holds
	}
	return err
}

// setID is what of a file's mode a write takes away.
func setID(st *unix.Statx_t) uint32 {
	kill := uint32(unix.S_ISUID)
	if st.Mode&unix.S_IXGRP != 0 {
		kill |= unix.S_ISGID // without it, it is a mark of mandatory locking
	}
	return uint32(st.Mode) & kill
}

// asked returns the owner that is asked for; ^0 leaves one as it is.
func asked(in *fuse.SetAttrIn) (uid, gid uint32) {
	uid, gid = ^uint32(0), ^uint32(0)
	if in.Valid&fuse.FATTR_UID != 0 {
		uid = in.Uid
	}
	if in.Valid&fuse.FATTR_GID != 0 {
		gid = in.Gid
	}
	return uid, gid
}

func timeOf(in *fuse.SetAttrIn, set, now uint32, sec uint64, nsec uint32) unix.Timespec {
	switch {
	case in.Valid&now != 0:
		return unix.Timespec{Nsec: unix.UTIME_NOW}
	case in.Valid&set != 0:
		return unix.Timespec{Sec: int64(sec), Nsec: int64(nsec)}
	}
	return unix.Timespec{Nsec: unix.UTIME_OMIT}
}

// changed records a SetAttr.
func (o *operation) changed(n *node, in *fuse.SetAttrIn, st *unix.Statx_t, err error) {
	x := fact{at: spot{node: n}}
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	if err == nil {
		x.file = st
	}
	owner := in.Valid&(fuse.FATTR_UID|fuse.FATTR_GID) != 0
	if owner {
		y := x
		uid, gid := asked(in)
		y.typ, y.owner = uapi.FSChown, &uapi.Owner{UID: uid, GID: gid}
		o.record(false, &y)
	}
	// With an owner, the mode is what the kernel takes away of it.
	if in.Valid&fuse.FATTR_MODE != 0 && !owner {
		y := x
		y.typ = uapi.FSChmod
		o.record(false, &y)
	}
	if in.Valid&fuse.FATTR_SIZE != 0 {
		y := x
		y.typ, y.io.Length = uapi.FSTruncate, in.Size
		o.record(false, &y)
		return // which sets the times
	}
	if in.Valid&(fuse.FATTR_ATIME|fuse.FATTR_MTIME) != 0 {
		y := x
		y.typ = uapi.FSUtimes
		if err == nil {
			y.times = &uapi.Times{
				Atime: st.Atime.Sec*1e9 + int64(st.Atime.Nsec),
				Mtime: st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec),
			}
		}
		o.record(false, &y)
	}
}
