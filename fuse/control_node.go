// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// A controlNode is a file or folder of .vexj. It does not change, but for the count
// of references.
type controlNode struct {
	id      uint64
	name    string // below .vexj; "": itself
	mode    uint32
	text    []byte   // of an event
	links   []string // of a search: the files, in order
	target  string   // of a link
	parent  *controlNode
	fixed   bool // is there as long as the mount is
	nlookup uint64
}

// number is the inode number that programs see: one that no file here should have.
func (n *controlNode) number() uint64 { return n.id&^controlBit | controlBit>>1 }

func (n *controlNode) isDir() bool { return n.mode&unix.S_IFMT == unix.S_IFDIR }

// A control is the folder .vexj of a mount.
type control struct {
	fs    *FS
	ask   Control
	since time.Time
	uid   uint32
	gid   uint32
	done  chan struct{} // closed when streams are to end
	end   sync.Once

	mu      sync.Mutex
	byID    map[uint64]*controlNode
	last    uint64
	root    *controlNode
	top     []*controlNode // in it
	handles map[uint64]*controlHandle
	streams int
}

func newControl(fs *FS, ask Control, uid, gid uint32) *control {
	c := &control{
		fs: fs, ask: ask, since: time.Now(), uid: uid, gid: gid, done: make(chan struct{}),
		byID: map[uint64]*controlNode{}, handles: map[uint64]*controlHandle{},
	}
	c.root = c.add(&controlNode{mode: unix.S_IFDIR | 0o555, fixed: true})
	for _, n := range []*controlNode{
		{name: Events, mode: unix.S_IFDIR | 0o555}, {name: Intent, mode: unix.S_IFREG | 0o666},
		{name: Journal, mode: unix.S_IFREG | 0o444}, {name: Search, mode: unix.S_IFDIR | 0o555},
		{name: Stats, mode: unix.S_IFREG | 0o444},
	} {
		n.parent, n.fixed = c.root, true
		c.top = append(c.top, c.add(n))
	}
	return c
}

// add gives a node its number. The lock is held, or nobody else knows c.
func (c *control) add(n *controlNode) *controlNode {
	c.last++
	n.id = controlBit | c.last
	c.byID[n.id] = n
	return n
}

func (c *control) node(id uint64) *controlNode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byID[id]
}

func (c *control) forget(id, count uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.byID[id]
	if n == nil {
		return
	}
	if n.nlookup -= min(n.nlookup, count); n.nlookup == 0 && !n.fixed {
		delete(c.byID, id)
	}
}

// mostNodes bounds what lookups of names that nobody has seen yet may take.
const mostNodes = 1 << 16

// found answers with a node, which is a new one or fixed.
func (c *control) found(n *controlNode, out *fuse.EntryOut) fuse.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.id == 0 {
		if len(c.byID) >= mostNodes {
			return fuse.Status(unix.ENFILE)
		}
		c.add(n)
	}
	n.nlookup++
	out.NodeId, out.Generation = n.id, 1
	c.attr(n, &out.Attr)
	if n.fixed {
		out.SetEntryTimeout(time.Hour)
	}
	out.SetAttrTimeout(time.Hour)
	return fuse.OK
}

func (c *control) attr(n *controlNode, out *fuse.Attr) {
	*out = fuse.Attr{Ino: n.number(), Mode: n.mode, Nlink: 1, Size: uint64(len(n.text)), Blksize: 4096}
	out.Uid, out.Gid = c.uid, c.gid
	if n.isDir() {
		out.Nlink = 2
	}
	if n.target != "" {
		out.Size = uint64(len(n.target))
	}
	out.SetTimes(&c.since, &c.since, &c.since)
}

// lookup finds a name in a folder.
func (c *control) lookup(ctx context.Context, in *fuse.InHeader, dir *controlNode, name string, out *fuse.EntryOut) fuse.Status {
	switch dir.name {
	case "":
		for _, n := range c.top {
			if n.name == name {
				return c.found(n, out)
			}
		}
		if query, ok := strings.CutPrefix(name, Journal+"?"); ok && query != "" {
			return c.found(&controlNode{name: name, mode: unix.S_IFREG | 0o444, parent: dir}, out)
		}
	case Events:
		text, err := c.ask.Text(ctx, c.caller(in), Events+"/"+name)
		if err != nil {
			return controlStatus(err)
		}
		return c.found(&controlNode{name: Events + "/" + name, mode: unix.S_IFREG | 0o444, text: text, parent: dir}, out)
	case Search:
		files, err := c.ask.Search(ctx, c.caller(in), name)
		if err != nil {
			return controlStatus(err)
		}
		return c.found(&controlNode{name: Search + "/" + name, mode: unix.S_IFDIR | 0o555, links: c.linkNames(files), parent: dir}, out)
	default:
		for i := 0; i+1 < len(dir.links); i += 2 {
			if dir.links[i] == name {
				return c.found(&controlNode{name: dir.name + "/" + name, mode: unix.S_IFLNK | 0o777, target: dir.links[i+1], parent: dir}, out)
			}
		}
	}
	return fuse.ENOENT
}

// linkNames are pairs: the name of a link, which says its rank, and where it leads.
// What is not in the mount, or not any more, has none.
func (c *control) linkNames(files []string) []string {
	var there []string
	for _, file := range files {
		name, in := strings.CutPrefix(file, c.fs.at+"/")
		if in && !slices.Contains(there, name) && stat(int(c.fs.table.root.fd), name, new(unix.Statx_t)) == nil {
			there = append(there, name)
		}
	}
	digits := len(fmt.Sprint(len(there)))
	var out []string
	for i, file := range there {
		name := fmt.Sprintf("%0*d-%s", digits, i+1, file[strings.LastIndexByte(file, '/')+1:])
		out = append(out, name[:min(len(name), unix.NAME_MAX)], "../../../"+file)
	}
	return out
}

// entries are those of a folder. Events and searches cannot be listed.
func (c *control) entries(dir *controlNode) []fuse.DirEntry {
	parent := uint64(fuse.FUSE_ROOT_ID)
	if dir.parent != nil {
		parent = dir.parent.number()
	}
	out := []fuse.DirEntry{{Mode: unix.S_IFDIR, Name: ".", Ino: dir.number()}, {Mode: unix.S_IFDIR, Name: "..", Ino: parent}}
	if dir == c.root {
		for _, n := range c.top {
			out = append(out, fuse.DirEntry{Mode: n.mode & unix.S_IFMT, Name: n.name, Ino: n.number()})
		}
	}
	for pair := range slices.Chunk(dir.links, 2) {
		// Its number is known when it is looked up.
		out = append(out, fuse.DirEntry{Mode: unix.S_IFLNK, Name: pair[0], Ino: fuse.FUSE_UNKNOWN_INO})
	}
	for i := range out {
		out[i].Off = uint64(i + 1)
	}
	return out
}
