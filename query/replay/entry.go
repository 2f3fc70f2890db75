// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// An Entry is a name of a tree and what bears it.
type Entry struct {
	Path   string // below the root
	Mode   uint32 // type and permissions
	UID    uint32
	GID    uint32
	Size   uint64 // of a regular file
	Links  int    // names that it has; of a directory 1
	First  string // of several names the first
	Rdev   uint64 // of a device
	Target string // of a symbolic link
	Xattrs map[string]string
	Atime  int64 // ns since 1970; 0: not known
	Mtime  int64
}

// Entries lists the tree, sorted by path.
func (t *Tree) Entries() []Entry {
	var out []Entry
	first := map[*node]string{}
	var walk func(dir *node, prefix string)
	walk = func(dir *node, prefix string) {
		for _, name := range slices.Sorted(maps.Keys(dir.inside)) {
			n := dir.inside[name]
			path := prefix + name
			e := Entry{Path: path, Mode: n.mode, UID: n.uid, GID: n.gid, Links: 1, First: path,
				Rdev: n.rdev, Target: n.target, Xattrs: n.xattrs, Atime: n.atime, Mtime: n.mtime}
			if n.regular() {
				e.Size = n.size
			}
			if !n.isDir() {
				if e.Links = t.links(n); e.Links > 1 {
					if f, ok := first[n]; ok {
						e.First = f
					} else {
						first[n] = path
					}
				}
			}
			out = append(out, e)
			if n.isDir() {
				walk(n, path+"/")
			}
		}
	}
	walk(t.root, "")
	sortEntries(out)
	return out
}

// sortEntries sorts by path, and makes First the first name in that order.
func sortEntries(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	first := map[string]string{}
	for i := range entries {
		e := &entries[i]
		if e.Links < 2 {
			continue
		}
		if _, ok := first[e.First]; !ok {
			first[e.First] = e.Path
		}
		e.First = first[e.First]
	}
}

// Aspects are what is compared of two trees.
type Aspects uint

const (
	AspectOwner Aspects = 1 << iota
	AspectMode          // permissions
	AspectSize
	AspectXattrs
	AspectMtime

	// AspectTree is names, types, links, targets, modes, owners, sizes and
	// extended attributes.
	AspectTree = AspectOwner | AspectMode | AspectSize | AspectXattrs
)

// A Difference is one between two trees.
type Difference struct {
	Path string `json:"path"`
	What string `json:"what"` // name, type, mode, owner, ...
	Want string `json:"want"`
	Have string `json:"have"`
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %s is %s, want %s", d.Path, d.What, d.Have, d.Want)
}

// Compare tells in what two trees differ, both sorted by path: what is there from
// what was wanted.
func Compare(want, have []Entry, of Aspects) []Difference {
	var out []Difference
	for len(want) > 0 || len(have) > 0 {
		switch {
		case len(have) == 0 || len(want) > 0 && want[0].Path < have[0].Path:
			out = append(out, Difference{want[0].Path, "name", kindWord(want[0].Mode), "missing"})
			want = want[1:]
		case len(want) == 0 || have[0].Path < want[0].Path:
			out = append(out, Difference{have[0].Path, "name", "nothing", kindWord(have[0].Mode)})
			have = have[1:]
		default:
			out = appendDifferences(out, &want[0], &have[0], of)
			want, have = want[1:], have[1:]
		}
	}
	return out
}

func appendDifferences(out []Difference, want, have *Entry, of Aspects) []Difference {
	differ := func(differs bool, what string, w, h any) {
		if differs {
			out = append(out, Difference{want.Path, what, fmt.Sprint(w), fmt.Sprint(h)})
		}
	}
	differ(want.Mode&unix.S_IFMT != have.Mode&unix.S_IFMT, "type", kindWord(want.Mode), kindWord(have.Mode))
	if want.Mode&unix.S_IFMT != unix.S_IFLNK {
		differ(of&AspectMode != 0 && (want.Mode^have.Mode)&0o7777 != 0, "mode",
			fmt.Sprintf("%04o", want.Mode&0o7777), fmt.Sprintf("%04o", have.Mode&0o7777))
	}
	differ(of&AspectOwner != 0 && (want.UID != have.UID || want.GID != have.GID), "owner",
		fmt.Sprintf("%d:%d", want.UID, want.GID), fmt.Sprintf("%d:%d", have.UID, have.GID))
	differ(of&AspectSize != 0 && want.Size != have.Size, "size", want.Size, have.Size)
	differ(want.Links != have.Links, "number of names", want.Links, have.Links)
	differ(want.Links > 1 && want.First != have.First, "first name", want.First, have.First)
	differ(want.Rdev != have.Rdev, "device", want.Rdev, have.Rdev)
	differ(want.Target != have.Target, "target", want.Target, have.Target)
	differ(of&AspectMtime != 0 && want.Mtime != have.Mtime, "mtime", want.Mtime, have.Mtime)
	if of&AspectXattrs != 0 {
		names := map[string]bool{}
		for name := range want.Xattrs {
			names[name] = true
		}
		for name := range have.Xattrs {
			names[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			w, in := want.Xattrs[name]
			h, is := have.Xattrs[name]
			differ(w != h || in != is, "attribute "+name, shownXattr(w, in), shownXattr(h, is))
		}
	}
	return out
}

func shownXattr(v string, is bool) string {
	if !is {
		return "not set"
	}
	return fmt.Sprintf("%q", v)
}

// A Digest names the state of a target.
type Digest [32]byte

func (d Digest) String() string { return fmt.Sprintf("%x", d[:]) }

// DigestOf is the SHA-256 of all that is compared of a tree.
func DigestOf(entries []Entry, of Aspects) (d Digest) {
	h := sha256.New()
	for i := range entries {
		entries[i].digest(h, of)
	}
	h.Sum(d[:0])
	return d
}

func (e *Entry) digest(h hash.Hash, of Aspects) {
	var b []byte
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	number := func(n uint64, is bool) {
		if !is {
			n = 0
		}
		b = binary.AppendUvarint(b, n)
	}
	text(e.Path)
	number(uint64(e.Mode&unix.S_IFMT), true)
	number(uint64(e.Mode&0o7777), of&AspectMode != 0 && e.Mode&unix.S_IFMT != unix.S_IFLNK)
	number(uint64(e.UID), of&AspectOwner != 0)
	number(uint64(e.GID), of&AspectOwner != 0)
	number(e.Size, of&AspectSize != 0)
	number(uint64(e.Links), true)
	text(e.First)
	number(e.Rdev, true)
	text(e.Target)
	if of&AspectXattrs != 0 {
		for _, name := range slices.Sorted(maps.Keys(e.Xattrs)) {
			text(name)
			text(e.Xattrs[name])
		}
	}
	text("")
	h.Write(b)
}
