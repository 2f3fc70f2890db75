// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"vexj/uapi"
	"vexj/userjournal"
)

// A watchedFS notes which stretches of the segments are read.
type watchedFS struct {
	userjournal.FS
	mu    sync.Mutex
	reads []stretch
}

type stretch struct{ from, to int64 }

func (f *watchedFS) Open(name string) (userjournal.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".usjl") {
		return file, err
	}
	return &watchedFile{file, f}, nil
}

type watchedFile struct {
	userjournal.File
	fs *watchedFS
}

func (f *watchedFile) ReadAt(p []byte, at int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.reads = append(f.fs.reads, stretch{at, at + int64(len(p))})
	return f.File.ReadAt(p, at)
}

// TestExcludedBlocksAreNotRead: what is not read is not decompressed either.
func TestExcludedBlocksAreNotRead(t *testing.T) {
	build := uapi.NewBuilder(nil)
	var m memory
	for i := range 24_000 {
		o := operation{t: uapi.FSWrite, pid: 1, comm: "a", path: fmt.Sprintf("/early/%d", i), mask: 1, agent: "ann", session: 5, ktime: uint64(i + 1)}
		if i >= 12_000 {
			o = operation{t: uapi.FSDelete, pid: 900, comm: "b", path: fmt.Sprintf("/late/%d", i), mask: 2, ktime: uint64(i + 1)}
		}
		m = append(m, o.record(t, build))
	}
	dir := filepath.Join(t.TempDir(), "j")
	w, err := userjournal.Create(dir, userjournal.Options{NoIndex: true, Clock: &userjournal.Clock{WallOffset: wallOffset}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range m {
		if _, err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	blocks := blocksOf(t, dir)
	if len(blocks) < 6 {
		t.Fatalf("%d blocks are too few", len(blocks))
	}
	for _, tc := range []struct {
		name string
		c    Conditions
		view View
		most float64 // of the blocks
	}{
		{"type", Conditions{Types: []uapi.Type{uapi.FSDelete}}, All, 0.7},
		{"no type", Conditions{Types: []uapi.Type{uapi.FSRename}}, All, 0},
		{"category", Conditions{Categories: []uapi.Category{uapi.CategoryAgent}}, All, 0},
		{"time", Conditions{Since: wall(18_000)}, All, 0.4},
		{"no time", Conditions{Until: wall(-5)}, All, 0},
		{"agent", Conditions{Agents: []string{"ann"}}, All, 0.7},
		{"no agent", Conditions{Agents: []string{"nobody"}}, All, 0.2},
		{"path", Conditions{Paths: []string{"/late/**"}}, All, 0.7},
		{"flag", Conditions{Flags: uapi.FlagAtomic}, All, 0},
		{"view", Conditions{}, View{Mask: 1}, 0.7},
		{"nobody's view", Conditions{}, View{Mask: 4}, 0},
		{"view of a folder", Conditions{}, View{Mask: All.Mask, Paths: []string{"/none"}}, 0.2},
		{"view and type", Conditions{Types: []uapi.Type{uapi.FSDelete}}, View{Mask: 1}, 0.2},
		{"everything", Conditions{}, All, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := tc.c.Compile(tc.view)
			if err != nil {
				t.Fatal(err)
			}
			fs := &watchedFS{FS: userjournal.OSFS}
			r, err := userjournal.OpenFS(fs, dir)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			may := 0
			count := func(z *userjournal.ZoneMap) bool {
				if z.Last < uint64(len(m)) {
					may++ // Filter.Scan asks its own first
				}
				return true
			}
			if err := f.Scan(r, userjournal.ScanOptions{Filter: count}, func(uint64, uapi.Record) error { return nil }); err != nil {
				t.Fatal(err)
			}
			read := 0
			for _, b := range blocks {
				if slices.Contains(fs.reads, b) {
					read++ // and not just its header
				}
			}
			if read != may || float64(read) > tc.most*float64(len(blocks)) {
				t.Errorf("%d of %d blocks were read; the zone maps let %d pass", read, len(blocks), may)
			}
		})
	}
}

// blocksOf finds the blocks of a journal of one segment, up to where their data end.
func blocksOf(t *testing.T, dir string) (blocks []stretch) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.usjl"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	magic := []byte("\x8fUSJblk\n")
	for at := bytes.Index(b, magic); at >= 0; {
		next := bytes.Index(b[at+1:], magic)
		if next < 0 {
			break // the last one, behind which the footer comes, is left out
		}
		blocks = append(blocks, stretch{int64(at), int64(at + 1 + next)})
		at += 1 + next
	}
	return blocks
}
