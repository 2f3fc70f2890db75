// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// object finds what the record is about. nil and true: it is of the tree, and there
// is nothing to be done.
func (t *Tree) object(rec uapi.Record, known bool) (*node, bool) {
	if known {
		if n := t.find(); n != nil {
			return n, true
		}
	}
	rel, inside := t.relative(rec.Path())
	if !inside || rec.Flags()&(uapi.FlagUnlinked|uapi.FlagPathTruncated) != 0 {
		return nil, false
	}
	if len(rel) == 0 {
		if known {
			t.bind(t.root, id{t.device(), t.file.Inode}, t.file.Generation)
		}
		return t.root, true
	}
	n := t.lookup(rel)
	if n != nil && (n.id == (id{}) || !known) {
		if known {
			t.bind(n, id{t.device(), t.file.Inode}, t.file.Generation)
		}
		return n, true
	}
	if !known {
		t.gap("the object is not known, and there is nothing of that name")
		return nil, true
	}
	p, _, ok := t.at(0, rec.Path())
	if !ok {
		return nil, true
	}
	if n != nil {
		t.mismatch("another object bears that name here")
	}
	return t.takeIn(rec, p, true), true
}

// about is object, and brings the node to what the record says it is now.
func (t *Tree) about(rec uapi.Record, known bool, may facts) (*node, bool) {
	n, inside := t.object(rec, known)
	if n == nil {
		return nil, inside
	}
	t.check(n, known, may)
	t.facts(n, known)
	return n, true
}

// facts of an object that an operation may change.
type facts uint8

const (
	factMode facts = 1 << iota
	factSize
)

// check tells of what differs though the operation cannot have changed it.
func (t *Tree) check(n *node, known bool, may facts) {
	if !known || !t.options.Strict || n == t.root {
		return
	}
	if n.mode&unix.S_IFMT != t.file.Mode&unix.S_IFMT {
		t.mismatch("it is a %s, and a %s here", kindWord(t.file.Mode), kindWord(n.mode))
		return
	}
	if may&factMode == 0 && !n.guessed && n.mode != t.file.Mode {
		t.mismatch("its mode was %04o, and is %04o here", t.file.Mode&0o7777, n.mode&0o7777)
	}
	if may&factSize == 0 && !n.guessed && n.regular() && n.size != t.file.Size {
		t.mismatch("it had %d bytes, and has %d here", t.file.Size, n.size)
	}
	if links := t.links(n); !n.isDir() && links > int(t.file.Nlink) {
		t.mismatch("it had %d names, and has %d here", t.file.Nlink, links)
	}
}

// facts brings mode and size to what the record says.
func (t *Tree) facts(n *node, known bool) {
	if !known || n.kind() != t.file.Mode&unix.S_IFMT {
		return
	}
	if n.mode != t.file.Mode {
		n.mode = t.file.Mode
		t.soil(n, dirtMode)
	}
	if n.regular() && n.size != t.file.Size {
		t.resize(n, t.file.Size)
	}
}

func (t *Tree) resize(n *node, size uint64) {
	n.size = size
	if n.content {
		t.emit(change{op: opResize, node: n, from: spotOf(n.at), size: int64(size)})
		return
	}
	t.soil(n, dirtSize)
}

func (t *Tree) write(rec uapi.Record, known bool) bool {
	n, inside := t.object(rec, known)
	if n == nil {
		return inside
	}
	t.check(n, known, factMode|factSize)
	io, _ := rec.IO()
	data := rec.Payload()
	switch {
	case !n.regular():
		return true
	case len(data) > 0 && len(data) == int(io.Result) && io.Offset >= 0:
		if !n.content {
			n.content = true
			if n.size > 0 {
				t.resize(n, n.size)
			}
		}
		t.emit(change{op: opWrite, node: n, from: spotOf(n.at), offset: io.Offset, data: bytes.Clone(data)})
		n.size = max(n.size, uint64(io.Offset)+uint64(len(data)))
	case io.Result > 0:
		t.counts.Holes += uint64(io.Result)
	}
	t.bereft(n)
	t.facts(n, known)
	t.stamp(n)
	return true
}

// bereft takes away what a kernel takes away from a file that is changed.
func (t *Tree) bereft(n *node) {
	if _, ok := n.xattrs["security.capability"]; ok {
		t.dropXattr(n, "security.capability")
	}
}

