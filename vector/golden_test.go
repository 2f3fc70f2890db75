// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden and testdata/bad anew")

// TestGolden opens a store of version 1 that was frozen, and those that are bad.
func TestGolden(t *testing.T) {
	good := filepath.Join("testdata", "golden")
	if *update {
		if err := os.RemoveAll(good); err != nil {
			t.Fatal(err)
		}
		small(t, good)
		if err := os.Remove(filepath.Join(good, lockName)); err != nil {
			t.Fatal(err)
		}
		freezeBad(t, good)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	verified(t, s)
	want := strings.TrimSpace(string(read(t, filepath.Join("testdata", "golden.digest"))))
	if got := digest(t, s).String(); got != want {
		t.Errorf("digest %s, frozen is %s", got, want)
	}
	// It can be gone on with.
	if _, err := s.Create(0, make([]float32, s.config.Dims), Meta{}); err != nil {
		t.Error(err)
	}
	closed(t, s)
}

// badFiles are checkpoints that are refused, and how.
var badFiles = map[string]struct {
	at   int
	to   byte
	cut  int
	want error
}{
	"magic":     {at: 0, to: 0, want: ErrNotStore},
	"version":   {at: 8, to: 9, want: ErrVersion},
	"cut":       {cut: 100, want: ErrDamaged},
	"empty":     {cut: 256, want: ErrNotStore},
	"dims":      {at: 35, to: 0xff, want: ErrConfig},
	"elem":      {at: 36, to: 9, want: ErrConfig},
	"metric":    {at: 40, to: 9, want: ErrConfig},
	"name":      {at: 45, to: 1, want: ErrDamaged},
	"more":      {at: 60, to: 1, want: ErrDamaged},
	"live":      {at: 64, to: 0xff, want: ErrDamaged},
	"texts":     {at: 79, to: 0x7f, want: ErrDamaged},
	"changes":   {at: 87, to: 0xff, want: ErrDamaged},
	"covered":   {at: 112, to: 0xff, want: ErrDamaged},
	"other":     {at: 16, to: 0x77, want: ErrDamaged},
	"generated": {at: 48, to: 2, want: ErrDamaged},
}

func freezeBad(t *testing.T, good string) {
	t.Helper()
	if err := os.RemoveAll("testdata/bad"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("testdata/bad", 0o755); err != nil {
		t.Fatal(err)
	}
	b := read(t, filepath.Join(good, checkpointName))
	for name, f := range badFiles {
		bad := append([]byte(nil), b...)
		if f.cut == 0 {
			bad[f.at] = f.to
			binary.LittleEndian.PutUint32(bad[252:], sum(bad[:252]))
		}
		if err := os.WriteFile(filepath.Join("testdata/bad", name), bad[:len(bad)-f.cut], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(good, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.WriteFile("testdata/golden.digest", []byte(digest(t, s).String()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBadCheckpoints(t *testing.T) {
	for name, f := range badFiles {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("testdata/golden")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, checkpointName), read(t, filepath.Join("testdata/bad", name)), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, Options{})
		if !errors.Is(err, f.want) {
			t.Errorf("%s: got %v, want %v", name, err, f.want)
		}
		if err == nil {
			s.Close()
		}
	}
}
