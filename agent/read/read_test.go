// SPDX-License-Identifier: Apache-2.0

package read

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vexj/agent/server"
	"vexj/internal/tale"
	"vexj/userjournal"
)

// door is a server for the journal in dir, whose every caller has the mask.
func door(t *testing.T, dir string, mask uint64) func(path string) (int, string) {
	t.Helper()
	policy, err := server.ParsePolicy(fmt.Sprintf("user %d scopes=read mask=%#x requests=unlimited", os.Getuid(), mask))
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(server.Options{Policy: policy, Notice: func(text string) { t.Log(text) }})
	Register(s, func() (*userjournal.Set, error) { return userjournal.OpenSet(dir) })
	name := filepath.Join(t.TempDir(), "s")
	l, err := server.Listen(name, policy.Socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", name)
	}}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := errors.Join(s.Close(context.Background()), <-ended); err != nil {
			t.Error(err)
		}
	})
	return func(path string) (int, string) {
		t.Helper()
		r, err := client.Get("http://vexj/v1/" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
}

func journal(t *testing.T, seen uint64) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "j")
	if err := tale.Write(dir, seen); err != nil {
		t.Fatal(err)
	}
	return dir
}

func id(n uint64) string { return fmt.Sprint(n) }

func TestAnswers(t *testing.T) {
	get := door(t, journal(t, ^uint64(0)), ^uint64(0))
	for _, tc := range []struct {
		path   string
		status int
		says   []string
	}{
		{"log", 200, []string{`"type":"agent-decision"`, `"more":false`}},
		{"log?limit=2", 200, []string{`"more":true`, `"cursor":"vexj1`}},
		{"log?reverse&limit=1", 200, []string{`"type":"agent-decision"`}},
		{"log?agent=ann&type=write&where=size(path)>5", 200, []string{`/w/src/a`}},
		{"show?id=" + id(tale.AnnWrite), 200, []string{`"path":"/w/b"`}},
		{"why?id=" + id(tale.AnnWrite), 200, []string{`"text":"intent of bob"`, `"causes":[{`, `"pid":12`}},
		{"impact?id=" + id(tale.BobRename), 200, []string{`"effects":2`}},
		{"impact?id=" + id(tale.AnnIntent) + "&limit=1", 200, []string{`"effects":9`, `"more":true`}},
		{"blame?path=/w/lib/a", 200, []string{`"agent":"ann"`, `"agent":"bob"`, `"session_name":"bob's session"`}},
		{"blame?path=/w&files=2", 200, []string{`"folder":true`, `"more":true`}},
		{"blame?path=/w/b&limit=1", 200, []string{`"more":true`}},
		{"report?by=agent", 200, []string{`"key":"ann","records":10`, `"key":"bob","records":8`}},
		{"report?by=time&bucket=1h&type=write", 200, []string{`"records":5`}},
		{"sessions", 200, []string{`"name":"ann's session"`, `"name":"bob's session"`}},
		{"sessions/" + id(tale.AnnSession), 200, []string{`"text":"intent of ann"`, `"written_bytes":20`}},
		{"sessions/" + id(tale.AnnSession) + "/diff", 200, []string{`"whole":"/w/src/**"`, `"path":"/w/b"`}},
		{"timeline?buckets=10", 200, []string{`"buckets":10,"total":{"index":0,"records":18,"changes":13,`, `"width":2000000,`, `"filesystem":13,"process":2`}},
		{"timeline?agent=nobody", 200, []string{`"first":null`, `"rows":[]`}},
		{"processes", 200, []string{`"pid":11,`, `"argv"`}[:1]},
		{"processes?agent=ann&limit=1", 200, []string{`"more":true`}},

		{"timeline?buckets=2001", 400, []string{"2 to 2000"}},
		{"processes?path=/w/**", 400, []string{"path"}},
		{"log?reverse&after=x", 400, []string{"give before"}},
		{"log?before=x", 400, []string{"in reverse"}},
		{"log?limit=10001", 400, []string{"1 to 10000"}},
		{"log?limit=0", 400, []string{"limit"}},
		{"log?colour=red", 400, []string{"colour"}},
		{"log?type=nothing", 400, []string{"nothing"}},
		{"log?path=[", 400, []string{"pattern"}},
		{"log?where=session==5", 400, []string{"42u", "--where help"}},
		{"log?after=x", 400, []string{"cursor"}},
		{"log?limit=1&limit=2", 400, []string{"once"}},
		{"log?reverse=maybe", 400, []string{"maybe"}},
		{"show?id=77", 404, []string{"not in the journal"}},
		{"show?id=x", 400, []string{"decimal"}},
		{"show?id=1&x=2", 400, []string{"x"}},
		{"why?id=77", 404, nil},
		{"impact?id=77", 404, nil},
		{"impact?id=" + id(tale.BobRename) + "&limit=99999", 400, nil},
		{"blame?path=w", 400, []string{"absolute"}},
		{"blame?path=/none", 404, nil},
		{"blame?path=/w&limit=99999", 400, nil},
		{"report?by=colour", 400, []string{"colour"}},
		{"report?bucket=long", 400, []string{"10m"}},
		{"report?by=time&bucket=1ms", 400, nil},
		{"sessions/nobody", 404, nil},
		{"sessions/nobody/diff", 404, nil},
		{"log?%zz", 400, nil},
	} {
		status, body := get(tc.path)
		if status != tc.status {
			t.Errorf("%s: status %d, %s", tc.path, status, body)
		}
		for _, text := range tc.says {
			if !strings.Contains(body, text) {
				t.Errorf("%s: %s does not say %q", tc.path, body, text)
			}
		}
		if !json.Valid([]byte(body)) {
			t.Errorf("%s: no JSON: %s", tc.path, body)
		}
	}
}

