// SPDX-License-Identifier: Apache-2.0

package collection_test

import (
	"math/rand/v2"
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
// ef 64, 10 neighbours.
func BenchmarkSearch(b *testing.B) {
	c := collection.Config{Config: vector.Config{Dims: 128, Elem: uapi.ElemFloat32}, Codes: hnsw.SQ8, EfConstruction: 64}
	dir, w := b.TempDir(), newWork(1, c.Dims)
	k := must(collection.Create(dir, c, collection.Options{}))
	for range 40 {
		var batch []vector.Change
		for range 500 {
			batch = append(batch, vector.Change{Op: uapi.VectorCreate, Raw: must(c.Encode(nil, w.vector()))})
		}
		ok(b, k.Change(batch))
	}
	ok(b, k.Close())
	qs := make([][]float32, 256)
	for i := range qs {
		qs[i] = w.vector()
	}
	for _, bm := range []struct {
		name string
		o    collection.Options
	}{{"silent", collection.Options{}}, {"recorded", collection.Options{Searches: 64}}, {"recorded-results", collection.Options{Searches: 64, Results: true}}} {
		b.Run(bm.name, func(b *testing.B) {
			k := must(collection.Open(dir, bm.o))
			before := processorTime()
			for i := range b.N {
				must(k.Search(qs[i%len(qs)], 10, collection.SearchOptions{Ef: 64}))
			}
			b.StopTimer()
			// Of all threads: what the journal takes is in it, and what others do not.
			b.ReportMetric(float64(processorTime()-before)/float64(b.N), "cpu-ns/op")
			ok(b, k.Close())
		})
	}
}
