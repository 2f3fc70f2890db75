// SPDX-License-Identifier: Apache-2.0

package collection_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vexj/vector"
	"vexj/vector/collection"
)

// TestFlippedByte changes bytes of the files that a collection opens from. Opening or
// Verify finds each, and what is found until then is what was found before.
func TestFlippedByte(t *testing.T) {
	dir, c := t.TempDir(), configs["sq8"]
	k := must(collection.Create(dir, c, collection.Options{}))
	w := newWork(1, c.Dims)
	for range 330 {
		ok(t, k.Change([]vector.Change{w.change(&c.Config)}))
	}
	q := w.vector()
	want := must(k.Search(q, 20, collection.SearchOptions{}))
	ok(t, k.Close())
	rng := rand.New(rand.NewPCG(2, 2))
	for _, pattern := range []string{"COLLECTION", "graph.*", "store/*.0*", "store/CHECKPOINT"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		ok(t, err)
		if len(names) == 0 {
			t.Fatalf("no %s", pattern)
		}
		for _, name := range names {
			good := must(os.ReadFile(name))
			for range 6 {
				bad := bytes.Clone(good)
				bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
				ok(t, os.WriteFile(name, bad, 0o644))
				to := t.TempDir()
				ok(t, os.CopyFS(to, os.DirFS(dir)))
				flippedCollection(t, to, strings.TrimPrefix(name, dir), q, want)
				ok(t, os.RemoveAll(to))
			}
			ok(t, os.WriteFile(name, good, 0o644))
		}
	}
}

func flippedCollection(t *testing.T, dir, what string, q []float32, want []collection.Result) {
	t.Helper()
	k, err := collection.Open(dir, collection.Options{})
	if err != nil {
		return
	}
	defer k.Close()
	got, err := k.Search(q, len(want), collection.SearchOptions{})
	if err == nil {
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%s: found %v, and before %v, in silence", what, got[i], want[i])
			}
		}
	}
	if r := must(k.Verify()); len(r.Damage) == 0 {
		t.Fatalf("%s: nothing was found", what)
	}
}
