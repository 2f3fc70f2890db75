// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

func TestGlob(t *testing.T) {
	for _, tc := range []struct {
		pattern string
		shape   shape
		dir     string
		yes, no []string
	}{
		{"/etc/passwd", exact, "/etc/passwd", []string{"/etc/passwd"}, []string{"/etc/passwd2", "/etc", "etc/passwd", "/x/etc/passwd", ""}},
		{"/etc/**", below, "/etc", []string{"/etc", "/etc/a", "/etc/a/b"}, []string{"/etcetera", "/x/etc/a", ".../etc/a"}},
		{"/etc/", below, "/etc", []string{"/etc", "/etc/a/b"}, []string{"/etcetera"}},
		{"/**", below, "", []string{"/", "/a", "/a/b"}, []string{"a", ".../a"}},
		{"/var/log/*.log", oneStar, "/var/log", []string{"/var/log/a.log", "/var/log/.log"}, []string{"/var/log/a/b.log", "/var/log/a.txt", "/var/log"}},
		{"/home/*/notes", oneStar, "/home", []string{"/home/ann/notes"}, []string{"/home/ann/x/notes", "/home/notes"}},
		{"/a/b*", oneStar, "/a", []string{"/a/b", "/a/bcd"}, []string{"/a/b/c", "/a"}},
		{"*.go", anyFile, "", []string{"/a.go", "/x/y/.go", "z.go", ".../x/z.go"}, []string{"/a.gob", "/a.go/b"}},
		{"/src/**/*.go", anyFile, "/src", []string{"/src/a.go", "/src/x/y/a.go"}, []string{"/a.go", "/srcs/a.go", "/src"}},
		{"Makefile", anyName, "", []string{"/Makefile", "/a/b/Makefile", "Makefile", ".../x/Makefile"}, []string{"/GNUMakefile", "/Makefile/a"}},
		{"a/b", anyName, "", []string{"/a/b", "/x/a/b"}, []string{"/xa/b"}},
		{"/src/**/test/all", anyName, "/src", []string{"/src/test/all", "/src/x/test/all"}, []string{"/src/latest/all", "/test/all"}},
		{"src/**/*_test.go", general, "", []string{"/src/a_test.go", "/x/src/y/a_test.go"}, []string{"/srcs/a_test.go", "/src/a.go"}},
		{"/a/**/b/**/c", general, "/a", []string{"/a/b/c", "/a/x/b/y/z/c"}, []string{"/a/c", "/a/b"}},
		{"/a/?", general, "/a", []string{"/a/b", "/a/é", "/a/\xff"}, []string{"/a/", "/a/bc", "/a//"}},
		{"/[ab]/[^0-9x]?.c", general, "", []string{"/a/on.c", "/b/é!.c"}, []string{"/c/on.c", "/a/x1.c", "/a/3a.c", "/a/one.c"}},
		{"/*a*b*/**/c*d", general, "", []string{"/xaxbx/cd", "/ab/x/y/cxd"}, []string{"/ba/cd", "/ab/c/d"}},
		{`/a/\*`, general, "/a", []string{"/a/*"}, []string{"/a/b"}},
		{"**", general, "", []string{"/a", "/", "a"}, nil},
		{"**/", general, "", []string{"/a/b"}, nil},
		{"*", anyFile, "", []string{"/a", "/a/b", "x"}, nil},
	} {
		globs, err := compileGlobs(tc.pattern)
		if err != nil || len(globs) != 1 {
			t.Errorf("%q: %d globs, %v", tc.pattern, len(globs), err)
			continue
		}
		g := globs[0]
		if g.shape != tc.shape || string(g.dir) != tc.dir {
			t.Errorf("%q: shape %d below %q, want %d, %q", tc.pattern, g.shape, g.dir, tc.shape, tc.dir)
		}
		for _, path := range tc.yes {
			if !g.match([]byte(path)) {
				t.Errorf("%q does not match %q", tc.pattern, path)
			}
		}
		for _, path := range tc.no {
			if g.match([]byte(path)) {
				t.Errorf("%q matches %q", tc.pattern, path)
			}
		}
	}
}

