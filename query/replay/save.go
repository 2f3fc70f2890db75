// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"vexj/uapi"
)

// A saved tree is varints and texts with a varint of their length before them:
//
//	version 1; producer; staged; the counts
//	nodes: their number, then for each its facts; the first two are root and limbo
//	names: their number, then for each directory, node, name
//
// A node is known by its place in that list. Directories come before what is in them.
const savedTree = 1

// facts of a node that are one bit each.
const (
	savedContent = 1 << iota
	savedGuessed
)

func (t *Tree) save(w io.Writer) error {
	e := encoder{w: bufio.NewWriterSize(w, 64<<10)}
	e.numbers(savedTree, uint64(t.producer), t.staged, uint64(len(t.dirty)))
	c := &t.counts
	e.numbers(c.Applied, c.Unchanging, c.Outside, c.Others, c.Adopted, c.Lost, c.Holes)
	index := map[*node]uint64{t.root: 0, t.limbo: 1}
	nodes := []*node{t.root, t.limbo}
	names := 0
	for i := 0; i < len(nodes); i++ {
		for _, name := range slices.Sorted(maps.Keys(nodes[i].inside)) {
			n := nodes[i].inside[name]
			names++
			if _, ok := index[n]; !ok {
				index[n] = uint64(len(nodes))
				nodes = append(nodes, n)
			}
		}
	}
	e.numbers(uint64(len(nodes)))
	for _, n := range nodes {
		e.node(n)
	}
	e.numbers(uint64(names))
	for i, dir := range nodes {
		for _, name := range slices.Sorted(maps.Keys(dir.inside)) {
			e.numbers(uint64(i), index[dir.inside[name]])
			e.text(name)
		}
	}
	if e.err != nil {
		return e.err
	}
	return e.w.Flush()
}

type encoder struct {
	w   *bufio.Writer
	buf []byte
	err error
}

func (e *encoder) numbers(ns ...uint64) {
	e.buf = e.buf[:0]
	for _, n := range ns {
		e.buf = binary.AppendUvarint(e.buf, n)
	}
	if _, err := e.w.Write(e.buf); e.err == nil {
		e.err = err
	}
}

func (e *encoder) text(s string) {
	e.numbers(uint64(len(s)))
	if _, err := e.w.WriteString(s); e.err == nil {
		e.err = err
	}
}

func (e *encoder) node(n *node) {
	var bits uint64
	if n.content {
		bits |= savedContent
	}
	if n.guessed {
		bits |= savedGuessed
	}
	e.numbers(n.id.dev, n.id.inode, uint64(n.gen), uint64(n.mode), uint64(n.uid), uint64(n.gid), n.size, n.rdev,
		uint64(n.atime), uint64(n.mtime), bits, uint64(n.dirt&^dirtListed))
	e.text(n.target)
	e.numbers(uint64(len(n.xattrs)))
	for _, name := range slices.Sorted(maps.Keys(n.xattrs)) {
		e.text(name)
		e.text(n.xattrs[name])
	}
}

var errSaved = errors.New("the tree in it makes no sense")

// load takes a tree that was saved in place of this one, which is empty.
func (t *Tree) load(r io.Reader) error {
	d := decoder{r: bufio.NewReaderSize(r, 64<<10)}
	if v := d.number(); d.err == nil && v != savedTree {
		return fmt.Errorf("%w: its tree is of version %d", ErrCheckpoint, v)
	}
	t.producer = uapi.Producer(d.number())
	t.staged = d.number()
	d.number()
	c := &t.counts
	for _, n := range []*uint64{&c.Applied, &c.Unchanging, &c.Outside, &c.Others, &c.Adopted, &c.Lost, &c.Holes} {
		*n = d.number()
	}
	var nodes []*node
	for range d.number() {
		n := d.node(t)
		if d.err != nil {
			break
		}
		nodes = append(nodes, n)
	}
	if d.err == nil && (len(nodes) < 2 || !nodes[0].isDir() || !nodes[1].isDir()) {
		d.err = errSaved
	}
	if d.err == nil {
		t.root, t.limbo = nodes[0], nodes[1]
		t.limbo.at = place{t.root, limboName}
		d.names(nodes)
	}
	if d.err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, d.err)
	}
	for _, n := range nodes {
		if n.id.inode != 0 {
			t.byID[n.id] = n
		}
		if n.dirt != 0 {
			t.soil(n, n.dirt)
		}
	}
	return nil
}

type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) number() uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d.r)
	d.err = err
	return n
}

// longText bounds a text: a value of an attribute may have 64 KiB.
const longText = 1 << 17

func (d *decoder) text() string {
	n := d.number()
	if d.err == nil && n > longText {
		d.err = errSaved
	}
	if d.err != nil {
		return ""
	}
	b := make([]byte, n)
	_, d.err = io.ReadFull(d.r, b)
	return string(b)
}

func (d *decoder) node(t *Tree) *node {
	var f [12]uint64
	for i := range f {
		f[i] = d.number()
	}
	n := t.fresh(uint32(f[3]))
	n.id, n.gen = id{f[0], f[1]}, uint32(f[2])
	n.uid, n.gid, n.size, n.rdev = uint32(f[4]), uint32(f[5]), f[6], f[7]
	n.atime, n.mtime = int64(f[8]), int64(f[9])
	n.content, n.guessed = f[10]&savedContent != 0, f[10]&savedGuessed != 0
	n.dirt = dirt(f[11]) &^ dirtListed
	n.target = d.text()
	for range d.number() {
		name := d.text()
		value := d.text()
		if d.err != nil {
			break
		}
		if n.xattrs == nil {
			n.xattrs = map[string]string{}
		}
		n.xattrs[name] = value
	}
	return n
}

// names gives nodes their names.
func (d *decoder) names(nodes []*node) {
	for range d.number() {
		i, j, name := d.number(), d.number(), d.text()
		if d.err != nil {
			return
		}
		if i >= uint64(len(nodes)) || j >= uint64(len(nodes)) || j < 2 {
			d.err = errSaved
			return
		}
		dir, n := nodes[i], nodes[j]
		_, _, ok := split([]byte(name))
		// In the order in which they were saved no directory comes before the
		// one that it is in, so that none can be in itself.
		if !ok || !dir.isDir() || dir.inside[name] != nil || n.isDir() && (n.at.dir != nil || j <= i) {
			d.err = errSaved
			return
		}
		n.attach(place{dir, name})
	}
}
