// SPDX-License-Identifier: Apache-2.0

package quote

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"
	"unicode/utf8"
)

func TestAppend(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "/usr/bin/go", "/usr/bin/go"},
		{"punctuation", "/a/-+=,:;'!$&*()[]{}<>|~`#%@^?", "/a/-+=,:;'!$&*()[]{}<>|~`#%@^?"},
		{"letters of other scripts", "/données/日本語/😀", "/données/日本語/😀"},
		{"empty", "", `""`},
		{"space", "a b", `"a b"`},
		{"quote", `a"b`, `"a\"b"`},
		{"backslash", `a\b`, `"a\\b"`},
		{"newline", "a\nb", `"a\nb"`},
		{"tab and return", "\t\r", `"\t\r"`},
		{"escape sequence", "\x1b[2J\x1b]0;title\a", `"\x1b[2J\x1b]0;title\x07"`},
		{"delete", "a\x7f", `"a\x7f"`},
		{"C1 as UTF-8", "a\u009bm", `"a\u009bm"`},
		{"C1 as a byte", "a\x9bm", `"a\x9bm"`},
		{"not UTF-8", "\xff\xfe", `"\xff\xfe"`},
		{"overlong slash", "\xc0\xaf", `"\xc0\xaf"`},
		{"surrogate", "\xed\xa0\x80", `"\xed\xa0\x80"`},
		{"cut rune", "\xe6\x97", `"\xe6\x97"`},
		{"replacement character itself", "\ufffd", "\ufffd"},
		{"right-to-left override", "exe.\u202etxt", `"exe.\u202etxt"`},
		{"isolate", "\u2066a\u2069", `"\u2066a\u2069"`},
		{"zero width", "a\u200bb\ufeff", `"a\u200bb\ufeff"`},
		{"line separator", "a\u2028b", `"a\u2028b"`},
		{"no-break space", "a\u00a0b", `"a\u00a0b"`},
		{"filler", "a\u3164b", `"a\u3164b"`},
		{"tag characters", "a\U000e0041", `"a\U000e0041"`},
		{"variation selector", "a\ufe0f", `"a\ufe0f"`},
		{"NUL", "a\x00b", `"a\x00b"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := String(c.in); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			exact(t, []byte(c.in))
		})
	}
}

func TestAppendText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"two words", "two words"},
		{`say "hi"`, `say "hi"`},
		{"a\\b\n\x1b", `a\\b\n\x1b`},
	} {
		if got := Text(c.in); got != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 256)
	in := []byte("/a b/\x1b/é/\u202e")
	if n := testing.AllocsPerRun(100, func() { dst = Append(dst[:0], in); dst = AppendJSON(dst[:0], in) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "/a/b", "a b", "\x1b[0m", "\xff", "\u202e", "\U000e0041", `"\`} {
		f.Add([]byte(s))
	}
	f.Fuzz(exact)
}

// exact holds what every output promises: nothing in it can act on a terminal,
// and the bytes come back.
func exact(t *testing.T, in []byte) {
	out := Append([]byte(">"), in)
	if out[0] != '>' {
		t.Fatalf("%q: what was in the buffer is gone", in)
	}
	out = out[1:]
	harmless(t, in, out)
	back := string(out)
	if out[0] == '"' {
		var err error
		if back, err = strconv.Unquote(string(out)); err != nil {
			t.Fatalf("%q: %s: %v", in, out, err)
		}
	} else if bytes.ContainsAny(out, " \"\\") {
		t.Fatalf("%q: bare but ambiguous: %s", in, out)
	}
	if back != string(in) {
		t.Fatalf("%q came back as %q", in, back)
	}

	harmless(t, in, AppendText(nil, in))

	js := AppendJSON(nil, in)
	harmless(t, in, js)
	var s string
	if err := json.Unmarshal(js, &s); err != nil {
		t.Fatalf("%q: %s: %v", in, js, err)
	}
	if Valid(in) && s != string(in) {
		t.Fatalf("%q came back from JSON as %q", in, s)
	}
}

func harmless(t *testing.T, in, out []byte) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Fatalf("%q: output is not UTF-8: %q", in, out)
	}
	for _, r := range string(out) {
		if !visible(r) && r != ' ' {
			t.Fatalf("%q: output holds %U", in, r)
		}
	}
}