func TestGlobAlternatives(t *testing.T) {
	globs, err := compileGlobs(`{/a,b{c,d},\{e}/*.{x,y}`)
	if err != nil {
		t.Fatal(err)
	}
	matches := func(path string) bool {
		return slices.ContainsFunc(globs, func(g glob) bool { return g.match([]byte(path)) })
	}
	for _, path := range []string{"/a/1.x", "/z/bc/1.y", "/bd/1.x", "/{e/1.y"} {
		if !matches(path) {
			t.Errorf("%q is not matched", path)
		}
	}
	for _, path := range []string{"/z/a/1.x", "/b/1.x", "/a/1.z", "/e/1.x"} {
		if matches(path) {
			t.Errorf("%q is matched", path)
		}
	}
}

func TestGlobRefuses(t *testing.T) {
	many := strings.Repeat("{a,b}", 9)
	for _, p := range []string{"", "/a[", "/{a", `/a\`, "/[]", "/[/]", `/a\/b`, "{,a}", many} {
		if _, err := compileGlobs(p); !errors.Is(err, ErrPattern) {
			t.Errorf("%q: got %v", p, err)
		}
	}
}

// TestGlobAgainstDoublestar: what is compiled is a faster way to say what
// doublestar says, and its directory is above whatever it matches.
func TestGlobAgainstDoublestar(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string, n int) string {
		var sb strings.Builder
		for range rng.IntN(n) {
			sb.WriteString(list[rng.IntN(len(list))])
		}
		return sb.String()
	}
	patterns := []string{"/", "/", "a", "b", "ab", "*", "**", "/**/", "?", ".c", "[ab]", "[^b-z]", "[!.]", "{a,b/a}", "{*,{b,ab}c}", `\*`, "é", "[à-ü]"}
	paths := []string{"/", "/", "a", "b", "ab", ".c", "*", "é", "\xff"}
	matched := 0
	for range 60_000 {
		pattern := "/" + pick(patterns, 7)
		if rng.IntN(4) == 0 {
			pattern = "**" + pattern
		}
		globs, err := compileGlobs(pattern)
		path := "/" + pick(paths, 8)
		// No kernel makes a path with an empty component; a slash at the end
		// means more here than it does there.
		if err != nil || strings.Contains(path, "//") || strings.HasSuffix(path, "/") ||
			strings.Contains(pattern, "//") || strings.HasSuffix(pattern, "/") {
			continue
		}
		want, odd := oracle(t, pattern, path)
		if odd {
			continue
		}
		i := slices.IndexFunc(globs, func(g glob) bool { return g.match([]byte(path)) })
		if got := i >= 0; got != want {
			t.Fatalf("%q on %q: got %v, doublestar says %v", pattern, path, got, want)
		}
		if i < 0 {
			continue
		}
		matched++
		if dir := string(globs[i].dir); dir != "" && path != dir && !strings.HasPrefix(path, dir+"/") {
			t.Fatalf("%q matches %q, which is not below %q", pattern, path, dir)
		}
	}
	if matched < 500 {
		t.Errorf("only %d matched: the test tells nothing", matched)
	}
}

// oracle asks doublestar about each alternative. It is odd where stars stand in
// a row, of which it takes *** and /**/** to need something there, and where a
// negated class may stand for a slash.
func oracle(t *testing.T, pattern, path string) (matches, odd bool) {
	t.Helper()
	alternatives, _ := expand(pattern)
	for _, p := range alternatives {
		m, err := doublestar.Match(p, path)
		if err != nil {
			t.Fatalf("%q was compiled: %v", pattern, err)
		}
		if strings.Contains(p, "***") || strings.Contains(p, "**/**") || m && strings.ContainsAny(p, "^!") {
			return false, true
		}
		matches = matches || m
	}
	return matches, false
}
