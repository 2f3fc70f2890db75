// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vexj/uapi"
)

// What a fuzzer made of records is not applied to a directory, but the tree must stay
// one, and must come back from what is saved of it.
func FuzzTree(f *testing.F) {
	b := uapi.NewBuilder(nil)
	var seed []byte
	for i, x := range []struct {
		t           uapi.Type
		path, path2 string
		inode       uint64
		mode        uint32
	}{
		{uapi.FSMkdir, "/w/a", "", 1, 0o40755},
		{uapi.FSCreate, "/w/a/b", "", 2, 0o100644},
		{uapi.FSHardlink, "/w/a/b", "/w/c", 2, 0o100644},
		{uapi.FSRename, "/w/a", "/w/d", 1, 0o40755},
		{uapi.FSWrite, "/w/c", "", 2, 0o100644},
		{uapi.FSDelete, "/w/c", "", 2, 0o100644},
		{uapi.FSRename, "/w/d", "/elsewhere", 1, 0o40755},
	} {
		b.Begin(uapi.Header{EventID: uint64(i), Type: x.t})
		b.AddFile(uapi.File{Inode: x.inode, Mode: x.mode, Size: 5, Nlink: 1})
		b.AddString(uapi.AttrPath, x.path)
		b.AddString(uapi.AttrPath2, x.path2)
		b.AddParents(uapi.Parents{Inode2: 1})
		rec, err := b.Finish()
		if err != nil {
			f.Fatal(err)
		}
		seed = append(seed, rec...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		tree := NewTree(TreeOptions{From: "/w", Strict: true, Report: func(Problem) {}})
		for len(data) > 0 {
			rec, err := uapi.Check(data)
			if err != nil {
				break
			}
			for _, c := range tree.apply(&Item{Record: rec}) {
				for _, p := range []spot{c.from, c.to} {
					if _, _, ok := split([]byte(p.name)); p.dir != nil && !ok {
						t.Fatalf("a change of the name %q", p.name)
					}
				}
			}
			data = data[len(rec):]
		}
		sound(t, tree)
		var saved bytes.Buffer
		if err := tree.save(&saved); err != nil {
			t.Fatal(err)
		}
		again := NewTree(TreeOptions{From: "/w"})
		if err := again.load(&saved); err != nil {
			t.Fatal(err)
		}
		if d := Compare(tree.Entries(), again.Entries(), AspectTree); len(d) > 0 {
			t.Fatalf("loaded it is another: %v", d)
		}
	})
}

// sound holds a tree to what holds for each.
func sound(t *testing.T, tree *Tree) {
	t.Helper()
	for _, dir := range []*node{tree.root, tree.limbo} {
		dir.each(func(n *node) {
			if n.dead {
				t.Fatal("what is gone has a name")
			}
			for _, p := range append(n.more, n.at) {
				if p.dir == nil || p.dir.inside[p.name] != n {
					t.Fatalf("%q is no name of it", p.name)
				}
			}
			if n.isDir() && len(n.more) > 0 {
				t.Fatal("a directory has two names")
			}
			depth := 0
			for d := n.at.dir; d != nil; d = d.at.dir {
				if depth++; depth > 1<<20 {
					t.Fatal("a directory is in itself")
				}
			}
		})
	}
	for i, n := range tree.byID {
		if n.id != i || n.dead {
			t.Fatal("an object is another one")
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := decodeCheckpoint(data); err == nil {
			data = c.state
		}
		tree := NewTree(TreeOptions{})
		if err := tree.load(bytes.NewReader(data)); err == nil {
			sound(t, tree)
			tree.Entries()
		} else if !errors.Is(err, ErrCheckpoint) {
			t.Fatal(err)
		}
	})
}

// No bad checkpoint is taken for a good one.
func TestBadCheckpoints(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := decodeCheckpoint(b)
		if err == nil {
			err = NewTree(TreeOptions{}).load(bytes.NewReader(c.state))
		}
		if !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
