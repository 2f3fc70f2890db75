// SPDX-License-Identifier: Apache-2.0

package hnsw

import (
	"fmt"
	"math"
	"unsafe"

	"vexj/internal/distance"
)

// A space is rows, one for each slot, and how far a query is from them.
type space struct {
	rows   table
	kernel distance.Kernel
	dims   int     // elements, as the kernel counts them
	bias   float32 // distance = bias + scale*result of the kernel - terms of the row
	scale  float32
	terms  table   // a float32 for each slot, if it has a stride
	source bool    // the rows are the Source's
	same   float32 // at most so far from each other are vectors that are the same
}

// strideOf is how far apart rows of n bytes stand: whole cache lines, unless that
// wastes more than a third.
func strideOf(n int) int {
	if r := roundUp(n, 64); 3*(r-n) <= n {
		return r
	}
	return roundUp(n, 4)
}

// longRow is from how many elements on a row is left as soon as it is beyond a limit.
// Shorter ones are there before that is known.
const longRow = 256

// floatKernel is the kernel of originals of which no element makes a sum less.
func floatKernel(op distance.Op, dims int) distance.Kernel {
	if dims < longRow {
		return distance.Find(op, distance.Float32)
	}
	return distance.FindWithin(op, distance.Float32)
}

func (g *Graph) initSpaces() {
	d := g.cfg.Dims
	g.exact = space{dims: d, scale: 1}
	size := 4 * d
	switch g.cfg.Metric {
	case L2:
		g.exact.kernel = floatKernel(distance.L2, d)
	case Cosine:
		g.exact.kernel, g.exact.bias, g.exact.scale = distance.Find(distance.Dot, distance.Float32), 1, -1
		g.exact.same = 1e-6 // it is rounded
	case Dot:
		g.exact.kernel, g.exact.scale = distance.Find(distance.Dot, distance.Float32), -1
		g.exact.same = float32(math.Inf(-1)) // the nearest is not the same
	case Manhattan:
		g.exact.kernel = floatKernel(distance.L1, d)
	case Hamming:
		g.exact.kernel = distance.Find(distance.Hamming, distance.Binary)
		size = distance.Binary.Bytes(d)
	}
	if g.cfg.Source != nil && g.cfg.Codes == NoCodes {
		g.exact.source = true
	} else {
		g.exact.rows = newTable(strideOf(size))
	}
	switch g.cfg.Codes {
	case SQ8:
		g.code = space{dims: d, scale: 1, rows: newTable(strideOf(d)), kernel: distance.Find(distance.L2, distance.Uint8)}
		switch g.cfg.Metric {
		case Manhattan:
			g.code.kernel = distance.Find(distance.L1, distance.Uint8)
		case Dot:
			g.code.terms, g.code.same = newTable(4), float32(math.Inf(-1))
		}
	case Bits:
		size := distance.Binary.Bytes(d)
		g.code = space{dims: d, scale: 1, rows: newTable(strideOf(size)), kernel: distance.Find(distance.Hamming, distance.Binary)}
	}
}

// A probe is a query in the forms that the spaces want.
type probe struct {
	vector []float32 // as the exact space has it
	packed []byte    // under Hamming
	code   []byte
}

// accept checks a vector and makes a probe of it.
func (g *Graph) accept(p *probe, v []float32) error {
	if len(v) != g.cfg.Dims {
		return fmt.Errorf("%w: the vector has %d, the graph %d", ErrDims, len(v), g.cfg.Dims)
	}
	sum := float32(0)
	for _, x := range v {
		sum += x * 0 // NaN if x is not finite
	}
	if sum != 0 {
		for i, x := range v {
			if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
				return fmt.Errorf("%w: element %d is %v", ErrNotFinite, i, x)
			}
		}
	}
	switch g.cfg.Metric {
	case Hamming:
		p.packed = pack(p.packed, v)
		return nil
	case Cosine:
		norm := norm(v)
		if norm == 0 {
			return ErrZero
		}
		p.vector = p.vector[:0]
		for _, x := range v {
			p.vector = append(p.vector, float32(float64(x)/norm))
		}
	default:
		p.vector = append(p.vector[:0], v...)
	}
	g.encodeProbe(p)
	return nil
}

// encodeProbe makes the code, if there are codes by now.
func (g *Graph) encodeProbe(p *probe) {
	if g.quant != nil {
		p.code = append(p.code[:0], make([]byte, g.code.rowSize(g.cfg.Codes))...)
		g.quant.encode(g.cfg.Codes, p.vector, p.code)
	}
}

func (sp *space) rowSize(c Codes) int {
	if c == Bits {
		return distance.Binary.Bytes(sp.dims)
	}
	return sp.dims
}

// norm is in float64, in which the square of no float32 overflows or vanishes.
func norm(v []float32) float64 {
	var s [4]float64
	for i, x := range v {
		s[i&3] += float64(x) * float64(x)
	}
	return math.Sqrt(s[0] + s[1] + (s[2] + s[3]))
}

