// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"vexj/uapi"
)

// tape is a sink that keeps what it gets.
type tape struct {
	mu   sync.Mutex
	recs []uapi.Record
}

func (t *tape) Append(recs []uapi.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range recs {
		if _, err := uapi.Check(r); err != nil {
			return err
		}
		t.recs = append(t.recs, slices.Clone(r))
	}
	return nil
}

func digest(t testing.TB, g *Graph) Digest {
	t.Helper()
	d, err := g.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// again builds a graph from records.
func again(t testing.TB, cfg Config, recs []uapi.Record) *Graph {
	t.Helper()
	cfg.Sink = nil
	g := fresh(t, cfg)
	for _, r := range recs {
		if err := g.Apply(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.Recovered(); err != nil {
		t.Fatal(err)
	}
	return g
}

// churn inserts, updates and deletes at random, and calls after with the number of
// operations done.
func churn(t testing.TB, g *Graph, vs [][]float32, r *rand.Rand, after func(n int)) map[uint64][]float32 {
	t.Helper()
	in := map[uint64][]float32{}
	var ids []uint64
	for i, v := range vs {
		var err error
		switch what := r.IntN(10); {
		case what < 2 && len(ids) > 0:
			at := r.IntN(len(ids))
			err = g.Delete(ids[at])
			delete(in, ids[at])
			ids = slices.Delete(ids, at, at+1)
		case what < 4 && len(ids) > 0:
			id := ids[r.IntN(len(ids))]
			err = g.Update(id, v)
			in[id] = v
		default:
			id := r.Uint64()
			err = g.Insert(id, v)
			in[id] = v
			ids = append(ids, id)
		}
		if err != nil {
			t.Fatal(err)
		}
		after(i + 1)
	}
	return in
}

func TestReplayAtEveryCut(t *testing.T) {
	for _, cfg := range []Config{{Dims: 24}, {Dims: 24, Codes: SQ8, M: 4}, {Dims: 20, Metric: Hamming}} {
		sink := &tape{}
		cfg.Sink = sink
		g := fresh(t, cfg)
		type point struct {
			records int
			digest  Digest
		}
		points := []point{{0, digest(t, g)}}
		churn(t, g, clustered(1500, cfg.Dims, 3), rand.New(rand.NewPCG(1, 2)), func(n int) {
			if n%37 == 0 || n < 20 {
				points = append(points, point{len(sink.recs), digest(t, g)})
			} else {
				points = append(points, point{len(sink.recs), Digest{}})
			}
		})
		// One graph goes through all records, and is compared where a digest is.
		other := fresh(t, Config{Dims: cfg.Dims, Metric: cfg.Metric, Codes: cfg.Codes, M: cfg.M})
		at := 0
		for n, p := range points {
			for ; at < p.records; at++ {
				if err := other.Apply(sink.recs[at]); err != nil {
					t.Fatal(err)
				}
			}
			if p.digest != (Digest{}) && digest(t, other) != p.digest {
				t.Fatalf("%+v: graphs differ after %d operations", cfg, n)
			}
		}
		// At a cut within an operation the graph is the one before it.
		r := rand.New(rand.NewPCG(5, 6))
		for range 8 {
			n := 1 + r.IntN(19)
			cut := points[n].records - 1 - r.IntN(points[n].records-points[n-1].records)
			if g := again(t, cfg, sink.recs[:cut]); digest(t, g) != points[n-1].digest {
				t.Fatalf("%+v: cut at record %d is not the graph after %d operations", cfg, cut, n-1)
			}
		}
	}
}

func TestReplayOfConcurrentChanges(t *testing.T) {
	sink := &tape{}
	cfg := Config{Dims: 16, M: 4, EfConstruction: 32, Sink: sink}
	g := fresh(t, cfg)
	vs := clustered(1200, 16, 9)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < len(vs); i += 4 {
				if err := g.Insert(uint64(i), vs[i]); err != nil {
					t.Error(err)
				}
				if i%3 == 0 {
					if err := g.Delete(uint64(i)); err != nil {
						t.Error(err)
					}
				}
				if i%3 == 1 && i%5 == 1 {
					if err := g.Update(uint64(i), vs[(i*7)%len(vs)]); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	want := digest(t, g)
	if digest(t, again(t, cfg, sink.recs)) != want {
		t.Fatal("graphs differ")
	}
	// Records of operations that ran at a time come in any order; of one id, in theirs.
	r := rand.New(rand.NewPCG(1, 1))
	recs := slices.Clone(sink.recs)
	for range 20000 {
		i := r.IntN(len(recs) - 1)
		a, _ := recs[i].U64(uapi.AttrGraphNode)
		b, _ := recs[i+1].U64(uapi.AttrGraphNode)
		if a != b && recs[i].PayloadSize() > 0 && a != 0 && b != 0 && recs[i+1].Payload()[1] == byte(opInsert) && recs[i].Payload()[1] == byte(opInsert) {
			recs[i], recs[i+1] = recs[i+1], recs[i]
		}
	}
	if digest(t, again(t, cfg, recs)) != want {
		t.Fatal("graphs differ after records changed places")
	}
}
