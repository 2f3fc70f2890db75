// SPDX-License-Identifier: Apache-2.0

package collection_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"vexj/hnsw"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
	"vexj/vector/collection"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A work makes the same changes whenever it is made with the same seed.
type work struct {
	rng  *rand.Rand
	dims int
	ids  []uint64
	next uint64
}

func newWork(seed uint64, dims int) *work {
	return &work{rng: rand.New(rand.NewPCG(seed, 1)), dims: dims, next: 1}
}

func (w *work) vector() []float32 {
	v := make([]float32, w.dims)
	for i := range v {
		v[i] = float32(w.rng.NormFloat64())
	}
	return v
}

// query is a vector that the collection can be asked for.
func (w *work) query(c *vector.Config) []float32 {
	return c.Decode(must(c.Encode(nil, w.vector())), nil)
}

// changes are the next ones.
func (w *work) changes(c *vector.Config, n int) []vector.Change {
	all := make([]vector.Change, n)
	for i := range all {
		all[i] = w.change(c)
	}
	return all
}

// change is the next one.
func (w *work) change(c *vector.Config) vector.Change {
	meta := vector.Meta{Path: fmt.Sprintf("/f/%d", w.rng.IntN(100)), Inode: w.rng.Uint64N(1 << 30)}
	ch := vector.Change{Op: uapi.VectorCreate, Meta: meta}
	switch r := w.rng.IntN(10); {
	case r < 2 && len(w.ids) > 20:
		i := w.rng.IntN(len(w.ids))
		ch = vector.Change{Op: uapi.VectorDelete, ID: w.ids[i]}
		w.ids = slices.Delete(w.ids, i, i+1)
		return ch
	case r < 4 && len(w.ids) > 0:
		ch.Op, ch.ID = uapi.VectorUpdate, w.ids[w.rng.IntN(len(w.ids))]
	default:
		ch.ID = w.next
		w.next++
		w.ids = append(w.ids, ch.ID)
	}
	ch.Raw = must(c.Encode(nil, w.vector()))
	return ch
}

var configs = map[string]collection.Config{
	"float32":   {Config: vector.Config{Name: "docs", Dims: 8}, EfConstruction: 32},
	"sq8":       {Config: vector.Config{Dims: 12, Metric: uapi.MetricCosine}, Codes: hnsw.SQ8, M: 6, EfConstruction: 32},
	"int8-sq8":  {Config: vector.Config{Dims: 9, Elem: uapi.ElemInt8}, Codes: hnsw.SQ8, EfConstruction: 32},
	"binary":    {Config: vector.Config{Dims: 64, Elem: uapi.ElemBinary, Metric: uapi.MetricHamming}, EfConstruction: 32},
	"float16":   {Config: vector.Config{Dims: 8, Elem: uapi.ElemFloat16, Metric: uapi.MetricDot}, Codes: hnsw.SQ8, EfConstruction: 32},
	"manhattan": {Config: vector.Config{Dims: 8, Metric: uapi.MetricManhattan}, EfConstruction: 32},
}

// TestOpenAgain: what was closed, and what was not, is the same when it is opened.
func TestOpenAgain(t *testing.T) {
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := must(collection.Create(dir, c, collection.Options{}))
			w := newWork(7, c.Dims)
			for range 3 {
				for range 150 {
					ok(t, k.Change([]vector.Change{w.change(&c.Config)}))
				}
				before := must(k.Digest())
				ok(t, k.Close())
				k = must(collection.Open(dir, collection.Options{}))
				if after := must(k.Digest()); after != before {
					t.Fatalf("digests %s before, %s after", before, after)
				}
			}
			if n := len(w.ids); k.Len() != n || k.Graph().Len() != n {
				t.Errorf("%d vectors, %d nodes, of %d", k.Len(), k.Graph().Len(), n)
			}
			before := must(k.Digest())
			ok(t, k.Close())
			ok(t, collection.Rebuild(dir, collection.Options{}))
			k = must(collection.Open(dir, collection.Options{}))
			defer k.Close()
			if after := must(k.Digest()); after != before {
				t.Fatalf("digests %s before, %s rebuilt", before, after)
			}
			audited(t, dir)
		})
	}
}

