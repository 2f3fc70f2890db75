// SPDX-License-Identifier: Apache-2.0

package glossary

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"vexj/uapi"
)

// TestWords holds the words against the record's own lists, both ways.
func TestWords(t *testing.T) {
	have := map[Kind][]string{}
	for _, e := range Entries() {
		have[e.Kind] = append(have[e.Kind], e.Name)
		if strings.TrimSpace(e.Doc) == "" || strings.HasSuffix(e.Doc, ".") {
			t.Errorf("%s %s: explained by %q: a sentence without a stop at its end", e.Kind, e.Name, e.Doc)
		}
	}
	want := map[Kind][]string{}
	for _, typ := range uapi.Types() {
		want[Type] = append(want[Type], typ.String())
	}
	for bit := range 32 {
		if word := uapi.Flags(1 << bit).String(); !strings.HasPrefix(word, "0x") {
			want[Flag] = append(want[Flag], word)
		}
	}
	for p := range uapi.Producer(256) {
		if _, known := uapi.ParseProducer(p.String()); known {
			want[Producer] = append(want[Producer], p.String())
		}
	}
	for c := range uapi.Cause(uapi.LostCauses) {
		want[Cause] = append(want[Cause], c.String())
	}
	for kind, words := range want {
		if !slices.Equal(have[kind], words) {
			t.Errorf("%s: explained are %q, there are %q", kind, have[kind], words)
		}
	}
}

func TestFields(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Entries() {
		if e.Kind != Field {
			continue
		}
		if seen[e.Name] {
			t.Errorf("%s is explained twice", e.Name)
		}
		seen[e.Name] = true
		if g := e.Group(); g != "" && !seen[g] {
			t.Errorf("%s comes before %s", e.Name, g)
		}
		var v any
		if err := json.Unmarshal([]byte(e.Example), &v); err != nil {
			t.Errorf("%s: the example %s: %v", e.Name, e.Example, err)
			continue
		}
		got := object
		switch v.(type) {
		case string:
			got = text
		case float64:
			got = number
		case bool:
			got = truth
		case []any:
			got = array
		}
		if got != e.Type {
			t.Errorf("%s is a %s, its example a %s", e.Name, e.Type, got)
		}
		if len(e.By) == 0 {
			t.Errorf("%s: nothing fills it in", e.Name)
		}
		for _, by := range e.By {
			if _, known := uapi.ParseProducer(by); !known && Makers[by] == "" {
				t.Errorf("%s is filled in by %q, which is neither a producer nor one of Makers", e.Name, by)
			}
		}
		if (e.Where == "") != (e.Expression == "") {
			t.Errorf("%s: give both its name in expressions and one that uses it", e.Name)
		}
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{
		"ordinal":      "ordinal",
		"io.duration":  "io.duration",
		"duration":     "io.duration", // what an expression calls so, and not search.duration
		"UID":          "task.uid",
		"start_time":   "task.start_time",
		"start-time":   "task.start_time",
		"open":         "open open.flags open.mode open.fd open",
		"rename":       "rename",
		"coalesced":    "coalesced",
		"bpf-vfs":      "bpf-vfs",
		"full":         "full",
		"min-priority": "priority",
		"--path":       "path path2",
		"nothing":      "",
		"":             "",
	} {
		var got []string
		for _, e := range Lookup(name) {
			got = append(got, e.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q stands for %q, want %q", name, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"durration": "duration",
		"pth":       "path",
		"renam":     "rename",
		"inode3":    "inode",
		"TASK.UDI":  "task.uid",
	} {
		if got := Nearest(name, 5); !slices.Contains(got, want) {
			t.Errorf("who says %q may mean %q, not %s", name, got, want)
		}
	}
	if got := Nearest("zzzzzzzzzzzz", 5); got != nil {
		t.Errorf("nothing is near to zzzzzzzzzzzz, found %q", got)
	}
}
