// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"

	"golang.org/x/sys/unix"
)

// An id is what the journal calls an object by. A generation goes with it, which
// only the object's own records have.
type id struct{ dev, inode uint64 }

// A place is a name in a directory.
type place struct {
	dir  *node
	name string
}

// What of a node the directory does not have yet.
type dirt uint8

const (
	dirtOwner dirt = 1 << iota
	dirtMode
	dirtSize
	dirtXattrs
	dirtTimes
	// dirtListed: it is in Tree.dirty.
	dirtListed
)

// A node is an object: one with a name, or one that may get one.
type node struct {
	key    Key
	serial uint64 // of a directory

	id    id // zero: not known
	gen   uint32
	mode  uint32 // type and permissions
	uid   uint32
	gid   uint32
	size  uint64
	rdev  uint64
	atime int64 // ns since 1970; 0: not known
	mtime int64

	target string // of a symbolic link
	xattrs map[string]string
	gone   map[string]bool // attributes to be removed
	inside map[string]*node

	at   place   // a name; of a directory the only one
	more []place // other names

	path    string // of a directory below the root, if pathed
	pathed  bool
	content bool // bytes were written
	guessed bool // adopted: its owner is not known
	dead    bool // no name is left, and none can come
	dirt    dirt
}

func (n *node) kind() uint32  { return n.mode & unix.S_IFMT }
func (n *node) isDir() bool   { return n.kind() == unix.S_IFDIR }
func (n *node) regular() bool { return n.kind() == unix.S_IFREG }

// names is how many names it has.
func (n *node) names() int {
	if n.at.dir == nil {
		return 0
	}
	return 1 + len(n.more)
}

func (n *node) attach(p place) {
	p.dir.inside[p.name] = n
	if n.at.dir == nil {
		n.at = p
	} else {
		n.more = append(n.more, p)
	}
}

func (n *node) detach(p place) {
	delete(p.dir.inside, p.name)
	if n.at == p {
		n.at = place{}
		if last := len(n.more) - 1; last >= 0 {
			n.at, n.more = n.more[last], n.more[:last]
		}
		return
	}
	if i := slices.Index(n.more, p); i >= 0 {
		n.more = slices.Delete(n.more, i, i+1)
	}
}

// below reports whether n is dir or in it at some depth.
func (n *node) below(dir *node) bool {
	for n != nil {
		if n == dir {
			return true
		}
		n = n.at.dir
	}
	return false
}

// each calls fn for all nodes in the directory, at any depth, a directory before
// what is in it. A file with several names comes several times.
func (n *node) each(fn func(*node)) {
	todo := []*node{n}
	for len(todo) > 0 {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, c := range dir.inside {
			fn(c)
			if c.isDir() {
				todo = append(todo, c)
			}
		}
	}
}

// cachedPath bounds the paths that nodes keep: a journal may tell of any depth.
const cachedPath = 1024

// where is the path of a directory below the root, "." for the root.
func (n *node) where() string {
	if n.pathed {
		return n.path
	}
	var names []string
	size := 0
	for d := n; d.at.dir != nil; d = d.at.dir {
		names = append(names, d.at.name)
		size += len(d.at.name) + 1
	}
	path := make([]byte, 0, size)
	for _, name := range slices.Backward(names) {
		if len(path) > 0 {
			path = append(path, '/')
		}
		path = append(path, name...)
	}
	if len(path) == 0 {
		path = append(path, '.')
	}
	if len(path) > cachedPath {
		return string(path)
	}
	n.path, n.pathed = string(path), true
	return n.path
}

// moved forgets the paths of a directory and of all below it.
func (n *node) moved() {
	n.pathed = false
	n.each(func(c *node) { c.pathed = false })
}
