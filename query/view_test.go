// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

var viewed = []operation{
	0: {t: uapi.FSWrite, path: "/srv/a/one", agent: "ann", mask: 1},
	1: {t: uapi.FSWrite, path: "/srv/ab", agent: "ann", mask: 2},
	2: {t: uapi.FSRename, path: "/srv/a/one", path2: "/srv/b/one", agent: "bob", mask: 3},
	3: {t: uapi.FSRename, path: "/srv/a/x", path2: "/srv/a/y", mask: 4},
	4: {t: uapi.FSSymlink, path: "/srv/a/link", path2: "/etc/passwd", mask: 4},
	5: {t: uapi.ProcExit, agent: "ann", mask: 8},
	6: {t: uapi.FSWrite, flags: uapi.FlagPathUnresolved, path: "/srv/a/../../etc/x", mask: 8},
	7: {t: uapi.FSWrite, path: ".../a/one", flags: uapi.FlagPathTruncated, mask: 8},
	8: {t: uapi.FSWrite, path: "/srv/a", mask: 8, noMask: true},
}

func TestView(t *testing.T) {
	for i := range viewed {
		viewed[i].ktime = uint64(i+1) * 100
	}
	m := records(t, viewed)
	j := write(t, m, userjournal.Options{})
	for _, tc := range []struct {
		name string
		view View
		want []int
	}{
		{"nothing", View{}, nil},
		{"all", All, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"mask", View{Mask: 1}, []int{0, 2}},
		{"masks", View{Mask: 6}, []int{1, 2, 3, 4}},
		{"other mask", View{Mask: 1 << 40}, nil},
		{"folder", View{Mask: All.Mask, Paths: []string{"/srv/a"}}, []int{0, 3, 4, 8}},
		{"folders", View{Mask: All.Mask, Paths: []string{"/srv/b", "/srv/a"}}, []int{0, 2, 3, 4, 8}},
		{"the root", View{Mask: All.Mask, Paths: []string{"/"}}, []int{0, 1, 2, 3, 4, 8}},
		{"agent", View{Mask: All.Mask, Agents: []string{"ann"}}, []int{0, 1, 5}},
		{"agent and folder", View{Mask: 3, Agents: []string{"ann", "bob"}, Paths: []string{"/srv/a"}}, []int{0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := Conditions{}.Compile(tc.view)
			if err != nil {
				t.Fatal(err)
			}
			for name, from := range map[string]Journal{"memory": m, "journal": j} {
				var got []int
				err := f.Scan(from, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
					got = append(got, int(ordinal)-1)
					return nil
				})
				if err != nil || !slices.Equal(got, tc.want) {
					t.Errorf("%s: got %v, %v, want %v", name, got, err, tc.want)
				}
				if s, err := Measure(from, f, userjournal.ScanOptions{}); err != nil || s.Records != uint64(len(tc.want)) {
					t.Errorf("%s: counted %d, %v, want %d", name, s.Records, err, len(tc.want))
				}
			}
		})
	}
}

func TestViewNarrow(t *testing.T) {
	for _, tc := range []struct{ a, b, want View }{
		{All, View{Mask: 6}, View{Mask: 6}},
		{View{Mask: 3}, View{Mask: 6}, View{Mask: 2}},
		{View{Mask: 3, Paths: []string{"/a", "/b"}}, All, View{Mask: 3, Paths: []string{"/a", "/b"}}},
		{View{Mask: 3, Paths: []string{"/a", "/b/c"}}, View{Mask: 1, Paths: []string{"/a/x", "/b"}}, View{Mask: 1, Paths: []string{"/a/x", "/b/c"}}},
		{View{Mask: 3, Paths: []string{"/a"}}, View{Mask: 1, Paths: []string{"/ab"}}, View{}},
		{View{Mask: 3, Agents: []string{"ann", "bob"}}, View{Mask: 3, Agents: []string{"bob"}}, View{Mask: 3, Agents: []string{"bob"}}},
		{View{Mask: 3, Agents: []string{"ann"}}, View{Mask: 3, Agents: []string{"bob"}}, View{}},
	} {
		for _, got := range []View{tc.a.Narrow(tc.b), tc.b.Narrow(tc.a)} {
			if got.Mask != tc.want.Mask || !slices.Equal(slices.Sorted(slices.Values(got.Paths)), tc.want.Paths) ||
				!slices.Equal(got.Agents, tc.want.Agents) {
				t.Errorf("%v and %v: got %v, want %v", tc.a, tc.b, got, tc.want)
			}
		}
	}
}

func TestViewRefuses(t *testing.T) {
	for _, p := range []string{"", "srv", "/srv/", "/srv/../etc"} {
		if f, err := (Conditions{}).Compile(View{Mask: 1, Paths: []string{p}}); !errors.Is(err, ErrView) || f != nil {
			t.Errorf("%q: got %v", p, err)
		}
	}
}

// TestViewOfDamage: how many records are damaged is nobody's business who may
// not see them.
func TestViewOfDamage(t *testing.T) {
	broken := brokenJournal{&userjournal.DamageError{Segment: "1.usjl", Bytes: 77, First: 5, Last: 9, Err: errors.New("checksum")}}
	f, err := Conditions{}.Compile(View{Mask: 1})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	tell := func(d *userjournal.DamageError) error {
		told++
		if text := d.Error(); strings.ContainsAny(text, "0123456789") {
			t.Errorf("it says %q", text)
		}
		return nil
	}
	if err := f.Scan(broken, userjournal.ScanOptions{OnDamage: tell}, nil); err != nil || told != 1 {
		t.Errorf("got %v, told %d times", err, told)
	}
	if err := f.Scan(broken, userjournal.ScanOptions{}, nil); !errors.Is(err, userjournal.ErrDamaged) || strings.ContainsAny(err.Error(), "0123456789") {
		t.Errorf("got %v", err)
	}
}

// brokenJournal has nothing else.
type brokenJournal struct{ damage *userjournal.DamageError }

func (j brokenJournal) Scan(o userjournal.ScanOptions, _ func(uint64, uapi.Record) error) error {
	if o.OnDamage == nil {
		return j.damage
	}
	return o.OnDamage(j.damage)
}

func (brokenJournal) WallTime(uint64, uint64) (t time.Time) { return t }
