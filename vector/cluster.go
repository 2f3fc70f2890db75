// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"fmt"
	"math"
	"math/rand/v2"

	"vexj/uapi"
)

// Clusters are centres, and which vectors are nearest to each.
type Clusters struct {
	Centres    [][]float32
	Of         map[uint64]int // id to centre
	Iterations int
	Inertia    float32 // mean squared distance to the centre
}

// Cluster parts the vectors around k centres, by the squared Euclidean distance of
// their elements: k-means, Lloyd (1982), begun as Arthur and Vassilvitskii (2007)
// do. The same store and seed give the same answer. It ends when no vector changes
// its centre, or after so many iterations.
func (s *Store) Cluster(k, iterations int, seed uint64) (*Clusters, error) {
	if k < 1 || iterations < 1 {
		return nil, fmt.Errorf("%w: %d clusters in %d iterations: give at least 1 of both", ErrOption, k, iterations)
	}
	w, err := s.View()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if w.Len() < k {
		return nil, fmt.Errorf("%w: %d clusters of %d vectors", ErrOption, k, w.Len())
	}
	m := &means{w: w, rng: rand.New(rand.NewPCG(seed, 0)), row: make([]float32, s.config.Dims)}
	for n := range w.v.slots {
		ok, err := w.v.lives(n)
		if err == nil && ok {
			err = w.v.m.check(n)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			m.slots = append(m.slots, n)
		}
	}
	m.begin(k)
	c := &Clusters{Of: make(map[uint64]int, len(m.slots))}
	for moved := true; moved && c.Iterations < iterations; c.Iterations++ {
		moved = m.iterate()
	}
	c.Centres, c.Inertia = m.centres, float32(m.inertia/float64(len(m.slots)))
	for i, n := range m.slots {
		c.Of[w.v.m.id(n)] = m.of[i]
	}
	_, err = s.emit(uapi.VectorCluster, 0, func(b *uapi.Builder) {
		b.AddCluster(uapi.Cluster{
			Clusters: uint32(k), Iterations: uint32(c.Iterations), Seed: seed, Vectors: uint64(len(m.slots)), Inertia: c.Inertia,
		})
	})
	return c, err
}

// means is the work of one Cluster.
type means struct {
	w       *View
	rng     *rand.Rand
	slots   []uint32
	of      []int
	centres [][]float32
	inertia float64
	row     []float32
}

func (m *means) vector(i int) []float32 {
	return m.w.config.Decode(m.w.v.m.rowBytes(m.slots[i]), m.row)
}

func squared(a, b []float32) float64 {
	var s float64
	for i, x := range a {
		d := float64(x) - float64(b[i])
		s += d * d
	}
	return s
}

// begin chooses the first centre at random, and each other one with a chance that
// grows with the squared distance from those there are.
func (m *means) begin(k int) {
	m.of = make([]int, len(m.slots))
	near := make([]float64, len(m.slots))
	for i := range near {
		m.of[i], near[i] = -1, math.Inf(1)
	}
	next := m.rng.IntN(len(m.slots))
	for {
		centre := append([]float32(nil), m.vector(next)...)
		m.centres = append(m.centres, centre)
		if len(m.centres) == k {
			return
		}
		total := 0.0
		for i := range near {
			near[i] = min(near[i], squared(m.vector(i), centre))
			total += near[i]
		}
		next = m.rng.IntN(len(m.slots))
		for i, left := 0, m.rng.Float64()*total; total > 0 && i < len(near); i++ {
			if left -= near[i]; left <= 0 && near[i] > 0 {
				next = i
				break
			}
		}
	}
}

// iterate gives each vector to its nearest centre and moves the centres to the
// middle of what is theirs. It is false if nothing changed.
func (m *means) iterate() (moved bool) {
	sums := make([][]float64, len(m.centres))
	counts := make([]int, len(m.centres))
	for c := range sums {
		sums[c] = make([]float64, len(m.row))
	}
	m.inertia = 0
	for i := range m.slots {
		v := m.vector(i)
		best, nearest := 0, math.Inf(1)
		for c, centre := range m.centres {
			if d := squared(v, centre); d < nearest {
				best, nearest = c, d
			}
		}
		moved = moved || m.of[i] != best
		m.of[i] = best
		m.inertia += nearest
		counts[best]++
		for j, x := range v {
			sums[best][j] += float64(x)
		}
	}
	for c, n := range counts {
		for j := range m.centres[c] {
			if n > 0 {
				m.centres[c][j] = float32(sums[c][j] / float64(n))
			}
		}
	}
	return moved
}
