// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	put := func(text string, then error) error {
		return Replace(name, 0o640, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, then)
		})
	}
	if err := put("old", nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := put("half", broken); !errors.Is(err, broken) {
		t.Errorf("%v instead of %v", err, broken)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "old" {
		t.Errorf("%q, %v after a failure", text, err)
	}
	if err := put("new", nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if names, err := ReadDir(dir); err != nil || !slices.Equal(names, []string{"f"}) {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if err := Replace(filepath.Join(dir, "none", "f"), 0o640, func(io.Writer) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
}

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	holder := func(want int) {
		t.Helper()
		if pid, err := Holder(name); pid != want || err != nil {
			t.Errorf("held by %d, %v, not by %d", pid, err, want)
		}
	}
	holder(0)
	lock, err := Lock(name, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	holder(os.Getpid())
	var held *HeldError
	if _, err := Lock(name, 0o600); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("locked twice: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	holder(0)
	if lock, err = Lock(name, 0o600); err != nil {
		t.Fatal(err)
	}
	lock.Close()
}

func TestMkdirAll(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "a", "b", "c")
	for range 2 {
		if err := MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() || info.Mode().Perm() != 0o750 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MkdirAll(filepath.Join(file, "x"), 0o750); err == nil {
		t.Error("a directory in a file")
	}
}
