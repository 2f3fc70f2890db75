// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"fmt"
	"math"

	"vexj/internal/distance"
	"vexj/uapi"
)

// A comparer computes how far rows are from one query.
type comparer struct {
	elem   distance.Elem
	dims   int
	kernel distance.Kernel
	query  []byte
	metric uapi.Metric
	norm   distance.Kernel // of rows, for the cosine
	length float64         // of the query
	norms  []float32
}

// comparer checks a query: it is what a vector of the store may be.
func (c *Config) comparer(q []float32) (*comparer, error) {
	if len(q) != c.Dims {
		return nil, fmt.Errorf("%w: the query has %d elements, the vectors of the store %d", ErrDims, len(q), c.Dims)
	}
	var length float64
	for i, x := range q {
		f := float64(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%w: element %d of the query is %v", ErrNotFinite, i, x)
		}
		length += f * f
	}
	r := &comparer{elem: distance.Elem(c.Elem), dims: c.Dims, metric: c.Metric, length: math.Sqrt(length)}
	op := map[uapi.Metric]distance.Op{
		uapi.MetricL2: distance.L2, uapi.MetricCosine: distance.Dot, uapi.MetricDot: distance.Dot,
		uapi.MetricManhattan: distance.L1, uapi.MetricHamming: distance.Hamming,
	}[c.Metric]
	r.kernel = distance.Find(op, r.elem)
	r.query = distance.Bytes(q)
	switch c.Metric {
	case uapi.MetricCosine:
		if length == 0 {
			return nil, fmt.Errorf("%w: the query is one", ErrZero)
		}
		r.norm = distance.Find(distance.Norm, r.elem)
	case uapi.MetricHamming:
		bits, err := c.Encode(nil, q)
		if err != nil {
			return nil, err
		}
		r.query = bits
	}
	return r, nil
}

// clone is for another goroutine.
func (c *comparer) clone() *comparer {
	d := *c
	d.norms = nil
	return &d
}

// distances computes those of rows of a block of memory.
func (c *comparer) distances(base []byte, stride int, rows []uint32, out []float32) {
	if len(rows) == 0 {
		return
	}
	c.kernel.Gather(c.elem, c.dims, c.query, base, stride, rows, out)
	switch c.metric {
	case uapi.MetricDot:
		for i := range rows {
			out[i] = -out[i]
		}
	case uapi.MetricCosine:
		if len(c.norms) < len(rows) {
			c.norms = make([]float32, max(len(rows), batchRows))
		}
		c.norm.Gather(c.elem, c.dims, c.query, base, stride, rows, c.norms)
		for i := range rows {
			out[i] = float32(1 - float64(out[i])/(c.length*math.Sqrt(float64(c.norms[i]))))
		}
	}
}
