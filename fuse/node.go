// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"golang.org/x/sys/unix"
)

// rootID is the node id that the kernel has for the root.
const rootID = 1

// An identity names an inode of the backing filesystems for ever: where an inode
// number is used again, the time of birth is another. (A generation would do the
// same and costs an open file for each look.)
type identity struct {
	dev, ino uint64
	born     int64 // ns since 1970, 0 where the filesystem does not keep it
}

func identityOf(st *unix.Statx_t) identity {
	return identity{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino, st.Btime.Sec*1e9 + int64(st.Btime.Nsec)}
}

// A link is one name of a node.
type link struct {
	dir  *node
	name string
}

// A node is an inode that the kernel knows, or the directory of one. A table's
// lock guards all of it but what never changes: identity, serial, format. The kernel may
// know a million of them: TestNodeIsSmall.
type node struct {
	id     uint64
	known  identity
	serial uint64 // of its id: ids are used again

	// at is the name that it was last seen under; more are further ones, nil if there
	// are none. It stays when the name is removed (gone), for the records of what is
	// still open.
	at   link
	more *[]link

	nlookup uint64    // the kernel's references
	open    *openFile // of a file with handles; else nil

	// seen is what it looked like after the last operation on it here, valid while
	// none is changing it.
	seen     glimpse
	changing int32

	age  uint32 // the inode's generation; 0: the filesystem does not tell
	pins int32  // nodes that are in it, and handles

	// fd is a directory's O_PATH descriptor, or that of something removed: -1 is
	// none. It is not closed while users hold it.
	fd    int32
	users int32

	format uint16 // S_IFMT
	gone   bool
}

// names are those that it has besides at.
func (n *node) names() []link {
	if n.more == nil {
		return nil
	}
	return *n.more
}

func (n *node) setNames(names []link) {
	if len(names) == 0 {
		n.more = nil
		return
	}
	n.more = &names
}

func formatOf(st *unix.Statx_t) uint16 { return st.Mode & unix.S_IFMT }

func (n *node) isDir() bool { return n.format == unix.S_IFDIR }

// A glimpse is what a file looked like after the last operation on it here. Where
// it looks otherwise at the next, somebody changed it under the mount.
type glimpse struct {
	ctime int64 // ns; 0: it was not looked at, or is being changed
	size  uint64
}

func glimpseOf(st *unix.Statx_t) glimpse {
	return glimpse{st.Ctime.Sec*1e9 + int64(st.Ctime.Nsec), st.Size}
}
