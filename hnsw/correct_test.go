// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// distributions are what vectors can be like.
var distributions = map[string]func(r *rand.Rand, v []float32){
	"uniform": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = r.Float32()
		}
	},
	"normal": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
	},
	"sphere": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		n := float32(norm(v))
		for i := range v {
			v[i] /= n
		}
	},
	"sparse": func(r *rand.Rand, v []float32) {
		clear(v)
		for range 4 {
			v[r.IntN(len(v))] = float32(r.ExpFloat64())
		}
	},
	"skewed": func(r *rand.Rand, v []float32) {
		for i := range v {
			v[i] = float32(math.Exp(r.NormFloat64()) / float64(1+i))
		}
	},
}

func TestDistributions(t *testing.T) {
	for name, draw := range distributions {
		for _, codes := range []Codes{NoCodes, SQ8} {
			t.Run(name+"/"+codes.String(), func(t *testing.T) {
				r := rand.New(rand.NewPCG(11, 12))
				vs := make([][]float32, 1030)
				for i := range vs {
					vs[i] = make([]float32, 16)
					draw(r, vs[i])
				}
				g := fresh(t, Config{Dims: 16, Codes: codes})
				in := fill(t, g, vs[:1000])
				if got := recall(t, g, in, vs[1000:], 10, &SearchOptions{Ef: 200}, nil); got < 0.98 {
					t.Errorf("recall %.4f", got)
				}
			})
		}
	}
}

// With ef of at least n nothing is missed, whatever the graph looks like.
func TestExactWithLargeEf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for _, n := range []int{1, 2, 9, 40, 300} {
		vs := make([][]float32, n)
		for i := range vs {
			vs[i] = []float32{float32(r.IntN(6)), float32(r.IntN(6)), float32(1 + r.IntN(6))}
		}
		for _, m := range []Metric{L2, Cosine, Dot, Manhattan, Hamming} {
			for _, codes := range []Codes{NoCodes, SQ8, Bits} {
				cfg := Config{Dims: 3, Metric: m, Codes: codes}
				if (&cfg).fill() != nil {
					continue
				}
				g := fresh(t, cfg)
				in := fill(t, g, vs)
				for _, k := range []int{1, 7, n + 3} {
					if got := recall(t, g, in, vs[:min(n, 20)], k, &SearchOptions{Ef: n}, nil); got != 1 {
						t.Fatalf("n %d, k %d, %s, %s: recall %v", n, k, m, codes, got)
					}
				}
			}
		}
	}
}

