// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// apply changes the tree and returns what has to be done to a directory for it,
// valid until the next call.
func (t *Tree) apply(it *Item) []change {
	t.item, t.out = it, t.out[:0]
	rec := it.Record
	typ := rec.Type()
	switch {
	case typ == uapi.SysLost:
		if l, ok := rec.Lost(); ok {
			t.counts.Lost += l.Count
			t.gap("%d records were lost before it, %v: the tree may differ by what they told", l.Count, l.Cause)
		}
		return nil
	case typ.Category() != uapi.CategoryFilesystem || t.producer != 0 && rec.Producer() != t.producer:
		t.counts.Others++
		return nil
	}
	var known bool
	t.file, known = rec.File()
	io, _ := rec.IO()
	if rec.Flags().Has(uapi.FlagFailed) || io.Result < 0 {
		t.counts.Unchanging++
		t.failed(rec, io)
		return nil
	}
	act := actions[typ]
	if act == nil {
		t.counts.Unchanging++
		if typ == uapi.FSClose {
			t.close(rec, known)
		}
		return nil
	}
	if !act(t, rec, known) {
		t.counts.Outside++
		return t.out
	}
	t.counts.Applied++
	if t.producer == 0 {
		t.producer = rec.Producer()
	}
	return t.out
}

// actions are what types do to a tree. Each is false if the record is of something
// elsewhere.
var actions map[uapi.Type]func(t *Tree, rec uapi.Record, known bool) bool

func init() {
	actions = map[uapi.Type]func(t *Tree, rec uapi.Record, known bool) bool{
		uapi.FSCreate:      (*Tree).create,
		uapi.FSMkdir:       (*Tree).create,
		uapi.FSMknod:       (*Tree).create,
		uapi.FSSymlink:     (*Tree).create,
		uapi.FSHardlink:    (*Tree).link,
		uapi.FSDelete:      (*Tree).remove,
		uapi.FSRmdir:       (*Tree).remove,
		uapi.FSRename:      (*Tree).rename,
		uapi.FSWrite:       (*Tree).write,
		uapi.FSTruncate:    (*Tree).truncate,
		uapi.FSFallocate:   (*Tree).allocate,
		uapi.FSMmapWrite:   (*Tree).mapped,
		uapi.FSChmod:       (*Tree).chmod,
		uapi.FSChown:       (*Tree).chown,
		uapi.FSUtimes:      (*Tree).utimes,
		uapi.FSSetxattr:    (*Tree).setxattr,
		uapi.FSRemovexattr: (*Tree).removexattr,
	}
}

var kindOf = map[uapi.Type]uint32{
	uapi.FSCreate: unix.S_IFREG | 0o600, uapi.FSMkdir: unix.S_IFDIR | 0o700,
	uapi.FSMknod: unix.S_IFIFO | 0o600, uapi.FSSymlink: unix.S_IFLNK | 0o777,
}

// create makes the node that the record tells of.
func (t *Tree) create(rec uapi.Record, known bool) bool {
	typ := rec.Type()
	parents, _ := rec.Parents()
	mode := kindOf[typ]
	if known {
		mode = t.file.Mode
	} else {
		t.gap("the object is not known: its mode and owner are a guess")
	}
	if kindWord(mode) == noKind {
		t.mismatch("mode %o is of nothing that can be made", mode)
		return true
	}
	n := t.fresh(mode)
	if task, ok := rec.Task(); ok {
		n.uid, n.gid = task.UID, task.GID
	}
	switch n.kind() {
	case unix.S_IFLNK:
		n.target = string(rec.Path2())
	case unix.S_IFCHR, unix.S_IFBLK:
		if d, ok := rec.Rdev(); ok {
			n.rdev = unix.Mkdev(d.Major, d.Minor)
		}
	}
	n.mtime = t.now()
	if rec.Subtype().Via() == uapi.ViaTmpfile {
		return t.nameless(rec, n, parents)
	}
	p, inside, ok := t.at(parents.Inode, rec.Path())
	if !inside || !ok {
		return inside
	}
	if old := p.dir.inside[p.name]; old != nil {
		t.mismatch("there is a %s of that name already", kindWord(old.mode))
		t.unlink(p, old, true)
	}
	t.inherit(n, p.dir)
	t.put(n, p, known)
	if known && n.regular() && t.file.Size != 0 {
		t.resize(n, t.file.Size)
	}
	t.stamp(p.dir)
	return true
}

