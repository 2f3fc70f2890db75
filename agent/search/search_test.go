// SPDX-License-Identifier: Apache-2.0

package search_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vexj/agent/search"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector/embed"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A scribe writes records that a search finds.
type scribe struct {
	w *userjournal.Writer
	n uint64
}

func (s *scribe) write(t testing.TB, typ uapi.Type, mask uint64, fill func(*uapi.Builder)) uint64 {
	t.Helper()
	s.n++
	id := uint64(uapi.ProducerTest)<<56 | s.n
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{EventID: id, Type: typ, GlobalSequence: s.n, Ktime: s.n * 1e9, VisibilityMask: mask})
	fill(b)
	must(s.w.Append(must(b.Finish())))
	return id
}

func (s *scribe) path(t testing.TB, typ uapi.Type, mask uint64, path string) uint64 {
	return s.write(t, typ, mask, func(b *uapi.Builder) { b.AddString(uapi.AttrPath, path) })
}

const all = ^uint64(0)

func journal(t testing.TB) (*scribe, string) {
	dir := filepath.Join(t.TempDir(), "j")
	s := &scribe{w: must(userjournal.Create(dir, userjournal.Options{}))}
	s.path(t, uapi.FSWrite, all, "/home/ann/reports/quarterly-revenue.txt")
	s.path(t, uapi.FSWrite, all, "/etc/nginx/nginx.conf")
	s.path(t, uapi.FSWrite, 2, "/home/bob/secret-salary-list.csv")
	s.write(t, uapi.SemIntent, all, func(b *uapi.Builder) {
		b.AddString(uapi.AttrAgentID, "builder")
		b.AddString(uapi.AttrAgentIntent, "upgrade the database schema to version nine")
	})
	s.write(t, uapi.ProcExec, all, func(b *uapi.Builder) {
		b.AddString(uapi.AttrPath, "/usr/bin/rsync")
		b.AddBytes(uapi.AttrArgv, []byte("rsync\x00-a\x00/srv/photos\x00backup:/photos\x00"))
	})
	ok(t, s.w.Flush())
	return s, dir
}

func find(t testing.TB, x *search.Index, text string, view query.View) []search.Hit {
	t.Helper()
	return must(x.Search(context.Background(), text, 5, view))
}

func TestSearch(t *testing.T) {
	s, dir := journal(t)
	ctx := context.Background()
	x := must(search.Open(dir, search.Options{}))
	if p := must(x.Update(ctx)); p.Records != 5 || p.Taken != 5 {
		t.Errorf("took in %+v", p)
	}
	for text, want := range map[string]search.Hit{
		"revenue reports of the quarter": {Kind: "path", Path: "/home/ann/reports/quarterly-revenue.txt", Ordinal: 1},
		"nginx configuration":            {Kind: "path", Path: "/etc/nginx/nginx.conf", Ordinal: 2},
		"schema of the database":         {Kind: "intent", Ordinal: 4},
		"rsync backup photos":            {Kind: "command", Path: "/usr/bin/rsync", Ordinal: 5},
	} {
		hits := find(t, x, text, query.All)
		if len(hits) == 0 || hits[0].Kind != want.Kind || hits[0].Path != want.Path || hits[0].Ordinal != want.Ordinal {
			t.Errorf("%q: got %+v", text, hits)
		}
	}
	// A later record of a path is the one that is shown.
	s.path(t, uapi.FSChmod, all, "/etc/nginx/nginx.conf")
	s.path(t, uapi.FSWrite, all, "/etc/postgresql/main.conf")
	ok(t, s.w.Flush())
	ok(t, x.Close())
	x = must(search.Open(dir, search.Options{}))
	if p := must(x.Update(ctx)); p.Records != 2 || p.Taken != 1 {
		t.Errorf("took in %+v", p)
	}
	if hits := find(t, x, "nginx configuration", query.All); len(hits) == 0 || hits[0].Ordinal != 6 {
		t.Errorf("got %+v", hits)
	}
	if p := must(x.Update(ctx)); p.Records != 0 || p.Taken != 0 {
		t.Errorf("took in %+v", p)
	}
	ok(t, x.Close())
	ok(t, s.w.Close())
}

