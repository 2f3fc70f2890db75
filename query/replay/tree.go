// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// limboName is where the directory has, while it is replayed into, what has no name
// in the tree and may get one: files that O_TMPFILE made, what was moved out. No
// record can name it.
const limboName = ".vexj-replay"

// An Item is a record of the journal and where it stands there.
type Item struct {
	Ordinal uint64
	Record  uapi.Record
	Wall    func() time.Time // when it happened; nil: nobody asks
}

// TreeOptions say which tree of the journal's it is.
type TreeOptions struct {
	// From is the directory that the tree is below, an absolute path as the
	// records have it; "" or "/" is all there is.
	From string
	// Producer is whose records tell of it; 0: the first that one is of. A FUSE
	// mount and the kernel may tell of the same operation.
	Producer uapi.Producer
	// Devices says whether device nodes may be made. Without, they are left out
	// and told as a Gap.
	Devices bool
	// Strict tells of all facts of a record in which the tree differs.
	Strict bool
	// Report is told of problems; nil: nobody is.
	Report func(Problem)
}

// Counts are what became of the records that a tree was told of.
type Counts struct {
	Applied    uint64 `json:"applied"`     // that changed something
	Unchanging uint64 `json:"unchanging"`  // that did not: reads, and what failed
	Outside    uint64 `json:"outside"`     // of something elsewhere
	Others     uint64 `json:"other_kinds"` // not about files, or of another producer
	Adopted    uint64 `json:"adopted"`     // objects that were there before the journal begins
	Lost       uint64 `json:"lost"`        // records that the journal says are lost
	Holes      uint64 `json:"holes"`       // bytes that were written and are not in the journal
}

// A Tree is a directory tree as records tell of it. It is for one goroutine.
type Tree struct {
	options  TreeOptions
	from     string // without a slash at its end
	producer uapi.Producer
	root     *node
	limbo    *node
	byID     map[id]*node
	dirty    []*node // that the directory has otherwise
	staged   uint64  // names given in limbo
	serial   uint64  // directories made
	counts   Counts

	item *Item
	file uapi.File // of the record in hand
	out  []change
}

// NewTree returns an empty tree.
func NewTree(o TreeOptions) *Tree {
	t := &Tree{options: o, from: strings.TrimRight(o.From, "/"), producer: o.Producer, byID: map[id]*node{}}
	t.root = t.fresh(unix.S_IFDIR | 0o700)
	t.limbo = t.fresh(unix.S_IFDIR | 0o700)
	t.limbo.at = place{t.root, limboName}
	return t
}

func (t *Tree) fresh(mode uint32) *node {
	n := &node{mode: mode}
	if n.isDir() {
		t.serial++
		n.serial, n.inside = t.serial, map[string]*node{}
	}
	return n
}

// Counts returns what became of the records so far.
func (t *Tree) Counts() Counts { return t.counts }

// Apply changes the tree as the record says. What is wrong with that is reported.
func (t *Tree) Apply(it *Item) { t.apply(it) }

// report tells of a problem with the record in hand.
func (t *Tree) report(kind Kind, err error) {
	if t.options.Report == nil {
		return
	}
	r := t.item.Record
	t.options.Report(Problem{kind, t.item.Ordinal, r.EventID(), r.Type(), string(r.Path()), err})
}

func (t *Tree) mismatch(format string, a ...any) { t.report(Mismatch, fmt.Errorf(format, a...)) }
func (t *Tree) gap(format string, a ...any)      { t.report(Gap, fmt.Errorf(format, a...)) }

// now is when the record in hand happened, in ns since 1970; 0: not known.
func (t *Tree) now() int64 {
	if t.item.Wall == nil {
		return 0
	}
	return t.item.Wall().UnixNano()
}

var errNameless = errors.New("its path has no name of a file")

// split takes the name off a path. A name is one component and neither . nor ..,
// and not limbo's.
func split(path []byte) (dir, name []byte, ok bool) {
	i := bytes.LastIndexByte(path, '/')
	name = path[i+1:]
	ok = len(name) > 0 && len(name) <= 255 && !bytes.ContainsRune(name, 0) &&
		string(name) != "." && string(name) != ".." && string(name) != limboName
	return path[:max(i, 0)], name, ok
}

// relative is what of an absolute path is below the prefix, without a slash at its
// start; "" is the prefix itself.
func (t *Tree) relative(path []byte) (rel []byte, inside bool) {
	if len(path) == 0 || path[0] != '/' {
		return nil, false
	}
	rest, ok := bytes.CutPrefix(path, []byte(t.from))
	if !ok || len(rest) > 0 && rest[0] != '/' {
		return nil, false
	}
	return bytes.Trim(rest, "/"), true
}

