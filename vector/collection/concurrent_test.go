// SPDX-License-Identifier: Apache-2.0

package collection_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/hnsw"
	"vexj/uapi"
	"vexj/vector"
	"vexj/vector/collection"
)

// TestConcurrent changes, searches, looks, makes checkpoints and compacts at a time.
func TestConcurrent(t *testing.T) {
	for _, name := range []string{"float32", "sq8"} {
		t.Run(name, func(t *testing.T) {
			dir, c := t.TempDir(), configs[name]
			k := must(collection.Create(dir, c, collection.Options{Searches: 8, CheckpointEvery: 60, Workers: 3}))
			first := newWork(1, c.Dims)
			for range 30 {
				ok(t, k.Change(first.changes(&c.Config, 10)))
			}
			var writers, readers sync.WaitGroup
			var done atomic.Bool
			for n := range 2 {
				writers.Go(func() {
					w := newWork(uint64(n+2), c.Dims)
					var own []uint64
					for range 80 {
						if len(own) > 10 && w.rng.IntN(3) == 0 {
							ok(t, k.Delete(own[0]))
							own = own[1:]
							continue
						}
						batch := make([]vector.Change, 1+w.rng.IntN(4))
						for i := range batch {
							batch[i] = vector.Change{Op: uapi.VectorCreate, Raw: must(c.Encode(nil, w.vector()))}
						}
						ok(t, k.Change(batch))
						own = append(own, batch[0].ID)
					}
				})
			}
			for n := range 2 {
				readers.Go(func() {
					rng := rand.New(rand.NewPCG(9, uint64(n)))
					w := newWork(uint64(n+10), c.Dims)
					for !done.Load() {
						found, err := k.Search(w.vector(), 10, collection.SearchOptions{})
						if err != nil || len(found) != 10 {
							t.Errorf("found %d: %v", len(found), err)
							return
						}
						// Of what was found some may be gone by now.
						if _, err := k.Store().Has(found[rng.IntN(10)].ID); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			readers.Go(func() {
				for range 5 {
					if err := k.Compact(); err != nil {
						t.Error(err)
						return
					}
					looked(t, k)
				}
			})
			writers.Wait()
			done.Store(true)
			readers.Wait()
			before := must(k.Digest())
			ok(t, k.Close())
			k = must(collection.Open(dir, collection.Options{}))
			if after := must(k.Digest()); after != before {
				t.Errorf("digests %s before, %s after", before, after)
			}
			if r := must(k.Verify()); len(r.Damage) > 0 {
				t.Errorf("found %v", r.Damage)
			}
			ok(t, k.Close())
		})
	}
}

// looked goes through a view, which does not change meanwhile.
func looked(t *testing.T, k *collection.Collection) {
	w, err := k.Store().View()
	if err != nil {
		t.Error(err)
		return
	}
	defer w.Close()
	for range 2 {
		n := 0
		if err := w.Each(func(vector.Item) error { n++; return nil }); err != nil || n != w.Len() {
			t.Errorf("saw %d of %d: %v", n, w.Len(), err)
		}
	}
}

// processorTime is that of this process, in nanoseconds.
func processorTime() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts)
	return ts.Nano()
}

// BenchmarkSearch is what recording searches costs: 20,000 vectors of 128 elements,
// ef 64, 10 neighbours. Collections that record and one that does not take turns, as
// the machine is not the same from one second to the next: what is reported of each
// is the median of its processor time over that of the silent one in the same turn.
func BenchmarkSearch(b *testing.B) {
	const turn = 256
	c := collection.Config{Config: vector.Config{Dims: 128, Elem: uapi.ElemFloat32}, Codes: hnsw.SQ8, EfConstruction: 64}
	kinds := []struct {
		name string
		o    collection.Options
		k    *collection.Collection
		over []float64
	}{{name: "silent"}, {name: "recorded", o: collection.Options{Searches: 64}}, {name: "recorded-results", o: collection.Options{Searches: 64, Results: true}}}
	w := newWork(1, c.Dims)
	var batches [40][]vector.Change
	for i := range batches {
		for range 500 {
			batches[i] = append(batches[i], vector.Change{Op: uapi.VectorCreate, Raw: must(c.Encode(nil, w.vector()))})
		}
	}
	for i := range kinds {
		kinds[i].k = must(collection.Create(b.TempDir(), c, kinds[i].o))
		for _, batch := range batches {
			ok(b, kinds[i].k.Change(batch))
		}
	}
	qs := make([][]float32, turn)
	for i := range qs {
		qs[i] = w.vector()
	}
	spent := make([]int64, len(kinds))
	for b.Loop() {
		for i := range kinds {
			before := processorTime()
			for _, q := range qs {
				must(kinds[i].k.Search(q, 10, collection.SearchOptions{Ef: 64}))
			}
			// Of all threads: what the journal takes is in it, and what others do is not.
			spent[i] = processorTime() - before
			kinds[i].over = append(kinds[i].over, float64(spent[i])/float64(spent[0]))
		}
	}
	b.ReportMetric(float64(spent[0])/turn, "silent-ns/search")
	for i := range kinds {
		slices.Sort(kinds[i].over)
		b.ReportMetric(kinds[i].over[len(kinds[i].over)/2], kinds[i].name+"/silent")
		ok(b, kinds[i].k.Close())
	}
}
