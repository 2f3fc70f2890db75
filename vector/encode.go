// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/binary"
	"fmt"
	"math"

	"vexj/internal/distance"
	"vexj/uapi"
)

// Encode appends the vector as it is stored. Of integers the elements are rounded,
// to even, and must be in range; of bits what is above 0 is a 1.
func (c *Config) Encode(dst []byte, v []float32) ([]byte, error) {
	if len(v) != c.Dims {
		return nil, fmt.Errorf("%w: the vector has %d elements, those of the store %d", ErrDims, len(v), c.Dims)
	}
	for i, x := range v {
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%w: element %d is %v", ErrNotFinite, i, x)
		}
	}
	le := binary.LittleEndian
	switch c.Elem {
	case uapi.ElemFloat32:
		for _, x := range v {
			dst = le.AppendUint32(dst, math.Float32bits(x))
		}
	case uapi.ElemFloat16:
		for i, x := range v {
			h := distance.ToHalf(x)
			if h&0x7c00 == 0x7c00 {
				return nil, outOfRange(i, x, c.Elem)
			}
			dst = le.AppendUint16(dst, h)
		}
	case uapi.ElemInt8:
		for i, x := range v {
			n := math.RoundToEven(float64(x))
			if n < math.MinInt8 || n > math.MaxInt8 {
				return nil, outOfRange(i, x, c.Elem)
			}
			dst = append(dst, byte(int8(n)))
		}
	case uapi.ElemInt16:
		for i, x := range v {
			n := math.RoundToEven(float64(x))
			if n < math.MinInt16 || n > math.MaxInt16 {
				return nil, outOfRange(i, x, c.Elem)
			}
			dst = le.AppendUint16(dst, uint16(int16(n)))
		}
	case uapi.ElemBinary:
		at := len(dst)
		dst = append(dst, make([]byte, c.rowSize())...)
		for i, x := range v {
			if x > 0 {
				dst[at+i/8] |= 1 << (i % 8)
			}
		}
	}
	return dst, nil
}

func outOfRange(i int, x float32, e uapi.Elem) error {
	return fmt.Errorf("%w: element %d is %v, which is no %s: scale the vectors, or store them as float32", ErrRange, i, x, e)
}

// Decode returns the elements of a stored vector, in buf if it is long enough.
func (c *Config) Decode(raw []byte, buf []float32) []float32 {
	if cap(buf) < c.Dims {
		buf = make([]float32, c.Dims)
	}
	v := buf[:c.Dims]
	le := binary.LittleEndian
	switch c.Elem {
	case uapi.ElemFloat32:
		for i := range v {
			v[i] = math.Float32frombits(le.Uint32(raw[4*i:]))
		}
	case uapi.ElemFloat16:
		for i := range v {
			v[i] = distance.Half(le.Uint16(raw[2*i:]))
		}
	case uapi.ElemInt8:
		for i := range v {
			v[i] = float32(int8(raw[i]))
		}
	case uapi.ElemInt16:
		for i := range v {
			v[i] = float32(int16(le.Uint16(raw[2*i:])))
		}
	case uapi.ElemBinary:
		for i := range v {
			v[i] = float32(raw[i/8] >> (i % 8) & 1)
		}
	}
	return v
}

// checkRaw checks a vector in the form in which it is stored.
func (c *Config) checkRaw(raw []byte) error {
	if len(raw) != c.rowSize() {
		return fmt.Errorf("%w: the vector has %d bytes, those of the store have %d (%d elements of %s)", ErrDims, len(raw), c.rowSize(), c.Dims, c.Elem)
	}
	le := binary.LittleEndian
	switch c.Elem {
	case uapi.ElemFloat32:
		for i := range c.Dims {
			if b := le.Uint32(raw[4*i:]); b&0x7f800000 == 0x7f800000 {
				return fmt.Errorf("%w: element %d is %v", ErrNotFinite, i, math.Float32frombits(b))
			}
		}
	case uapi.ElemFloat16:
		for i := range c.Dims {
			if h := le.Uint16(raw[2*i:]); h&0x7c00 == 0x7c00 {
				return fmt.Errorf("%w: element %d is %v", ErrNotFinite, i, distance.Half(h))
			}
		}
	case uapi.ElemBinary:
		if over := c.Dims % 8; over != 0 && raw[len(raw)-1]>>over != 0 {
			return fmt.Errorf("%w: bits are set behind the last of %d", ErrRange, c.Dims)
		}
	}
	if c.Metric == uapi.MetricCosine && isZero(raw, c.Elem) {
		return fmt.Errorf("%w: leave it out, or use another metric", ErrZero)
	}
	return nil
}

// isZero: of floats, -0 is zero too.
func isZero(raw []byte, e uapi.Elem) bool {
	last := 0
	switch e {
	case uapi.ElemFloat32:
		last = 3
	case uapi.ElemFloat16:
		last = 1
	}
	for i, b := range raw {
		if last != 0 && i&last == last {
			b &= 0x7f
		}
		if b != 0 {
			return false
		}
	}
	return true
}
