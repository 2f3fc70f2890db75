// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"vexj/uapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s:%d:\n got %s\nwant %s", path, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: got %d lines, want %d", path, len(g), len(w))
}

func TestLines(t *testing.T) {
	short, wide, color := NewLine(false, false, time.UTC), NewLine(true, false, time.UTC), NewLine(true, true, time.UTC)
	var s, w, c []byte
	for i, one := range samples {
		e := one.entry(t, i)
		s, w, c = short.Append(s, e), wide.Append(w, e), color.Append(c, e)
	}
	golden(t, "short.golden", s)
	golden(t, "wide.golden", w)
	if n := bytes.Count(s, []byte{'\n'}); n != len(samples) {
		t.Errorf("%d records made %d lines", len(samples), n)
	}
	if plain := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAll(c, nil); !bytes.Equal(plain, w) {
		t.Error("colour changes more than the colour")
	}
	for _, r := range string(w) {
		if !unicode.IsPrint(r) && r != '\n' {
			t.Errorf("the output holds %U", r)
		}
	}
}

func TestObjects(t *testing.T) {
	o := NewObject()
	var all []byte
	for i, one := range samples {
		e := one.entry(t, i)
		line := o.Append(nil, e)
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%s: %v in %s", one.name, err, line)
		}
		if m["type"] != e.Rec.Type().String() {
			t.Errorf("%s: type is %v", one.name, m["type"])
		}
		got, _ := m["path"].(string)
		if b, ok := m["path_bytes"].(string); ok {
			raw, err := base64.StdEncoding.DecodeString(b)
			if err != nil {
				t.Errorf("%s: %v", one.name, err)
			}
			got = string(raw)
		}
		if got != string(e.Rec.Path()) {
			t.Errorf("%s: path is %q, want %q", one.name, got, e.Rec.Path())
		}
		all = append(append(all, line...), '\n')
	}
	golden(t, "object.golden", all)
}

func TestDescribeAndDump(t *testing.T) {
	var described, dumped []byte
	for i, one := range samples {
		e := one.entry(t, i)
		head := "== " + one.name + "\n"
		var err error
		if described, err = Describe(append(described, head...), e); err != nil {
			t.Fatalf("%s: %v", one.name, err)
		}
		d := Dump(nil, e.Rec)
		if got := undump(t, d); !bytes.Equal(got, e.Rec) {
			t.Errorf("%s: the dump holds other bytes than the record:\n%x\n%x", one.name, got, []byte(e.Rec))
		}
		dumped = append(append(dumped, head...), d...)
	}
	golden(t, "describe.golden", described)
	golden(t, "dump.golden", dumped)
}

// undump reads the bytes back from a dump.
func undump(t *testing.T, d []byte) []byte {
	t.Helper()
	var out []byte
	for line := range strings.Lines(string(d)) {
		for _, h := range strings.Fields(line[6 : 6+3*perRow]) {
			var b byte
			for _, c := range h {
				b = b<<4 | byte(strings.IndexRune("0123456789abcdef", c))
			}
			out = append(out, b)
		}
	}
	return out
}

func TestLayoutsMatchTags(t *testing.T) {
	if n := layoutSize(headerLayout); n != uapi.HeaderSize {
		t.Errorf("header: %d", n)
	}
	if n := layoutSize(linkLayout) + 128; n != uapi.LinkSize {
		t.Errorf("link: %d", n)
	}
	for _, tag := range uapi.Tags() {
		size, fixed := tag.Size()
		layout, known := attrLayouts[tag]
		if fixed && size > 8 && !known {
			t.Errorf("%s has no layout", tag)
		}
		if known && layoutSize(layout) != size {
			t.Errorf("%s: the layout has %d bytes, the attribute %d", tag, layoutSize(layout), size)
		}
	}
}

func TestDamagedAttributesAreShown(t *testing.T) {
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: uapi.FSWrite})
	// Context takes what AddBytes refuses: a task attribute of 3 bytes.
	b.Context([]byte{1, 0, 3, 0, 'a', 'b', 'c', 0})
	r, err := b.Finish()
	if err != nil {
		r = damaged()
	}
	e := Entry{Rec: r}
	if line := NewLine(true, false, time.UTC).Append(nil, e); !bytes.Contains(line, []byte("write")) {
		t.Errorf("got %s", line)
	}
	if o := NewObject().Append(nil, e); !bytes.Contains(o, []byte(`"attr_1":"YWJj"`)) {
		t.Errorf("got %s", o)
	}
	if got := undump(t, Dump(nil, r)); !bytes.Equal(got, r) {
		t.Errorf("the dump holds other bytes than the record")
	}
}

func damaged() uapi.Record {
	h := uapi.Header{Type: uapi.FSWrite, Size: uapi.HeaderSize + 8, ContextSize: 8, Version: uapi.Version}
	b := make([]byte, uapi.HeaderSize, uapi.HeaderSize+8)
	h.Put(b)
	return append(b, 1, 0, 3, 0, 'a', 'b', 'c', 0)
}

func TestLineDoesNotAllocate(t *testing.T) {
	l, o := NewLine(true, true, time.UTC), NewObject()
	dst := make([]byte, 0, 4096)
	for _, i := range []int{2, 3, 13} {
		e := samples[i].entry(t, i)
		if n := testing.AllocsPerRun(50, func() { dst = l.Append(dst[:0], e) }); n > 0 {
			t.Errorf("%s: a line takes %v allocations", samples[i].name, n)
		}
		if n := testing.AllocsPerRun(50, func() { dst = o.Append(dst[:0], e) }); n > 8 {
			t.Errorf("%s: an object takes %v allocations", samples[i].name, n)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	l := NewLine(false, false, time.UTC)
	e := samples[2].entry(b, 2)
	dst := make([]byte, 0, 4096)
	for b.Loop() {
		dst = l.Append(dst[:0], e)
	}
}

func BenchmarkObject(b *testing.B) {
	o := NewObject()
	e := samples[2].entry(b, 2)
	dst := make([]byte, 0, 4096)
	for b.Loop() {
		dst = o.Append(dst[:0], e)
	}
}

// TestTextAsLongAsANumber: a name of four or eight letters is no number.
func TestTextAsLongAsANumber(t *testing.T) {
	for _, text := range []string{"bob", "anna", "builder", "agent-61", "agent-061"} {
		for _, tag := range []uapi.Tag{uapi.AttrAgentID, uapi.AttrAgentIntent, uapi.AttrName, uapi.AttrPath, uapi.AttrTags, uapi.AttrSemIntent, uapi.AttrModel} {
			b := uapi.NewBuilder(nil)
			b.Begin(uapi.Header{Type: uapi.FSWrite})
			b.AddString(tag, text)
			r, err := b.Finish()
			if err != nil {
				t.Fatal(err)
			}
			got := string(NewObject().Append(nil, Entry{Rec: r}))
			if want := `"` + strings.ReplaceAll(tag.String(), "-", "_") + `":"` + text + `"`; !strings.Contains(got, want) {
				t.Errorf("want %s in %s", want, got)
			}
		}
	}
}
