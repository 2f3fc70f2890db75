// SPDX-License-Identifier: Apache-2.0

package collection_test

import (
	"errors"
	"sync"
	"testing"

	"vexj/vector"
	"vexj/vector/collection"
)

// TestLook opens a collection for reading beside its writer: what is there is what the
// last checkpoint had, and whether the journal has more is said.
func TestLook(t *testing.T) {
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			dir, w := t.TempDir(), newWork(3, c.Dims)
			k := must(collection.Create(dir, c, collection.Options{}))
			looked := collection.Options{ReadOnly: true}
			empty := must(collection.Open(dir, looked))
			if empty.Len() != 0 || must(empty.Behind()) {
				t.Errorf("%d vectors in a new collection", empty.Len())
			}
			if found := must(empty.Search(w.query(&c.Config), 3, collection.SearchOptions{})); len(found) != 0 {
				t.Errorf("found %v", found)
			}
			ok(t, empty.Close())
			for range 300 {
				ok(t, k.Change([]vector.Change{w.change(&c.Config)}))
			}
			ok(t, k.Checkpoint())
			want := must(k.Digest())
			q := w.query(&c.Config)
			found := must(k.Search(q, 10, collection.SearchOptions{}))
			same := must(collection.Open(dir, looked))
			if must(same.Behind()) {
				t.Error("behind its checkpoint")
			}
			for range 40 {
				ok(t, k.Change([]vector.Change{w.change(&c.Config)}))
			}
			ok(t, k.Sync())
			late := must(collection.Open(dir, looked))
			for _, l := range []*collection.Collection{same, late} {
				if !must(l.Behind()) {
					t.Error("it does not say that the journal has more")
				}
				if got := must(l.Digest()); got != want {
					t.Errorf("digests %s, of the checkpoint %s", got, want)
				}
				got := must(l.Search(q, 10, collection.SearchOptions{}))
				for i := range got {
					if got[i] != found[i] {
						t.Errorf("found %v, before %v", got, found)
						break
					}
				}
				if r := must(l.Verify()); len(r.Damage) > 0 {
					t.Errorf("found %v", r.Damage)
				}
			}
			if err := late.Delete(1); !errors.Is(err, collection.ErrReadOnly) {
				t.Errorf("a change: %v", err)
			}
			if err := late.Checkpoint(); !errors.Is(err, collection.ErrReadOnly) {
				t.Errorf("a checkpoint: %v", err)
			}
			if _, err := collection.Open(dir, collection.Options{ReadOnly: true, Searches: 1}); !errors.Is(err, collection.ErrReadOnly) {
				t.Errorf("records of searches: %v", err)
			}
			// What they have open stays, whatever becomes of its files.
			ok(t, k.Compact())
			ok(t, k.Close())
			if got := must(late.Digest()); got != want {
				t.Errorf("digests %s, of the checkpoint %s", got, want)
			}
			ok(t, same.Close())
			ok(t, late.Close())
		})
	}
}

// TestLookMeanwhile opens a collection for reading again and again while its writer
// makes checkpoints and compacts.
func TestLookMeanwhile(t *testing.T) {
	dir, c := t.TempDir(), configs["sq8"]
	w := newWork(3, c.Dims)
	k := must(collection.Create(dir, c, collection.Options{}))
	var digests sync.Map
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 40 {
			for range 10 {
				ok(t, k.Change([]vector.Change{w.change(&c.Config)}))
			}
			digests.Store(must(k.Digest()), true)
			if n%4 == 3 {
				ok(t, k.Compact())
			} else {
				ok(t, k.Checkpoint())
			}
		}
	}()
	opened := 0
	for over := false; !over; opened++ {
		select {
		case <-done:
			over = true
		default:
		}
		l := must(collection.Open(dir, collection.Options{ReadOnly: true}))
		if _, is := digests.Load(must(l.Digest())); !is && l.Len() > 0 {
			t.Fatal("what was opened is of no checkpoint")
		}
		ok(t, l.Close())
	}
	t.Logf("opened %d times", opened)
	ok(t, k.Close())
}