// TestPages: page by page the records come as they do at once.
func TestPages(t *testing.T) {
	get := door(t, journal(t, ^uint64(0)), ^uint64(0))
	for _, route := range []string{"log?", "log?type=write&", "impact?id=" + id(tale.AnnIntent) + "&"} {
		type page struct {
			Records []struct{ ID, Cursor string }
			Cursor  string
			More    bool
		}
		ask := func(rest string) (p page) {
			status, body := get(route + rest)
			if err := json.Unmarshal([]byte(body), &p); err != nil || status != 200 {
				t.Fatalf("%s%s: %d %s", route, rest, status, body)
			}
			return p
		}
		all := ask("limit=100")
		var got []string
		for after := ""; ; {
			p := ask("limit=2" + after)
			for _, r := range p.Records {
				got = append(got, r.ID)
			}
			if len(p.Records) > 2 || len(p.Records) > 0 && p.Records[len(p.Records)-1].Cursor != p.Cursor {
				t.Errorf("%s: page of %d, cursor %s", route, len(p.Records), p.Cursor)
			}
			if after = "&after=" + url.QueryEscape(p.Cursor); !p.More {
				break
			}
		}
		if len(got) != len(all.Records) || len(got) == 0 {
			t.Errorf("%s: %d records page by page, %d at once", route, len(got), len(all.Records))
		}
		for i, r := range all.Records {
			if got[i] != r.ID {
				t.Errorf("%s: record %d is %s, want %s", route, i, got[i], r.ID)
			}
		}
	}
	var p2 struct {
		Records []struct{ Ordinal uint64 }
		Cursor  string
		More    bool
	}
	at := uint64(tale.Records + 1)
	for before := ""; ; {
		_, body := get("log?reverse&limit=5" + before)
		if err := json.Unmarshal([]byte(body), &p2); err != nil {
			t.Fatal(err)
		}
		for _, r := range p2.Records {
			if at--; r.Ordinal != at {
				t.Errorf("in reverse: record %d, want %d", r.Ordinal, at)
			}
		}
		if before = "&before=" + url.QueryEscape(p2.Cursor); !p2.More {
			break
		}
	}
	if at != 1 {
		t.Errorf("in reverse the last is record %d", at)
	}
	other := door(t, journal(t, ^uint64(0)), ^uint64(0))
	_, body := other("log?limit=1")
	var p struct{ Cursor string }
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatal(err)
	}
	if status, body := get("log?after=" + url.QueryEscape(p.Cursor)); status != 400 || !strings.Contains(body, "of the journal") {
		t.Errorf("cursor of another journal: %d %s", status, body)
	}
}

