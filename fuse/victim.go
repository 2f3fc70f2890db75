// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"golang.org/x/sys/unix"
)

// A victim is what a removal or a rename takes a name from: as it was before, and
// held, so that whoever has it still can go on.
type victim struct {
	fs   *FS
	at   link
	st   unix.Statx_t
	node *node
	fd   int // O_PATH; -1: none
	ok   bool
	held *node // touched

	vector uint64 // its number, if this is the last name
}

// look is called before the name goes. That it finds nothing is no error: the call
// that follows says what is wrong.
func (v *victim) look(fs *FS, dir *node, dirfd int, name string) {
	v.fs, v.at, v.fd = fs, link{dir, name}, -1
	if stat(dirfd, name, &v.st) != nil {
		return
	}
	v.ok, v.node = true, fs.table.find(&v.st)
	if v.node != nil {
		fs.table.touch(v.node)
		v.held = v.node
	}
	last := v.st.Nlink <= 1 || v.st.Mode&unix.S_IFMT == unix.S_IFDIR
	if !last || v.node == nil && fs.vectors == nil {
		return
	}
	fd, err := fs.table.openat(dirfd, name, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	// What is there now may be another.
	if stat(fd, "", &v.st) != nil || fs.table.find(&v.st) != v.node {
		v.node = nil
	}
	v.fd = fd
	if fs.vectors != nil {
		v.vector = vectorID(procFD(fd))
	}
}

// gone is called when the name is.
func (v *victim) gone() {
	if v.fs != nil {
		v.fs.table.removed(v.node, v.at, v.fd)
		v.settle()
	}
}

func (v *victim) settle() {
	if v.held != nil {
		v.fs.table.touched(v.held, nil)
	}
}

// spared is called when it is not.
func (v *victim) spared() {
	if v.fs == nil {
		return
	}
	if v.fd >= 0 {
		unix.Close(v.fd)
	}
	v.settle()
}

// A move is a rename and what became of what was at its target.
type move struct {
	moved     unix.Statx_t // what was moved, as it is after
	target    victim
	replaced  bool
	exchanged bool
	unlock    func() // what moves and what is at its target; nil: they are not locked
}

// recorded is called when it is: until then the order of names is held, and of the
// tree.
func (m *move) recorded(o *operation) {
	if o.ordered {
		o.fs.tree.Unlock()
	}
	if m.unlock != nil {
		m.unlock()
	}
}

func (m *move) do(o *operation, from, to link, flags uint) error {
	fs := o.fs
	fd, err := fs.table.borrow(from.dir)
	if err != nil {
		return err
	}
	defer fs.table.giveBack(from.dir)
	fd2, err := fs.table.borrow(to.dir)
	if err != nil {
		return err
	}
	defer fs.table.giveBack(to.dir)

	var source unix.Statx_t
	if err := stat(fd, from.name, &source); err != nil {
		return err
	}
	m.exchanged = flags&unix.RENAME_EXCHANGE != 0
	if m.exchanged {
		m.target.fd = -1
		m.target.ok = stat(fd2, to.name, &m.target.st) == nil
		if m.target.node = fs.table.find(&m.target.st); m.target.node != nil {
			fs.table.touch(m.target.node)
			defer fs.table.touched(m.target.node, nil)
		}
	} else {
		m.target.look(fs, to.dir, fd2, to.name)
	}
	n := fs.table.find(&source)
	if n != nil {
		fs.table.touch(n)
		defer func() { fs.table.touched(n, &m.moved) }()
	}
	m.unlock = o.rename(n, m.target.node)
	if m.exchanged || source.Mode&unix.S_IFMT == unix.S_IFDIR {
		fs.tree.Lock()
		o.ordered = true
	}
	if err := unix.Renameat2(fd, from.name, fd2, to.name, flags); err != nil {
		m.target.spared()
		m.moved = source
		return err
	}
	m.settle(fs, n, &source, from, to, fd2)
	return nil
}

// settle brings the table up to what the rename has done.
func (m *move) settle(fs *FS, n *node, source *unix.Statx_t, from, to link, fd2 int) {
	if stat(fd2, to.name, &m.moved) != nil {
		m.moved = *source // somebody has moved it on
	}
	switch {
	case m.exchanged:
		fs.table.moved(n, from, to)
		fs.table.moved(m.target.node, to, from)
		return
	case m.target.ok && identityOf(&m.target.st) == identityOf(source):
		// Two names of one inode: nothing happens.
		m.target.spared()
		return
	}
	m.replaced = m.target.ok
	m.target.gone()
	fs.table.moved(n, from, to)
}
