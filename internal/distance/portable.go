// SPDX-License-Identifier: Apache-2.0

package distance

import (
	"math/bits"
	"unsafe"
)

// portable has a kernel in Go for every pair that makes sense.
var portable = [ops][elems]Kernel{
	L2: {
		Float32: numeric[float32](sumL2), Float16: numeric[half](sumL2),
		Int8: numeric[int8](sumL2), Int16: numeric[int16](sumL2), Uint8: codesL2,
	},
	Dot: {
		Float32: numeric[float32](sumDot), Float16: numeric[half](sumDot),
		Int8: numeric[int8](sumDot), Int16: numeric[int16](sumDot),
	},
	L1: {
		Float32: numeric[float32](sumL1), Float16: numeric[half](sumL1),
		Int8: numeric[int8](sumL1), Int16: numeric[int16](sumL1), Uint8: codesL1,
	},
	Norm: {
		Float32: numeric[float32](sumNorm), Float16: numeric[half](sumNorm),
		Int8: numeric[int8](sumNorm), Int16: numeric[int16](sumNorm),
	},
	Hamming: {Binary: bitsHamming},
}

type half uint16

// sum adds up one step of an Op over elements that were made float32. A block of
// them at a time, so that the call costs little.
type sum func(q, r *[block]float32, n int) float32

const block = 64

func numeric[E float32 | half | int8 | int16](f sum) Kernel {
	return func(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32) {
		query := unsafe.Slice((*float32)(unsafe.Pointer(q)), dims)
		size := unsafe.Sizeof(*new(E))
		var a, b [block]float32
		for i, row := range unsafe.Slice(rows, n) {
			at := unsafe.Add(unsafe.Pointer(base), uintptr(row)*stride)
			var s float32
			for done := 0; done < dims; done += block {
				m := copy(a[:], query[done:])
				widen(unsafe.Add(at, uintptr(done)*size), &b, m, *new(E))
				s += f(&a, &b, m)
			}
			unsafe.Slice(out, n)[i] = s
		}
	}
}

// widen makes n elements at p, aligned or not, float32.
func widen[E float32 | half | int8 | int16](p unsafe.Pointer, to *[block]float32, n int, _ E) {
	from := unsafe.Slice((*E)(p), n)
	switch v := any(from).(type) {
	case []float32:
		copy(to[:], v)
	case []half:
		for i, x := range v {
			to[i] = Half(uint16(x))
		}
	case []int8:
		for i, x := range v {
			to[i] = float32(x)
		}
	case []int16:
		for i, x := range v {
			to[i] = float32(x)
		}
	}
}

// Four sums each, which the processor adds up side by side.

func sumL2(q, r *[block]float32, n int) float32 {
	var s [4]float32
	for i := range n {
		d := q[i] - r[i]
		s[i&3] += d * d
	}
	return s[0] + s[1] + (s[2] + s[3])
}

func sumDot(q, r *[block]float32, n int) float32 {
	var s [4]float32
	for i := range n {
		s[i&3] += q[i] * r[i]
	}
	return s[0] + s[1] + (s[2] + s[3])
}

func sumL1(q, r *[block]float32, n int) float32 {
	var s [4]float32
	for i := range n {
		s[i&3] += max(q[i]-r[i], r[i]-q[i])
	}
	return s[0] + s[1] + (s[2] + s[3])
}

func sumNorm(_, r *[block]float32, n int) float32 {
	var s [4]float32
	for i := range n {
		s[i&3] += r[i] * r[i]
	}
	return s[0] + s[1] + (s[2] + s[3])
}

func codesL2(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32) {
	query := unsafe.Slice(q, dims)
	for i, row := range unsafe.Slice(rows, n) {
		var s uint64
		for j, x := range unsafe.Slice((*uint8)(unsafe.Add(unsafe.Pointer(base), uintptr(row)*stride)), dims) {
			d := int32(query[j]) - int32(x)
			s += uint64(d * d)
		}
		unsafe.Slice(out, n)[i] = float32(s)
	}
}

func codesL1(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32) {
	query := unsafe.Slice(q, dims)
	for i, row := range unsafe.Slice(rows, n) {
		var s uint64
		for j, x := range unsafe.Slice((*uint8)(unsafe.Add(unsafe.Pointer(base), uintptr(row)*stride)), dims) {
			s += uint64(max(query[j], x) - min(query[j], x))
		}
		unsafe.Slice(out, n)[i] = float32(s)
	}
}

func bitsHamming(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32) {
	query := unsafe.Slice(q, Binary.Bytes(dims))
	for i, row := range unsafe.Slice(rows, n) {
		var s int
		for j, x := range unsafe.Slice((*uint8)(unsafe.Add(unsafe.Pointer(base), uintptr(row)*stride)), len(query)) {
			s += bits.OnesCount8(query[j] ^ x)
		}
		unsafe.Slice(out, n)[i] = float32(s)
	}
}
