// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/uapi"
	"vexj/userjournal"
)

// root is the folder that the records tell of.
const root = "/srv/work"

// An act is one operation on a tree, and what its record says.
type act struct {
	typ         uapi.Type
	path, path2 string // below the root
	inode       uint64
	dir, dir2   uint64
	mode        uint32
	size        uint64
}

// work is a mix of operations as a build or a repository makes them, each of which
// succeeds.
type work struct {
	acts  []act
	r     *rand.Rand
	files []object
	dirs  []object
	inode uint64
}

type object struct {
	path  string
	inode uint64
	dir   uint64
	size  uint64
}

func newWork(n int) *work {
	w := &work{r: rand.New(rand.NewPCG(1, 2)), inode: 1}
	for range 256 {
		w.mkdir()
	}
	for len(w.acts) < n {
		w.next()
	}
	w.acts = w.acts[:n]
	return w
}

func (w *work) add(a act) { w.acts = append(w.acts, a) }

func (w *work) fresh() uint64 {
	w.inode++
	return w.inode
}

func (w *work) mkdir() {
	parent := object{inode: 1}
	if len(w.dirs) > 0 && w.r.IntN(4) > 0 {
		parent = w.dirs[w.r.IntN(len(w.dirs))]
	}
	if strings.Count(parent.path, "/") > 6 {
		parent = object{inode: 1}
	}
	d := object{path: parent.path + "/d" + strconv.FormatUint(w.inode, 36), inode: w.fresh()}
	w.dirs = append(w.dirs, d)
	w.add(act{typ: uapi.FSMkdir, path: d.path, inode: d.inode, dir: parent.inode, mode: unix.S_IFDIR | 0o755})
}

const fileMode = unix.S_IFREG | 0o644

func (w *work) next() {
	dir := w.dirs[w.r.IntN(len(w.dirs))]
	if len(w.files) < 1000 {
		w.create(dir)
		return
	}
	i := w.r.IntN(len(w.files))
	f := &w.files[i]
	switch x := w.r.IntN(100); {
	case x < 15:
		w.create(dir)
	case x < 45:
		f.size += uint64(1 + w.r.IntN(8192))
		w.add(act{typ: uapi.FSWrite, path: f.path, inode: f.inode, mode: fileMode, size: f.size})
	case x < 60:
		w.add(act{typ: uapi.FSRead, path: f.path, inode: f.inode, mode: fileMode, size: f.size})
	case x < 70:
		w.add(act{typ: uapi.FSClose, path: f.path, inode: f.inode, mode: fileMode, size: f.size})
	case x < 80:
		to := object{path: dir.path + "/r" + strconv.Itoa(len(w.acts)), inode: f.inode, dir: dir.inode, size: f.size}
		w.add(act{typ: uapi.FSRename, path: f.path, path2: to.path, inode: f.inode, dir: f.dir, dir2: dir.inode, mode: fileMode, size: f.size})
		*f = to
	case x < 93:
		w.add(act{typ: uapi.FSDelete, path: f.path, inode: f.inode, dir: f.dir, mode: fileMode, size: f.size})
		w.files[i] = w.files[len(w.files)-1]
		w.files = w.files[:len(w.files)-1]
	case x < 97:
		w.add(act{typ: uapi.FSChmod, path: f.path, inode: f.inode, mode: unix.S_IFREG | 0o600 | uint32(w.r.IntN(64)), size: f.size})
		w.add(act{typ: uapi.FSChmod, path: f.path, inode: f.inode, mode: fileMode, size: f.size})
	case x < 99:
		f.size = 0
		w.add(act{typ: uapi.FSTruncate, path: f.path, inode: f.inode, mode: fileMode})
	default:
		w.mkdir()
	}
}

func (w *work) create(dir object) {
	f := object{path: dir.path + "/f" + strconv.Itoa(len(w.acts)), inode: w.fresh(), dir: dir.inode}
	w.files = append(w.files, f)
	w.add(act{typ: uapi.FSCreate, path: f.path, inode: f.inode, dir: dir.inode, mode: fileMode})
}

// mix is how often each operation comes.
func (w *work) mix() string {
	count := map[uapi.Type]int{}
	for i := range w.acts {
		count[w.acts[i].typ]++
	}
	var words []string
	for t, n := range count {
		words = append(words, fmt.Sprintf("%d %% %v", 100*n/len(w.acts), t))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// record writes the journal of it.
func (w *work) record(dir string) error {
	j, err := userjournal.Create(dir, userjournal.Options{Durability: userjournal.DurabilityNone})
	if err != nil {
		return err
	}
	b := uapi.NewBuilder(nil)
	base := uapi.IDBase(uapi.ProducerTest, 1_790_000_000_000_000_000)
	for i, a := range w.acts {
		n := uint64(i) + 1
		b.Begin(uapi.Header{EventID: base + n, Type: a.typ, Ktime: n * 1000, Sequence: n, GlobalSequence: n,
			PID: 100, Priority: uapi.PriorityNormal, RootCause: base + n, VisibilityMask: ^uint64(0)})
		b.AddTask(uapi.Task{TID: 100, PPID: 1, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), StartTime: 5})
		b.AddIO(uapi.IO{Offset: uapi.NoOffset})
		b.AddFile(uapi.File{DevMajor: 8, DevMinor: 1, Inode: a.inode, Generation: 7, Mode: a.mode, Size: a.size, Nlink: 1})
		if a.dir != 0 {
			b.AddParents(uapi.Parents{Inode: a.dir, Inode2: a.dir2})
		}
		b.AddString(uapi.AttrPath, root+a.path)
		if a.path2 != "" {
			b.AddString(uapi.AttrPath2, root+a.path2)
		}
		rec, err := b.Finish()
		if err == nil {
			_, err = j.Append(rec)
		}
		if err != nil {
			return errors.Join(err, j.Close())
		}
	}
	return j.Close()
}

// do is the operations by themselves, each as one who does it once would, by path.
func (w *work) do(into string) error {
	if err := os.Mkdir(into, 0o700); err != nil {
		return err
	}
	for i := range w.acts {
		a := &w.acts[i]
		path := into + a.path
		var err error
		switch a.typ {
		case uapi.FSMkdir:
			err = unix.Mkdir(path, a.mode&0o777)
		case uapi.FSCreate:
			err = unix.Mknod(path, a.mode, 0)
		case uapi.FSWrite, uapi.FSTruncate:
			err = unix.Truncate(path, int64(a.size))
		case uapi.FSRename:
			err = unix.Rename(path, into+a.path2)
		case uapi.FSDelete:
			err = unix.Unlink(path)
		case uapi.FSChmod:
			err = unix.Chmod(path, a.mode&0o777)
		}
		if err != nil {
			return fmt.Errorf("%v %s: %w", a.typ, a.path, err)
		}
	}
	return nil
}
