// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/query/replay"
	"vexj/uapi"
	"vexj/userjournal"
)

// A deed is what a test says of a record.
type deed struct {
	typ         uapi.Type
	path, path2 string
	kind        uint16
	via         uapi.Via
	mode        uint32
	inode       uint64
	dir, dir2   uint64
	size        uint64
	data        string
	offset      int64
	name        string
	parent      uint64 // event id
	links       []uint64
	rdev        uint32
	flags       uapi.Flags
	owner       *uapi.Owner
}

const testBase = uint64(uapi.ProducerTest)<<56 | 1000

// records makes records of deeds, numbered from 1.
func records(t testing.TB, deeds ...deed) (out []uapi.Record) {
	t.Helper()
	for i, d := range deeds {
		b := uapi.NewBuilder(nil)
		n := uint64(i + 1)
		b.Begin(uapi.Header{EventID: testBase + n, GlobalSequence: n, Sequence: n, Type: d.typ,
			Subtype: uapi.MakeSubtype(d.via, d.kind), Ktime: n * 1e6, Parent: d.parent, Flags: d.flags, VisibilityMask: ^uint64(0)})
		b.AddTask(uapi.Task{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())})
		length := d.size
		if d.data != "" {
			length = uint64(len(d.data))
		}
		b.AddIO(uapi.IO{Offset: d.offset, Length: length, Result: int64(len(d.data))})
		if d.inode != 0 {
			b.AddFile(uapi.File{DevMajor: 1, Inode: d.inode, Mode: d.mode, Size: d.size, Nlink: 1})
		}
		if d.dir != 0 || d.dir2 != 0 {
			b.AddParents(uapi.Parents{Inode: d.dir, Inode2: d.dir2})
		}
		if d.path != "" {
			b.AddString(uapi.AttrPath, d.path)
		}
		if d.path2 != "" {
			b.AddString(uapi.AttrPath2, d.path2)
		}
		if d.name != "" {
			b.AddString(uapi.AttrName, d.name)
		}
		if d.rdev != 0 {
			b.AddRdev(uapi.Rdev{Major: d.rdev, Minor: 1})
		}
		if d.owner != nil {
			b.AddOwner(*d.owner)
		}
		b.Payload([]byte(d.data))
		for _, cause := range d.links {
			b.AddLink(uapi.Link{Cause: cause, Effect: testBase + n})
		}
		rec, err := b.Finish()
		must(t, err)
		out = append(out, rec)
	}
	return out
}

// journal makes a journal of the records.
func journal(t testing.TB, recs ...uapi.Record) *userjournal.Set {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "journal")
	w, err := userjournal.Create(dir, userjournal.Options{Interval: -1})
	must(t, err)
	for _, rec := range recs {
		_, err := w.Append(rec)
		must(t, err)
	}
	must(t, w.Close())
	return open(t, dir)
}

// played replays deeds into a new directory, keeping going, and returns what it is
// then.
func played(t testing.TB, set *userjournal.Set, mode replay.Mode, o replay.TreeOptions) (string, []replay.Entry, []replay.Problem) {
	t.Helper()
	var problems []replay.Problem
	player := replay.New(replay.Options{Mode: mode, Workers: 3, KeepGoing: true,
		Problem: func(p replay.Problem) { problems = append(problems, p) }})
	into := filepath.Join(t.TempDir(), "into")
	o.Report = player.Problem
	target, err := replay.OpenDirectory(into, o, false)
	must(t, err)
	defer target.Close()
	_, err = player.Run(context.Background(), set, target)
	must(t, err)
	have, err := replay.ReadDirectory(into)
	must(t, err)
	failed := slices.ContainsFunc(problems, func(p replay.Problem) bool { return p.Kind == replay.Failure })
	for _, d := range replay.Compare(target.Tree().Entries(), have, target.Aspects()) {
		if failed || d.Want == "device" {
			continue // it was told
		}
		t.Errorf("the directory is not what was planned: %v", d)
	}
	return into, have, problems
}

const (
	file    = unix.S_IFREG | 0o644
	folder  = unix.S_IFDIR | 0o755
	symlink = unix.S_IFLNK | 0o777
)

