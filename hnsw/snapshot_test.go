// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// fileSource has vectors by id.
type fileSource map[uint64][]float32

func (f fileSource) Vector(id uint64, buf []float32) ([]float32, error) {
	v, ok := f[id]
	if !ok {
		return nil, errors.New("no such vector")
	}
	return append(buf[:0], v...), nil
}

func save(t testing.TB, g *Graph) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "graph.hnsw")
	if err := g.SaveSnapshot(path); err != nil {
		t.Fatal(err)
	}
	return path
}

var snapshotConfigs = []Config{
	{Dims: 12},
	{Dims: 12, Metric: Dot, Codes: SQ8, M: 5},
	{Dims: 12, Metric: Cosine, Codes: SQ8, Source: fileSource{}},
	{Dims: 12, Codes: Bits},
	{Dims: 13, Metric: Hamming},
	{Dims: 12, Source: fileSource{}},
}

// sourced makes a graph by churn; a Source has what is in it.
func sourced(t testing.TB, cfg Config, n int) (*Graph, map[uint64][]float32) {
	t.Helper()
	vs := clustered(n, cfg.Dims, 4)
	if cfg.Source == nil {
		g := fresh(t, cfg)
		return g, churn(t, g, vs, rand.New(rand.NewPCG(2, 3)), func(int) {})
	}
	src := fileSource{}
	cfg.Source = src
	g := fresh(t, cfg)
	for i, v := range vs {
		src[uint64(i)] = v
		if err := g.Insert(uint64(i), v); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n / 5 {
		if err := g.Delete(uint64(i * 3)); err != nil {
			t.Fatal(err)
		}
	}
	in := map[uint64][]float32{}
	for id, v := range src {
		if g.Has(id) {
			in[id] = v
		}
	}
	return g, in
}

func TestSnapshot(t *testing.T) {
	for _, cfg := range snapshotConfigs {
		g, in := sourced(t, cfg, 1200)
		path := save(t, g)
		if err := VerifySnapshot(path); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(path, Config{Source: g.cfg.Source})
		if err != nil {
			t.Fatalf("%+v: %v", cfg, err)
		}
		mapped, err := Map(path, g.cfg.Source)
		if err != nil {
			t.Fatalf("%+v: %v", cfg, err)
		}
		want := digest(t, g)
		for name, other := range map[string]*Graph{"loaded": loaded, "mapped": mapped} {
			defer other.Close()
			if digest(t, other) != want || other.Sequence() != g.Sequence() || other.Len() != g.Len() {
				t.Errorf("%+v: the %s graph is another", cfg, name)
			}
			if err := other.Verify(); err != nil {
				t.Errorf("%+v: %s: %v", cfg, name, err)
			}
			for _, q := range clustered(10, cfg.Dims, 5) {
				a, err := g.Search(q, 10, nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := other.Search(q, 10, nil)
				if err != nil || !slices.Equal(a, b) {
					t.Fatalf("%+v: %s finds %v (%v), not %v", cfg, name, b, err, a)
				}
			}
		}
		if err := mapped.Insert(1<<40, in[0]); !errors.Is(err, ErrReadOnly) {
			t.Errorf("insert into a mapped graph: %v", err)
		}
		// A loaded graph goes on.
		if g.cfg.Source == nil {
			churn(t, loaded, clustered(300, cfg.Dims, 8), rand.New(rand.NewPCG(9, 9)), func(int) {})
		}
		if _, err := loaded.Validate(); err != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
		var copied bytes.Buffer
		if err := mapped.WriteSnapshot(&copied); err != nil {
			t.Fatal(err)
		}
		if file, _ := os.ReadFile(path); !bytes.Equal(copied.Bytes(), file) {
			t.Errorf("%+v: a mapped graph's snapshot is not its file", cfg)
		}
	}
}

func TestSnapshotOfEmptyGraph(t *testing.T) {
	for _, cfg := range snapshotConfigs {
		g := fresh(t, cfg)
		path := save(t, g)
		other, err := Load(path, Config{Source: cfg.Source})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		mapped, err := Map(path, cfg.Source)
		if err != nil {
			t.Fatal(err)
		}
		defer mapped.Close()
		if r, err := mapped.Search(make([]float32, cfg.Dims-1), 3, nil); !errors.Is(err, ErrDims) {
			t.Error(r, err)
		}
		if digest(t, other) != digest(t, g) {
			t.Error("graphs differ")
		}
	}
}

// Each byte of a snapshot matters: one that is changed is found when it is loaded,
// when it is verified, and by a mapped graph that is searched everywhere.
func TestSnapshotFlips(t *testing.T) {
	for _, cfg := range []Config{{Dims: 3, M: 2}, {Dims: 3, M: 3, Codes: SQ8}} {
		g := fresh(t, cfg)
		fill(t, g, clustered(270, 3, 6))
		if err := g.Delete(17); err != nil {
			t.Fatal(err)
		}
		path := save(t, g)
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, file, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(bad, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := everything(t, g)
		silent := 0
		for i := range file {
			if file[i] == 0 && i%64 != 0 && os.Getenv("VEXJ_FLIPS") == "" {
				continue // of zeroes, which most are, some
			}
			orig := file[i]
			file[i] ^= 1 << (i % 8)
			if other, err := LoadBytes(file, Config{}); !errors.Is(err, ErrSnapshot) {
				if err == nil {
					other.Close()
				}
				t.Fatalf("byte %d: %v", i, err)
			}
			if i%64 == 0 || i < 400 || os.Getenv("VEXJ_FLIPS") != "" {
				if _, err := f.WriteAt(file[i:i+1], int64(i)); err != nil {
					t.Fatal(err)
				}
				if err := VerifySnapshot(bad); !errors.Is(err, ErrSnapshot) {
					t.Fatalf("byte %d: verified: %v", i, err)
				}
				if mappedSilently(t, bad, want) {
					silent++
				}
				if _, err := f.WriteAt([]byte{orig}, int64(i)); err != nil {
					t.Fatal(err)
				}
			}
			file[i] = orig
		}
		t.Logf("%d bytes, of which %d in a mapped file change no answer", len(file), silent)
	}
}

// everything is the answers to some searches.
func everything(t testing.TB, g *Graph) [][]Result {
	t.Helper()
	var all [][]Result
	for _, q := range clustered(3, 3, 7) {
		r, err := g.Search(q, 20, &SearchOptions{Ef: 40})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// mappedSilently maps a damaged file, and fails if it gives a wrong answer. It
// reports whether it noticed nothing.
func mappedSilently(t testing.TB, path string, want [][]Result) bool {
	t.Helper()
	g, err := Map(path, nil)
	if err != nil {
		return false
	}
	defer g.Close()
	for i, q := range clustered(3, 3, 7) {
		r, err := g.Search(q, 20, &SearchOptions{Ef: 40})
		if err != nil {
			return false
		}
		if !slices.Equal(r, want[i]) {
			t.Fatalf("a wrong answer: %v, not %v", r, want[i])
		}
	}
	return true
}

func TestRecoveryFromSnapshotAndRecords(t *testing.T) {
	for _, codes := range []Codes{NoCodes, SQ8} {
		sink := &tape{}
		cfg := Config{Dims: 16, Codes: codes, Sink: sink}
		g := fresh(t, cfg)
		var snap bytes.Buffer
		var digests []Digest
		var ends []int
		churn(t, g, clustered(900, 16, 3), rand.New(rand.NewPCG(4, 2)), func(n int) {
			if n == 500 {
				if err := g.WriteSnapshot(&snap); err != nil {
					t.Fatal(err)
				}
			}
			if n >= 500 {
				digests, ends = append(digests, digest(t, g)), append(ends, len(sink.recs))
			}
		})
		for _, at := range []int{0, 1, 57, 399, len(ends) - 1} {
			other, err := LoadBytes(snap.Bytes(), Config{})
			if err != nil {
				t.Fatal(err)
			}
			// From the first record on: what the snapshot has is passed over.
			for _, r := range sink.recs[:ends[at]] {
				if err := other.Apply(r); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := other.Recovered(); err != nil {
				t.Fatal(err)
			}
			if digest(t, other) != digests[at] {
				t.Fatalf("%s: graphs differ %d operations after the snapshot", codes, at)
			}
			churn(t, other, clustered(20, 16, 30), rand.New(rand.NewPCG(40, 20)), func(int) {})
			if _, err := other.Validate(); err != nil {
				t.Fatal(err)
			}
			other.Close()
		}
	}
}
