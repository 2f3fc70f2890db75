// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"math"
	"slices"
	"unsafe"
)

// A quantizer makes codes of vectors. Each element loses its mean, which no
// difference of two vectors has, and of SQ8 all elements have one step, so that the
// squared distance of two codes is an integer, and step² times it is nearly that of
// the vectors. The inner product follows from it:
//
//	-x·y = (step²·|codes|² - |x|² - |y|²) / 2
//
// of which |x|²/2 and |y|²/2 are the terms of query and row.
type quantizer struct {
	mean []float32
	step float32
}

const (
	// trainAt is how many vectors there are when the quantizer is made. Until then
	// the graph is traversed by the originals, which it keeps that long even with a
	// Source.
	trainAt = 256
	// trainAgain is how many times as many there are when it is made anew.
	trainAgain = 8
	// trainOn bounds the vectors that are looked at.
	trainOn = 4096
	// outside is the share of elements that are cut off to the largest code.
	outside = 1e-4
)

// encode writes the code of a vector.
func (z *quantizer) encode(c Codes, v []float32, to []byte) {
	if c == Bits {
		clear(to)
		for i, x := range v {
			if x > z.mean[i] {
				to[i>>3] |= 1 << (i & 7)
			}
		}
		return
	}
	inv := 1 / z.step
	mean := z.mean[:len(v)]
	to = to[:len(v)]
	for i, x := range v {
		// Half a step more, since int32 cuts off.
		to[i] = uint8(int32(min(max((x-mean[i])*inv+128.5, 0), 255)))
	}
}

// train makes a quantizer from a sample.
func train(c Codes, dims int, sample [][]float32) *quantizer {
	z := &quantizer{mean: make([]float32, dims), step: 1}
	for i := range dims {
		sum := 0.0
		for _, v := range sample {
			sum += float64(v[i])
		}
		z.mean[i] = float32(sum / float64(len(sample)))
	}
	if c == Bits {
		return z
	}
	far := make([]float32, 0, dims*len(sample))
	for _, v := range sample {
		for i, x := range v {
			far = append(far, float32(math.Abs(float64(x-z.mean[i]))))
		}
	}
	slices.Sort(far)
	if limit := far[len(far)-1-int(outside*float64(len(far)))]; limit > 0 {
		z.step = limit / 127
	}
	return z
}

// retrain makes the quantizer when there are vectors enough, and anew when there
// are many times as many.
func (g *Graph) retrain() error {
	if g.cfg.Codes == NoCodes || g.readOnly || !g.trainable(g.live.Load()) {
		return nil
	}
	g.world.Lock()
	defer g.world.Unlock()
	if g.closed.Load() {
		return nil
	}
	n := g.live.Load()
	if !g.trainable(n) {
		return nil // somebody else did
	}
	return g.trainNow(int(n))
}

func (g *Graph) trainable(n int64) bool {
	at := g.trainedAt.Load()
	return at == 0 && n >= trainAt || at > 0 && n >= trainAgain*at
}

// trainNow is alone in the world.
func (g *Graph) trainNow(n int) error {
	s := g.borrow()
	defer g.giveBack(s)
	every := max(1, n/trainOn)
	var sample [][]float32
	seen := 0
	for slot := range g.slots.Load() {
		if g.meta(slot).state() != slotLive {
			continue
		}
		if seen++; seen%every != 0 {
			continue
		}
		v, err := g.vectorOf(s, slot)
		if err != nil {
			return err
		}
		sample = append(sample, slices.Clone(v))
	}
	if len(sample) == 0 {
		return nil
	}
	return g.recode(s, train(g.cfg.Codes, g.cfg.Dims, sample), int64(n))
}

// recode encodes all vectors by a quantizer. Alone in the world.
func (g *Graph) recode(s *scratch, z *quantizer, n int64) error {
	size := g.code.rowSize(g.cfg.Codes)
	for slot := range g.slots.Load() {
		st := g.meta(slot).state()
		if st == slotFree {
			continue
		}
		v, err := g.vectorOf(s, slot)
		if err != nil {
			if st == slotDead && g.quant != nil {
				continue // its old code is better than none
			}
			if st == slotDead {
				v = z.mean
			} else {
				return err
			}
		}
		z.encode(g.cfg.Codes, v, g.code.rows.bytes(slot, size))
		g.setTerm(slot, v)
	}
	g.setQuantizer(z)
	g.trainedAt.Store(n)
	if g.cfg.Source != nil {
		g.exact.rows.free()
		g.exact.rows.stride = 0
		g.exact.source = true
	}
	return nil
}

func (g *Graph) setQuantizer(z *quantizer) {
	g.quant = z
	if g.code.terms.stride != 0 {
		g.code.scale = z.step * z.step / 2
	}
}

// vectorOf returns the vector of a slot as the exact space has it.
func (g *Graph) vectorOf(s *scratch, slot uint32) ([]float32, error) {
	if g.exact.rows.mem != nil {
		return g.exact.rows.floats(slot, g.cfg.Dims), nil
	}
	return g.original(s, slot, &s.row)
}

// rowBytes is the size of an original as the exact space has it.
func (g *Graph) rowBytes() int {
	if g.cfg.Metric == Hamming {
		return (g.cfg.Dims + 7) / 8
	}
	return 4 * g.cfg.Dims
}

// probeOf makes a probe of a row of the exact space.
func (g *Graph) probeOf(p *probe, row []byte) error {
	if g.cfg.Metric == Hamming {
		if extra := g.cfg.Dims % 8; extra != 0 && row[len(row)-1]>>extra != 0 {
			return ErrRecord
		}
		p.packed = append(p.packed[:0], row...)
		return nil
	}
	p.vector = append(p.vector[:0], make([]float32, g.cfg.Dims)...)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&p.vector[0])), len(row)), row)
	for _, x := range p.vector {
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			return ErrNotFinite
		}
	}
	g.encodeProbe(p)
	return nil
}