// TestView: what is not in the view is not found.
func TestView(t *testing.T) {
	s, dir := journal(t)
	x := must(search.Open(dir, search.Options{}))
	must(x.Update(context.Background()))
	if hits := find(t, x, "secret salary list", query.All); len(hits) == 0 || hits[0].Ordinal != 3 {
		t.Errorf("the owner finds %+v", hits)
	}
	for _, v := range []query.View{{Mask: 1}, {Mask: all, Paths: []string{"/etc"}}, {}} {
		for _, h := range find(t, x, "secret salary list", v) {
			if strings.Contains(h.Path, "salary") {
				t.Errorf("%+v finds %+v", v, h)
			}
		}
	}
	ok(t, x.Close())
	ok(t, s.w.Close())
}

func TestFiles(t *testing.T) {
	s, dir := journal(t)
	root := t.TempDir()
	name := filepath.Join(root, "notes.md")
	long := strings.Repeat("filler words that say nothing\n", 100)
	ok(t, os.WriteFile(name, []byte(long+"the parrot is resting\n"), 0o644))
	ok(t, os.WriteFile(filepath.Join(root, "binary"), []byte("parrot\x00parrot"), 0o644))
	ok(t, os.Symlink("/etc/passwd", filepath.Join(root, "link")))
	s.path(t, uapi.FSWrite, all, name)
	ok(t, s.w.Flush())
	x := must(search.Open(dir, search.Options{Files: true}))
	must(x.Update(context.Background()))
	hits := find(t, x, "resting parrot", query.All)
	if len(hits) == 0 || hits[0].Kind != "file" || hits[0].Path != name || hits[0].Line < 90 {
		t.Fatalf("got %+v", hits)
	}
	if hits := find(t, x, "resting parrot", query.View{Mask: all, Paths: []string{"/etc"}}); len(hits) > 0 {
		t.Errorf("a view of another folder finds %+v", hits)
	}
	// A file that was changed, and one that is gone.
	before := x.Len()
	ok(t, os.WriteFile(name, []byte("an entirely different subject: volcanoes\n"), 0o644))
	must(x.Tree(context.Background(), root))
	if hits := find(t, x, "parrot", query.All); len(hits) > 0 && hits[0].Kind == "file" {
		t.Errorf("got %+v", hits)
	}
	if hits := find(t, x, "volcanoes", query.All); len(hits) == 0 || hits[0].Line != 1 {
		t.Errorf("got %+v", hits)
	}
	if x.Len() >= before {
		t.Errorf("%d documents, and %d before", x.Len(), before)
	}
	ok(t, os.Remove(name))
	s.path(t, uapi.FSDelete, all, name)
	ok(t, s.w.Flush())
	must(x.Update(context.Background()))
	for _, h := range find(t, x, "volcanoes", query.All) {
		if h.Kind == "file" {
			t.Errorf("got %+v of a file that is gone", h)
		}
	}
	ok(t, x.Close())
	ok(t, s.w.Close())
}

func TestRefused(t *testing.T) {
	s, dir := journal(t)
	x := must(search.Open(dir, search.Options{}))
	must(x.Update(context.Background()))
	if _, err := x.Search(context.Background(), "?!", 5, query.All); !errors.Is(err, search.ErrQuery) {
		t.Errorf("got %v", err)
	}
	if _, err := x.Search(context.Background(), "x", 0, query.All); err == nil {
		t.Error("it found nothing of nothing")
	}
	if _, err := search.Open(dir, search.Options{Wait: 1}); !errors.Is(err, search.ErrBusy) {
		t.Errorf("got %v", err)
	}
	ok(t, x.Close())
	remote := must(embed.NewRemote(embed.RemoteOptions{URL: "http://localhost:1", Model: "other", Dims: 1024}))
	if _, err := search.Open(dir, search.Options{Embedder: remote}); !errors.Is(err, search.ErrModel) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"STATE", "LEXICAL"} {
		path := filepath.Join(dir+".search", name)
		good := must(os.ReadFile(path))
		ok(t, os.WriteFile(path, good[:len(good)/2], 0o600))
		if _, err := search.Open(dir, search.Options{}); err == nil {
			t.Errorf("half of %s was taken", name)
		}
		ok(t, os.WriteFile(path, good, 0o600))
	}
	if _, err := search.Open(t.TempDir(), search.Options{}); err == nil {
		t.Error("a journal was found in an empty folder")
	}
	ok(t, s.w.Close())
}
