// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// VectorName is the extended attribute that is the vector of a file, float32 in
// little-endian order. The file in the source has an attribute of the name, too, with
// no more than the vector's number: so it goes where the file goes, and ends with it.
const VectorName = "user.vexj.vector"

// Vectors keeps the vectors of a mount's files. Errors that are [fs.ErrInvalid] or
// an errno are passed on as such, others are EIO. It must not use the mount.
type Vectors interface {
	// Check says whether raw is a vector that can be set.
	Check(raw []byte) error
	// Set stores a vector, or replaces that of the number.
	Set(id uint64, raw []byte, of VectorFile, cause uint64) error
	// Get returns one, and of what it is; [fs.ErrNotExist]: there is none.
	Get(id uint64) (raw []byte, of VectorFile, err error)
	// Move says that the file has another path.
	Move(id uint64, of VectorFile, cause uint64) error
	// MoveBelow says that a folder has: all in it have, too. exchanged: what was at
	// to is at from now.
	MoveBelow(from, to string, exchanged bool, cause uint64) error
	// Delete removes one.
	Delete(id uint64, cause uint64) error
}

// A VectorFile is what a vector is of. The cause of a change is the event id of the
// file's record; 0: there is none, as the filter left it out.
type VectorFile struct {
	Dev   uint64 // major<<32 | minor
	Inode uint64
	Path  string
}

func vectorFile(st *unix.Statx_t, path []byte) VectorFile {
	return VectorFile{Dev: uint64(st.Dev_major)<<32 | uint64(st.Dev_minor), Inode: st.Ino, Path: string(path)}
}

// vectorID is the number that a file has in the source; 0: none.
func vectorID(path string) uint64 {
	var b [8]byte
	if n, err := unix.Getxattr(path, VectorName, b[:]); err != nil || n != len(b) {
		return 0
	}
	return binary.LittleEndian.Uint64(b[:])
}

// vectorOf returns the vector of what an O_PATH descriptor is of. A number that was
// copied from another file is none.
func (fs *FS) vectorOf(fd int) (id uint64, raw []byte, err error) {
	var st unix.Statx_t
	if err := stat(fd, "", &st); err != nil {
		return 0, nil, err
	}
	if id = vectorID(procFD(fd)); id == 0 {
		return 0, nil, unix.ENODATA
	}
	raw, of, err := fs.vectors.Get(id)
	if err == nil && of.Inode != st.Ino {
		err = unix.ENODATA
	}
	return id, raw, vectorError(err)
}

func vectorError(err error) error {
	var errno unix.Errno
	switch {
	case err == nil, errors.As(err, &errno):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return unix.ENODATA
	case errors.Is(err, fs.ErrInvalid):
		return unix.EINVAL
	}
	return fmt.Errorf("%w: %w", unix.EIO, err)
}

// vectorFailed tells what went wrong with the vectors when the file's part was done.
func (fs *FS) vectorFailed(err error) {
	if err != nil {
		fs.say(fmt.Sprintf("a vector of %s: %v", fs.at, err))
	}
}

// getVector answers for the attribute.
func (fs *FS) getVector(in *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	x := fact{typ: uapi.FSGetxattr, name: VectorName, io: uapi.IO{Length: uint64(len(dest))}}
	var raw []byte
	_, st := fs.onXattr(in, &x, func(fd int) (n int, err error) {
		if _, raw, err = fs.vectorOf(fd); err != nil {
			return 0, err
		}
		if len(dest) > 0 && len(dest) < len(raw) {
			return 0, unix.ERANGE
		}
		return copy(dest, raw), nil
	})
	return uint32(len(raw)), st
}

