// SPDX-License-Identifier: Apache-2.0

package crashfs

import (
	"bytes"
	"slices"
	"testing"

	"vexj/userjournal"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// outcomes are all that a file may hold after a cut at the step, by mode; a
// missing file is "-".
func outcomes(f *FS, step int, mode Mode, name string) map[string]bool {
	seen := map[string]bool{}
	for seed := range uint64(300) {
		b, ok := f.Cut(step, mode, seed).Files()[name]
		if !ok {
			seen["-"] = true
			continue
		}
		// A letter for each sector.
		var s []byte
		for at := 0; at < len(b); at += Sector {
			if c := b[at]; c >= 'a' && c <= 'z' {
				s = append(s, c)
			} else {
				s = append(s, '.') // zero, or what was there before
			}
		}
		seen[string(s)] = true
	}
	return seen
}

func sectors(s string) []byte {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, bytes.Repeat([]byte{c}, Sector)...)
	}
	return b
}

// What may be there after a cut is what POSIX allows, and what it allows is there
// for some seed.
func TestCut(t *testing.T) {
	f := New()
	if err := f.MkdirAll("/d"); err != nil {
		t.Fatal(err)
	}
	file := must[userjournal.File](t)(f.Create("/d/x")) // 1
	must[int](t)(file.WriteAt(sectors("ab"), 0))        // 2
	if err := f.SyncDir("/d"); err != nil {             // 3
		t.Fatal(err)
	}
	if err := file.Sync(); err != nil { // 4
		t.Fatal(err)
	}
	f.Note(1)
	must[int](t)(file.WriteAt(sectors("cd"), 2*Sector)) // 5
	must[int](t)(file.WriteAt(sectors("z"), 0))         // 6
	if err := f.Rename("/d/x", "/d/y"); err != nil {    // 7
		t.Fatal(err)
	}
	if f.Steps() != 7 || f.Noted(3) != 0 || f.Noted(4) != 1 {
		t.Fatalf("%d steps:\n%v", f.Steps(), f)
	}
	tests := []struct {
		step    int
		mode    Mode
		name    string
		some    []string // each of them for some seed
		nothing bool     // and nothing else
	}{
		{0, Kept, "/d/x", []string{"-"}, true},
		{2, Lost, "/d/x", []string{"-"}, true},
		{2, Kept, "/d/x", []string{"ab"}, true},
		{2, Ordered, "/d/x", []string{"-", "", "a"}, false},
		{3, Lost, "/d/x", []string{""}, true},
		{3, Scrambled, "/d/x", []string{"", "ab", "a.", ".b", ".."}, true},
		{4, Lost, "/d/x", []string{"ab"}, true},
		{5, Ordered, "/d/x", []string{"ab", "abc"}, false},
		{6, Ordered, "/d/x", []string{"ab", "abc", "abcd"}, false},
		{6, Scrambled, "/d/x", []string{"ab", "zb", "abcd", "zbcd", "ab.d", "zbc.", "zb.."}, false},
		{7, Lost, "/d/x", []string{"ab"}, true},
		{7, Scrambled, "/d/x", []string{"-", "ab", "zbcd"}, false},
		{7, Scrambled, "/d/y", []string{"-", "ab", "zbcd"}, false},
		{7, Kept, "/d/y", []string{"zbcd"}, true},
	}
	for _, test := range tests {
		got := outcomes(f, test.step, test.mode, test.name)
		for _, want := range test.some {
			if !got[want] {
				t.Errorf("step %d, %v: never %q: %v", test.step, test.mode, want, got)
			}
		}
		if test.nothing && len(got) != len(test.some) {
			t.Errorf("step %d, %v: %v, only %q may be", test.step, test.mode, got, test.some)
		}
		for s := range got {
			if s != "-" && test.step >= 4 && (len(s) < 2 || s[1] != 'b') {
				t.Errorf("step %d, %v: %q: what was synced is gone", test.step, test.mode, s)
			}
		}
	}
	// A file has one name or the other.
	for seed := range uint64(300) {
		files := f.Cut(7, Scrambled, seed).Files()
		if (files["/d/x"] == nil) == (files["/d/y"] == nil) {
			t.Fatalf("seed %d: half a rename", seed)
		}
	}
}

// What a truncation cut off stays away, and a second life begins where the first
// was cut off.
func TestCutAgain(t *testing.T) {
	f := New()
	file := must[userjournal.File](t)(f.Create("/x"))
	must[int](t)(file.WriteAt(sectors("abc"), 0))
	if err := file.Truncate(Sector); err != nil {
		t.Fatal(err)
	}
	must[int](t)(file.WriteAt(sectors("d"), 2*Sector))
	g := f.Cut(f.Steps(), Kept, 0)
	if got := g.Files()["/x"]; !bytes.Equal(got, slices.Concat(sectors("a"), make([]byte, Sector), sectors("d"))) {
		t.Fatalf("got %.8x", got)
	}
	again := must[userjournal.File](t)(g.OpenWrite("/x"))
	must[int](t)(again.WriteAt(sectors("e"), 0))
	if err := g.Remove("/x"); err != nil {
		t.Fatal(err)
	}
	if g.Steps() != 2 {
		t.Fatalf("%v", g)
	}
	if got := g.Cut(2, Lost, 0).Files()["/x"]; len(got) != 3*Sector || got[0] != 'a' {
		t.Errorf("got %.8x", got)
	}
	if _, ok := g.Cut(2, Kept, 0).Files()["/x"]; ok {
		t.Error("still there")
	}
}