func (t *Tree) truncate(rec uapi.Record, known bool) bool {
	n, inside := t.about(rec, known, factMode|factSize)
	if n == nil {
		return inside
	}
	if !known && n.regular() {
		if io, ok := rec.IO(); ok {
			t.resize(n, io.Length)
		}
	}
	t.bereft(n)
	t.stamp(n)
	return true
}

func (t *Tree) allocate(rec uapi.Record, known bool) bool {
	n, inside := t.object(rec, known)
	if n == nil {
		return inside
	}
	t.check(n, known, factMode|factSize)
	io, _ := rec.IO()
	if n.content && n.regular() && io.Offset >= 0 {
		t.emit(change{op: opReserve, node: n, from: spotOf(n.at), flags: uint(rec.Subtype().Kind()),
			offset: io.Offset, size: int64(io.Length)})
	}
	t.facts(n, known)
	t.stamp(n)
	return true
}

func (t *Tree) mapped(rec uapi.Record, known bool) bool {
	n, inside := t.about(rec, known, factMode|factSize)
	if n == nil {
		return inside
	}
	t.stamp(n)
	return true
}

// close holds a file that is closed to what the tree has.
func (t *Tree) close(rec uapi.Record, known bool) {
	if !known || !t.options.Strict {
		return
	}
	if n := t.find(); n != nil {
		t.check(n, true, 0)
	}
}

func (t *Tree) chmod(rec uapi.Record, known bool) bool {
	n, inside := t.about(rec, known, factMode)
	if n != nil && !known {
		t.gap("its new mode is not in the journal")
	}
	return inside
}

func (t *Tree) chown(rec uapi.Record, known bool) bool {
	n, inside := t.about(rec, known, factMode)
	if n == nil {
		return inside
	}
	owner, ok := rec.Owner()
	if !ok {
		t.gap("its new owner is not in the journal")
		return true
	}
	if owner.UID != ^uint32(0) {
		n.uid = owner.UID
	}
	if owner.GID != ^uint32(0) {
		n.gid = owner.GID
	}
	t.bereft(n)
	t.soil(n, dirtOwner|dirtMode)
	return true
}

func (t *Tree) utimes(rec uapi.Record, known bool) bool {
	n, inside := t.about(rec, known, 0)
	if n == nil {
		return inside
	}
	if times, ok := rec.Times(); ok {
		n.atime, n.mtime = times.Atime, times.Mtime
		t.soil(n, dirtTimes)
	}
	return true
}

func (t *Tree) setxattr(rec uapi.Record, known bool) bool {
	n, inside := t.about(rec, known, factMode)
	if n == nil {
		return inside
	}
	name := string(rec.Name())
	io, _ := rec.IO()
	if name == "" || len(name) > 255 {
		t.mismatch("an attribute cannot be called %q", name)
		return true
	}
	value, ok := rec.Value()
	if !ok || uint64(len(value)) != io.Length {
		t.gap("the value of attribute %s, %d bytes, is not in the journal", name, io.Length)
		return true
	}
	if n.xattrs == nil {
		n.xattrs = map[string]string{}
	}
	n.xattrs[name] = string(value)
	delete(n.gone, name)
	t.soil(n, dirtXattrs)
	return true
}

func (t *Tree) removexattr(rec uapi.Record, known bool) bool {
	n, inside := t.about(rec, known, factMode)
	if n == nil {
		return inside
	}
	t.dropXattr(n, string(rec.Name()))
	return true
}

func (t *Tree) dropXattr(n *node, name string) {
	delete(n.xattrs, name)
	if n.gone == nil {
		n.gone = map[string]bool{}
	}
	n.gone[name] = true
	t.soil(n, dirtXattrs)
}

// failed holds an operation that failed to the tree: what it says was there or was
// not.
func (t *Tree) failed(rec uapi.Record, io uapi.IO) {
	if !t.options.Strict {
		return
	}
	rel, inside := t.relative(rec.Path())
	if !inside || rec.Flags()&(uapi.FlagPathTruncated|uapi.FlagPathUnresolved) != 0 {
		return
	}
	there := t.lookup(rel) != nil
	switch e := io.Errno(); rec.Type() {
	case uapi.FSMkdir, uapi.FSMknod, uapi.FSSymlink:
		if e == uapi.Errno(unix.EEXIST) && !there {
			t.gap("it failed with EEXIST, and there is nothing of that name here")
		}
	case uapi.FSDelete, uapi.FSRmdir:
		if e == uapi.Errno(unix.ENOENT) && there {
			t.mismatch("it failed with ENOENT, and there is a file of that name here")
		}
	}
}
