// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// paper is an Env with facts that a child could have noted.
func paper() *Env {
	e := newEnv("/base")
	maps.Copy(e.facts, map[string]int64{"pid": 100, "task.tid": 101, "task.ppid": 99, "task.uid": 0, "task.gid": 0,
		"task.mnt_ns": 4026531840, "task.pid_ns": 4026531836, "child": 200, fdKey("a"): 7, "n": 48, "flags": 0})
	return e
}

func resolved(e *Env, wants ...Want) []Want {
	out := make([]Want, len(wants))
	for i, w := range wants {
		out[i] = w.resolve(e)
	}
	return out
}

func records(t *testing.T, ds []*draft) []uapi.Record {
	t.Helper()
	var out []uapi.Record
	for _, d := range ds {
		out = append(out, d.record(t))
	}
	return out
}

// Every row accepts the records that it states, and only those: none missing,
// none twice.
func TestRowsAcceptWhatTheyState(t *testing.T) {
	for _, s := range Table() {
		t.Run(s.Name, func(t *testing.T) {
			e := paper()
			want := resolved(e, s.Want(e)...)
			got := records(t, drafts(t, want))
			check := Compare
			if s.Unordered {
				check = CompareUnordered
			}
			if err := check(want, got); err != nil {
				t.Fatal(err)
			}
			for _, r := range got {
				if what := contradictions(r); len(what) > 0 {
					t.Errorf("%s: %v", title(r), what)
				}
			}
			if len(want) == 0 {
				return
			}
			if err := check(want, got[1:]); !errors.Is(err, ErrMismatch) {
				t.Errorf("without the first record: %v", err)
			}
			if err := check(want, append(slices.Clone(got), got[0])); !errors.Is(err, ErrMismatch) {
				t.Errorf("with the first record twice: %v", err)
			}
		})
	}
}

func TestCompareSeesEveryDifference(t *testing.T) {
	e := paper()
	e.Note("ino:a", 12)
	e.Note("ino:dir", 2)
	write := Rec(uapi.FSWrite, "a").Did(3, 5).Size(8).Mode(unix.S_IFREG|0o600).Nlink(1).Object("a").Dirs("dir", "")
	rename := Rec(uapi.FSRename, "a").To("b").Object("a").Object2("other").Kind(2)
	for name, tt := range map[string]struct {
		want Want
		do   func(*draft)
		says string
	}{
		"type":      {write, func(d *draft) { d.typ = uapi.FSRead }, "missing"},
		"path":      {write, func(d *draft) { d.path = "/base/w/b" }, "missing"},
		"path2":     {rename, func(d *draft) { d.path2 = "/base/w/c" }, "path2: want"},
		"no path2":  {write, func(d *draft) { d.path2 = "/base/w/c" }, "path2: want"},
		"via":       {write, func(d *draft) { d.via = uapi.ViaUring }, "via: want call, got uring"},
		"kind":      {rename, func(d *draft) { d.kind = 0 }, "kind: want 2, got 0"},
		"pid":       {write, func(d *draft) { d.pid++ }, "pid: want 100, got 101"},
		"tid":       {write, func(d *draft) { d.task.TID++ }, "task.tid"},
		"uid":       {write, func(d *draft) { d.task.UID = 5 }, "task.uid"},
		"mount ns":  {write, func(d *draft) { d.task.MntNS++ }, "task.mnt_ns"},
		"offset":    {write, func(d *draft) { d.io.Offset = 0 }, "offset: want 3, got 0"},
		"length":    {write, func(d *draft) { d.io.Length = 6 }, "length: want 5, got 6"},
		"result":    {write, func(d *draft) { d.io.Result = 4 }, "result: want 5, got 4"},
		"no io":     {write, func(d *draft) { d.io = nil }, "result: want 5, got none"},
		"size":      {write, func(d *draft) { d.file.Size = 5 }, "file.size: want 8, got 5"},
		"mode":      {write, func(d *draft) { d.file.Mode = unix.S_IFREG | 0o644 }, "file.mode: want 0100600, got 0100644"},
		"nlink":     {write, func(d *draft) { d.file.Nlink = 2 }, "file.nlink"},
		"inode":     {write, func(d *draft) { d.file.Inode = 13 }, "inode 12 (a)"},
		"no file":   {write, func(d *draft) { d.file = nil }, "file.size: want 8, got none"},
		"same file": {rename, func(d *draft) { d.file2 = d.file }, "an object of its own"},
		"directory": {write, func(d *draft) { d.dirs.Inode = 3 }, "dirs: want 2 0, got 3 0"},
		"flags":     {write, func(d *draft) { d.flags |= uapi.FlagUnlinked }, "flags: want , got unlinked"},
		"failed":    {write, func(d *draft) { d.flags |= uapi.FlagFailed }, "flags"},
		"name":      {write, func(d *draft) { d.name = "user.x" }, "name"},
		"value":     {write, func(d *draft) { d.value = "x" }, "value"},
		"parent":    {write, func(d *draft) { d.parent = 77 }, "parent_event_id: want 0x0, got 0x4d"},
		"root":      {write, func(d *draft) { d.root = 77 }, "root_cause_event_id"},
	} {
		t.Run(name, func(t *testing.T) {
			want := resolved(e, tt.want)
			ds := drafts(t, want)
			if err := Compare(want, records(t, ds)); err != nil {
				t.Fatalf("as stated: %v", err)
			}
			tt.do(ds[0])
			err := Compare(want, records(t, ds))
			if !errors.Is(err, ErrMismatch) {
				t.Fatalf("not noticed: %v", err)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error does not say %q:\n%v", tt.says, err)
			}
		})
	}
}