// audited: the journal accounts for all of its records.
func audited(t *testing.T, dir string) {
	t.Helper()
	r := must(userjournal.Open(dir + "/journal"))
	defer r.Close()
	a := must(query.Audit(r))
	if !a.Sound() {
		t.Errorf("the account: %+v", a)
	}
	for _, e := range a.Epochs {
		if !e.Started || e.Missing > 0 || e.Lost > 0 {
			t.Errorf("epoch %+v", e)
		}
	}
}

// TestSearchIsRecorded: a search is the cause of its traversal.
func TestSearchIsRecorded(t *testing.T) {
	dir := t.TempDir()
	c := configs["sq8"]
	k := must(collection.Create(dir, c, collection.Options{Searches: 4, Results: true}))
	w := newWork(3, c.Dims)
	for range 300 {
		ok(t, k.Change([]vector.Change{w.change(&c.Config)}))
	}
	var results [][]uapi.Result
	for range 10 {
		results = append(results, must(k.Search(w.vector(), 5, collection.SearchOptions{Ef: 20})))
	}
	ok(t, k.Close())
	r := must(userjournal.Open(dir + "/journal"))
	defer r.Close()
	var searches []uint64
	caused := map[uint64]uint64{}
	found := 0
	ok(t, r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		switch rec.Type() {
		case uapi.VectorSearch:
			got := slices.Collect(rec.Results())
			if !slices.Equal(got, results[len(searches)]) {
				t.Errorf("search %d: recorded %v, found %v", len(searches), got, results[len(searches)])
			}
			searches = append(searches, rec.EventID())
			found += len(got)
		case uapi.GraphQuery, uapi.GraphTraverse:
			caused[rec.EventID()] = rec.Parent()
		}
		return nil
	}))
	if len(searches) != 10 || len(caused) != 20 || found != 50 {
		t.Fatalf("%d searches, %d records of the graph, %d results", len(searches), len(caused), found)
	}
	for id := range caused {
		root := id
		for caused[root] != 0 {
			root = caused[root]
		}
		if !slices.Contains(searches, root) {
			t.Errorf("event %#x does not come of a search", id)
		}
	}
	audited(t, dir)
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	c := configs["sq8"]
	k := must(collection.Create(dir+"/k", c, collection.Options{}))
	must(k.Create(5, newWork(1, c.Dims).vector(), vector.Meta{}))
	for name, tc := range map[string]struct {
		err  error
		want error
	}{
		"there":    {second(collection.Create(dir+"/k", c, collection.Options{})), collection.ErrThere},
		"foreign":  {second(collection.Create(dir, c, collection.Options{})), collection.ErrNotCollection},
		"none":     {second(collection.Open(dir, collection.Options{})), collection.ErrNotCollection},
		"locked":   {second(collection.Open(dir+"/k", collection.Options{})), userjournal.ErrLocked},
		"config":   {second(collection.Create(dir+"/x", collection.Config{}, collection.Options{})), vector.ErrConfig},
		"exists":   {second(k.Create(5, make([]float32, c.Dims), vector.Meta{})), vector.ErrZero},
		"dims":     {second(k.Create(0, nil, vector.Meta{})), vector.ErrDims},
		"missing":  {k.Delete(6), vector.ErrNotFound},
		"missing2": {k.Change([]vector.Change{{Op: uapi.VectorDelete, ID: 5}, {Op: uapi.VectorDelete, ID: 5}}), vector.ErrNotFound},
		"query":    {second(k.Search(nil, 1, collection.SearchOptions{})), hnsw.ErrDims},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, tc.err, tc.want)
		}
	}
	if k.Len() != 1 || k.Graph().Len() != 1 {
		t.Errorf("%d vectors, %d nodes", k.Len(), k.Graph().Len())
	}
	ok(t, k.Close())
	if _, err := k.Create(0, make([]float32, c.Dims), vector.Meta{}); !errors.Is(err, collection.ErrClosed) && !errors.Is(err, vector.ErrZero) {
		t.Errorf("got %v", err)
	}
	if err := k.Delete(5); !errors.Is(err, collection.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
