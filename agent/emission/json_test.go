// SPDX-License-Identifier: Apache-2.0

package emission

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vexj/agent/session"
	"vexj/uapi"
)

func TestParseJSON(t *testing.T) {
	recs, err := ParseJSON(strings.NewReader(`
{"type":"agent-decision","priority":"high","flags":["causal"],"parent":"0x0300000000000007","root":"5","visibility":"0x6",
 "relevance":50,"agent_id":"me","session":"nightly","agent_intent":"why","agent_confidence":70,"tags":{"a":[1]},"path":"/a b",
 "payload":"p\u0000","metadata":{"m":1},"links":[{"cause":"0x1","effect":"0x2","type":3,"strength":4,"delay":5,"description":"d"}]}
[{"type":"metric","session":42,"payload_bytes":"AAE="},{"type":"0x0601","transaction":"18446744073709551615"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if len(recs) != 3 {
		t.Fatalf("%d records", len(recs))
	}
	a, b, c := recs[0], recs[1], recs[2]
	h := a.Header()
	if h.Type != uapi.AgentDecision || h.Priority != uapi.PriorityHigh || h.Flags != uapi.FlagCausal || h.Parent != 0x0300000000000007 ||
		h.RootCause != 5 || h.VisibilityMask != 6 || h.Relevance != 50 {
		t.Errorf("%+v", h)
	}
	for tag, want := range map[uapi.Tag]string{uapi.AttrAgentID: "me", uapi.AttrAgentIntent: "why", uapi.AttrTags: `{"a":[1]}`, uapi.AttrPath: "/a b"} {
		if v, _ := a.Attr(tag); string(v) != want {
			t.Errorf("%s is %q", tag, v)
		}
	}
	if s, _ := a.U64(uapi.AttrSession); s != session.ID("nightly") {
		t.Errorf("session %d", s)
	}
	if n, _ := a.U32(uapi.AttrAgentConfidence); n != 70 {
		t.Errorf("confidence %d", n)
	}
	if l := a.Link(0); string(a.Payload()) != "p\x00" || string(a.Metadata()) != `{"m":1}` || l.Cause != 1 || l.Delay != 5 || string(l.Text()) != "d" {
		t.Error("parts are missing")
	}
	if s, _ := b.U64(uapi.AttrSession); s != 42 || string(b.Payload()) != "\x00\x01" {
		t.Errorf("the second has session %d and payload %q", s, b.Payload())
	}
	if n, _ := c.U64(uapi.AttrTransaction); n != ^uint64(0) || c.Type() != uapi.SemTxBegin {
		t.Errorf("the third has transaction %d", n)
	}
	for _, rec := range recs {
		if err := Check(rec, nil); err != nil {
			t.Error(err)
		}
	}
}

// What is refused stays refused: one file, one mistake.
func TestBadJSON(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.json")
	if err != nil || len(names) < 12 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		recs, err := ParseJSON(strings.NewReader(string(text)))
		if !errors.Is(err, ErrRecord) || recs != nil {
			t.Errorf("%s: %d records, %v", name, len(recs), err)
		}
	}
}

// FuzzParseJSON: whatever comes, it is an error or records that are well-formed and,
// if they pass, can be stamped.
func FuzzParseJSON(f *testing.F) {
	names, _ := filepath.Glob("testdata/bad/*.json")
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text))
		}
	}
	f.Add(`{"type":"agent-decision","session":"x","tags":[1],"links":[{}],"payload":"a","metadata":"b"}`)
	f.Fuzz(func(t *testing.T, text string) {
		recs, err := ParseJSON(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, rec := range recs {
			if _, err := uapi.Check(rec); err != nil {
				t.Fatalf("not well-formed: %v", err)
			}
			if Check(rec, nil) != nil {
				continue
			}
			out, err := Stamp(rec, uapi.Task{TID: 1}, nil)
			if err == nil {
				_, err = uapi.Check(out)
			}
			if err != nil && !errors.Is(err, ErrRecord) {
				t.Fatal(err)
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		recs, err := Split(b)
		if err == nil && len(b) > 0 && len(recs) == 0 {
			t.Fatal("bytes, no record, no error")
		}
		for _, rec := range recs {
			_ = Check(rec, &uapi.Context{Agent: "a", Session: 1})
		}
	})
}