// setVector stores a file's vector. The file's record comes first: the vector's goes
// back to it.
func (fs *FS) setVector(in *fuse.SetXAttrIn, raw []byte) fuse.Status {
	x := fact{typ: uapi.FSSetxattr, name: VectorName, kind: uint16(in.Flags), io: uapi.IO{Length: uint64(len(raw))}}
	var id uint64
	fresh := false
	st := fs.changeVector(&in.InHeader, &x, func(fd int) error {
		if err := vectorError(fs.vectors.Check(raw)); err != nil {
			return err
		}
		var err error
		id, _, err = fs.vectorOf(fd)
		if fresh = err == unix.ENODATA; err != nil && !fresh {
			return err
		}
		switch {
		case fresh && in.Flags&unix.XATTR_REPLACE != 0:
			return unix.ENODATA
		case !fresh && in.Flags&unix.XATTR_CREATE != 0:
			return unix.EEXIST
		case !fresh:
			return nil
		}
		id = rand.Uint64()>>1 | 1
		return unix.Setxattr(procFD(fd), VectorName, binary.LittleEndian.AppendUint64(nil, id), 0)
	}, func(fd int) error {
		err := fs.vectors.Set(id, raw, vectorFile(x.file, fs.pathNow(&x.at)), x.event)
		if err != nil && fresh {
			_ = unix.Removexattr(procFD(fd), VectorName)
		}
		return err
	})
	return st
}

// removeVector removes it.
func (fs *FS) removeVector(in *fuse.InHeader) fuse.Status {
	x := fact{typ: uapi.FSRemovexattr, name: VectorName}
	var id uint64
	return fs.changeVector(in, &x, func(fd int) (err error) {
		if id, _, err = fs.vectorOf(fd); err != nil {
			return err
		}
		return unix.Removexattr(procFD(fd), VectorName)
	}, func(int) error { return fs.vectors.Delete(id, x.event) })
}

// changeVector does the file's part, records it, and does the rest.
func (fs *FS) changeVector(in *fuse.InHeader, x *fact, act, rest func(fd int) error) fuse.Status {
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	fs.table.touch(n)
	defer fs.table.touched(n, nil)
	o := fs.begin(in)
	var file unix.Statx_t
	x.at.node, x.io.Offset = n, uapi.NoOffset
	fd, err := fs.table.hold(n)
	if err == nil {
		defer unix.Close(fd)
		if err = act(fd); err == nil {
			err = stat(fd, "", &file)
		}
	}
	if x.io.Result = result(status(err), 0); err == nil {
		x.file = &file
	}
	o.record(false, x)
	if err == nil {
		err = vectorError(rest(fd))
		fs.vectorFailed(err)
	}
	return status(err)
}

// pathNow is the path of a spot.
func (fs *FS) pathNow(s *spot) []byte {
	path, _ := fs.pathOf(s, nil)
	return slices.Clone(path)
}

// vectorGone removes the vector of a file that has lost its last name.
func (fs *FS) vectorGone(v *victim, cause uint64) {
	if fs.vectors == nil || v.vector == 0 {
		return
	}
	_, of, err := fs.vectors.Get(v.vector)
	if err == nil && of.Inode == v.st.Ino {
		fs.vectorFailed(fs.vectors.Delete(v.vector, cause))
	}
}

// vectorsMoved follows a rename.
func (fs *FS) vectorsMoved(m *move, from, to link, cause uint64) {
	if fs.vectors == nil {
		return
	}
	old, new := fs.pathNow(&spot{link: from}), fs.pathNow(&spot{link: to})
	isDir := func(st *unix.Statx_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFDIR }
	if isDir(&m.moved) || m.exchanged && isDir(&m.target.st) {
		fs.vectorFailed(fs.vectors.MoveBelow(string(old), string(new), m.exchanged, cause))
	}
	fs.vectorMoved(&m.moved, to, new, cause)
	if m.exchanged {
		fs.vectorMoved(&m.target.st, from, old, cause)
	}
}

// vectorMoved tells of one file, which is at a name now.
func (fs *FS) vectorMoved(st *unix.Statx_t, at link, path []byte, cause uint64) {
	dirfd, err := fs.table.borrow(at.dir)
	if err != nil {
		return
	}
	defer fs.table.giveBack(at.dir)
	fd, err := fs.table.openat(dirfd, at.name, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return // it is somewhere else by now
	}
	defer unix.Close(fd)
	if id, _, err := fs.vectorOf(fd); err == nil {
		fs.vectorFailed(fs.vectors.Move(id, vectorFile(st, path), cause))
	}
}
