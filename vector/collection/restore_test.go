// SPDX-License-Identifier: Apache-2.0

package collection_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
	"vexj/vector/collection"
)

// told makes a collection by changes, one at a time and several, and returns the records
// of its journal and its digests.
func told(t *testing.T, c collection.Config, changes int) (records []uapi.Record, want collection.Digests) {
	t.Helper()
	dir := t.TempDir()
	k := must(collection.Create(dir, c, collection.Options{}))
	w := newWork(5, c.Dims)
	for n := 0; n < changes; {
		var all []vector.Change
		for range 1 + w.rng.IntN(12) {
			all = append(all, w.change(&c.Config))
			n++
		}
		ok(t, k.Change(all))
	}
	must(k.Search(w.vector(), 3, collection.SearchOptions{}))
	want = must(k.Digest())
	ok(t, k.Close())
	r := must(userjournal.Open(dir + "/journal"))
	defer r.Close()
	ok(t, r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		records = append(records, slices.Clone(rec))
		return nil
	}))
	return records, want
}

// causesFirst puts each record behind the one that caused it.
func causesFirst(records []uapi.Record) (out []uapi.Record) {
	there := map[uint64]bool{}
	for _, rec := range records {
		there[rec.EventID()] = true
	}
	came, wait := map[uint64]bool{}, map[uint64][]uapi.Record{}
	var pass func(rec uapi.Record)
	pass = func(rec uapi.Record) {
		came[rec.EventID()] = true
		out = append(out, rec)
		for _, next := range wait[rec.EventID()] {
			pass(next)
		}
		delete(wait, rec.EventID())
	}
	for _, rec := range records {
		if p := rec.Parent(); p != 0 && there[p] && !came[p] {
			wait[p] = append(wait[p], rec)
		} else {
			pass(rec)
		}
	}
	return out
}

// TestRestore: the records make the same collection again, in the order of the journal
// and with causes first, and it goes on from there.
func TestRestore(t *testing.T) {
	for name, c := range configs {
		records, want := told(t, c, 400)
		for order, recs := range map[string][]uapi.Record{"as recorded": records, "causes first": causesFirst(records)} {
			t.Run(name+" "+order, func(t *testing.T) {
				if len(recs) != len(records) {
					t.Fatalf("%d of %d records", len(recs), len(records))
				}
				dir := t.TempDir()
				r := must(collection.NewRestore(dir, c, collection.Options{}))
				for _, rec := range recs {
					ok(t, r.Apply(rec))
				}
				if n := must(r.End()); n != 0 {
					t.Errorf("%d changes were not whole", n)
				}
				if got := must(r.Digests()); got != want {
					t.Errorf("digests %s, want %s", got, want)
				}
				ok(t, r.Close())

				k := must(collection.Open(dir, collection.Options{}))
				if n := k.Recovery().Records; n != 0 {
					t.Errorf("%d records were done again at opening", n)
				}
				if got := must(k.Digest()); got != want {
					t.Errorf("digests %s when it was opened, want %s", got, want)
				}
				v := must(k.Verify())
				for _, err := range v.Damage {
					t.Error(err)
				}
				must(k.Create(0, newWork(1, c.Dims).vector(), vector.Meta{}))
				ok(t, k.Close())
				audited(t, dir)
				ok(t, collection.Rebuild(dir, collection.Options{}))
			})
		}
	}
}

// TestRestoreKilled: wherever a restore is killed, it goes on from its last mark to the
// same end.
func TestRestoreKilled(t *testing.T) {
	for _, name := range []string{"float32", "sq8"} {
		c := configs[name]
		recorded, want := told(t, c, 300)
		for order, records := range map[string][]uapi.Record{"as recorded": recorded, "causes first": causesFirst(recorded)} {
			t.Run(name+" "+order, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(3, 4))
				for range points(t, 6) {
					restoreKilled(t, rng, c, records, want)
				}
			})
		}
	}
}

func restoreKilled(t *testing.T, rng *rand.Rand, c collection.Config, records []uapi.Record, want collection.Digests) {
	t.Helper()
	dir := t.TempDir()
	r := must(collection.NewRestore(dir, c, collection.Options{}))
	var mark bytes.Buffer
	ok(t, r.Save(&mark))
	from := 0
	for at := 0; ; {
		// To the next mark, and beyond it to where it is killed.
		to := min(at+rng.IntN(len(records)/2), len(records))
		kill := min(to+rng.IntN(len(records)/3), len(records))
		for ; at < to; at++ {
			ok(t, r.Apply(records[at]))
		}
		mark.Reset()
		ok(t, r.Save(&mark))
		from = at
		for ; at < kill; at++ {
			ok(t, r.Apply(records[at]))
		}
		if at == len(records) {
			break
		}
		// What stands in the files is what a process that was killed leaves.
		again := t.TempDir()
		ok(t, os.CopyFS(again, os.DirFS(dir)))
		ok(t, r.Close())
		dir = again
		r = must(collection.OpenRestore(dir, c, collection.Options{}))
		ok(t, r.Load(bytes.NewReader(mark.Bytes())))
		at = from
	}
	must(r.End())
	if got := must(r.Digests()); got != want {
		t.Fatalf("digests %s, want %s", got, want)
	}
	ok(t, r.Close())
	k := must(collection.Open(dir, collection.Options{}))
	if got := must(k.Digest()); got != want {
		t.Errorf("digests %s when it was opened, want %s", got, want)
	}
	ok(t, k.Close())
}