// place is what names a record's place among all that there are, which is another
// one in another journal.
var place = regexp.MustCompile(`"ordinal":[0-9]+|"cursor":"[^"]*"`)

// TestNothingShowsThrough: a caller gets from a journal exactly what it would get
// from one in which nothing else had been recorded.
func TestNothingShowsThrough(t *testing.T) {
	whole, part := journal(t, ^uint64(0)), journal(t, tale.AnnMask)
	seeing, alone := door(t, whole, tale.AnnMask), door(t, part, tale.AnnMask)
	routes := []string{"log", "log?reverse&limit=3", "log?agent=bob", "log?path=/w/**", "log?where=agent=='bob'", "log?limit=3",
		"report", "report?by=agent", "report?by=path&depth=3", "report?by=session", "report?by=command", "report?by=type",
		"report?by=time&bucket=1s", "timeline", "timeline?buckets=3&type=write", "processes", "processes?agent=bob", "sessions", "sessions/" + id(tale.BobSession), "sessions/" + id(tale.AnnSession),
		"sessions/" + id(tale.BobSession) + "/diff", "sessions/" + id(tale.AnnSession) + "/diff", "blame?path=/w", "blame?path=/w&all"}
	for _, p := range []string{"/w/src/a", "/w/lib/a", "/w/b", "/w/notes.md", "/w/src/.a.tmp", "/w/lib", "/none"} {
		routes = append(routes, "blame?path="+p, "blame?all&path="+p)
	}
	for n := uint64(1); n <= tale.Records+1; n++ {
		for _, q := range []string{"show", "why", "impact"} {
			routes = append(routes, q+"?id="+id(tale.Base+n))
		}
	}
	for _, route := range routes {
		gotStatus, got := seeing(route)
		wantStatus, want := alone(route)
		got, want = place.ReplaceAllString(got, ""), place.ReplaceAllString(want, "")
		if got != want || gotStatus != wantStatus {
			t.Errorf("%s: got %d %s\nwant %d %s", route, gotStatus, got, wantStatus, want)
		}
		if strings.Contains(got, "bob") && !strings.Contains(route, "bob") {
			t.Errorf("%s: %s", route, got)
		}
	}
}

// TestCursorOfTheUnseen: it is as one that names nothing.
func TestCursorOfTheUnseen(t *testing.T) {
	dir := journal(t, ^uint64(0))
	_, body := door(t, dir, tale.BobMask)("log?limit=1")
	var p struct{ Cursor string }
	if err := json.Unmarshal([]byte(body), &p); err != nil || p.Cursor == "" {
		t.Fatal(body)
	}
	for _, route := range []string{"log?after=", "log?reverse&before="} {
		status, body := door(t, dir, tale.AnnMask)(route + url.QueryEscape(p.Cursor))
		if status != 400 || !strings.Contains(body, "is not in the journal") {
			t.Errorf("%s: %d %s", route, status, body)
		}
	}
	for _, mask := range []uint64{tale.AnnMask, ^uint64(0)} {
		status, body := door(t, dir, mask)("impact?id=" + id(tale.AnnIntent) + "&after=" + url.QueryEscape(p.Cursor))
		if status != 400 || !strings.Contains(body, "no effect of this event") {
			t.Errorf("impact: %d %s", status, body)
		}
	}
}

// TestNobodyWaits: who has gone away costs nothing more.
func TestNobodyWaits(t *testing.T) {
	dir := journal(t, ^uint64(0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for route, f := range map[string]func(*question) (any, error){
		"log": (*question).log, "log?where=size(path)>5": (*question).log, "report?by=agent": (*question).report,
		"sessions": (*question).sessions, "timeline": (*question).timeline, "processes": (*question).processes, "blame?path=/w": (*question).blame,
	} {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/"+route, nil)
		object, err := ask(func() (*userjournal.Set, error) { return userjournal.OpenSet(dir) }, r, &server.Peer{Grant: server.Grant{Mask: 1}}, f)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, %v", route, object, err)
		}
	}
}

func TestEmptyJournal(t *testing.T) {
	dir := t.TempDir()
	if status, body := door(t, dir, 1)("log"); status != 404 || !strings.Contains(body, "later") {
		t.Errorf("got %d %s", status, body)
	}
}
