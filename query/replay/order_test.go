// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/query"
	"vexj/query/replay"
	"vexj/uapi"
)

// A list is a target that notes in what order steps are done.
type list struct {
	keys [8]replay.Key

	mu   sync.Mutex
	done []uint64 // event ids
}

type listStep struct {
	l    *list
	id   uint64
	path string
}

func (l *list) Plan(it *replay.Item) replay.Step {
	return &listStep{l, it.Record.EventID(), string(it.Record.Path())}
}

func (l *list) Settle(bool) error              { return nil }
func (l *list) Tidy() error                    { return nil }
func (l *list) Digest() (replay.Digest, error) { return replay.Digest{}, nil }

// Uses has a key for each letter of the path, exclusive if it is a capital.
func (s *listStep) Uses(use func(*replay.Key, bool)) {
	for _, c := range s.path {
		use(&s.l.keys[c&7], c < 'a')
	}
}

func (s *listStep) Alone() bool { return s.path == "!" }

func (s *listStep) Do(*replay.Doing) error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.l.done = append(s.l.done, s.id-testBase)
	return nil
}

// Steps that have to do with each other keep their order, however many are done at a
// time.
func TestParallelOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var deeds []deed
	for i := range 20000 {
		path := ""
		for range 1 + r.IntN(3) {
			path += string(rune(r.IntN(2)*32 + 'A' + r.IntN(8)))
		}
		if i%501 == 500 {
			path = "!"
		}
		deeds = append(deeds, deed{typ: uapi.FSWrite, path: path})
	}
	recs := records(t, deeds...)
	l := &list{}
	report, err := replay.New(replay.Options{Mode: replay.Parallel, Workers: 8}).Run(context.Background(), journal(t, recs...), l)
	must(t, err)
	if report.Steps != uint64(len(deeds)) || len(l.done) != len(deeds) {
		t.Fatalf("%d steps were done, %d told of", len(l.done), report.Steps)
	}
	place := make([]int, len(deeds)+1)
	for i, id := range l.done {
		place[id] = i
	}
	depends := func(a, b string) bool {
		for _, x := range a {
			for _, y := range b {
				if x&7 == y&7 && (x < 'a' || y < 'a') {
					return true
				}
			}
		}
		return a == "!" || b == "!"
	}
	for i := range deeds {
		for j := max(0, i-200); j < i; j++ {
			if place[j+1] > place[i+1] && depends(deeds[j].path, deeds[i].path) {
				t.Fatalf("step %d of %q was done before step %d of %q", i+1, deeds[i].path, j+1, deeds[j].path)
			}
		}
	}
}

// In causal order causes come first, and what has none keeps its place.
func TestCausalOrder(t *testing.T) {
	id := func(n uint64) uint64 { return testBase + n }
	for name, c := range map[string]struct {
		deeds    []deed
		want     []uint64
		problems int
	}{
		"as it is":            {[]deed{{}, {parent: id(1)}, {links: []uint64{id(2), id(1)}}}, []uint64{1, 2, 3}, 0},
		"parent later":        {[]deed{{parent: id(3)}, {}, {}, {}}, []uint64{2, 3, 1, 4}, 0},
		"link later":          {[]deed{{links: []uint64{id(2), id(4)}}, {}, {}, {}}, []uint64{2, 3, 4, 1}, 0},
		"chain":               {[]deed{{parent: id(2)}, {parent: id(3)}, {parent: id(4)}, {}, {parent: id(1)}}, []uint64{4, 3, 2, 1, 5}, 0},
		"child of one behind": {[]deed{{parent: id(4)}, {parent: id(1)}, {}, {}}, []uint64{3, 4, 1, 2}, 0},
		"not in the journal":  {[]deed{{parent: id(77)}, {links: []uint64{5}}, {}}, []uint64{1, 2, 3}, 0},
		"itself":              {[]deed{{parent: id(1)}, {}}, []uint64{1, 2}, 0},
		"each other":          {[]deed{{parent: id(2)}, {parent: id(1)}, {}, {parent: id(2)}}, []uint64{3, 1, 2, 4}, 1},
		"twice the same":      {[]deed{{parent: id(2), links: []uint64{id(2), id(2)}}, {}}, []uint64{2, 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.deeds {
				c.deeds[i].typ = uapi.AgentDecision
			}
			l := &list{}
			problems := 0
			player := replay.New(replay.Options{Mode: replay.Causal, KeepGoing: true, Problem: func(replay.Problem) { problems++ }})
			set := journal(t, records(t, c.deeds...)...)
			report, err := player.Run(context.Background(), set, l)
			must(t, err)
			// Who goes on there has none of them again.
			if _, behind, err := set.Seek(report.Cursor); err != nil || behind.Sum() != uint64(len(c.deeds)) {
				t.Errorf("the cursor leads behind %v of %d records, %v", behind, len(c.deeds), err)
			}
			if !slices.Equal(l.done, c.want) || problems != c.problems {
				t.Errorf("got %v with %d problems, want %v with %d", l.done, problems, c.want, c.problems)
			}
		})
	}
}

