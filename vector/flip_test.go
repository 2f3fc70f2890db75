// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// small makes a store with a few vectors, an ended one and an index.
func small(t testing.TB, dir string) *model {
	t.Helper()
	rng := rand.New(rand.NewPCG(9, 9))
	c := kinds[0]
	m := newModel(c)
	s, err := Create(dir, c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if err := s.Change([]Change{m.change(t, rng)}); err != nil {
			t.Fatal(err)
		}
	}
	s.mu.Lock()
	err = s.mergeIndex(0)
	s.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	return m
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFlippedByte changes every byte of every file in turn. Opening or Verify finds
// it, and until then nothing that was not written is given out.
func TestFlippedByte(t *testing.T) {
	dir := t.TempDir()
	m := small(t, dir)
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, name := range names {
		if filepath.Base(name) == lockName {
			continue
		}
		files++
		good := read(t, name)
		for i := range good {
			// Most of a first page is one run of zeroes.
			if i > 200 && i < pageSize-64 && i%97 != 0 {
				continue
			}
			bad := append([]byte(nil), good...)
			bad[i] ^= 1 << (i % 8)
			if err := os.WriteFile(name, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			flipped(t, dir, m, fmt.Sprintf("%s byte %d", filepath.Base(name), i))
		}
		if err := os.WriteFile(name, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if files != 5 {
		t.Errorf("there are %d files", files)
	}
}

func flipped(t *testing.T, dir string, m *model, what string) {
	t.Helper()
	s, err := Open(dir, Options{ReadOnly: true})
	if err != nil {
		return
	}
	defer s.Close()
	for id, want := range m.items {
		got, err := s.Get(id)
		if err == nil && !same(got, want) {
			t.Fatalf("%s: id %d came out as %+v, in silence", what, id, got)
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("%s: id %d: %v", what, id, err)
		}
	}
	w, err := s.View()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	n := 0
	err = w.Each(func(it Item) error {
		n++
		if !same(it, m.items[it.ID]) {
			t.Fatalf("%s: %+v came out, in silence", what, it)
		}
		return nil
	})
	if err == nil && n != len(m.items) {
		t.Fatalf("%s: %d of %d vectors came out, in silence", what, n, len(m.items))
	}
	r, err := s.Verify()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Damage) == 0 {
		t.Fatalf("%s: nothing was found", what)
	}
}
