// SPDX-License-Identifier: Apache-2.0

package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"vexj/internal/tale"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

func journal(t *testing.T, seen uint64) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "j")
	if err := tale.Write(dir, seen); err != nil {
		t.Fatal(err)
	}
	return dir
}

// connect is the SDK's own client with a server for the journal.
func connect(t *testing.T, o Options, dir string) *sdk.ClientSession {
	t.Helper()
	o.Open = func() (*userjournal.Set, error) { return userjournal.OpenSet(dir) }
	here, there := sdk.NewInMemoryTransports()
	server, err := New(o).Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Wait()
	})
	return client
}

func call(t *testing.T, c *sdk.ClientSession, name string, args map[string]any) (text string, failed bool) {
	t.Helper()
	r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		return err.Error(), true
	}
	if len(r.Content) != 1 {
		t.Fatalf("%s: %d contents", name, len(r.Content))
	}
	return r.Content[0].(*sdk.TextContent).Text, r.IsError
}

func id(n uint64) string { return fmt.Sprintf("%#016x", n) }

type args = map[string]any

func TestTools(t *testing.T) {
	found := func(_ context.Context, text string, most int, v query.View) (any, error) {
		return map[string]any{"text": text, "most": most, "mask": v.Mask}, nil
	}
	c := connect(t, Options{View: query.All, Search: found}, journal(t, ^uint64(0)))
	list, err := c.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
		if tool.Description == "" || tool.Annotations == nil || !tool.Annotations.ReadOnlyHint {
			t.Errorf("%s says too little of itself", tool.Name)
		}
	}
	if slices.Sort(names); !slices.Equal(names, []string{"blame", "impact", "log", "report", "search", "wait", "why"}) {
		t.Errorf("tools are %v", names)
	}
	for _, tc := range []struct {
		tool string
		args args
		says []string
		bad  bool
	}{
		{"log", args{}, []string{`"type":"agent-decision"`, `"more":false`}, false},
		{"log", args{"agent": []string{"ann"}, "type": []string{"write"}}, []string{`"path":"/w/src/a"`, `"result":10`}, false},
		{"log", args{"newest": true, "limit": 1, "full": true}, []string{`"ordinal":18`, `"more":true`}, false},
		{"log", args{"where": `path.below("/w") && failed == false`, "session": []string{"9223372036854775809"}}, []string{`/w/other`}, false},
		{"why", args{"id": id(tale.AnnWrite)}, []string{`"text":"intent of bob"`}, false},
		{"impact", args{"id": id(tale.BobRename)}, []string{`"effects":2`}, false},
		{"blame", args{"path": "/w/lib/a"}, []string{`"agent":"ann"`, `"agent":"bob"`}, false},
		{"blame", args{"path": "/w"}, []string{`"folder":true`}, false},
		{"report", args{"by": "agent"}, []string{`"key":"ann","records":10`}, false},
		{"report", args{"by": "time", "bucket": "10s"}, []string{`"records":18`}, false},
		{"wait", args{"after": "", "timeout": 1, "type": []string{"mount"}}, []string{`"timed_out":true`, `"cursor":"vexj1`}, false},
		{"search", args{"text": "config"}, []string{`"most":10`, `"mask":18446744073709551615`}, false},

		{"log", args{"limit": 10001}, []string{"1 to 10000"}, true},
		{"log", args{"budget": 1 << 30}, []string{"budget"}, true},
		{"log", args{"type": []string{"nothing"}}, []string{"no such type"}, true},
		{"log", args{"where": "session == 5"}, []string{"42u"}, true},
		{"log", args{"after": "x"}, []string{"bad cursor"}, true},
		{"log", args{"colour": "red"}, []string{"colour"}, true},
		{"why", args{"id": "77"}, []string{"not in the journal", "log shows"}, true},
		{"why", args{"id": "x"}, []string{"decimal"}, true},
		{"why", args{}, []string{"id"}, true},
		{"impact", args{"id": "77"}, []string{"not in the journal"}, true},
		{"blame", args{"path": "w"}, []string{"absolute"}, true},
		{"blame", args{"path": "/none"}, []string{"not in the journal"}, true},
		{"blame", args{"path": "/w", "files": 100000}, []string{"at most"}, true},
		{"report", args{"by": "colour"}, []string{"colour"}, true},
		{"wait", args{"timeout": 601}, []string{"600"}, true},
		{"search", args{"text": ""}, []string{"empty"}, true},
		{"nothing", args{}, []string{"nothing"}, true},
	} {
		text, failed := call(t, c, tc.tool, tc.args)
		if failed != tc.bad {
			t.Errorf("%s %v: error is %v: %s", tc.tool, tc.args, failed, text)
		}
		for _, want := range tc.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s %v: %s does not say %q", tc.tool, tc.args, text, want)
			}
		}
		if !failed && !json.Valid([]byte(text)) {
			t.Errorf("%s: no JSON: %s", tc.tool, text)
		}
	}
}

