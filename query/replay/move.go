// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

func (t *Tree) link(rec uapi.Record, known bool) bool {
	parents, _ := rec.Parents()
	to, inside, ok := t.at(parents.Inode2, rec.Path2())
	if !inside || !ok {
		return inside
	}
	var n *node
	if known {
		n = t.find()
	}
	if n == nil {
		if from, in, ok := t.at(parents.Inode, rec.Path()); in && ok {
			n = from.dir.inside[from.name]
		}
		if n != nil && known {
			if err := t.same(n); err != nil {
				t.report(Mismatch, err)
			}
		}
	}
	if n == nil {
		// Its other name is elsewhere, or was there before the journal begins.
		t.takeIn(rec, to, known)
		return true
	}
	if n.isDir() {
		t.mismatch("it is a directory, which has one name only")
		return true
	}
	if old := to.dir.inside[to.name]; old != nil {
		if old == n || n.at.dir.below(old) {
			t.mismatch("it has that name already, or is in it")
			return true
		}
		t.mismatch("there is a %s of that name already", kindWord(old.mode))
		t.unlink(to, old, true)
	}
	if n.at.dir == t.limbo {
		t.move(n, n.at, to, 0, nil)
	} else {
		t.emit(change{op: opLink, node: n, from: spotOf(n.at), to: spotOf(to)})
		n.attach(to)
	}
	t.stamp(to.dir)
	return true
}

// takeIn makes a node of what the record alone tells of its object.
func (t *Tree) takeIn(rec uapi.Record, p place, known bool) *node {
	mode := uint32(unix.S_IFREG | 0o600)
	if known {
		mode = t.file.Mode
	}
	n := t.fresh(mode)
	n.guessed = true
	if n.kind() == unix.S_IFLNK || n.kind() == unix.S_IFBLK || n.kind() == unix.S_IFCHR {
		t.gap("a %s from before the journal begins, or from elsewhere: where it leads to is not known", kindWord(n.mode))
		return nil
	}
	if old := p.dir.inside[p.name]; old != nil {
		t.unlink(p, old, true)
	}
	t.adopt(n, p)
	if known {
		t.bind(n, id{t.device(), t.file.Inode}, t.file.Generation)
		if n.regular() {
			t.resize(n, t.file.Size)
		}
	}
	return n
}

func (t *Tree) rename(rec uapi.Record, known bool) bool {
	parents, _ := rec.Parents()
	from, in, ok := t.at(parents.Inode, rec.Path())
	to, in2, ok2 := t.at(parents.Inode2, rec.Path2())
	if !in && !in2 {
		return false
	}
	if in && !ok || in2 && !ok2 {
		return true
	}
	var n *node
	if in {
		if n = from.dir.inside[from.name]; n != nil && known {
			if err := t.same(n); err != nil {
				t.report(Mismatch, err)
			}
		}
	} else if known {
		n = t.find() // moved out before
	}
	flags := uint(rec.Subtype().Kind())
	switch {
	case flags&unix.RENAME_EXCHANGE != 0:
		t.exchange(rec, n, from, to, in, in2)
	case !in2:
		if n == nil {
			t.gap("it was there before the journal begins, and is not here")
			return true
		}
		t.move(n, from, t.berth(), 0, nil)
		t.stamp(from.dir)
	default:
		t.replace(rec, n, from, to, in, flags, known)
	}
	if in && flags&unix.RENAME_WHITEOUT != 0 {
		t.whiteout(rec, from)
	}
	return true
}

// replace is a rename that ends in the tree.
func (t *Tree) replace(rec uapi.Record, n *node, from, to place, in bool, flags uint, known bool) {
	old := to.dir.inside[to.name]
	if n == nil {
		t.takeIn(rec, to, known)
		t.stamp(to.dir)
		return
	}
	if !in {
		from = n.at
	}
	switch {
	case old == n:
		return // two names of one file: rename(2) does nothing
	case n.isDir() && to.dir.below(n):
		t.mismatch("it cannot be moved into itself")
		return
	case old != nil && n.at.dir.below(old):
		t.mismatch("it cannot replace the directory that it is in")
		return
	case old != nil && flags&unix.RENAME_NOREPLACE != 0:
		t.mismatch("there is a %s of that name already", kindWord(old.mode))
	case old != nil && old.isDir() != n.isDir():
		t.mismatch("a %s cannot replace a %s", kindWord(n.mode), kindWord(old.mode))
	}
	if old != nil && (old.isDir() != n.isDir() || len(old.inside) > 0) {
		t.unlink(to, old, false)
		old = nil
	}
	t.move(n, from, to, 0, old)
	if from.dir != t.limbo {
		t.stamp(from.dir)
	}
	t.stamp(to.dir)
}

// move gives n another name in place of one, and takes that of old away.
func (t *Tree) move(n *node, from, to place, flags uint, old *node) {
	t.emit(change{op: opMove, node: n, other: old, from: spotOf(from), to: spotOf(to), flags: flags})
	if old != nil {
		old.detach(to)
		t.forget(old)
	}
	n.detach(from)
	n.attach(to)
	if n.isDir() {
		n.moved()
	}
}

func (t *Tree) exchange(rec uapi.Record, n *node, from, to place, in, in2 bool) {
	other, _ := rec.File2()
	var m *node
	if in2 {
		m = to.dir.inside[to.name]
	} else {
		m = t.byID[id{unix.Mkdev(other.DevMajor, other.DevMinor), other.Inode}]
	}
	if n == nil || m == nil || !in || !in2 {
		t.exchangeAcross(n, m, from, to, in, in2)
		return
	}
	if n == m || n.isDir() && to.dir.below(n) || m.isDir() && from.dir.below(m) {
		if n != m {
			t.mismatch("they cannot change places: one is in the other")
		}
		return
	}
	t.emit(change{op: opMove, node: n, other: m, from: spotOf(from), to: spotOf(to), flags: unix.RENAME_EXCHANGE})
	n.detach(from)
	m.detach(to)
	n.attach(to)
	m.attach(from)
	for _, x := range []*node{n, m} {
		if x.isDir() {
			x.moved()
		}
	}
	t.stamp(from.dir)
	t.stamp(to.dir)
}

// exchangeAcross is an exchange of which one side is not in the tree, or not known.
func (t *Tree) exchangeAcross(n, m *node, from, to place, in, in2 bool) {
	var berth place
	if in && n != nil {
		berth = t.berth()
		t.move(n, from, berth, 0, nil)
	}
	switch {
	case m == nil:
		t.gap("what it changed places with is not known")
	case in:
		t.move(m, m.at, from, 0, nil)
	case in2:
		t.move(m, to, t.berth(), 0, nil)
	}
	switch {
	case !in2:
	case n == nil:
		t.gap("what it changed places with is not known")
	default:
		t.move(n, n.at, to, 0, nil)
	}
}

// whiteout makes what a rename with that flag leaves behind.
func (t *Tree) whiteout(rec uapi.Record, p place) {
	if p.dir.inside[p.name] != nil {
		return
	}
	w := t.fresh(unix.S_IFCHR)
	if task, ok := rec.Task(); ok {
		w.uid, w.gid = task.UID, task.GID
	}
	t.inherit(w, p.dir)
	w.mtime = t.now()
	t.put(w, p, false)
}
