// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"vexj/uapi"
)

// FuzzRender holds that whatever a record may contain, the output is one
// harmless line, one JSON object, and a dump of exactly its bytes.
func FuzzRender(f *testing.F) {
	for i, s := range samples {
		f.Add([]byte(s.entry(f, i).Rec), s.entry(f, i).Wall)
	}
	short, wide, object := NewLine(false, false, time.UTC), NewLine(true, false, time.UTC), NewObject()
	f.Fuzz(func(t *testing.T, b []byte, wall int64) {
		r, err := uapi.Check(b)
		if err != nil {
			return
		}
		e := Entry{Ordinal: 1, Wall: wall, Rec: r}
		for _, l := range []*Line{short, wide} {
			out := l.Append(nil, e)
			if bytes.IndexByte(out, '\n') != len(out)-1 {
				t.Fatalf("not one line: %q", out)
			}
			tame(t, out[:len(out)-1])
		}
		o := object.Append(nil, e)
		if !json.Valid(o) {
			t.Fatalf("not JSON: %s", o)
		}
		tame(t, o)
		text, err := Describe(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		tame(t, bytes.ReplaceAll(text, []byte{'\n'}, nil))
		d := Dump(nil, r)
		tame(t, bytes.ReplaceAll(d, []byte{'\n'}, nil))
		if got := undump(t, d); !bytes.Equal(got, r) {
			t.Fatalf("the dump holds %x, the record %x", got, []byte(r))
		}
	})
}

func tame(t *testing.T, out []byte) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Fatalf("not UTF-8: %q", out)
	}
	for _, c := range string(out) {
		if !unicode.IsPrint(c) {
			t.Fatalf("holds %U: %q", c, out)
		}
	}
}
