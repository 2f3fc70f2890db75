// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"vexj/uapi"
)

// A model is what a store must have.
type model struct {
	config Config
	items  map[uint64]Item
	next   uint64
}

func newModel(c Config) *model { return &model{config: c, items: map[uint64]Item{}, next: 1} }

// random returns a vector of the kind.
func random(rng *rand.Rand, c *Config) []float32 {
	v := make([]float32, c.Dims)
	for i := range v {
		switch c.Elem {
		case uapi.ElemInt8:
			v[i] = float32(rng.IntN(256) - 128)
		case uapi.ElemInt16:
			v[i] = float32(rng.IntN(65536) - 32768)
		case uapi.ElemBinary:
			v[i] = float32(rng.IntN(2))
		default:
			v[i] = float32(rng.NormFloat64())
		}
	}
	return v
}

func randomMeta(rng *rand.Rand) Meta {
	m := Meta{Dev: uint64(rng.IntN(3)) << 32, Inode: rng.Uint64N(1 << 40)}
	if rng.IntN(2) == 0 {
		m.Path = fmt.Sprintf("/srv/%d/\xff\xfe", rng.IntN(1000))
	}
	if rng.IntN(2) == 0 {
		m.Tags = fmt.Sprintf(`{"n":%d}`, rng.IntN(1000))
	}
	return m
}

// change makes one that can be done, and does it to the model.
func (m *model) change(t testing.TB, rng *rand.Rand) Change {
	t.Helper()
	c := Change{Op: uapi.VectorCreate, Meta: randomMeta(rng)}
	ids := slices.Sorted(maps.Keys(m.items))
	if len(ids) > 0 {
		switch rng.IntN(10) {
		case 0, 1, 2:
			c.Op, c.ID = uapi.VectorUpdate, ids[rng.IntN(len(ids))]
		case 3, 4:
			c.Op, c.ID = uapi.VectorDelete, ids[rng.IntN(len(ids))]
		}
	}
	if c.Op == uapi.VectorDelete {
		c.Meta = Meta{}
		delete(m.items, c.ID)
		return c
	}
	if c.Op == uapi.VectorCreate {
		c.ID = m.next
		if rng.IntN(4) == 0 {
			c.ID += rng.Uint64N(1000)
		}
		m.next = c.ID + 1
	}
	raw, err := m.config.Encode(nil, random(rng, &m.config))
	if err != nil {
		t.Fatal(err)
	}
	if m.config.Metric == uapi.MetricCosine && isZero(raw, m.config.Elem) {
		raw[0] = 1
	}
	c.Raw = raw
	m.items[c.ID] = Item{ID: c.ID, Raw: raw, Meta: c.Meta}
	return c
}

func same(a, b Item) bool { return a.ID == b.ID && bytes.Equal(a.Raw, b.Raw) && a.Meta == b.Meta }

// check holds a store against the model, by id and by going through it.
func (m *model) check(t testing.TB, s *Store) {
	t.Helper()
	if s.Len() != len(m.items) {
		t.Fatalf("the store has %d vectors, %d were put there", s.Len(), len(m.items))
	}
	for id, want := range m.items {
		got, err := s.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		if !same(got, want) {
			t.Fatalf("id %d: got %+v, want %+v", id, got, want)
		}
	}
	if _, err := s.Get(m.next + 5000); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	w, err := s.View()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	seen := 0
	err = w.Each(func(it Item) error {
		seen++
		if !same(it, m.items[it.ID]) {
			t.Fatalf("id %d: got %+v", it.ID, it)
		}
		return nil
	})
	if err != nil || seen != len(m.items) {
		t.Fatalf("saw %d of %d: %v", seen, len(m.items), err)
	}
}

func verified(t testing.TB, s *Store) {
	t.Helper()
	r, err := s.Verify()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Damage) > 0 {
		t.Fatalf("found %v", r.Damage)
	}
}

func closed(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func digest(t testing.TB, s *Store) Digest {
	t.Helper()
	d, err := s.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var kinds = []Config{
	{Name: "docs", Dims: 5, Elem: uapi.ElemFloat32, Metric: uapi.MetricL2},
	{Dims: 16, Elem: uapi.ElemFloat32, Metric: uapi.MetricCosine},
	{Dims: 33, Elem: uapi.ElemFloat16, Metric: uapi.MetricDot},
	{Dims: 7, Elem: uapi.ElemInt8, Metric: uapi.MetricManhattan},
	{Dims: 100, Elem: uapi.ElemInt16, Metric: uapi.MetricL2},
	{Dims: 131, Elem: uapi.ElemBinary, Metric: uapi.MetricHamming},
	{Name: "wide", Dims: MaxDims, Elem: uapi.ElemFloat32, Metric: uapi.MetricL2},
}

func (c Config) title() string { return fmt.Sprintf("%s-%s-%d", c.Elem, c.Metric, c.Dims) }

// TestStoreIsTheModel does the same to a store and to a map, opens it again now
// and then, compacts it, and applies its records to another one.
func TestStoreIsTheModel(t *testing.T) {
	for i, c := range kinds {
		t.Run(c.title(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			m, sink := newModel(c), &memorySink{}
			dir := t.TempDir()
			o := Options{Sink: sink}
			s, err := Create(dir, c, o)
			if err != nil {
				t.Fatal(err)
			}
			steps := 300
			if c.Dims > 1000 {
				steps = 20
			}
			for n := range steps {
				var batch []Change
				for range 1 + rng.IntN(4) {
					batch = append(batch, m.change(t, rng))
				}
				if err := s.Change(batch); err != nil {
					t.Fatal(err)
				}
				switch {
				case n%100 == 99:
					before := digest(t, s)
					closed(t, s)
					if s, err = Open(dir, o); err != nil {
						t.Fatal(err)
					}
					if after := digest(t, s); after != before {
						t.Fatalf("digest %s before, %s after", before, after)
					}
					m.check(t, s)
				case n%70 == 69:
					before := digest(t, s)
					if err := s.Compact(); err != nil {
						t.Fatal(err)
					}
					if after := digest(t, s); after != before {
						t.Fatalf("digest %s before compaction, %s after", before, after)
					}
					m.check(t, s)
				case n%50 == 49:
					if err := s.Sync(uint64(n)); err != nil {
						t.Fatal(err)
					}
				}
			}
			m.check(t, s)
			verified(t, s)
			again, err := Create(t.TempDir(), c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range sink.recs {
				if _, err := again.Apply(rec); err != nil {
					t.Fatal(err)
				}
			}
			m.check(t, again)
			if a, b := digest(t, s), digest(t, again); a != b {
				t.Errorf("digest %s, of the records %s", a, b)
			}
			closed(t, again)
			closed(t, s)
		})
	}
}

// memorySink keeps records.
type memorySink struct {
	recs []uapi.Record
	err  error
}

func (m *memorySink) Append(rec uapi.Record) error {
	if m.err != nil {
		return m.err
	}
	if _, err := uapi.Check(rec); err != nil {
		return err
	}
	m.recs = append(m.recs, slices.Clone(rec))
	return nil
}
