// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A table has the nodes of one mount. Its lock is held for a few instructions and
// never across a system call but the close of a descriptor.
type table struct {
	mu     sync.Mutex
	byID   []*node // index: the id
	free   []uint64
	serial uint64
	inodes inodes
	root   *node

	dirs    []*node // with an open fd that may be closed
	hand    int     // of the clock over dirs
	maxDirs int

	// Descriptors from this number on are left to the rest of the process: to the
	// journal, or what clients have open could stop it.
	most    int
	crowded atomic.Bool // the last one was near that
}

type inode struct{ dev, ino uint64 }

func (i identity) inode() inode { return inode{i.dev, i.ino} }

// inodes finds nodes by their inodes. Most are of one device: the number and the id,
// without a pointer for the garbage collector to follow, are half of what a map of
// inodes takes.
type inodes struct {
	first map[uint64]uint32 // by number: id
	rest  map[inode]uint32  // of numbers that another device has in first
}

func (i *inodes) get(t *table, of inode) *node {
	if id, ok := i.first[of.ino]; ok && t.byID[id].known.inode() == of {
		return t.byID[id]
	}
	if id, ok := i.rest[of]; ok {
		return t.byID[id]
	}
	return nil
}

// put makes n the node of its inode, which has none.
func (i *inodes) put(t *table, n *node) {
	if _, taken := i.first[n.known.ino]; !taken {
		i.first[n.known.ino] = uint32(n.id)
		return
	}
	if i.rest == nil {
		i.rest = map[inode]uint32{}
	}
	i.rest[n.known.inode()] = uint32(n.id)
}

// remove: n is not the node of its inode any more, if it was.
func (i *inodes) remove(n *node) {
	if id, ok := i.first[n.known.ino]; ok && id == uint32(n.id) {
		delete(i.first, n.known.ino)
	} else if id, ok := i.rest[n.known.inode()]; ok && id == uint32(n.id) {
		delete(i.rest, n.known.inode())
	}
}

// newTable takes over fd, the O_PATH descriptor of the root. limit is how many
// descriptors the process can have.
func newTable(fd int, st *unix.Statx_t, limit int) *table {
	t := &table{
		byID: make([]*node, rootID), inodes: inodes{first: map[uint64]uint32{}},
		maxDirs: min(limit/4, 16<<10), most: limit - reserved(limit),
	}
	t.root = t.add(st)
	t.root.fd, t.root.nlookup = int32(fd), 1
	return t
}

// add makes a node. The lock is held.
func (t *table) add(st *unix.Statx_t) *node {
	t.serial++
	n := &node{known: identityOf(st), format: formatOf(st), serial: t.serial, fd: -1}
	if last := len(t.free) - 1; last >= 0 {
		n.id, t.free = t.free[last], t.free[:last]
		t.byID[n.id] = n
	} else {
		n.id = uint64(len(t.byID))
		t.byID = append(t.byID, n)
	}
	t.inodes.put(t, n)
	return n
}

// node returns the node of an id that the kernel has a reference to; nil for one
// that it cannot have.
func (t *table) node(id uint64) *node {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id >= uint64(len(t.byID)) {
		return nil
	}
	return t.byID[id]
}

// enter returns the node of what was found under a name, with one more reference
// of the kernel. An inode whose number another had before is a node of its own.
func (t *table) enter(dir *node, name string, st *unix.Statx_t) (n *node, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := identityOf(st)
	n = t.inodes.get(t, id.inode())
	if n != nil && (n.known != id || n.format != formatOf(st)) {
		n.gone = true
		t.inodes.remove(n)
		n = nil
	}
	if fresh = n == nil; fresh {
		n = t.add(st)
	}
	if n != t.root {
		t.nameIt(n, link{dir, name})
	}
	n.nlookup++
	return n, fresh
}

// aged notes a node's generation.
func (t *table) aged(n *node, generation uint32) {
	t.mu.Lock()
	n.age = generation
	t.mu.Unlock()
}

// prefer makes l the name that n is known by, if it has that name.
func (t *table) prefer(n *node, l link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(n.names(), l); i >= 0 {
		n.names()[i], n.at = n.at, l
	}
}

// generation is what was noted of a file's node.
func (t *table) generation(st *unix.Statx_t) uint32 {
	if n := t.find(st); n != nil {
		return n.age
	}
	return 0
}