// Whatever a journal says, nothing outside of the directory is touched, and what was
// done is what was planned.
func TestHostileJournals(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("untouched"), 0o640))
	deep := "/w" + strings.Repeat("/d", 1900)
	for name, deeds := range map[string][]deed{
		"dots": {
			{typ: uapi.FSCreate, path: "/w/../../secret", mode: file, inode: 1},
			{typ: uapi.FSMkdir, path: "/w/..", mode: folder, inode: 2},
			{typ: uapi.FSMkdir, path: "/w/.", mode: folder, inode: 3},
			{typ: uapi.FSCreate, path: "/w/a/../../b", mode: file, inode: 4},
			{typ: uapi.FSDelete, path: "/w/../secret"},
			{typ: uapi.FSRename, path: "/w/a", path2: "/w/../b"},
			{typ: uapi.FSCreate, path: "/w/.vexj-replay/x", mode: file, inode: 5},
			{typ: uapi.FSRmdir, path: "/w/.vexj-replay"},
			{typ: uapi.FSCreate, path: "/w/" + strings.Repeat("n", 256), mode: file, inode: 6},
			{typ: uapi.FSCreate, path: "/w//", mode: file, inode: 7},
			{typ: uapi.FSCreate, path: "relative", mode: file, inode: 8},
			{typ: uapi.FSCreate, mode: file, inode: 9},
		},
		"through a link": {
			{typ: uapi.FSSymlink, path: "/w/l", path2: outside, mode: symlink, inode: 1},
			{typ: uapi.FSCreate, path: "/w/l/new", mode: file, inode: 2},
			{typ: uapi.FSCreate, path: "/w/l/new", mode: file, inode: 3, dir: 1},
			{typ: uapi.FSDelete, path: "/w/l/secret", dir: 1, mode: file, inode: 4},
			{typ: uapi.FSRename, path: "/w/l/secret", path2: "/w/stolen", mode: file, inode: 5},
			{typ: uapi.FSChmod, path: "/w/l", mode: unix.S_IFREG | 0o777, inode: 1},
			{typ: uapi.FSWrite, path: "/w/l", mode: file, inode: 1, data: "overwritten"},
			{typ: uapi.FSTruncate, path: "/w/l", mode: file, inode: 1},
			{typ: uapi.FSSymlink, path: "/w/s", path2: outside + "/secret", mode: symlink, inode: 6},
			{typ: uapi.FSWrite, path: "/w/s", mode: file, inode: 6, size: 3},
			{typ: uapi.FSChown, path: "/w/s", mode: file, inode: 6, owner: &uapi.Owner{UID: 1, GID: 1}},
			{typ: uapi.FSHardlink, path: "/w/s", path2: "/w/t", mode: symlink, inode: 6},
			{typ: uapi.FSSetxattr, path: "/w/s", name: "user.x", data: "1", mode: symlink, inode: 6},
			{typ: uapi.FSMkdir, path: "/w/l", mode: folder, inode: 7},
			{typ: uapi.FSCreate, path: "/w/l/new", mode: file, inode: 8},
		},
		"into itself": {
			{typ: uapi.FSMkdir, path: "/w/a", mode: folder, inode: 1},
			{typ: uapi.FSMkdir, path: "/w/a/b", mode: folder, inode: 2, dir: 1},
			{typ: uapi.FSRename, path: "/w/a", path2: "/w/a/b/c", mode: folder, inode: 1, dir2: 2},
			{typ: uapi.FSRename, path: "/w/a", path2: "/w/a/b", kind: unix.RENAME_EXCHANGE, mode: folder, inode: 1, dir2: 1},
			{typ: uapi.FSHardlink, path: "/w/a", path2: "/w/a/h", mode: folder, inode: 1},
			{typ: uapi.FSRename, path: "/w/a", path2: "/w", mode: folder, inode: 1},
			{typ: uapi.FSRmdir, path: "/w/a", mode: folder, inode: 1},
			{typ: uapi.FSRmdir, path: "/w", mode: folder, inode: 9},
		},
		"kinds": {
			{typ: uapi.FSMknod, path: "/w/sda", mode: unix.S_IFBLK | 0o666, inode: 1, rdev: 254},
			{typ: uapi.FSWrite, path: "/w/sda", mode: file, inode: 1, data: "x"},
			{typ: uapi.FSRename, path: "/w/sda", path2: "/w/sdb", mode: unix.S_IFBLK, inode: 1},
			{typ: uapi.FSMknod, path: "/w/fifo", mode: unix.S_IFIFO | 0o600, inode: 2},
			{typ: uapi.FSWrite, path: "/w/fifo", mode: unix.S_IFIFO | 0o600, inode: 2, data: "x"},
			{typ: uapi.FSTruncate, path: "/w/fifo", mode: file, inode: 2, size: 10},
			{typ: uapi.FSCreate, path: "/w/odd", mode: 0o170000, inode: 3},
			{typ: uapi.FSCreate, path: "/w/fifo", mode: folder, inode: 4},
			{typ: uapi.FSCreate, path: "/w/fifo/f", mode: file, inode: 5, dir: 4},
			{typ: uapi.FSRename, path: "/w/fifo/f", path2: "/w/fifo", mode: file, inode: 5},
			{typ: uapi.FSWrite, path: "/w/big", mode: file, inode: 6, data: "y", offset: 1<<63 - 1},
			{typ: uapi.FSTruncate, path: "/w/big", mode: file, inode: 6, size: 1 << 63},
		},
		"deep": {
			{typ: uapi.FSCreate, path: deep + "/f", mode: file, inode: 1},
			{typ: uapi.FSRename, path: "/w/d", path2: "/w/e", mode: folder},
			{typ: uapi.FSCreate, path: strings.Replace(deep, "/w/d", "/w/e", 1) + "/g", mode: file, inode: 2},
			{typ: uapi.FSRmdir, path: "/w/e", mode: folder},
		},
	} {
		for _, mode := range []replay.Mode{replay.Sequential, replay.Parallel} {
			t.Run(name+"/"+mode.String(), func(t *testing.T) {
				into, _, problems := played(t, journal(t, records(t, deeds...)...), mode, replay.TreeOptions{From: "/w", Strict: true})
				if len(problems) == 0 {
					t.Error("nothing was told")
				}
				names, err := os.ReadDir(filepath.Dir(into))
				must(t, err)
				if len(names) != 1 {
					t.Errorf("there is something beside the directory: %v", names)
				}
				st, err := os.Stat(filepath.Join(outside, "secret"))
				must(t, err)
				b, err := os.ReadFile(filepath.Join(outside, "secret"))
				must(t, err)
				names, err = os.ReadDir(outside)
				must(t, err)
				if string(b) != "untouched" || st.Mode() != 0o640 || len(names) != 1 || st.Sys() == nil {
					t.Errorf("the outside is now %v, %q, mode %v", names, b, st.Mode())
				}
			})
		}
	}
}

