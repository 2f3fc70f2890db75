// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/internal/tap"
	"vexj/uapi"
)

// fakeVectors are of four bytes, and remember the events that they come of.
type fakeVectors struct {
	mu     sync.Mutex
	all    map[uint64]fakeVector
	causes []uint64
}

type fakeVector struct {
	raw string
	of  VectorFile
}

func (f *fakeVectors) Check(raw []byte) error {
	if len(raw) != 4 {
		return fmt.Errorf("%w: %d bytes", fs.ErrInvalid, len(raw))
	}
	return nil
}

func (f *fakeVectors) caused(by uint64) { f.causes = append(f.causes, by) }

func (f *fakeVectors) Set(id uint64, raw []byte, of VectorFile, cause uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if string(raw) == "fail" {
		return unix.ENOSPC
	}
	f.caused(cause)
	f.all[id] = fakeVector{string(raw), of}
	return nil
}

func (f *fakeVectors) Get(id uint64) ([]byte, VectorFile, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.all[id]
	if !ok {
		return nil, v.of, fs.ErrNotExist
	}
	return []byte(v.raw), v.of, nil
}

func (f *fakeVectors) Move(id uint64, of VectorFile, cause uint64) error {
	return f.Set(id, []byte(f.all[id].raw), of, cause)
}

func (f *fakeVectors) MoveBelow(from, to string, exchanged bool, cause uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, v := range f.all {
		if rest, ok := strings.CutPrefix(v.of.Path, from+"/"); ok {
			v.of.Path = to + "/" + rest
		} else if rest, ok := strings.CutPrefix(v.of.Path, to+"/"); ok && exchanged {
			v.of.Path = from + "/" + rest
		} else {
			continue
		}
		f.caused(cause)
		f.all[id] = v
	}
	return nil
}

func (f *fakeVectors) Delete(id uint64, cause uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.caused(cause)
	delete(f.all, id)
	return nil
}

// state is what there is, and forgets the causes.
func (f *fakeVectors) state(at string) (out []string, causes []uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.all {
		out = append(out, strings.TrimPrefix(v.of.Path, at+"/")+"="+v.raw)
	}
	slices.Sort(out)
	causes, f.causes = f.causes, nil
	return out, causes
}

