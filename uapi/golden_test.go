// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/golden and testdata/bad from what this build makes")

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// readDir returns the files of dir that end in ext, by name without it.
func readDir(t testing.TB, dir, ext string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"+ext))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, p := range paths {
		files[strings.TrimSuffix(filepath.Base(p), ext)] = readFile(t, p)
	}
	return files
}

func names(m map[string][]byte) []string { return slices.Sorted(maps.Keys(m)) }

func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, out)
	}
	return out
}

// TestGolden holds three things equal: the frozen records, what the C program
// makes today, and, as text, what C and Go read from them.
func TestGolden(t *testing.T) {
	const frozen = "testdata/golden"
	program := compileC(t, t.TempDir(), "testdata/golden.c")
	made := t.TempDir()
	run(t, program, "write", made)
	now := readDir(t, made, ".bin")
	if *update {
		for name, b := range now {
			writeFile(t, filepath.Join(frozen, name+".bin"), b)
			writeFile(t, filepath.Join(frozen, name+".txt"), run(t, program, "print", filepath.Join(made, name+".bin")))
		}
	}
	want, text := readDir(t, frozen, ".bin"), readDir(t, frozen, ".txt")
	if len(want) == 0 || !slices.Equal(names(now), names(want)) || !slices.Equal(names(want), names(text)) {
		t.Fatalf("golden.c makes   %q\nfrozen .bin are %q\nfrozen .txt are %q", names(now), names(want), names(text))
	}
	for _, name := range names(want) {
		t.Run(name, func(t *testing.T) {
			if !bytes.Equal(now[name], want[name]) {
				t.Errorf("golden.c now makes other bytes: the format moved")
			}
			if got := run(t, program, "print", filepath.Join(frozen, name+".bin")); !bytes.Equal(got, text[name]) {
				t.Errorf("C reads\n%s\nfrozen is\n%s", got, text[name])
			}
			rec, err := Check(want[name])
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(rec); got != string(text[name]) {
				t.Errorf("Go reads\n%s\nfrozen is\n%s", got, text[name])
			}
			rebuilt, err := rebuild(NewBuilder(nil), rec)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(rebuilt, rec) {
				t.Errorf("Go rebuilds\n%x\nfrom\n%x", []byte(rebuilt), []byte(rec))
			}
		})
	}
}

// TestGoldenCoversTags keeps a new tag from slipping past the golden records.
func TestGoldenCoversTags(t *testing.T) {
	seen := map[Tag]bool{}
	for _, b := range readDir(t, "testdata/golden", ".bin") {
		for tag := range Record(b).Attrs() {
			seen[tag] = true
		}
	}
	for _, tag := range Tags() {
		if !seen[tag] {
			t.Errorf("no golden record has attribute %s: add one to testdata/golden.c", tag)
		}
	}
}

// TestCReadsGo is the way back: records that only Go knows, read by C.
func TestCReadsGo(t *testing.T) {
	program := compileC(t, t.TempDir(), "testdata/golden.c")
	dir := t.TempDir()
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			rec := s.build(t, NewBuilder(nil))
			path := filepath.Join(dir, s.name)
			writeFile(t, path, rec)
			if got, want := string(run(t, program, "print", path)), describe(rec); got != want {
				t.Errorf("C reads\n%s\nGo reads\n%s", got, want)
			}
			for _, line := range s.text {
				if !strings.Contains(describe(rec), line+"\n") {
					t.Errorf("nothing says %q in\n%s", line, describe(rec))
				}
			}
		})
	}
}