// at finds the directory that a path's name is in: by its number, or else by the
// path. inside is false if it is none of the tree's.
func (t *Tree) at(number uint64, path []byte) (p place, inside, ok bool) {
	dirPath, name, named := split(path)
	var dir *node
	if number != 0 {
		dir = t.byID[id{t.device(), number}]
	}
	if dir == nil {
		if len(dirPath) == 0 {
			dirPath = []byte("/")
		}
		rel, in := t.relative(dirPath)
		if !in {
			return p, false, false
		}
		if dir = t.walk(rel); dir == nil {
			return p, true, false
		}
		if number != 0 {
			t.bind(dir, id{t.device(), number}, 0)
		}
	}
	if !named {
		t.report(Mismatch, errNameless)
		return p, true, false
	}
	if !dir.isDir() {
		t.mismatch("%s, in which it is, is no directory", dir.at.name)
		return p, true, false
	}
	return place{dir, string(name)}, true, true
}

// device is that of the record's object, and so of its directory.
func (t *Tree) device() uint64 { return unix.Mkdev(t.file.DevMajor, t.file.DevMinor) }

// walk finds a directory by its path below the root, and adopts what is missing.
func (t *Tree) walk(rel []byte) *node {
	dir := t.root
	for len(rel) > 0 {
		name, rest, _ := bytes.Cut(rel, []byte("/"))
		rel = rest
		if _, _, ok := split(name); !ok {
			t.report(Mismatch, errNameless)
			return nil
		}
		next := dir.inside[string(name)]
		if next == nil {
			next = t.fresh(unix.S_IFDIR | 0o755)
			next.guessed = true
			t.adopt(next, place{dir, string(name)})
		}
		if !next.isDir() {
			t.mismatch("%s, on its path, is no directory", name)
			return nil
		}
		dir = next
	}
	return dir
}

// lookup finds a node by its path below the root, or nil.
func (t *Tree) lookup(rel []byte) *node {
	n := t.root
	for len(rel) > 0 && n != nil {
		name, rest, _ := bytes.Cut(rel, []byte("/"))
		n, rel = n.inside[string(name)], rest
	}
	return n
}

// bind says which object a node is. Another node that was it is none any more.
func (t *Tree) bind(n *node, i id, gen uint32) {
	if i.inode == 0 {
		return
	}
	if old := t.byID[i]; old != nil && old != n {
		old.id = id{}
	}
	if n.id != i && n.id != (id{}) && t.byID[n.id] == n {
		delete(t.byID, n.id)
	}
	n.id, n.gen = i, gen
	t.byID[i] = n
}

// find is the node that is the record's object, or nil.
func (t *Tree) find() *node {
	n := t.byID[id{t.device(), t.file.Inode}]
	if n == nil || n.gen != 0 && t.file.Generation != 0 && n.gen != t.file.Generation {
		return nil // its number was given to another one
	}
	return n
}

// same notes that a node is the record's object, or is an error if it is not.
func (t *Tree) same(n *node) error {
	if n == t.find() {
		return nil
	}
	if n.id == (id{}) {
		t.bind(n, id{t.device(), t.file.Inode}, t.file.Generation)
		return nil
	}
	return errOther
}

// forget takes a node, and all below it, out of the tree for ever.
func (t *Tree) forget(n *node) {
	drop := func(c *node) {
		if t.byID[c.id] == c {
			delete(t.byID, c.id)
		}
		c.dead = true
	}
	if !n.isDir() {
		if n.names() == 0 {
			drop(n)
		}
		return
	}
	drop(n)
	var files []*node
	n.each(func(c *node) {
		if c.isDir() {
			drop(c)
		} else {
			files = append(files, c)
		}
	})
	for _, f := range files {
		for _, p := range append(f.more, f.at) {
			if p.dir != nil && p.dir.below(n) {
				f.detach(p)
			}
		}
		if f.names() == 0 {
			drop(f)
		}
	}
}

// emptyLimbo gives up what has no name in the tree.
func (t *Tree) emptyLimbo() {
	for name, n := range t.limbo.inside {
		n.detach(place{t.limbo, name})
		t.forget(n)
	}
}

// soil notes what of a node the directory has to be told.
func (t *Tree) soil(n *node, d dirt) {
	if n == t.limbo || n.dead {
		return
	}
	if n.dirt&dirtListed == 0 {
		n.dirt |= dirtListed
		t.dirty = append(t.dirty, n)
	}
	n.dirt |= d
}
