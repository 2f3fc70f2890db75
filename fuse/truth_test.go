// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

var operations = flag.Int("operations", 16000, "`number` of operations of TestTruth")

// envWork makes a copy of the test binary do its part of a random workload: folder,
// seed and number of operations.
const envWork = "VEXJ_FUSE_TEST_WORK"

func init() {
	if work := os.Getenv(envWork); work != "" {
		f := strings.Split(work, ",")
		seed, _ := strconv.ParseUint(f[1], 10, 64)
		n, _ := strconv.Atoi(f[2])
		scramble(f[0], rand.New(rand.NewPCG(seed, 1)), n)
		os.Exit(0)
	}
}

// scramble does n operations to names of a small tree, many of which fail as
// somebody else was there before.
func scramble(root string, r *rand.Rand, n int) {
	at := func() string {
		path := root
		for range 1 + r.IntN(3) {
			path = filepath.Join(path, string(rune('a'+r.IntN(6))))
		}
		return path
	}
	for range n {
		switch r.IntN(12) {
		case 0, 1, 2:
			_ = unix.Mkdir(at(), 0o755)
		case 3, 4:
			if fd, err := unix.Open(at(), unix.O_CREAT|unix.O_WRONLY, 0o644); err == nil {
				_, _ = unix.Write(fd, []byte("x"))
				_ = unix.Close(fd)
			}
		case 5:
			_ = unix.Unlink(at())
		case 6:
			_ = unix.Rmdir(at())
		case 7, 8:
			_ = unix.Rename(at(), at())
		case 9:
			_ = unix.Renameat2(unix.AT_FDCWD, at(), unix.AT_FDCWD, at(), unix.RENAME_EXCHANGE)
		case 10:
			_ = unix.Link(at(), at())
		case 11:
			_ = unix.Symlink("target", at())
		}
	}
}

// After a random workload of eight processes, who replays the journal's operations
// on names has the tree that is there; and the journal accounts for all records.
func TestTruth(t *testing.T) {
	p, m := mounted(t, Options{}, MountOptions{})
	dir := filepath.Join(t.TempDir(), "journal")
	rec, err := record(p, dir)
	must(t, err)
	var cmds []*exec.Cmd
	for i := range 8 {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%d,%d", envWork, m.Target, i, *operations/8))
		must(t, cmd.Start())
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		must(t, cmd.Wait())
	}
	must(t, m.Unmount())
	rec.stop(t)

	r, err := userjournal.Open(dir)
	must(t, err)
	defer r.Close()
	tree := replay{}
	must(t, r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		return tree.apply(rec, m.Target)
	}))
	want := replay{}
	must(t, filepath.WalkDir(m.Source, func(path string, d fs.DirEntry, err error) error {
		if path != m.Source {
			want[strings.TrimPrefix(path, m.Source)] = d.Type()
		}
		return err
	}))
	if len(want) < 20 {
		t.Fatalf("the workload left %d names", len(want))
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if got, ok := tree[path]; !ok || got != want[path] {
			t.Errorf("%s is %v, and by the journal %v (%v)", path, want[path], got, ok)
		}
	}
	for path := range tree {
		if _, ok := want[path]; !ok {
			t.Errorf("%s is there by the journal alone", path)
		}
	}
	verifies(t, dir)
}

// verifies makes sure that nothing was lost, by the journal's own account.
func verifies(t *testing.T, dir string) {
	t.Helper()
	r, err := userjournal.Open(dir)
	must(t, err)
	defer r.Close()
	a, err := query.Audit(r)
	must(t, err)
	for _, e := range a.Epochs {
		if e.Lost != 0 || !e.Stopped || !a.Sound() {
			t.Errorf("%+v", e)
		}
	}
	if len(a.Epochs) == 0 {
		t.Error("the journal has no run")
	}
}

// A replay is a tree as the journal tells it: paths below its root, and what they are.
type replay map[string]fs.FileMode

func (tree replay) apply(rec uapi.Record, root string) error {
	if a, ok := rec.IO(); !ok || a.Result < 0 {
		return nil
	}
	path, path2 := strings.TrimPrefix(string(rec.Path()), root), strings.TrimPrefix(string(rec.Path2()), root)
	add := func(path string, mode fs.FileMode) error {
		if _, ok := tree[filepath.Dir(path)]; !ok && filepath.Dir(path) != "/" {
			return fmt.Errorf("%d: %v %s: there is no such folder", rec.GlobalSequence(), rec.Type(), path)
		}
		tree[path] = mode
		return nil
	}
	switch rec.Type() {
	case uapi.FSCreate:
		return add(path, 0)
	case uapi.FSMkdir:
		return add(path, fs.ModeDir)
	case uapi.FSSymlink:
		return add(path, fs.ModeSymlink)
	case uapi.FSHardlink:
		return add(path2, tree[path])
	case uapi.FSDelete, uapi.FSRmdir:
		if rec.Subtype().Via() == uapi.ViaRename {
			return nil // the rename has put something else there
		}
		if _, ok := tree[path]; !ok {
			return fmt.Errorf("%d: %v %s: it is not there", rec.GlobalSequence(), rec.Type(), path)
		}
		delete(tree, path)
	case uapi.FSRename:
		from := tree.take(path)
		if len(from) == 0 {
			return fmt.Errorf("%d: rename of %s: it is not there", rec.GlobalSequence(), path)
		}
		to := tree.take(path2)
		if rec.Subtype().Kind()&unix.RENAME_EXCHANGE != 0 {
			tree.put(path, to)
		}
		tree.put(path2, from)
	}
	return nil
}

// take removes what is at path and below it, and returns it by the rest of its path.
func (tree replay) take(path string) replay {
	out := replay{}
	for p, mode := range tree {
		if rest, ok := strings.CutPrefix(p, path); ok && (rest == "" || rest[0] == '/') {
			out[rest] = mode
			delete(tree, p)
		}
	}
	return out
}

func (tree replay) put(path string, what replay) {
	for rest, mode := range what {
		tree[path+rest] = mode
	}
}