// inherit gives a new node what its directory hands down.
func (t *Tree) inherit(n *node, dir *node) {
	if dir.mode&unix.S_ISGID != 0 {
		n.gid = dir.gid
	}
	if _, ok := dir.xattrs["system.posix_acl_default"]; ok {
		t.gap("it inherits the ACL of its directory, which is not in the journal")
	}
}

// nameless is a file that O_TMPFILE made. Whether it belongs here its directory says.
func (t *Tree) nameless(rec uapi.Record, n *node, parents uapi.Parents) bool {
	dir := t.byID[id{t.device(), parents.Inode}]
	if dir == nil {
		if rel, ok := t.relative(rec.Path()); !ok || t.lookup(rel) == nil && len(rel) > 0 && t.lookup(parentOf(rel)) == nil {
			return false
		}
	} else {
		t.inherit(n, dir)
	}
	t.put(n, t.berth(), true)
	return true
}

func parentOf(rel []byte) []byte {
	dir, _, _ := split(rel)
	return dir
}

// put gives a new node its first name.
func (t *Tree) put(n *node, p place, known bool) {
	n.attach(p)
	if known {
		t.bind(n, id{t.device(), t.file.Inode}, t.file.Generation)
	}
	if n.kind() == unix.S_IFCHR && n.rdev != 0 || n.kind() == unix.S_IFBLK {
		if !t.options.Devices {
			t.gap("device nodes are not made unless asked for")
			t.soil(n, 0)
			return
		}
	}
	t.emit(change{op: opMake, node: n, to: spotOf(p), mode: n.mode, rdev: n.rdev, target: n.target})
	t.soil(n, dirtOwner|dirtMode|dirtTimes)
	if len(n.xattrs) > 0 {
		t.soil(n, dirtXattrs)
	}
}

// adopt takes in a node that was there before the journal begins.
func (t *Tree) adopt(n *node, p place) {
	t.counts.Adopted++
	t.gap("%s %s was there before the journal begins: its owner and what it held are not known", kindWord(n.mode), p.name)
	n.attach(p)
	t.emit(change{op: opMake, node: n, to: spotOf(p), mode: n.mode})
	t.soil(n, dirtMode)
}

// berth is a free name in limbo.
func (t *Tree) berth() place {
	t.staged++
	return place{t.limbo, berthName(t.staged)}
}

// stamp notes that a node was modified now.
func (t *Tree) stamp(n *node) {
	if now := t.now(); now != 0 {
		n.mtime = now
		t.soil(n, dirtTimes)
	}
}

// unlink takes a name away. whole: a directory goes with all that is in it.
func (t *Tree) unlink(p place, n *node, whole bool) {
	op := opRemove
	if n.isDir() && len(n.inside) > 0 {
		if !whole {
			t.mismatch("the directory is not empty: it has %d names", len(n.inside))
		}
		op = opPurge
	}
	t.emit(change{op: op, node: n, from: spotOf(p), mode: n.mode})
	n.detach(p)
	t.forget(n)
}

func (t *Tree) remove(rec uapi.Record, known bool) bool {
	parents, _ := rec.Parents()
	p, inside, ok := t.at(parents.Inode, rec.Path())
	if !inside || !ok {
		return inside
	}
	if rec.Subtype().Via() == uapi.ViaRename {
		return true // the rename has put something else there
	}
	n := p.dir.inside[p.name]
	if n == nil {
		t.gap("it was there before the journal begins, and is not here")
		return true
	}
	if known {
		if t.options.Strict && t.file.Nlink != 0 && int(t.file.Nlink) < t.links(n) && !n.isDir() {
			t.mismatch("it had %d names, and has %d here", t.file.Nlink, t.links(n))
		}
		if err := t.same(n); err != nil {
			t.report(Mismatch, err)
		}
	}
	t.unlink(p, n, false)
	t.stamp(p.dir)
	return true
}

var errOther = errors.New("another object bears that name here")

// links is the number of names in the tree.
func (t *Tree) links(n *node) int {
	if n.at.dir == t.limbo {
		return 0
	}
	return n.names()
}