// TestRestoreRefuses: what was changed since the mark is not gone on with, what does not
// fit is left out, and there is no collection before the end.
func TestRestoreRefuses(t *testing.T) {
	c := configs["sq8"]
	records, want := told(t, c, 100)
	dir := t.TempDir()
	r := must(collection.NewRestore(dir, c, collection.Options{}))
	half := len(records) / 2
	for _, rec := range records[:half] {
		ok(t, r.Apply(rec))
	}
	var mark bytes.Buffer
	ok(t, r.Save(&mark))
	ok(t, r.Close())
	if _, err := collection.Open(dir, collection.Options{}); !errors.Is(err, collection.ErrNotCollection) {
		t.Errorf("open: %v", err)
	}
	r = must(collection.OpenRestore(dir, c, collection.Options{}))
	ok(t, r.Load(bytes.NewReader(mark.Bytes())))
	i := slices.IndexFunc(records, func(rec uapi.Record) bool {
		return rec.Type() == uapi.VectorCreate && rec.Flags()&uapi.FlagAtomic != 0 // no other of its batch follows
	})
	twice := slices.Clone(records[i])
	binary.LittleEndian.PutUint64(twice, records[len(records)-1].EventID()+1<<20)
	for _, rec := range records[half:] {
		ok(t, r.Apply(rec))
	}
	if err := r.Apply(twice); !errors.Is(err, vector.ErrExists) {
		t.Errorf("a vector that is there was created: %v", err)
	}
	must(r.End())
	if got := must(r.Digests()); got != want {
		t.Errorf("digests %s, want %s", got, want)
	}
	var end bytes.Buffer
	ok(t, r.Save(&end))
	ok(t, r.Close())
	r = must(collection.OpenRestore(dir, c, collection.Options{}))
	if err := r.Load(bytes.NewReader(mark.Bytes())); !errors.Is(err, collection.ErrDiffers) {
		t.Errorf("it was complete: %v", err)
	}
	ok(t, r.Close())
	r = must(collection.OpenRestore(dir, c, collection.Options{}))
	ok(t, r.Load(bytes.NewReader(end.Bytes())))
	ok(t, r.Apply(later(records[len(records)-1])))
	ok(t, r.Close())
	if _, err := collection.Open(dir, collection.Options{}); !errors.Is(err, collection.ErrNotCollection) {
		t.Errorf("open where it goes on: %v", err)
	}
	r = must(collection.OpenRestore(dir, c, collection.Options{}))
	ok(t, r.Load(bytes.NewReader(end.Bytes())))
	ok(t, r.Close())
	if _, err := collection.NewRestore(must(filled(t, c)), c, collection.Options{}); !errors.Is(err, collection.ErrThere) {
		t.Errorf("a new one where one is: %v", err)
	}
	other := c
	other.Dims++
	if _, err := collection.OpenRestore(dir, other, collection.Options{}); !errors.Is(err, collection.ErrDiffers) {
		t.Errorf("of another kind: %v", err)
	}
}

// filled is a directory with a collection.
func filled(t *testing.T, c collection.Config) (string, error) {
	dir := t.TempDir()
	k, err := collection.Create(dir, c, collection.Options{})
	if err == nil {
		err = k.Close()
	}
	return dir, err
}

// later is a record of the same producer behind another, that changes nothing.
func later(rec uapi.Record) uapi.Record {
	next := slices.Clone(rec)
	binary.LittleEndian.PutUint64(next, rec.EventID()+1)
	return next
}

// TestSelection: the changes that are taken come to the same vectors, wherever it is
// killed, and say what they come of.
func TestSelection(t *testing.T) {
	c := configs["sq8"]
	records, want := told(t, c, 300)
	for _, kill := range []int{-1, len(records) / 3} {
		dir := t.TempDir()
		k := must(collection.Create(dir, c, collection.Options{}))
		s := collection.NewSelection(k)
		var mark bytes.Buffer
		ok(t, s.Save(&mark))
		for at := 0; at < len(records); at++ {
			if at == kill {
				kill = -1
				again := t.TempDir()
				ok(t, k.Sync())
				ok(t, os.CopyFS(again, os.DirFS(dir)))
				ok(t, k.Close())
				dir, at = again, 0
				k = must(collection.Open(dir, collection.Options{}))
				s = collection.NewSelection(k)
				ok(t, s.Load(bytes.NewReader(mark.Bytes())))
			}
			ok(t, s.Apply(records[at]))
		}
		if got := must(k.Digest()); got.Store != want.Store || s.Adopted+s.Missing > 0 {
			t.Errorf("store %s, want %s; %d adopted, %d missing", got.Store, want.Store, s.Adopted, s.Missing)
		}
		v := must(k.Verify())
		for _, err := range v.Damage {
			t.Error(err)
		}
		ok(t, k.Close())
	}

	// Of the second half alone.
	k := must(collection.Create(t.TempDir(), c, collection.Options{}))
	defer k.Close()
	s := collection.NewSelection(k)
	for _, rec := range records[len(records)/2:] {
		ok(t, s.Apply(rec))
	}
	if s.Adopted == 0 || s.Missing == 0 {
		t.Errorf("%d adopted, %d missing", s.Adopted, s.Missing)
	}
	ok(t, second(k.Graph().Validate()))
}
