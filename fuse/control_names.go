// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Nobody makes, removes or changes what is in the folder .vexj, nor itself.

func keeps(dir uint64, name string) bool {
	return mine(dir) || dir == rootID && name == ControlName
}

// SetXAttr is refused there.
func (f *controlled) SetXAttr(cancel <-chan struct{}, in *fuse.SetXAttrIn, name string, data []byte) fuse.Status {
	if mine(in.NodeId) {
		return fuse.EPERM
	}
	return f.FS.SetXAttr(cancel, in, name, data)
}

// RemoveXAttr is refused there.
func (f *controlled) RemoveXAttr(cancel <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	if mine(in.NodeId) {
		return fuse.EPERM
	}
	return f.FS.RemoveXAttr(cancel, in, name)
}

// Mkdir is refused there.
func (f *controlled) Mkdir(cancel <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	if keeps(in.NodeId, name) {
		return fuse.EPERM
	}
	return f.FS.Mkdir(cancel, in, name, out)
}

// Mknod is refused there.
func (f *controlled) Mknod(cancel <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	if keeps(in.NodeId, name) {
		return fuse.EPERM
	}
	return f.FS.Mknod(cancel, in, name, out)
}

// Create is refused there.
func (f *controlled) Create(cancel <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	if keeps(in.NodeId, name) {
		return fuse.EPERM
	}
	return f.FS.Create(cancel, in, name, out)
}

// Tmpfile is refused there.
func (f *controlled) Tmpfile(cancel <-chan struct{}, in *fuse.CreateIn, out *fuse.CreateOut) fuse.Status {
	if mine(in.NodeId) {
		return fuse.EPERM
	}
	return f.FS.Tmpfile(cancel, in, out)
}

// Symlink is refused there.
func (f *controlled) Symlink(cancel <-chan struct{}, in *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	if keeps(in.NodeId, name) {
		return fuse.EPERM
	}
	return f.FS.Symlink(cancel, in, target, name, out)
}

// Link is refused there.
func (f *controlled) Link(cancel <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	if keeps(in.NodeId, name) || mine(in.Oldnodeid) {
		return fuse.EPERM
	}
	return f.FS.Link(cancel, in, name, out)
}

// Unlink is refused there.
func (f *controlled) Unlink(cancel <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	if keeps(in.NodeId, name) {
		return fuse.EPERM
	}
	return f.FS.Unlink(cancel, in, name)
}

// Rmdir is refused there.
func (f *controlled) Rmdir(cancel <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	if keeps(in.NodeId, name) {
		return fuse.EPERM
	}
	return f.FS.Rmdir(cancel, in, name)
}

// Rename is refused there.
func (f *controlled) Rename(cancel <-chan struct{}, in *fuse.RenameIn, oldName, newName string) fuse.Status {
	if keeps(in.NodeId, oldName) || keeps(in.Newdir, newName) {
		return fuse.EPERM
	}
	return f.FS.Rename(cancel, in, oldName, newName)
}