// The vector of a file goes where the file goes, and its changes come of the file's.
func TestVectors(t *testing.T) {
	f := &fakeVectors{all: map[uint64]fakeVector{}}
	p, m := mounted(t, Options{Filter: uapi.Filter{FailedToo: true}}, MountOptions{Vectors: f})
	tapped, err := tap.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tapped.Close() })
	at := func(name string) string { return filepath.Join(m.Target, name) }
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(at(name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(at("dir/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	set := func(name, raw string, flags int) func() error {
		return func() error { return unix.Setxattr(at(name), VectorName, []byte(raw), flags) }
	}
	rename := func(from, to string, flags uint) func() error {
		return func() error { return unix.Renameat2(unix.AT_FDCWD, at(from), unix.AT_FDCWD, at(to), flags) }
	}
	for _, c := range []struct {
		name  string
		do    func() error
		err   error
		cause uapi.Type // of the vectors' changes; 0: there are none
		want  string
	}{
		{"none to replace", set("a", "1111", unix.XATTR_REPLACE), unix.ENODATA, 0, ""},
		{"no vector", set("a", "11111", 0), unix.EINVAL, 0, ""},
		{"set", set("a", "1111", unix.XATTR_CREATE), nil, uapi.FSSetxattr, "a=1111"},
		{"set again", set("a", "1112", unix.XATTR_CREATE), unix.EEXIST, 0, "a=1111"},
		{"not stored", set("b", "fail", 0), unix.ENOSPC, 0, "a=1111"},
		{"replace", set("a", "2222", 0), nil, uapi.FSSetxattr, "a=2222"},
		{"a folder's", set("dir", "dddd", 0), nil, uapi.FSSetxattr, "a=2222 dir=dddd"},
		{"move", rename("a", "dir/sub/a", 0), nil, uapi.FSRename, "dir/sub/a=2222 dir=dddd"},
		{"move its folder", rename("dir", "moved", 0), nil, uapi.FSRename, "moved/sub/a=2222 moved=dddd"},
		{"another", set("b", "3333", 0), nil, uapi.FSSetxattr, "b=3333 moved/sub/a=2222 moved=dddd"},
		{"exchange", rename("b", "moved", unix.RENAME_EXCHANGE), nil, uapi.FSRename, "b/sub/a=2222 b=dddd moved=3333"},
		{"link", func() error { return os.Link(at("moved"), at("link")) }, nil, 0, "b/sub/a=2222 b=dddd moved=3333"},
		{"unlink one name", func() error { return os.Remove(at("link")) }, nil, 0, "b/sub/a=2222 b=dddd moved=3333"},
		{"move over", rename("b/sub/a", "moved", 0), nil, uapi.FSDelete, "b=dddd moved=2222"},
		{"remove", func() error { return unix.Removexattr(at("b"), VectorName) }, nil, uapi.FSRemovexattr, "moved=2222"},
		{"remove again", func() error { return unix.Removexattr(at("b"), VectorName) }, unix.ENODATA, 0, "moved=2222"},
		{"unlink", func() error { return os.Remove(at("moved")) }, nil, uapi.FSDelete, ""},
	} {
		f.state("")
		if err := c.do(); err != c.err && (err == nil || c.err == nil || !strings.HasSuffix(err.Error(), c.err.Error())) {
			t.Fatalf("%s: %v, not %v", c.name, err, c.err)
		}
		got, causes := f.state(m.Target)
		if strings.Join(got, " ") != c.want {
			t.Fatalf("%s: %q, not %q", c.name, got, c.want)
		}
		recs, err := tapped.Drain()
		if err != nil {
			t.Fatal(err)
		}
		if (len(causes) == 0) != (c.cause == 0) {
			t.Errorf("%s: changes %x", c.name, causes)
		}
		types := map[uapi.Type]bool{}
		for _, id := range causes {
			i := slices.IndexFunc(recs, func(r uapi.Record) bool { return r.EventID() == id })
			if i < 0 {
				t.Fatalf("%s: no record is the cause 0x%x", c.name, id)
			}
			types[recs[i].Header().Type] = true
		}
		if c.cause != 0 && !types[c.cause] {
			t.Errorf("%s: comes of %v, not of %v", c.name, types, c.cause)
		}
	}
}

// What is read is the vector, whatever the source's attribute says, and a number
// that came with a copy is none.
func TestVectorReads(t *testing.T) {
	f := &fakeVectors{all: map[uint64]fakeVector{}}
	_, m := mounted(t, Options{}, MountOptions{Vectors: f})
	path, source := filepath.Join(m.Target, "a"), filepath.Join(m.Source, "a")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(path, VectorName, []byte("1234"), 0); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := unix.Getxattr(path, VectorName, nil); n != 4 || err != nil {
		t.Error(n, err)
	}
	if _, err := unix.Getxattr(path, VectorName, buf[:3]); err != unix.ERANGE {
		t.Error(err)
	}
	if n, err := unix.Getxattr(path, VectorName, buf); err != nil || string(buf[:n]) != "1234" {
		t.Errorf("%q %v", buf[:n], err)
	}
	if n, err := unix.Listxattr(path, buf); err != nil || string(buf[:n]) != VectorName+"\x00" {
		t.Errorf("%q %v", buf[:n], err)
	}
	n, err := unix.Getxattr(source, VectorName, buf)
	if err != nil || n != 8 {
		t.Fatal(n, err)
	}
	if err := os.WriteFile(filepath.Join(m.Source, "copy"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(filepath.Join(m.Source, "copy"), VectorName, buf[:n], 0); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Getxattr(filepath.Join(m.Target, "copy"), VectorName, buf); err != unix.ENODATA {
		t.Errorf("a copied number: %v", err)
	}
}