// TestBudget: answers fit, and page by page nothing is left out.
func TestBudget(t *testing.T) {
	c := connect(t, Options{View: query.All}, journal(t, ^uint64(0)))
	for _, full := range []bool{false, true} {
		records, pages := 0, 0
		for after := ""; ; pages++ {
			text, failed := call(t, c, "log", args{"budget": 2000, "after": after, "full": full})
			var p struct {
				Records []json.RawMessage
				Cursor  string
				More    bool
			}
			if err := json.Unmarshal([]byte(text), &p); err != nil || failed {
				t.Fatal(text)
			}
			size := 0
			for _, r := range p.Records {
				size += len(r)
			}
			if size > 2000 && len(p.Records) > 1 {
				t.Errorf("%d records of %d bytes", len(p.Records), size)
			}
			records += len(p.Records)
			if after = p.Cursor; !p.More {
				break
			}
		}
		if records != tale.Records || pages < 1 {
			t.Errorf("full=%v: %d records on %d pages", full, records, pages)
		}
	}
}

func TestWait(t *testing.T) {
	dir := journal(t, ^uint64(0))
	c := connect(t, Options{View: query.View{Mask: tale.AnnMask}}, dir)
	text, _ := call(t, c, "wait", args{"timeout": 1})
	var first struct {
		Cursor   string
		TimedOut bool `json:"timed_out"`
	}
	if err := json.Unmarshal([]byte(text), &first); err != nil || !first.TimedOut || first.Cursor == "" {
		t.Fatal(text)
	}
	w, err := userjournal.Create(dir, userjournal.Options{Interval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := uapi.NewBuilder(nil)
	emit := func(n uint64, mask uint64) {
		b.Begin(uapi.Header{EventID: tale.Base + n, Type: uapi.FSWrite, Ktime: n * 1_000_000, VisibilityMask: mask})
		b.AddString(uapi.AttrPath, fmt.Sprintf("/new/%d", n))
		rec, err := b.Finish()
		if err == nil {
			_, err = w.Append(rec)
		}
		if err != nil {
			t.Error(err)
		}
	}
	emit(100, tale.AnnMask)
	if text, failed := call(t, c, "wait", args{"timeout": 60, "after": first.Cursor}); failed || !strings.Contains(text, "/new/100") {
		t.Errorf("between two calls: %s", text)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		emit(101, tale.BobMask)
		emit(102, tale.AnnMask)
	}()
	if text, failed := call(t, c, "wait", args{"timeout": 60, "path": []string{"/new/**"}}); failed || !strings.Contains(text, "/new/102") || strings.Contains(text, "/new/101") {
		t.Errorf("during the call: %s", text)
	}
}

func TestResources(t *testing.T) {
	c := connect(t, Options{View: query.View{Mask: tale.AnnMask}}, journal(t, ^uint64(0)))
	list, err := c.ListResourceTemplates(t.Context(), nil)
	if err != nil || len(list.ResourceTemplates) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	for uri, want := range map[string]string{
		"vexj://record/" + id(tale.AnnWrite):                    `"path":"/w/b"`,
		"vexj://sessions":                                       `"name":"ann's session"`,
		"vexj://session/" + fmt.Sprint(uint64(tale.AnnSession)): `"text":"intent of ann"`,
		"vexj://record/" + id(tale.BobRename):                   "",
		"vexj://record/77":                                      "",
		"vexj://record/x":                                       "",
		"vexj://session/" + fmt.Sprint(uint64(tale.BobSession)): "",
		"vexj://session/%20":                                    "",
		"vexj://nothing":                                        "",
	} {
		r, err := c.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri})
		if want == "" {
			if err == nil {
				t.Errorf("%s: got %s", uri, r.Contents[0].Text)
			}
			continue
		}
		if err != nil || !strings.Contains(r.Contents[0].Text, want) || strings.Contains(r.Contents[0].Text, "bob") {
			t.Errorf("%s: %v %v", uri, r, err)
		}
	}
}

var place = regexp.MustCompile(`"ordinal":[0-9]+|"cursor":"[^"]*"`)

// TestNothingShowsThrough: see agent/read.
func TestNothingShowsThrough(t *testing.T) {
	view := query.View{Mask: tale.AnnMask}
	seeing, alone := connect(t, Options{View: view}, journal(t, ^uint64(0))), connect(t, Options{View: view}, journal(t, tale.AnnMask))
	type question struct {
		tool string
		args args
	}
	questions := []question{{"log", args{}}, {"log", args{"full": true}}, {"log", args{"agent": []string{"bob"}}}, {"log", args{"newest": true, "limit": 2}},
		{"report", args{"by": "agent"}}, {"report", args{"by": "path", "depth": 3}}, {"report", args{"by": "session"}}, {"blame", args{"path": "/w"}}}
	for _, p := range []string{"/w/src/a", "/w/lib/a", "/w/b", "/w/notes.md", "/w/lib"} {
		questions = append(questions, question{"blame", args{"path": p}}, question{"blame", args{"path": p, "all": true}})
	}
	for n := uint64(1); n <= tale.Records+1; n++ {
		questions = append(questions, question{"why", args{"id": id(tale.Base + n)}}, question{"impact", args{"id": id(tale.Base + n)}})
	}
	for _, q := range questions {
		got, gotBad := call(t, seeing, q.tool, q.args)
		want, wantBad := call(t, alone, q.tool, q.args)
		got, want = place.ReplaceAllString(got, ""), place.ReplaceAllString(want, "")
		if got != want || gotBad != wantBad || strings.Contains(got, "bob") {
			t.Errorf("%s %v: got %s\nwant %s", q.tool, q.args, got, want)
		}
	}
}
