// SPDX-License-Identifier: Apache-2.0

package distance

import (
	"fmt"
	"unsafe"
)

// Elem is what a row consists of. The numbers are those of the attribute
// vector-elem in vexj.h; Uint8 has none there, since codes are never a vector.
type Elem uint8

const (
	Float32 Elem = 0
	Float16 Elem = 1
	Int8    Elem = 2
	Int16   Elem = 3
	Binary  Elem = 4
	Uint8   Elem = 5
	elems        = 6
)

// Bytes returns the size of a row of n elements: of bits, those in n/8 bytes,
// rounded up, whose unused bits are zero.
func (e Elem) Bytes(n int) int {
	switch e {
	case Float32:
		return 4 * n
	case Float16, Int16:
		return 2 * n
	case Binary:
		return (n + 7) / 8
	}
	return n
}

// Op is what is computed of the query and a row.
type Op uint8

const (
	L2 Op = iota
	Dot
	L1
	Norm
	Hamming
	ops
)

// Kernel computes n results, out[i] of the query q and the row of dims elements at
// base + rows[i]*stride bytes. It checks nothing: [Kernel.Gather] does.
type Kernel func(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

// found has the best kernels of this processor, limited those of them that know a
// limit.
var found, limited = portable, [ops][elems]Kernel{}

// level says whose they are.
var level = "go"

// Level returns which code Find gives: avx512, avx2, neon or go.
func Level() string { return level }

// Find returns the best kernel for a pair, nil if the pair makes no sense: Hamming
// is for Binary alone and nothing else is, and Uint8 has L2 and L1.
func Find(op Op, e Elem) Kernel {
	if op >= ops || e >= elems {
		return nil
	}
	return found[op][e]
}

// FindWithin is Find for who looks for what is within a limit, which out[i] is
// before the call, one for each row. Where the result is beyond it, what comes out may
// be a part of the result that is beyond it too: long rows come from memory, and the
// rest of such a row is not read. A kernel that knows no limit gives all results.
func FindWithin(op Op, e Elem) Kernel {
	if k := Find(op, e); k == nil || limited[op][e] == nil {
		return k
	}
	return limited[op][e]
}

// Gather computes out[i] of q and row rows[i], for all rows. It panics if q or
// base is too short: that is a mistake in the program and never in its input.
func (k Kernel) Gather(e Elem, dims int, q, base []byte, stride int, rows []uint32, out []float32) {
	if len(rows) == 0 {
		return
	}
	size := e.Bytes(dims)
	want := size
	if e != Uint8 && e != Binary {
		want = 4 * dims
	}
	if dims <= 0 || stride < size || len(q) < want {
		panic(fmt.Sprintf("distance: %d elements of %d bytes with a stride of %d and a query of %d bytes", dims, size, stride, len(q)))
	}
	last := uint32(0)
	for _, r := range rows {
		last = max(last, r)
	}
	if int(last)*stride+size > len(base) {
		panic(fmt.Sprintf("distance: row %d of %d bytes is not in %d bytes", last, stride, len(base)))
	}
	_ = out[len(rows)-1]
	k(&q[0], &base[0], uintptr(stride), &rows[0], len(rows), dims, &out[0])
}

// One computes the result for a single row.
func (k Kernel) One(e Elem, dims int, q, row []byte) float32 {
	var out [1]float32
	k.Gather(e, dims, q, row, len(row), []uint32{0}, out[:])
	return out[0]
}

// Scan computes out[i] of q and the i-th row of base, for len(out) rows that stand
// one after the other.
func (k Kernel) Scan(e Elem, dims int, q, base []byte, stride int, out []float32) {
	var rows [256]uint32
	for i := range rows {
		rows[i] = uint32(i)
	}
	for len(out) > 0 {
		n := min(len(out), len(rows))
		k.Gather(e, dims, q, base, stride, rows[:n], out[:n])
		out = out[n:]
		if len(out) > 0 {
			base = base[n*stride:]
		}
	}
}

// Bytes returns the memory of a vector of float32, for a query.
func Bytes(v []float32) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v))
}