// Somebody else who changes the directory meanwhile leads nobody out of it either.
func TestChangedDirectory(t *testing.T) {
	outside := t.TempDir()
	into := filepath.Join(t.TempDir(), "into")
	d, err := replay.OpenDirectory(into, replay.TreeOptions{From: "/w"}, false)
	must(t, err)
	defer d.Close()
	do := func(deeds ...deed) (err error) {
		for _, rec := range records(t, deeds...) {
			if s := d.Plan(&replay.Item{Record: rec}); s != nil {
				err = errors.Join(err, s.Do(&replay.Doing{}))
			}
		}
		return err
	}
	must(t, do(
		deed{typ: uapi.FSMkdir, path: "/w/a", mode: folder, inode: 1},
		deed{typ: uapi.FSCreate, path: "/w/f", mode: file, inode: 2},
		deed{typ: uapi.FSCreate, path: "/w/g", mode: file, inode: 3},
	))
	must(t, os.WriteFile(filepath.Join(outside, "f"), []byte("untouched"), 0o600))
	must(t, os.Remove(filepath.Join(into, "a")))
	must(t, os.Symlink(outside, filepath.Join(into, "a")))
	for _, name := range []string{"f", "g"} {
		must(t, os.Remove(filepath.Join(into, name)))
		must(t, os.Symlink(filepath.Join(outside, "f"), filepath.Join(into, name)))
	}
	if err := do(
		deed{typ: uapi.FSCreate, path: "/w/a/new", mode: file, inode: 4, dir: 1},
		deed{typ: uapi.FSWrite, path: "/w/f", mode: file, inode: 2, data: "overwritten"},
		deed{typ: uapi.FSWrite, path: "/w/g", mode: file, inode: 3, size: 100},
		deed{typ: uapi.FSChmod, path: "/w/g", mode: file | 0o777, inode: 3},
	); err == nil {
		t.Error("nothing failed")
	}
	_ = d.Settle(true)
	st, err := os.Stat(filepath.Join(outside, "f"))
	must(t, err)
	names, err := os.ReadDir(outside)
	must(t, err)
	if st.Size() != 9 || st.Mode() != 0o600 || len(names) != 1 {
		t.Errorf("the outside is now %v, %d bytes, mode %v", names, st.Size(), st.Mode())
	}
}