func pack(to []byte, v []float32) []byte {
	n := distance.Binary.Bytes(len(v))
	to = append(to[:0], make([]byte, n)...)
	for i, x := range v {
		if x > 0 {
			to[i>>3] |= 1 << (i & 7)
		}
	}
	return to
}

// A target is what rows are compared with: a query, or another row.
type target struct {
	p    *byte
	term float32 // its own, where rows have terms
}

// in returns the query as a space wants it.
func (p *probe) in(g *Graph, sp *space) target {
	switch {
	case sp == &g.code:
		return target{&p.code[0], g.termOf(p.vector)}
	case g.cfg.Metric == Hamming:
		return target{p: &p.packed[0]}
	}
	return target{p: floatBytes(p.vector)}
}

func floatBytes(v []float32) *byte { return (*byte)(unsafe.Pointer(&v[0])) }

// termOf is what the codes' distance lacks under Dot: see quantizer.
func (g *Graph) termOf(v []float32) float32 {
	if g.code.terms.stride == 0 {
		return 0
	}
	n := norm(v)
	return float32(n * n / 2)
}

// distances computes how far the query is from slots.
func (g *Graph) distances(s *scratch, sp *space, q target, slots []uint32, out []float32) {
	g.within(s, sp, q, slots, out, float32(math.Inf(1)))
}

// within is distances, where those beyond a limit may come out as less than they are,
// but beyond it.
func (g *Graph) within(s *scratch, sp *space, q target, slots []uint32, out []float32, limit float32) {
	for i := range slots {
		out[i] = limit
	}
	g.withinEach(s, sp, q, slots, out)
}

// withinEach is within with a limit for each slot, which out has.
func (g *Graph) withinEach(s *scratch, sp *space, q target, slots []uint32, out []float32) {
	if len(slots) == 0 {
		return
	}
	s.evals += len(slots)
	if g.lazy != nil {
		// A row, and the list that is read after it, are checked when first used.
		for _, slot := range slots {
			if err := g.touch(slot); err != nil {
				s.fail(err)
			}
		}
	}
	if sp.source {
		g.sourceDistances(s, q, slots, out)
	} else {
		sp.kernel(q.p, (*byte)(sp.rows.base), sp.rows.stride, &slots[0], len(slots), sp.dims, &out[0])
	}
	if sp.terms.stride != 0 {
		for i, slot := range slots {
			out[i] = out[i]*sp.scale - q.term - *(*float32)(sp.terms.at(slot))
		}
	} else if sp.scale != 1 {
		for i := range slots {
			out[i] = sp.bias + sp.scale*out[i]
		}
	}
}

// sourceDistances asks the Source. A row that it does not have is infinitely far,
// and an error of the whole search.
func (g *Graph) sourceDistances(s *scratch, q target, slots []uint32, out []float32) {
	zero := [1]uint32{}
	for i, slot := range slots {
		v, err := g.original(s, slot, &s.row)
		if err != nil {
			s.fail(err)
			out[i] = g.exact.scale * float32(math.Inf(1))
			continue
		}
		g.exact.kernel(q.p, floatBytes(v), 0, &zero[0], 1, g.exact.dims, &out[i])
	}
}

// original returns the vector of a slot as the exact space has it, from the Source.
func (g *Graph) original(s *scratch, slot uint32, buf *[]float32) ([]float32, error) {
	id := g.meta(slot).name()
	if s.inserting != nil && slot == s.insertSlot {
		return s.inserting, nil
	}
	if len(*buf) < g.cfg.Dims {
		*buf = make([]float32, g.cfg.Dims)
	}
	v, err := g.cfg.Source.Vector(id, *buf)
	if err != nil {
		return nil, fmt.Errorf("%w: id %d: %w", ErrSource, id, err)
	}
	if len(v) != g.cfg.Dims {
		return nil, fmt.Errorf("%w: id %d has %d dimensions in the source, %d in the graph", ErrSource, id, len(v), g.cfg.Dims)
	}
	if g.cfg.Metric == Cosine {
		n := norm(v)
		if n == 0 {
			return nil, fmt.Errorf("%w: id %d in the source", ErrZero, id)
		}
		for i, x := range v {
			(*buf)[i] = float32(float64(x) / n)
		}
		v = (*buf)[:len(v)]
	}
	return v, nil
}

// row returns the query that is a slot's own row.
func (g *Graph) row(s *scratch, sp *space, slot uint32) target {
	if sp.source {
		v, err := g.original(s, slot, &s.base)
		if err != nil {
			s.fail(err)
			v = s.zeroes(g.cfg.Dims)
		}
		return target{p: floatBytes(v)}
	}
	t := target{p: (*byte)(sp.rows.at(slot))}
	if sp.terms.stride != 0 {
		t.term = *(*float32)(sp.terms.at(slot))
	}
	return t
}