// nameIt makes l the name that n was last seen under.
func (t *table) nameIt(n *node, l link) {
	switch {
	case n.at == l && !n.gone:
		return
	case n.at.dir == nil:
	case n.gone || n.isDir():
		t.unpin(n.at.dir)
	default:
		if i := slices.Index(n.names(), l); i >= 0 {
			n.names()[i], n.at = n.at, l
			return
		}
		n.setNames(append(n.names(), n.at))
	}
	n.at, n.gone = l, false
	l.dir.pins++
}

// unname takes one of n's names away. What was its last stays, as the name of
// something that is gone.
func (t *table) unname(n *node, l link) {
	if n.gone {
		return
	}
	if i := slices.Index(n.names(), l); i >= 0 {
		n.setNames(slices.Delete(n.names(), i, i+1))
		t.unpin(l.dir)
		return
	}
	if n.at != l {
		return
	}
	if last := len(n.names()) - 1; last >= 0 {
		n.at = n.names()[last]
		n.setNames(n.names()[:last])
		t.unpin(l.dir)
		return
	}
	n.gone = true
}

// find returns the node of an inode if the kernel knows it.
func (t *table) find(st *unix.Statx_t) *node {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.inodes.get(t, identityOf(st).inode()); n != nil && n.known == identityOf(st) {
		return n
	}
	return nil
}

// removed notes that a name is gone, and with it the object if it has no other.
// keep, an O_PATH descriptor of it, is taken over: what is gone cannot be found by
// a name.
func (t *table) removed(n *node, l link, keep int) {
	t.mu.Lock()
	if n != nil {
		t.unname(n, l)
		if n.gone && n.fd < 0 && keep >= 0 {
			n.fd, keep = int32(keep), -1
		}
	}
	t.mu.Unlock()
	if keep >= 0 {
		unix.Close(keep)
	}
}

// moved gives a node another name in place of one.
func (t *table) moved(n *node, from, to link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n == nil {
		return
	}
	t.nameIt(n, to)
	if !n.isDir() {
		t.unname(n, from)
	}
}

// forget gives back references of the kernel.
func (t *table) forget(id, count uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id >= uint64(len(t.byID)) {
		return
	}
	n := t.byID[id]
	if n == nil || n == t.root {
		return
	}
	n.nlookup -= min(n.nlookup, count)
	t.drop(n)
}

// unpin gives back a pin. The lock is held.
func (t *table) unpin(n *node) {
	n.pins--
	t.drop(n)
}

// drop lets go of a node that nobody needs, and then perhaps of its directory.
func (t *table) drop(n *node) {
	for n != t.root && n.nlookup == 0 && n.pins == 0 && n.users == 0 && n.id != 0 {
		t.inodes.remove(n)
		t.byID[n.id] = nil
		t.free = append(t.free, n.id)
		n.id = 0
		if n.fd >= 0 {
			unix.Close(int(n.fd))
			n.fd = -1
		}
		for _, l := range n.names() {
			l.dir.pins--
			if l.dir != n.at.dir {
				t.drop(l.dir)
			}
		}
		if n.at.dir == nil {
			return
		}
		n.at.dir.pins--
		n = n.at.dir
	}
}

// path appends the path of a name in a directory, below the mount point's, and
// says whether all of its directories still have names.
func (t *table) path(buf []byte, l link) (path []byte, whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.appendPath(buf, l)
}

// pathOf is path for the name that a node was last seen under.
func (t *table) pathOf(buf []byte, n *node) (path []byte, whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n == t.root {
		return buf, true
	}
	path, whole = t.appendPath(buf, n.at)
	return path, whole && !n.gone
}

func (t *table) appendPath(buf []byte, l link) ([]byte, bool) {
	var names [64]string // most paths are shorter; append takes the rest
	all := append(names[:0], l.name)
	whole := true
	for d := l.dir; d != nil && d != t.root; d = d.at.dir {
		all = append(all, d.at.name)
		whole = whole && !d.gone
	}
	for i := len(all) - 1; i >= 0; i-- {
		buf = append(append(buf, '/'), all[i]...)
	}
	return buf, whole
}

// pathBy is path for the name that a handle was opened by, if the node still has
// it.
func (t *table) pathBy(buf []byte, h *handle) (path []byte, whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := h.node
	if n == t.root {
		return buf, true
	}
	if !n.gone && slices.Contains(n.names(), h.name) {
		return t.appendPath(buf, h.name)
	}
	path, whole = t.appendPath(buf, n.at)
	return path, whole && !n.gone
}

// nameOf returns the name that a node was last seen under, and whether it is gone.
func (t *table) nameOf(n *node) (l link, gone bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return n.at, n.gone
}