// What a journal has of data comes out, holes elsewhere; a file that loses its name is
// written to no more, and one that gets it late has what was written before.
func TestContent(t *testing.T) {
	set := journal(t, records(t,
		deed{typ: uapi.FSMkdir, path: "/w/d", mode: folder, inode: 1},
		deed{typ: uapi.FSCreate, path: "/w/d/f", mode: file, inode: 2, dir: 1},
		deed{typ: uapi.FSWrite, path: "/w/d/f", mode: file, inode: 2, data: "hello world", size: 11},
		deed{typ: uapi.FSTruncate, path: "/w/d/f", mode: file, inode: 2, size: 5},
		deed{typ: uapi.FSTruncate, path: "/w/d/f", mode: file, inode: 2, size: 8},
		deed{typ: uapi.FSRename, path: "/w/d", path2: "/w/e", mode: folder, inode: 1},
		deed{typ: uapi.FSWrite, path: "/w/d/f", mode: file, inode: 2, data: "!", offset: 9, size: 10},
		deed{typ: uapi.FSCreate, via: uapi.ViaTmpfile, path: "/w/e/#7", mode: file, inode: 7, dir: 1},
		deed{typ: uapi.FSWrite, path: "/w/e/#7", mode: file, inode: 7, data: "late", size: 4, flags: uapi.FlagUnlinked},
		deed{typ: uapi.FSHardlink, path: "/w/e/#7", path2: "/w/late", mode: file, inode: 7, dir: 1},
		deed{typ: uapi.FSCreate, path: "/w/gone", mode: file, inode: 8},
		deed{typ: uapi.FSDelete, path: "/w/gone", mode: file, inode: 8},
		deed{typ: uapi.FSWrite, path: "/w/gone", mode: file, inode: 8, data: "x", size: 1, flags: uapi.FlagUnlinked},
		deed{typ: uapi.FSRename, path: "/w/late", path2: "/elsewhere/late", mode: file, inode: 7},
		deed{typ: uapi.FSWrite, path: "/elsewhere/late", mode: file, inode: 7, data: "r", size: 5, offset: 4},
		deed{typ: uapi.FSRename, path: "/elsewhere/late", path2: "/w/later", mode: file, inode: 7},
	)...)
	for _, mode := range []replay.Mode{replay.Sequential, replay.Parallel, replay.Causal} {
		into, have, problems := played(t, set, mode, replay.TreeOptions{From: "/w"})
		var got []string
		for _, e := range have {
			b, _ := os.ReadFile(filepath.Join(into, e.Path))
			got = append(got, fmt.Sprintf("%s=%s", e.Path, bytes.ReplaceAll(b, []byte{0}, []byte("."))))
		}
		if want := "e= e/f=hello....! later=later"; strings.Join(got, " ") != want || len(problems) > 0 {
			t.Errorf("%v: got %q, want %q; %v", mode, got, want, problems)
		}
	}
}

// A selection of records makes the tree that they tell of.
func TestSelective(t *testing.T) {
	set := journal(t, records(t,
		deed{typ: uapi.FSMkdir, path: "/w/a", mode: folder, inode: 1},
		deed{typ: uapi.FSCreate, path: "/w/a/x", mode: file, inode: 2, dir: 1},
		deed{typ: uapi.FSMkdir, path: "/w/b", mode: folder, inode: 3},
		deed{typ: uapi.FSCreate, path: "/w/b/y", mode: file, inode: 4, dir: 3},
		deed{typ: uapi.FSMknod, path: "/w/b/p", mode: unix.S_IFIFO | 0o600, inode: 5, dir: 3},
	)...)
	filter, err := query.Conditions{Paths: []string{"/w/b/**"}, Types: []uapi.Type{uapi.FSMkdir, uapi.FSMknod}}.Compile(query.All)
	must(t, err)
	tree := replay.NewTree(replay.TreeOptions{From: "/w"})
	report, err := replay.New(replay.Options{Filter: filter}).Run(context.Background(), set, replay.Dry{Tree: tree})
	must(t, err)
	var got []string
	for _, e := range tree.Entries() {
		got = append(got, e.Path)
	}
	if want := []string{"b", "b/p"}; !slices.Equal(got, want) || report.Records != 2 {
		t.Errorf("got %q of %d records, want %q of 2", got, report.Records, want)
	}
}