func TestCompareTolerates(t *testing.T) {
	e := paper()
	deep := strings.Repeat("d/", 100) + "f"
	for name, tt := range map[string]struct {
		want Want
		do   func(*draft)
		ok   bool
	}{
		"a failed path not followed": {Failed(uapi.FSOpen, "d/none", unix.ENOENT), func(d *draft) {
			d.path, d.flags, d.file = "/base/w/d/../d//none", d.flags|uapi.FlagPathUnresolved, nil
		}, true},
		"a failed path spelt otherwise, unflagged": {Failed(uapi.FSOpen, "d/none", unix.ENOENT), func(d *draft) {
			d.path = "/base/w/d/../d/none"
		}, false},
		"a cut path where allowed": {Rec(uapi.FSStat, deep).MayCut(), func(d *draft) {
			d.path, d.flags = ".../d/d/d/f", uapi.FlagPathTruncated
		}, true},
		"a cut path, unflagged": {Rec(uapi.FSStat, deep).MayCut(), func(d *draft) { d.path = ".../d/d/f" }, false},
		"a cut path that is another's": {Rec(uapi.FSStat, deep).MayCut(), func(d *draft) {
			d.path, d.flags = ".../d/e/f", uapi.FlagPathTruncated
		}, false},
		"a cut path where not allowed": {Rec(uapi.FSStat, deep), func(d *draft) {
			d.path, d.flags = ".../d/d/f", uapi.FlagPathTruncated
		}, false},
		"a flag that may be": {Rec(uapi.FSDelete, "a").May(uapi.FlagUnlinked), func(d *draft) { d.flags = uapi.FlagUnlinked }, true},
		"any address":        {Rec(uapi.FSMmapWrite, "a").AnyOutcome(), func(d *draft) { d.io.Result = 0x7f0000000000 }, true},
		"no negative address": {Rec(uapi.FSMmapWrite, "a").AnyOutcome(), func(d *draft) {
			d.io.Result, d.flags = -12, uapi.FlagFailed
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			want := resolved(e, tt.want)
			ds := drafts(t, want)
			tt.do(ds[0])
			if err := Compare(want, records(t, ds)); (err == nil) != tt.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCompareSkipsBlindFields(t *testing.T) {
	e := paper()
	want := resolved(e, Rec(uapi.FSOpen, "a").FD(7))
	ds := drafts(t, want)
	ds[0].open.FD, ds[0].io.Result = -1, 0
	if err := Compare(want, records(t, ds), "open.fd"); !errors.Is(err, ErrMismatch) {
		t.Errorf("the result was not compared: %v", err)
	}
	if err := Compare(want, records(t, ds), "open.fd", "result"); err != nil {
		t.Error(err)
	}
}

func TestCompareShowsBothSides(t *testing.T) {
	e := paper()
	want := resolved(e, Rec(uapi.FSMkdir, "a"), Rec(uapi.FSMkdir, "b"), Rec(uapi.FSMkdir, "c").Mode(unix.S_IFDIR|0o755))
	got := records(t, drafts(t, resolved(e, Rec(uapi.FSMkdir, "a"), Rec(uapi.FSRmdir, "x"), Rec(uapi.FSMkdir, "c").Mode(unix.S_IFDIR|0o700))))
	err := Compare(want, got)
	if err == nil {
		t.Fatal("not noticed")
	}
	const text = `the records are not those that the row states (- missing, + besides, ~ differs)
    mkdir "/base/w/a"
  - mkdir "/base/w/b"
  + rmdir "/base/w/x" via call kind 0 pid 100 offset -1 length 0 = 0
  ~ mkdir "/base/w/c"
        file.mode: want 040755, got 040700
`
	if err.Error() != text {
		t.Errorf("got\n%s\nwant\n%s", err, text)
	}
}

func TestCompareUnordered(t *testing.T) {
	e := paper()
	var wants []Want
	for i := range 5 {
		wants = append(wants, Rec(uapi.FSMkdir, fmt.Sprint("d", i)))
	}
	want := resolved(e, wants...)
	got := records(t, drafts(t, want))
	slices.Reverse(got)
	if err := Compare(want, got); !errors.Is(err, ErrMismatch) {
		t.Errorf("Compare takes any order: %v", err)
	}
	if err := CompareUnordered(want, got); err != nil {
		t.Error(err)
	}
}

func TestUnattributed(t *testing.T) {
	ctx := uapi.Context{Agent: "a", Session: 5, Parent: 9, Root: 8, Visibility: 6}
	build := func(h uapi.Header, agent string, session uint64) uapi.Record {
		b := uapi.NewBuilder(nil)
		h.Type, h.EventID = uapi.FSMkdir, 20
		b.Begin(h)
		b.AddString(uapi.AttrPath, "/d")
		b.AddString(uapi.AttrAgentID, agent)
		b.AddU64(uapi.AttrSession, session)
		rec, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	sound := uapi.Header{Parent: 9, RootCause: 8, VisibilityMask: 6}
	got, err := without(ctx, build(sound, "a", 5))
	if err != nil {
		t.Fatal(err)
	}
	h := got.Header()
	if _, has := got.Attr(uapi.AttrAgentID); has || h.Parent != 0 || h.RootCause != 20 || h.VisibilityMask != ^uint64(0) || string(got.Path()) != "/d" {
		t.Errorf("%+v", h)
	}
	if got, err = without(ctx, build(uapi.Header{Parent: 19, RootCause: 8, VisibilityMask: 6}, "a", 5)); err != nil || got.Parent() != 19 || got.RootCause() != 19 {
		t.Errorf("what has a cause of its own: %+v, %v", got.Header(), err)
	}
	for name, bad := range map[string]uapi.Record{
		"another agent":   build(sound, "b", 5),
		"another session": build(sound, "a", 6),
		"no cause":        build(uapi.Header{RootCause: 8, VisibilityMask: 6}, "a", 5),
		"another root":    build(uapi.Header{Parent: 9, RootCause: 9, VisibilityMask: 6}, "a", 5),
		"wider":           build(uapi.Header{Parent: 9, RootCause: 8, VisibilityMask: 7}, "a", 5),
	} {
		if _, err := without(ctx, bad); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
