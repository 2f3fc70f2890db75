// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// A tale is a journal that is told operation by operation; ids count from 1.
type tale struct {
	tb  testing.TB
	ops []operation
}

func (t *tale) tell(o operation) (id uint64) {
	n := uint64(len(t.ops) + 1)
	o.ktime = n * uint64(time.Millisecond)
	if o.id == 0 {
		o.id = n
	}
	if o.comm == "" && o.pid != 0 {
		o.comm = fmt.Sprint("prog-", o.pid)
	}
	t.ops = append(t.ops, o)
	return o.id
}

func (t *tale) inquire(view View) *Inquiry {
	return Inquire(write(t.tb, records(t.tb, t.ops), userjournal.Options{}), view)
}

// two agents work on one tree, by way of processes, renames and links.
func twoAgents(tb testing.TB) (t *tale, ann, bob uint64) {
	t = &tale{tb: tb}
	const annSession, bobSession = 1<<63 | 1, 1<<63 | 2
	ann = t.tell(operation{t: uapi.SemIntent, pid: 10, agent: "ann", session: annSession, intent: "tidy up", mask: 1,
		meta: `{"session":"monday","touch":["src/**","*.md","/never/*"],"cwd":"/w"}`})
	bob = t.tell(operation{t: uapi.SemIntent, pid: 20, agent: "bob", session: bobSession, intent: "release", mask: 2, meta: `{"session":"tuesday","cwd":"/w"}`})
	a := func(o operation) uint64 {
		o.agent, o.session, o.mask, o.root = "ann", annSession, 1, ann
		if o.parent == 0 {
			o.parent = ann
		}
		return t.tell(o)
	}
	b := func(o operation) uint64 {
		o.agent, o.session, o.mask, o.root = "bob", bobSession, 2, bob
		if o.parent == 0 {
			o.parent = bob
		}
		return t.tell(o)
	}
	a(operation{t: uapi.ProcFork, pid: 10, child: 11})
	a(operation{t: uapi.ProcExec, pid: 11, ppid: 10, path: "/bin/sh"})
	a(operation{t: uapi.FSMkdir, pid: 11, ppid: 10, path: "/w/src", inode: 100, dir: true})
	a(operation{t: uapi.FSCreate, pid: 11, ppid: 10, path: "/w/src/a", inode: 101})
	a(operation{t: uapi.FSWrite, pid: 11, ppid: 10, path: "/w/src/a", inode: 101, result: 10})
	a(operation{t: uapi.FSWrite, pid: 11, ppid: 10, path: "/w/src/a", inode: 101, result: 20})
	// bob replaces the file by another one, and links that.
	b(operation{t: uapi.FSCreate, pid: 21, ppid: 20, path: "/w/src/.a.tmp", inode: 102})
	b(operation{t: uapi.FSWrite, pid: 21, ppid: 20, path: "/w/src/.a.tmp", inode: 102, result: 5})
	rename := b(operation{t: uapi.FSRename, pid: 21, ppid: 20, path: "/w/src/.a.tmp", path2: "/w/src/a", inode: 102})
	b(operation{t: uapi.FSDelete, pid: 21, ppid: 20, path: "/w/src/a", inode: 101, parent: rename,
		subtype: uapi.MakeSubtype(uapi.ViaRename, 0)})
	b(operation{t: uapi.FSHardlink, pid: 21, ppid: 20, path: "/w/src/a", path2: "/w/b", inode: 102})
	// ann writes by the other name, and moves the folder.
	a(operation{t: uapi.FSWrite, pid: 12, ppid: 11, path: "/w/b", inode: 102, result: 7})
	a(operation{t: uapi.FSWrite, pid: 12, ppid: 11, path: "/w/b", inode: 102, result: -28, flags: uapi.FlagFailed})
	a(operation{t: uapi.FSRename, pid: 12, ppid: 11, path: "/w/src", path2: "/w/lib", inode: 100, dir: true})
	t.tell(operation{t: uapi.FSChmod, pid: 1, path: "/w/b", inode: 102})
	b(operation{t: uapi.FSCreate, pid: 21, path: "/w/notes.md", inode: 103})
	b(operation{t: uapi.FSDelete, pid: 21, path: "/w/notes.md", inode: 103})
	return t, ann, bob
}

