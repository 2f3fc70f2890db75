// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// clustered makes n vectors around n/100 centres.
func clustered(n, dims int, seed uint64) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	centres := make([][]float32, max(1, n/100))
	for i := range centres {
		centres[i] = make([]float32, dims)
		for j := range centres[i] {
			centres[i][j] = float32(r.NormFloat64())
		}
	}
	vs := make([][]float32, n)
	for i := range vs {
		c := centres[r.IntN(len(centres))]
		vs[i] = make([]float32, dims)
		for j := range vs[i] {
			vs[i][j] = c[j] + 0.5*float32(r.NormFloat64())
		}
	}
	return vs
}

// apart is the reference for the metrics.
func apart(m Metric, a, b []float32) float64 {
	var s, na, nb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		switch m {
		case L2:
			s += (x - y) * (x - y)
		case Cosine:
			s, na, nb = s+x*y, na+x*x, nb+y*y
		case Dot:
			s -= x * y
		case Manhattan:
			s += math.Abs(x - y)
		case Hamming:
			if (x > 0) != (y > 0) {
				s++
			}
		}
	}
	if m == Cosine {
		return 1 - s/math.Sqrt(na*nb)
	}
	return s
}

// brute returns the ids of the k nearest of those that pass.
func brute(m Metric, vs map[uint64][]float32, q []float32, k int, pass func(uint64) bool) []Result {
	var all []Result
	for id, v := range vs {
		if pass == nil || pass(id) {
			all = append(all, Result{ID: id, Distance: float32(apart(m, q, v))})
		}
	}
	slices.SortFunc(all, func(a, b Result) int { return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.ID, b.ID)) })
	return all[:min(k, len(all))]
}

func fresh(t testing.TB, cfg Config) *Graph {
	t.Helper()
	if cfg.EfConstruction == 0 {
		cfg.EfConstruction = 64 // sets are small here, and tests many
	}
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

func fill(t testing.TB, g *Graph, vs [][]float32) map[uint64][]float32 {
	t.Helper()
	in := map[uint64][]float32{}
	for i, v := range vs {
		if err := g.Insert(uint64(i), v); err != nil {
			t.Fatal(err)
		}
		in[uint64(i)] = v
	}
	return in
}

// recall is the share of true neighbours found; a result as near as the last true
// one counts, since which of several at one distance is found is nobody's business.
func recall(t testing.TB, g *Graph, in map[uint64][]float32, queries [][]float32, k int, o *SearchOptions, pass func(uint64) bool) float64 {
	t.Helper()
	hit, all := 0, 0
	for _, q := range queries {
		want := brute(g.cfg.Metric, in, q, k, pass)
		got, err := g.Search(q, k, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > k {
			t.Fatalf("%d results for k %d", len(got), k)
		}
		limit := float64(want[len(want)-1].Distance)
		for i, r := range got {
			d := apart(g.cfg.Metric, q, in[r.ID])
			if in[r.ID] == nil || pass != nil && !pass(r.ID) {
				t.Fatalf("id %d should not be found", r.ID)
			}
			if i > 0 && got[i-1].Distance > r.Distance {
				t.Fatalf("results are not in order: %v", got)
			}
			if math.Abs(d-float64(r.Distance)) > 1e-4*max(1, math.Abs(d)) && o.rerank() {
				t.Fatalf("id %d is at %v, not at %v", r.ID, d, r.Distance)
			}
			if d <= limit+1e-5*max(1, math.Abs(limit)) {
				hit++
			}
		}
		all += len(want)
	}
	return float64(hit) / float64(all)
}

func (o *SearchOptions) rerank() bool { return o == nil || o.Rerank >= 0 }

func TestRecall(t *testing.T) {
	vs := clustered(1530, 32, 1)
	for _, m := range []Metric{L2, Cosine, Dot, Manhattan, Hamming} {
		for _, c := range []Codes{NoCodes, SQ8, Bits} {
			cfg := Config{Dims: 32, Metric: m, Codes: c}
			if (&cfg).fill() != nil {
				continue
			}
			t.Run(m.String()+"/"+c.String(), func(t *testing.T) {
				g := fresh(t, cfg)
				in := fill(t, g, vs[:1500])
				r := recall(t, g, in, vs[1500:], 10, &SearchOptions{Ef: 200}, nil)
				t.Logf("recall %.4f", r)
				least := 0.98
				if c == Bits {
					least = 0.6
				}
				if r < least {
					t.Errorf("recall %.4f", r)
				}
			})
		}
	}
}
