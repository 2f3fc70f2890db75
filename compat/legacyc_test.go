// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/golden, testdata/records and testdata/bad from what this build makes")

// compileC compiles testdata/legacy.c, which knows the formats by itself.
func compileC(t testing.TB) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	program := filepath.Join(t.TempDir(), "legacy")
	cmd := exec.Command(cc, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, "testdata/legacy.c")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("this test compiles C (set CC, or install a C compiler): %v\n%s", err, out)
	}
	return program
}

func run(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, out)
	}
	return string(out)
}

// golden returns the frozen legacy files, by name.
func golden(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	paths, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(p)] = b
	}
	return files
}

// TestGoldenFiles: the C program makes today what it made when the files were
// frozen.
func TestGoldenFiles(t *testing.T) {
	dir := t.TempDir()
	run(t, compileC(t), "write", dir)
	made, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for _, e := range made {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join("testdata/golden", e.Name()), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := golden(t)
	if len(made) != len(want) {
		t.Errorf("%d files are made, %d are frozen", len(made), len(want))
	}
	for name, frozen := range want {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(b, frozen) {
			t.Errorf("%s: made differently than it was frozen", name)
		}
	}
}

// printed is what the C program reads in a file that was exported.
func printed(t testing.TB, program string, file []byte) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "exported")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(run(t, program, "print", path), "\n"), "\n")
}
