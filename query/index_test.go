// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"vexj/uapi"
)

// someConditions are such as subscribers ask for.
func someConditions(rng *rand.Rand) Conditions {
	pick := func(words ...string) []string { return []string{words[rng.IntN(len(words))]} }
	var c Conditions
	switch rng.IntN(10) {
	case 0:
		c.Sessions = []uint64{uint64(rng.IntN(20))}
	case 1:
		c.Agents = pick("ann", "bob", "cat")
	case 2:
		c.Paths = pick("/srv/db/**", "/home/ann/src/1/**", "/srv/db/*/a.go", "/renamed/to", "/", "/usr/lib/")
	case 3:
		c.Paths = pick("*.go", "**/table.ibd")
	case 4:
		c.PIDs = []uint32{uint32(100 + rng.IntN(60))}
	case 5:
		c.Types = []uapi.Type{uapi.FSOpen, uapi.FSRename}
	case 6:
		c.Categories = []uapi.Category{uapi.CategoryFilesystem}
		c.Commands = pick("worker-1", "worker-2")
	case 7:
		c.Inodes = []uint64{uint64(rng.IntN(20))}
		c.Since = wall(1000 * int64(rng.IntN(2000)))
	case 8:
		c.Paths = []string{"/srv/**", "/renamed/*", "/usr/lib/**"}
		c.Types = []uapi.Type{uapi.FSRename, uapi.FSWrite}
	}
	return c
}

// TestIndex: it takes what the filters one by one take, whatever came and went.
func TestIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	m := storm(t, 2000)
	b := uapi.NewBuilder(nil)
	for i := range 500 {
		m = append(m, operation{t: uapi.FSWrite, agent: []string{"ann", "bob"}[i%2], session: uint64(rng.IntN(20)),
			inode: uint64(rng.IntN(20)), path: "/srv/db/1/a.go", path2: "/srv/db/2", ktime: uint64(i) * 4000}.record(t, b))
	}
	ix := NewIndex[int]()
	filters := map[int]*Filter{}
	for i := range 400 {
		view := All
		if i%7 == 0 {
			view.Agents = []string{"bob"}
		}
		f, err := someConditions(rng).Compile(view)
		if err != nil {
			t.Fatal(err)
		}
		n := rng.IntN(300)
		ix.Add(n, f)
		filters[n] = f
		if gone := rng.IntN(300); gone%3 == 0 {
			ix.Remove(gone)
			delete(filters, gone)
		}
	}
	if ix.Len() != len(filters) {
		t.Fatalf("it has %d filters, want %d", ix.Len(), len(filters))
	}
	taken := 0
	for _, r := range m {
		at := func() time.Time { return wall(int64(r.Ktime())) }
		got := map[int]bool{}
		ix.Match(r, at, func(n int) {
			if got[n] {
				t.Fatalf("filter %d was found twice", n)
			}
			got[n] = true
		})
		want := map[int]bool{}
		for n, f := range filters {
			if f.MatchAt(r, at()) {
				want[n] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Fatalf("%s: got %v, want %v", r.Path(), slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
		taken += len(got)
	}
	if taken == 0 {
		t.Fatal("nothing was taken")
	}
	for n := range filters {
		ix.Remove(n)
	}
	left := len(ix.rest)
	for _, in := range ix.numbers {
		left += len(in)
	}
	for _, in := range ix.texts {
		left += len(in)
	}
	if left != 0 || ix.Len() != 0 {
		t.Errorf("%d places are left without a filter", left)
	}
}

// BenchmarkIndex asks 1,000 filters about each record, each of which takes about
// one in a hundred, with the index and without it.
func BenchmarkIndex(b *testing.B) {
	build := uapi.NewBuilder(nil)
	var m memory
	for i := range 4096 {
		m = append(m, operation{t: uapi.FSWrite, pid: uint32(i % 100), comm: "worker", agent: fmt.Sprint("agent-", i%10), session: uint64(i % 50),
			path: fmt.Sprintf("/srv/data/%d/file-%d", i%100, i%7), ktime: uint64(i)}.record(b, build))
	}
	ix := NewIndex[int]()
	var filters []*Filter
	for i := range 1000 {
		c := Conditions{Paths: []string{fmt.Sprintf("/srv/data/%d/**", i%100)}}
		if i%2 == 0 {
			c = Conditions{PIDs: []uint32{uint32(i % 100)}, Types: []uapi.Type{uapi.FSWrite, uapi.FSRename}}
		}
		f := compile(b, c)
		filters = append(filters, f)
		ix.Add(i, f)
	}
	taken := 0
	b.Run("index", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			ix.Match(m[i&4095], nil, func(int) { taken++ })
		}
	})
	b.Run("one-by-one", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			for _, f := range filters {
				if f.Match(m[i&4095]) {
					taken++
				}
			}
		}
	})
}
