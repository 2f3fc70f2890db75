// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"os"
	"strconv"
	"strings"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// onXattr does something to a node's attributes and records it. It is done by the path
// of an O_PATH descriptor, which leads to the object itself, be it a symbolic link.
func (fs *FS) onXattr(in *fuse.InHeader, x *fact, act func(fd int) (int, error)) (int, fuse.Status) {
	o := fs.begin(in)
	n := fs.table.node(in.NodeId)
	if n == nil {
		return 0, fuse.Status(unix.ESTALE)
	}
	var st unix.Statx_t
	size := 0
	fd, err := fs.table.hold(n)
	if err == nil {
		defer unix.Close(fd)
		size, err = act(fd)
		size = max(size, 0)
	}
	if o.wants(x.typ) && !asksItself(x) {
		x.at.node = n
		x.io.Offset = uapi.NoOffset
		x.io.Result = result(status(err), int64(size))
		if fd >= 0 && stat(fd, "", &st) == nil {
			x.file = &st
		}
		o.record(false, x)
	}
	return size, status(err)
}

// asksItself says whether it is the kernel that wants to know: capabilities, before
// it changes a file, and ACLs, before it opens one.
func asksItself(x *fact) bool {
	return x.typ == uapi.FSGetxattr &&
		(x.name == "security.capability" && x.io.Length == 0 || strings.HasPrefix(x.name, "system.posix_acl_"))
}

// GetXAttr reads an extended attribute.
func (fs *FS) GetXAttr(_ <-chan struct{}, in *fuse.InHeader, name string, dest []byte) (uint32, fuse.Status) {
	switch {
	case name == serverName && in.NodeId == fuse.FUSE_ROOT_ID && fs.ends:
		return valueInto(dest, []byte(strconv.Itoa(os.Getpid())))
	case fs.vectors != nil && name == VectorName:
		return fs.getVector(in, dest)
	}
	x := fact{typ: uapi.FSGetxattr, name: name, io: uapi.IO{Length: uint64(len(dest))}}
	n, st := fs.onXattr(in, &x, func(fd int) (int, error) {
		return unix.Getxattr(procFD(fd), name, dest)
	})
	return uint32(n), st
}

// valueInto answers with a value that this process makes.
func valueInto(dest, value []byte) (uint32, fuse.Status) {
	if len(dest) > 0 && len(dest) < len(value) {
		return 0, fuse.ERANGE
	}
	copy(dest, value)
	return uint32(len(value)), fuse.OK
}

// ListXAttr lists the names.
func (fs *FS) ListXAttr(_ <-chan struct{}, in *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	x := fact{typ: uapi.FSListxattr, io: uapi.IO{Length: uint64(len(dest))}}
	n, st := fs.onXattr(in, &x, func(fd int) (int, error) {
		return unix.Listxattr(procFD(fd), dest)
	})
	return uint32(n), st
}

// SetXAttr sets one.
func (fs *FS) SetXAttr(_ <-chan struct{}, in *fuse.SetXAttrIn, name string, data []byte) fuse.Status {
	if fs.vectors != nil && name == VectorName {
		return fs.setVector(in, data)
	}
	x := fact{typ: uapi.FSSetxattr, name: name, kind: uint16(in.Flags), value: data,
		io: uapi.IO{Length: uint64(len(data))}}
	return fs.changeXattr(&in.InHeader, &x, func(path string) error {
		return unix.Setxattr(path, name, data, int(in.Flags))
	})
}

// RemoveXAttr removes one.
func (fs *FS) RemoveXAttr(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	if fs.vectors != nil && name == VectorName {
		return fs.removeVector(in)
	}
	x := fact{typ: uapi.FSRemovexattr, name: name}
	return fs.changeXattr(in, &x, func(path string) error {
		return unix.Removexattr(path, name)
	})
}

func (fs *FS) changeXattr(in *fuse.InHeader, x *fact, act func(path string) error) fuse.Status {
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	fs.table.touch(n)
	defer fs.table.touched(n, nil)
	_, st := fs.onXattr(in, x, func(fd int) (int, error) { return 0, act(procFD(fd)) })
	return st
}