// Of vectors that are the same all are found, and those around them too.
func TestDuplicates(t *testing.T) {
	for _, tc := range []struct{ places, k int }{{1, 15}, {100, 15}, {25, 60}} {
		for _, m := range []Metric{L2, Cosine, Manhattan} {
			for _, codes := range []Codes{NoCodes, SQ8} {
				name := fmt.Sprintf("%d places, %s, %s", tc.places, m, codes)
				g := fresh(t, Config{Dims: 4, Metric: m, Codes: codes})
				at := clustered(tc.places, 4, 3)
				for id := range 1500 {
					if err := g.Insert(uint64(id), at[id%tc.places]); err != nil {
						t.Fatal(err)
					}
				}
				found := func(gone uint64) {
					for i, q := range at {
						got, err := g.Search(q, tc.k-int(gone), &SearchOptions{Ef: 100})
						if err != nil || len(got) != tc.k-int(gone) {
							t.Fatalf("%s: %d results: %v", name, len(got), err)
						}
						ids := map[uint64]bool{}
						for _, r := range got {
							if r.Distance > 1e-6 || ids[r.ID] || r.ID%uint64(tc.places) != uint64(i) {
								t.Fatalf("%s: place %d: %v", name, i, got)
							}
							ids[r.ID] = true
						}
					}
				}
				found(0)
				for id := range uint64(3 * tc.places) {
					if err := g.Delete(5*uint64(tc.places) + id); err != nil {
						t.Fatal(err)
					}
				}
				found(3)
				if st, err := g.Stats(); err != nil || st.Reachable < 0.999 {
					t.Errorf("%s: reachable %v, %v", name, st.Reachable, err)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	g, c := fresh(t, Config{Dims: 2}), fresh(t, Config{Dims: 2, Metric: Cosine})
	if err := g.Insert(1, []float32{1, 2}); err != nil {
		t.Fatal(err)
	}
	for _, call := range []struct {
		name string
		want error
		do   func() error
	}{
		{"too short", ErrDims, func() error { return g.Insert(2, []float32{1}) }},
		{"too long", ErrDims, func() error { return g.Update(1, []float32{1, 2, 3}) }},
		{"NaN", ErrNotFinite, func() error { return g.Insert(2, []float32{1, nan}) }},
		{"infinity", ErrNotFinite, func() error { return g.Insert(2, []float32{-inf, 1}) }},
		{"NaN query", ErrNotFinite, func() error { _, err := g.Search([]float32{nan, 1}, 1, nil); return err }},
		{"short query", ErrDims, func() error { _, err := g.Search(nil, 1, nil); return err }},
		{"zero under cosine", ErrZero, func() error { return c.Insert(1, []float32{0, 0}) }},
		{"zero query under cosine", ErrZero, func() error { _, err := c.Search([]float32{0, 0}, 1, nil); return err }},
		{"zero", nil, func() error { return g.Insert(3, []float32{0, 0}) }},
		{"twice", ErrExists, func() error { return g.Insert(1, []float32{1, 2}) }},
		{"update of nothing", ErrNotFound, func() error { return g.Update(9, []float32{1, 2}) }},
		{"delete of nothing", ErrNotFound, func() error { return g.Delete(9) }},
		{"vector of nothing", ErrNotFound, func() error { _, err := g.Vector(9, nil); return err }},
		{"k 0", ErrConfig, func() error { _, err := g.Search([]float32{1, 2}, 0, nil); return err }},
		{"ef below 0", ErrConfig, func() error { _, err := g.Search([]float32{1, 2}, 1, &SearchOptions{Ef: -1}); return err }},
		{"radius NaN", ErrConfig, func() error { _, err := g.SearchRange([]float32{1, 2}, nan, nil); return err }},
		{"batch of unequal lengths", ErrConfig, func() error { return g.InsertBatch([]uint64{7}, nil, 1) }},
		{"no dims", ErrConfig, func() error { _, err := New(Config{}); return err }},
		{"M 1", ErrConfig, func() error { _, err := New(Config{Dims: 2, M: 1}); return err }},
		{"metric", ErrConfig, func() error { _, err := New(Config{Dims: 2, Metric: 9}); return err }},
		{"codes", ErrConfig, func() error { _, err := New(Config{Dims: 2, Codes: 9}); return err }},
		{"codes of bits", ErrConfig, func() error { _, err := New(Config{Dims: 2, Metric: Hamming, Codes: SQ8}); return err }},
	} {
		if err := call.do(); !errors.Is(err, call.want) {
			t.Errorf("%s: %v, want %v", call.name, err, call.want)
		}
	}
	if g.Len() != 2 {
		t.Errorf("%d nodes", g.Len())
	}
	if _, err := g.Validate(); err != nil {
		t.Error(err)
	}
	closed, _ := New(Config{Dims: 2})
	closed.Close()
	if err := closed.Insert(1, []float32{1, 2}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := closed.Search([]float32{1, 2}, 1, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// What was deleted and inserted again is found as well as if it had never gone.
func TestRecallAfterDeletingHalf(t *testing.T) {
	const n = 3000 / smaller
	vs := clustered(n+100, 24, 21)
	for _, codes := range []Codes{NoCodes, SQ8} {
		cfg := Config{Dims: 24, Codes: codes, M: 8, EfConstruction: 100}
		old, whole := fresh(t, cfg), fresh(t, cfg)
		in := fill(t, old, vs[:n])
		fill(t, whole, vs[:n])
		order := rand.New(rand.NewPCG(1, 1)).Perm(n)
		for _, id := range order[:n/2] {
			if err := old.Delete(uint64(id)); err != nil {
				t.Fatal(err)
			}
		}
		o := &SearchOptions{Ef: 20}
		half := map[uint64][]float32{}
		for _, id := range order[n/2:] {
			half[uint64(id)] = vs[id]
		}
		t.Logf("%s: recall of the half %.4f", codes, recall(t, old, half, vs[n:], 10, o, nil))
		for _, id := range order[:n/2] {
			if err := old.Insert(uint64(id), vs[id]); err != nil {
				t.Fatal(err)
			}
		}
		got, want := recall(t, old, in, vs[n:], 10, o, nil), recall(t, whole, in, vs[n:], 10, o, nil)
		st, err := old.Stats()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: recall %.4f, of a fresh graph %.4f; %d dead, reachable %.4f", codes, got, want, st.Dead, st.Reachable)
		if got < want-0.005 {
			t.Errorf("%s: recall %.4f, of a fresh graph %.4f", codes, got, want)
		}
		if _, err := old.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestFilters(t *testing.T) {
	vs := clustered(4050, 16, 31)
	for _, codes := range []Codes{NoCodes, SQ8} {
		g := fresh(t, Config{Dims: 16, Codes: codes, M: 8, EfConstruction: 64})
		in := fill(t, g, vs[:4000])
		for _, every := range []uint64{2, 10, 100, 1000, 20000} {
			pass := func(id uint64) bool { return mix(id)%every == 0 }
			only := &Bitmap{}
			n := 0
			for id := range uint64(4000) {
				if pass(id) {
					only.Add(id)
					n++
				}
			}
			if n == 0 {
				if got, err := g.Search(vs[0], 10, &SearchOptions{Only: only}); err != nil || len(got) != 0 {
					t.Errorf("%v, %v", got, err)
				}
				continue
			}
			a := recall(t, g, in, vs[4000:], 10, &SearchOptions{Ef: 100, Filter: pass}, pass)
			b := recall(t, g, in, vs[4000:], 10, &SearchOptions{Ef: 100, Only: only}, pass)
			t.Logf("%s: 1 in %d: recall by predicate %.4f, by set %.4f", codes, every, a, b)
			if a < 0.95 || b < 0.95 {
				t.Errorf("%s: 1 in %d: recall by predicate %.4f, by set %.4f", codes, every, a, b)
			}
		}
	}
}

func TestRange(t *testing.T) {
	vs := clustered(1530, 8, 41)
	for _, m := range []Metric{L2, Cosine, Dot, Manhattan} {
		for _, codes := range []Codes{NoCodes, SQ8} {
			g := fresh(t, Config{Dims: 8, Metric: m, Codes: codes})
			in := fill(t, g, vs[:1500])
			hit, all := 0, 0
			for i, q := range vs[1500:] {
				sorted := brute(m, in, q, 1500, nil)
				n := []int{0, 3, 40, 300}[i%4]
				radius := (sorted[n].Distance + sorted[n+1].Distance) / 2
				got, err := g.SearchRange(q, radius, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range got {
					if r.Distance > radius {
						t.Fatalf("%v is outside of %v", r, radius)
					}
				}
				if !slices.IsSortedFunc(got, func(a, b Result) int { return int(math.Copysign(1, float64(a.Distance-b.Distance))) }) {
					t.Fatal("not in order")
				}
				hit += len(got)
				all += n + 1
			}
			t.Logf("%s/%s: %.4f", m, codes, float64(hit)/float64(all))
			least := 0.95
			if m == Dot {
				least = 0.9 // it is no metric: paths bend more
			}
			if float64(hit) < least*float64(all) || hit > all {
				t.Errorf("%s/%s: %d of %d", m, codes, hit, all)
			}
		}
	}
}

func TestDeterminism(t *testing.T) {
	var first Digest
	for i := range 3 {
		g := fresh(t, Config{Dims: 16, Codes: SQ8, Seed: 7})
		churn(t, g, clustered(1500, 16, 3), rand.New(rand.NewPCG(4, 2)), func(int) {})
		if d := digest(t, g); i == 0 {
			first = d
		} else if d != first {
			t.Fatal("the same operations made another graph")
		}
	}
	g := fresh(t, Config{Dims: 16, Codes: SQ8, Seed: 8})
	churn(t, g, clustered(1500, 16, 3), rand.New(rand.NewPCG(4, 2)), func(int) {})
	if digest(t, g) == first {
		t.Error("another seed made the same graph")
	}
}

// Everything at a time. What is asserted is that nothing contradicts itself then; the
// race detector asserts the rest.
func TestConcurrent(t *testing.T) {
	vs := clustered(1600, 12, 51)
	for _, cfg := range []Config{{Dims: 12}, {Dims: 12, Codes: SQ8}} {
		cfg.M, cfg.EfConstruction, cfg.Sink, cfg.Searches = 6, 40, &tape{}, 8
		g := fresh(t, cfg)
		var wg sync.WaitGroup
		done := make(chan struct{})
		for w := range 3 {
			wg.Go(func() {
				for i := w; i < len(vs); i += 3 {
					if err := g.Insert(uint64(i), vs[i]); err != nil {
						t.Error(err)
					}
					if i%2 == 0 {
						if err := g.Delete(uint64(i)); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		var others sync.WaitGroup
		background := func(do func(i int) error) {
			others.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					default:
					}
					if err := do(i); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		background(func(i int) error {
			got, err := g.Search(vs[i%len(vs)], 5, nil)
			for j := 1; j < len(got); j++ {
				if got[j].Distance < got[j-1].Distance {
					t.Error("not in order")
				}
			}
			return err
		})
		background(func(i int) error {
			if i > 5 {
				return nil
			}
			path := save(t, g)
			other, err := Load(path, Config{})
			if err != nil {
				return err
			}
			defer other.Close()
			_, err = other.Validate()
			return err
		})
		wg.Wait()
		close(done)
		others.Wait()
		if _, err := g.Validate(); err != nil {
			t.Error(err)
		}
		if g.Len() != len(vs)/2 {
			t.Errorf("%d nodes, want %d", g.Len(), len(vs)/2)
		}
	}
}