func writers(b *Blame) (list []string) {
	for _, w := range b.Writers {
		who := w.Agent
		if who == "" {
			who = w.Command
		}
		text := fmt.Sprintf("%s %s %d", who, strings.Join(w.Types, "+"), w.Bytes)
		if w.Intent != nil {
			text += " " + w.Intent.Text + "/" + w.Intent.Name
		}
		if w.Created {
			text += " created"
		}
		if w.Deleted {
			text += " deleted"
		}
		list = append(list, text)
	}
	return list
}

func TestBlame(t *testing.T) {
	tale, _, _ := twoAgents(t)
	annB := "ann write 7 tidy up/monday"
	bobB := "bob hardlink+rename+write+create 5 release/tuesday created"
	annA := "ann write+create 30 tidy up/monday created"
	for _, tc := range []struct {
		name, path string
		o          BlameOptions
		view       View
		want       []string
		gone       bool
	}{
		{name: "by a link", path: "/w/b", want: []string{annB, bobB}},
		{name: "moved with its folder", path: "/w/lib/a", want: []string{annB, bobB}},
		{name: "by the old name", path: "/w/src/a", want: []string{annB, bobB}},
		{name: "one writer", path: "/w/b", o: BlameOptions{Writers: 1}, want: []string{annB}},
		{name: "all", path: "/w/lib/a", o: BlameOptions{All: true}, want: []string{"prog-1 chmod 0", annB, bobB, annA}},
		{name: "deleted", path: "/w/notes.md", want: []string{"bob delete+create 0 release/tuesday created deleted"}, gone: true},
		{name: "folder", path: "/w/lib", want: []string{"ann rename 0 tidy up/monday", "ann mkdir 0 tidy up/monday created"}},
		{name: "ann's view", path: "/w/b", view: View{Mask: 1}, want: []string{annB}},
		{name: "bob's view", path: "/w/b", view: View{Mask: 2}, want: []string{bobB}},
		{name: "bob's view of the folder's name", path: "/w/src/a", view: View{Mask: 2}, want: []string{bobB}},
		{name: "ann's view of before", path: "/w/src/a", view: View{Mask: 1}, want: []string{annA}},
		{name: "nobody's view", path: "/w/lib/a", view: View{Mask: 1 << 20}},
		{name: "by the new name, unseen", path: "/w/lib/a", view: View{Mask: 2}},
		{name: "unknown", path: "/w/c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.view.Mask == 0 {
				tc.view = All
			}
			b, err := tale.inquire(tc.view).Blame(tc.path, tc.o)
			if len(tc.want) == 0 {
				if !errors.Is(err, ErrNotFound) {
					t.Errorf("got %v, %v", b, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := writers(b); !slices.Equal(got, tc.want) || b.Gone != tc.gone {
				t.Errorf("got %q, gone %v, want %q", got, b.Gone, tc.want)
			}
			if tc.o.Writers == 1 && !b.More {
				t.Error("it does not say that there are more")
			}
		})
	}
	if _, err := tale.inquire(All).Blame("w/b", BlameOptions{}); !errors.Is(err, ErrPattern) {
		t.Errorf("relative: %v", err)
	}
}

// TestBlameOfUsedNumber: a number that was taken again is another file.
func TestBlameOfUsedNumber(t *testing.T) {
	tale := &tale{tb: t}
	tale.tell(operation{t: uapi.FSCreate, pid: 1, path: "/a", inode: 5})
	tale.tell(operation{t: uapi.FSWrite, pid: 1, path: "/a", inode: 5, result: 1})
	tale.tell(operation{t: uapi.FSDelete, pid: 2, path: "/a", inode: 5})
	tale.tell(operation{t: uapi.FSCreate, pid: 3, path: "/b", inode: 5})
	tale.tell(operation{t: uapi.FSWrite, pid: 3, path: "/b", inode: 5, result: 2})
	tale.tell(operation{t: uapi.FSWrite, pid: 4, path: "/none", result: 2})
	for name, want := range map[string][]string{
		"/a": {"prog-2 delete 0 deleted", "prog-1 write+create 1 created"}, "/b": {"prog-3 write+create 2 created"},
		"/none": {"prog-4 write 2"},
	} {
		b, err := tale.inquire(All).Blame(name, BlameOptions{})
		if err != nil || !slices.Equal(writers(b), want) {
			t.Errorf("%s: got %v, %q", name, err, writers(b))
		}
	}
}

func TestBlameFolder(t *testing.T) {
	tale, _, _ := twoAgents(t)
	tale.tell(operation{t: uapi.FSWrite, pid: 7, path: "/w/lib/new", inode: 200, result: 1})
	for _, tc := range []struct {
		view View
		want []string
	}{
		{All, []string{"/w/lib/new prog-7", "/w/b ann"}},
		{View{Mask: 2}, []string{"/w/lib/new prog-7", "/w/b bob", "/w/src/a bob"}},
	} {
		q := tale.inquire(tc.view)
		if dir, err := q.IsFolder("/w"); !dir || err != nil {
			t.Errorf("/w is no folder: %v", err)
		}
		list, more, err := q.BlameFolder("/w", 100)
		var got []string
		for _, b := range list {
			who := b.Writers[0].Agent
			if who == "" {
				who = b.Writers[0].Command
			}
			got = append(got, b.Path+" "+who)
		}
		if err != nil || more || !slices.Equal(got, tc.want) {
			t.Errorf("mask %d: got %q, %v, %v, want %q", tc.view.Mask, got, more, err, tc.want)
		}
		if list, more, _ = q.BlameFolder("/w", 1); len(list) != 1 || !more {
			t.Errorf("of one: %d, more %v", len(list), more)
		}
	}
}

func ids(events []Event) (ids []uint64) {
	for _, e := range events {
		ids = append(ids, e.Rec.EventID())
	}
	return ids
}

func TestWhy(t *testing.T) {
	tale, ann, bob := twoAgents(t)
	const write, victim, rename = 7, 12, 11
	w, err := tale.inquire(All).Why(write)
	if err != nil || !slices.Equal(ids(w.Causes), []uint64{ann}) || w.Cut || w.Root != nil || w.Intent == nil || w.Intent.Text != "tidy up" {
		t.Fatalf("got %v, %+v", err, w)
	}
	if p := w.Processes; len(p) != 2 || p[0].PID != 11 || p[0].Exec.Rec.EventID() != 4 || p[0].Fork.Rec.EventID() != 3 || p[1].PID != 10 || p[1].Fork != nil {
		t.Errorf("processes: %+v", p)
	}
	if w, err = tale.inquire(All).Why(victim); err != nil || !slices.Equal(ids(w.Causes), []uint64{rename, bob}) {
		t.Errorf("victim: %v, %v", ids(w.Causes), err)
	}
	// What is not in the view is not there.
	if _, err := tale.inquire(View{Mask: 1}).Why(victim); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	_, none := tale.inquire(View{Mask: 1}).Why(9999)
	_, hidden := tale.inquire(View{Mask: 1}).Why(bob)
	if strings.ReplaceAll(none.Error(), "270f", "") != strings.ReplaceAll(hidden.Error(), "0002", "") {
		t.Errorf("%v differs from %v", none, hidden)
	}
}

// TestShown: a cause that is not in the view is not named.
func TestShown(t *testing.T) {
	tale := &tale{tb: t}
	secret := tale.tell(operation{t: uapi.SemIntent, mask: 2})
	id := tale.tell(operation{t: uapi.FSWrite, path: "/a", mask: 1, parent: secret, root: secret})
	q := tale.inquire(View{Mask: 1})
	e, err := q.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	r, err := q.Shown(e.Rec)
	if err != nil || r.Parent() != 0 || r.RootCause() != id {
		t.Errorf("parent %d, root %d, %v", r.Parent(), r.RootCause(), err)
	}
	if e.Rec.Parent() != secret {
		t.Error("the record itself was changed")
	}
	if r, _ = tale.inquire(All).Shown(e.Rec); r.Parent() != secret {
		t.Error("the owner does not see the parent")
	}
	w, err := q.Why(id)
	if err != nil || len(w.Causes) != 0 || w.Root != nil {
		t.Errorf("got %+v, %v", w, err)
	}
}

func TestImpact(t *testing.T) {
	tale, ann, bob := twoAgents(t)
	for _, tc := range []struct {
		name string
		id   uint64
		view View
		most int
		want []uint64
		over bool
	}{
		{"intent", ann, All, 0, []uint64{3, 4, 5, 6, 7, 8, 14, 15, 16}, false},
		{"rename", 11, All, 0, []uint64{12}, false},
		{"other intent", bob, All, 0, []uint64{9, 10, 11, 12, 13, 18, 19}, false},
		{"few", bob, All, 3, []uint64{9, 10, 11}, true},
		{"nothing", 19, All, 0, nil, false},
		{"fork", 3, All, 0, []uint64{4, 5, 6, 7, 8}, false},
		{"exec", 4, All, 0, []uint64{5, 6, 7, 8}, false},
		{"of a view", ann, View{Mask: 1}, 0, []uint64{3, 4, 5, 6, 7, 8, 14, 15, 16}, false},
	} {
		i, err := tale.inquire(tc.view).Impact(tc.id, tc.most)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		var got []uint64
		for _, e := range i.Effects {
			got = append(got, e.Ordinal)
		}
		if !slices.Equal(got, tc.want) || i.Over != tc.over {
			t.Errorf("%s: got %v, over %v, want %v", tc.name, got, i.Over, tc.want)
		}
	}
	if _, err := tale.inquire(View{Mask: 2}).Impact(ann, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestChains: chains that are long, in a circle, or cut are followed to an end.
func TestChains(t *testing.T) {
	tale := &tale{tb: t}
	for i := range uint64(2000) {
		tale.tell(operation{t: uapi.AgentDecision, parent: i})
	}
	circle := tale.tell(operation{t: uapi.AgentDecision, parent: 2003, root: 2002})
	tale.tell(operation{t: uapi.AgentDecision, parent: circle, id: 2003})
	cut := tale.tell(operation{t: uapi.AgentDecision, parent: 7777, root: 1})
	q := tale.inquire(All)
	if w, err := q.Why(1500); err != nil || len(w.Causes) != maxChain {
		t.Errorf("long: %v", err)
	}
	if w, err := q.Why(circle); err != nil || !slices.Equal(ids(w.Causes), []uint64{2003}) || !w.Cut {
		t.Errorf("circle: %v, %v, %v", ids(w.Causes), w.Cut, err)
	}
	if i, err := q.Impact(circle, 0); err != nil || len(i.Effects) != 1 {
		t.Errorf("impact of a circle: %v, %v", i, err)
	}
	if w, err := q.Why(cut); err != nil || !w.Cut || w.Root == nil || w.Root.Rec.EventID() != 1 {
		t.Errorf("cut: %+v, %v", w, err)
	}
	if i, err := q.Intent(tale.record(t, 1999)); err != nil || i != nil {
		t.Errorf("intent: %v, %v", i, err)
	}
}

func (t *tale) record(tb testing.TB, i int) uapi.Record {
	return t.ops[i].record(tb, uapi.NewBuilder(nil))
}

func TestSessions(t *testing.T) {
	tale, _, _ := twoAgents(t)
	list, over, err := tale.inquire(All).Sessions(Conditions{})
	if err != nil || over || len(list) != 2 {
		t.Fatalf("got %v, %v, %v", list, over, err)
	}
	bob, ann := list[0], list[1]
	if bob.Name != "tuesday" || !slices.Equal(bob.Agents, []string{"bob"}) || bob.Records != 8 || bob.Changes != 7 || bob.Written != 5 {
		t.Errorf("bob: %+v", bob)
	}
	if ann.Name != "monday" || ann.Failed != 1 || ann.Records != 10 || ann.Written != 37 || ann.Intents != 1 {
		t.Errorf("ann: %+v", ann)
	}
	if list, _, err = tale.inquire(View{Mask: 1}).Sessions(Conditions{}); err != nil || len(list) != 1 || list[0].ID != ann.ID {
		t.Errorf("ann's view: %v, %v", list, err)
	}
	s, err := tale.inquire(All).Session(ann.ID)
	if err != nil || s.Stat.Records != 10 || len(s.Intents) != 1 || s.Intents[0].Text != "tidy up" {
		t.Errorf("one: %+v, %v", s, err)
	}
	if _, err = tale.inquire(View{Mask: 2}).Session(ann.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("unseen: %v", err)
	}
}

func TestDiff(t *testing.T) {
	tale, _, _ := twoAgents(t)
	d, err := tale.inquire(All).Diff(1<<63 | 1)
	if err != nil {
		t.Fatal(err)
	}
	var declared, undeclared []string
	for _, one := range d.Declared {
		declared = append(declared, fmt.Sprintf("%s %d", one.Whole, one.Paths))
	}
	for _, one := range d.Undeclared {
		undeclared = append(undeclared, one.Path)
	}
	if want := []string{"/w/src/** 2", "/w/**/*.md 0", "/never/* 0"}; !slices.Equal(declared, want) {
		t.Errorf("declared: %q", declared)
	}
	if want := []string{"/w/b", "/w/lib"}; !slices.Equal(undeclared, want) || d.Paths != 4 {
		t.Errorf("undeclared: %q of %d", undeclared, d.Paths)
	}
	for pattern, want := range map[string]string{
		"a": "/w/**/a", "./a": "/w/a", "x/a": "/w/x/a", "/x": "/x", "src/": "/w/**/src/",
	} {
		if got := anchor(pattern, "/w"); got != want {
			t.Errorf("%s: got %s", pattern, got)
		}
	}
}

func TestReport(t *testing.T) {
	tale, _, _ := twoAgents(t)
	for _, tc := range []struct {
		name string
		c    Conditions
		o    ReportOptions
		view View
		want []string
	}{
		{"everything", Conditions{}, ReportOptions{}, All, nil},
		{"agents", Conditions{}, ReportOptions{By: ByAgent}, All, []string{"ann 10 37", "bob 8 5", " 1 0"}},
		{"agents of a view", Conditions{}, ReportOptions{By: ByAgent}, View{Mask: 2}, []string{"bob 8 5", " 1 0"}},
		{"paths", Conditions{Categories: []uapi.Category{uapi.CategoryFilesystem}}, ReportOptions{By: ByPath, Depth: 2}, All,
			[]string{"/w/src 10 35", "/w/b 3 7", "/w/notes.md 2 0"}},
		{"categories", Conditions{}, ReportOptions{By: ByCategory}, All, []string{"filesystem 14 42", "process 2 0", "semantic 2 0"}},
		{"time", Conditions{}, ReportOptions{By: ByTime, Bucket: time.Hour}, All, nil},
	} {
		r, err := tale.inquire(tc.view).Report(tc.c, tc.o)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		var got []string
		sum := uint64(0)
		for _, row := range r.Rows {
			got = append(got, fmt.Sprintf("%s %d %d", row.Key, row.Records, row.Written))
			sum += row.Records
		}
		if tc.want != nil && tc.name != "categories" && !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q", tc.name, got)
		}
		if tc.o.By != "" && sum != r.Total.Records {
			t.Errorf("%s: rows have %d records of %d", tc.name, sum, r.Total.Records)
		}
	}
	for _, o := range []ReportOptions{{By: "colour"}, {Depth: -1}, {Bucket: time.Millisecond}} {
		if _, err := tale.inquire(All).Report(Conditions{}, o); !errors.Is(err, ErrCondition) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

// TestReportIsBounded: what there is no room for is counted all the same.
func TestReportIsBounded(t *testing.T) {
	build := uapi.NewBuilder(nil)
	var m memory
	for i := range maxRows + 500 {
		m = append(m, operation{t: uapi.FSWrite, path: fmt.Sprint("/", i), ktime: uint64(i)}.record(t, build))
	}
	r, err := Inquire(findless{m}, All).Report(Conditions{}, ReportOptions{By: ByPath})
	if err != nil || len(r.Rows) != maxRows || r.Other == nil || r.Other.Records != 500 {
		t.Fatalf("%d rows, other %v, %v", len(r.Rows), r.Other, err)
	}
	n, about := r.Total.Paths()
	if d := int(n) - len(m); !about || d*d > len(m)*len(m)/100 {
		t.Errorf("%d paths, there are %d", n, len(m))
	}
	if n, about := r.Total.PIDs(); n != 1 || about {
		t.Errorf("%d pids", n)
	}
}

// findless is a source that is not asked for single records.
type findless struct{ memory }

func (findless) Find(uint64) (uint64, uapi.Record, error) { panic("asked") }
