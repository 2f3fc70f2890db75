// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"vexj/uapi"
)

// reference is the distance in float64, from the definition in vexj.h.
func reference(c *Config, q, v []float32) float64 {
	var l2, dot, l1, nq, nv, hamming float64
	for i := range q {
		a, b := float64(q[i]), float64(v[i])
		l2 += (a - b) * (a - b)
		dot += a * b
		l1 += math.Abs(a - b)
		nq += a * a
		nv += b * b
		if (a > 0) != (b > 0) {
			hamming++
		}
	}
	switch c.Metric {
	case uapi.MetricCosine:
		return 1 - dot/math.Sqrt(nq*nv)
	case uapi.MetricDot:
		return -dot
	case uapi.MetricManhattan:
		return l1
	case uapi.MetricHamming:
		return hamming
	}
	return l2
}

func TestSearchIsExact(t *testing.T) {
	for i, c := range kinds {
		t.Run(c.title(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, uint64(i)))
			s, err := Create(t.TempDir(), c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			m := newModel(c)
			n := 600
			if c.Dims > 1000 {
				n = 12
			}
			for range n {
				if err := s.Change([]Change{m.change(t, rng)}); err != nil {
					t.Fatal(err)
				}
			}
			for _, o := range []SearchOptions{{}, {Workers: 3}, {Filter: func(id uint64) bool { return id%3 == 0 }}} {
				q := random(rng, &c)
				if isZero(must(c.Encode(nil, q)), c.Elem) {
					q[0] = 1
				}
				checkSearch(t, s, m, q, 10, o)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func checkSearch(t *testing.T, s *Store, m *model, q []float32, k int, o SearchOptions) {
	t.Helper()
	c := s.Config()
	var want []float64
	for id, it := range m.items {
		if o.Filter == nil || o.Filter(id) {
			want = append(want, reference(&c, q, c.Decode(it.Raw, nil)))
		}
	}
	slices.Sort(want)
	got, err := s.Search(q, k, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != min(k, len(want)) {
		t.Fatalf("found %d of %d", len(got), len(want))
	}
	seen := map[uint64]bool{}
	for i, r := range got {
		exact := reference(&c, q, c.Decode(m.items[r.ID].Raw, nil))
		slack := 1e-4 * max(1, math.Abs(exact))
		if math.Abs(float64(r.Distance)-exact) > slack || math.Abs(exact-want[i]) > slack || seen[r.ID] {
			t.Fatalf("result %d is id %d at %v, exactly %v; the %d. nearest is at %v", i, r.ID, r.Distance, exact, i+1, want[i])
		}
		if o.Filter != nil && !o.Filter(r.ID) {
			t.Fatalf("id %d was to be left out", r.ID)
		}
		seen[r.ID] = true
	}
}

func TestSearchRange(t *testing.T) {
	c := Config{Dims: 1}
	s := must(Create(t.TempDir(), c, Options{}))
	defer s.Close()
	for i := range 10 {
		must(s.Create(0, []float32{float32(i)}, Meta{}))
	}
	got := must(s.Search([]float32{4}, 0, SearchOptions{Range: true, Radius: 1}))
	want := []uapi.Result{{ID: 5, Distance: 0}, {ID: 4, Distance: 1}, {ID: 6, Distance: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := must(s.Search([]float32{4}, 2, SearchOptions{Range: true, Radius: 1})); !slices.Equal(got, want[:2]) {
		t.Errorf("got %v", got)
	}
	if d := must(s.Similarity(1, 4)); d != 9 {
		t.Errorf("distance %v", d)
	}
}

// TestEqualDistances: of vectors that are equally near the lower ids are found,
// with any number of workers.
func TestEqualDistances(t *testing.T) {
	s := must(Create(t.TempDir(), Config{Dims: 3}, Options{}))
	defer s.Close()
	var all []Change
	for range 5000 {
		all = append(all, Change{Op: uapi.VectorCreate, Raw: make([]byte, 12)})
	}
	if err := s.Change(all); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 2, 4} {
		got := must(s.Search([]float32{1, 0, 0}, 7, SearchOptions{Workers: workers}))
		for i, r := range got {
			if r.ID != uint64(i+1) || r.Distance != 1 {
				t.Errorf("%d workers: result %d is %v", workers, i, r)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	dir := t.TempDir()
	cosine := must(Create(dir+"/c", Config{Dims: 2, Metric: uapi.MetricCosine}, Options{}))
	bytes := must(Create(dir+"/b", Config{Dims: 2, Elem: uapi.ElemInt8}, Options{}))
	half := must(Create(dir+"/h", Config{Dims: 2, Elem: uapi.ElemFloat16}, Options{}))
	defer cosine.Close()
	defer bytes.Close()
	defer half.Close()
	must(cosine.Create(7, []float32{1, 0}, Meta{}))
	create := func(s *Store, id uint64, v []float32, m Meta) func() error {
		return func() error { _, err := s.Create(id, v, m); return err }
	}
	search := func(q []float32, k int) func() error {
		return func() error { _, err := cosine.Search(q, k, SearchOptions{}); return err }
	}
	for name, tc := range map[string]struct {
		do   func() error
		want error
	}{
		"nan":             {create(cosine, 0, []float32{nan, 1}, Meta{}), ErrNotFinite},
		"infinity":        {create(cosine, 0, []float32{1, inf}, Meta{}), ErrNotFinite},
		"too short":       {create(cosine, 0, []float32{1}, Meta{}), ErrDims},
		"too long":        {create(cosine, 0, []float32{1, 2, 3}, Meta{}), ErrDims},
		"zero":            {create(cosine, 0, []float32{0, 0}, Meta{}), ErrZero},
		"minus zero":      {create(cosine, 0, []float32{float32(math.Copysign(0, -1)), 0}, Meta{}), ErrZero},
		"exists":          {create(cosine, 7, []float32{1, 1}, Meta{}), ErrExists},
		"highest id":      {create(cosine, math.MaxUint64, []float32{1, 1}, Meta{}), ErrID},
		"update of none":  {func() error { return cosine.Update(8, []float32{1, 1}, Meta{}) }, ErrNotFound},
		"delete of none":  {func() error { return cosine.Delete(8) }, ErrNotFound},
		"delete of 0":     {func() error { return cosine.Delete(0) }, ErrID},
		"tags":            {create(cosine, 0, []float32{1, 1}, Meta{Tags: "{"}), ErrMeta},
		"long path":       {create(cosine, 0, []float32{1, 1}, Meta{Path: string(make([]byte, 5000))}), ErrMeta},
		"byte too large":  {create(bytes, 0, []float32{128, 0}, Meta{}), ErrRange},
		"half too large":  {create(half, 0, []float32{70000, 0}, Meta{}), ErrRange},
		"query nan":       {search([]float32{nan, 0}, 1), ErrNotFinite},
		"query zero":      {search([]float32{0, 0}, 1), ErrZero},
		"query too short": {search([]float32{1}, 1), ErrDims},
		"k":               {search([]float32{1, 0}, 0), ErrOption},
		"elem":            {func() error { _, err := Create(dir+"/x", Config{Dims: 2, Elem: 9}, Options{}); return err }, ErrConfig},
		"metric":          {func() error { _, err := Create(dir+"/x", Config{Dims: 2, Metric: 9}, Options{}); return err }, ErrConfig},
		"binary l2": {func() error {
			_, err := Create(dir+"/x", Config{Dims: 2, Elem: uapi.ElemBinary}, Options{})
			return err
		}, ErrConfig},
		"dims":     {func() error { _, err := Create(dir+"/x", Config{Dims: 65537}, Options{}); return err }, ErrConfig},
		"no store": {func() error { _, err := Open(dir, Options{}); return err }, ErrNotStore},
		"there":    {func() error { _, err := Create(dir+"/c", Config{Dims: 2}, Options{}); return err }, ErrThere},
		"foreign":  {func() error { _, err := Create(dir, Config{Dims: 2}, Options{}); return err }, ErrNotStore},
		"locked":   {func() error { _, err := Open(dir+"/c", Options{}); return err }, ErrLocked},
		"batch": {func() error {
			return cosine.Change([]Change{{Op: uapi.VectorDelete, ID: 7}, {Op: uapi.VectorDelete, ID: 7}})
		}, ErrNotFound},
		"clusters": {func() error { _, err := cosine.Cluster(2, 9, 1); return err }, ErrOption},
	} {
		if err := tc.do(); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	// Nothing of it left anything behind.
	if cosine.Len() != 1 || bytes.Len() != 0 {
		t.Errorf("%d and %d vectors", cosine.Len(), bytes.Len())
	}
}

func TestCluster(t *testing.T) {
	sink := &memorySink{}
	s := must(Create(t.TempDir(), Config{Dims: 2}, Options{Sink: sink}))
	defer s.Close()
	for i := range 30 {
		must(s.Create(0, []float32{float32(i % 3 * 100), float32(i % 2)}, Meta{}))
	}
	a, b := must(s.Cluster(3, 50, 7)), must(s.Cluster(3, 50, 7))
	for id, c := range a.Of {
		if a.Of[1+(id-1)%3] != c || b.Of[id] != c {
			t.Errorf("id %d is with centre %d", id, c)
		}
	}
	if a.Inertia != 0.25 {
		t.Errorf("mean squared distance %v", a.Inertia)
	}
	last := sink.recs[len(sink.recs)-1]
	if c, ok := last.Cluster(); last.Type() != uapi.VectorCluster || !ok || c.Clusters != 3 || c.Vectors != 30 || c.Seed != 7 {
		t.Errorf("the record says %+v", c)
	}
}

// BenchmarkOpen is of a store that was closed, whatever its size.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("vectors=%d", n), func(b *testing.B) {
			dir := b.TempDir()
			s := must(Create(dir, Config{Dims: 8}, Options{}))
			raw := make([]byte, 32)
			for left := n; left > 0; left -= 10_000 {
				batch := make([]Change, min(left, 10_000))
				for i := range batch {
					batch[i] = Change{Op: uapi.VectorCreate, Raw: raw}
				}
				if err := s.Change(batch); err != nil {
					b.Fatal(err)
				}
			}
			closed(b, s)
			for b.Loop() {
				s := must(Open(dir, Options{}))
				must(s.Get(uint64(n / 2)))
				closed(b, s)
			}
		})
	}
}

// BenchmarkExact is the search that compares with every vector.
func BenchmarkExact(b *testing.B) {
	s := must(Create(b.TempDir(), Config{Dims: 128}, Options{}))
	defer s.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	c := s.Config()
	for range 100 {
		batch := make([]Change, 1000)
		for i := range batch {
			batch[i] = Change{Op: uapi.VectorCreate, Raw: must(c.Encode(nil, random(rng, &c)))}
		}
		if err := s.Change(batch); err != nil {
			b.Fatal(err)
		}
	}
	q := random(rng, &c)
	for b.Loop() {
		must(s.Search(q, 10, SearchOptions{}))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/vector")
}
