// SPDX-License-Identifier: Apache-2.0

package distance

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// sets are the kernels that this processor can run; find_*_test.go adds to them.
var sets = map[string]*[ops][elems]Kernel{"go": &portable}

// limits are those of them that know a limit.
var limits = map[string]*[ops][elems]Kernel{}

var opNames = [ops]string{"l2", "dot", "l1", "norm", "hamming"}
var elemNames = [elems]string{"float32", "float16", "int8", "int16", "binary", "uint8"}

// element reads element i of a row as the reference sees it.
func element(e Elem, row []byte, i int) float64 {
	switch e {
	case Float32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(row[4*i:])))
	case Float16:
		return float64(Half(binary.LittleEndian.Uint16(row[2*i:])))
	case Int8:
		return float64(int8(row[i]))
	case Int16:
		return float64(int16(binary.LittleEndian.Uint16(row[2*i:])))
	case Binary:
		return float64(row[i/8] >> (i % 8) & 1)
	}
	return float64(row[i])
}

// reference is the result, and the sum of the magnitudes of what was added up, by
// which rounding is to be judged.
func reference(op Op, e Elem, dims int, q, row []byte) (want, size float64) {
	qe := Float32
	if e == Uint8 || e == Binary {
		qe = e
	}
	for i := range dims {
		x, y := element(qe, q, i), element(e, row, i)
		var t float64
		switch op {
		case L2, Hamming:
			t = (x - y) * (x - y)
		case Dot:
			t = x * y
		case L1:
			t = math.Abs(x - y)
		case Norm:
			t = y * y
		}
		want += t
		size += math.Abs(t)
	}
	return want, size
}

// random fills n elements.
func random(r *rand.Rand, e Elem, n int) []byte {
	b := make([]byte, e.Bytes(n))
	for i := range n {
		switch e {
		case Float32:
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(float32(r.NormFloat64())))
		case Float16:
			binary.LittleEndian.PutUint16(b[2*i:], ToHalf(float32(r.NormFloat64())))
		case Int8, Uint8:
			b[i] = byte(r.Uint32())
		case Int16:
			binary.LittleEndian.PutUint16(b[2*i:], uint16(r.Uint32()))
		case Binary:
			b[i/8] |= byte(r.Uint32()&1) << (i % 8)
		}
	}
	return b
}

// check compares a kernel with the reference on rows at odd places: what is around
// them is poison, so that reading it shows.
func check(t *testing.T, k Kernel, op Op, e Elem, dims int, q []byte, rows [][]byte, shift, gap int) {
	t.Helper()
	size := e.Bytes(dims)
	stride := size + gap
	base := make([]byte, shift+stride*len(rows))
	for i := range base {
		base[i] = 0xff
	}
	query := append(make([]byte, shift), q...)
	order := make([]uint32, len(rows))
	for i, row := range rows {
		copy(base[shift+i*stride:], row)
		order[i] = uint32(len(rows) - 1 - i)
	}
	out := make([]float32, len(rows))
	k.Gather(e, dims, query[shift:], base[shift:], stride, order, out)
	for i, got := range out {
		want, mag := reference(op, e, dims, q, rows[order[i]])
		if math.Abs(float64(got)-want) > 4e-6*mag+1e-30 {
			t.Fatalf("dims %d, shift %d, row %d: %v, want %v", dims, shift, order[i], got, want)
		}
	}
}

func TestKernels(t *testing.T) {
	for name, set := range sets {
		for op := range ops {
			for e := range Elem(elems) {
				k := set[op][e]
				if (k == nil) != (portable[op][e] == nil) {
					t.Errorf("%s has no kernel for %s of %s", name, opNames[op], elemNames[e])
				}
				if k == nil {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s", name, opNames[op], elemNames[e]), func(t *testing.T) {
					r := rand.New(rand.NewPCG(uint64(op), uint64(e)))
					qe := Float32
					if e == Uint8 || e == Binary {
						qe = e
					}
					for dims := 1; dims <= 300; dims++ {
						rows := make([][]byte, 1+dims%9)
						for i := range rows {
							rows[i] = random(r, e, dims)
						}
						check(t, k, op, e, dims, random(r, qe, dims), rows, dims%5, dims%7)
					}
					for _, dims := range []int{768, 1023, 4096, 65535, 65536} {
						check(t, k, op, e, dims, random(r, qe, dims), [][]byte{random(r, e, dims), random(r, e, dims)}, 1, 3)
					}
				})
			}
		}
	}
}

// TestWithin holds kernels with a limit against those without: a row within its limit
// has the same result to the bit, one beyond it what is no more than the result and
// still beyond.
func TestWithin(t *testing.T) {
	inf := float32(math.Inf(1))
	for name, set := range limits {
		for op := range ops {
			k := set[op][Float32]
			if k == nil {
				continue
			}
			t.Run(name+"/"+opNames[op], func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(op), 3))
				left := 0
				for dims := 1; dims <= 1100; dims++ {
					const n = 7
					q, base := random(r, Float32, dims), random(r, Float32, n*dims)
					order := make([]uint32, n)
					for i := range order {
						order[i] = uint32(r.IntN(n))
					}
					want, got := make([]float32, n), make([]float32, n)
					sets[name][op][Float32].Gather(Float32, dims, q, base, 4*dims, order, want)
					limit := make([]float32, n)
					for i, d := range want {
						limit[i] = []float32{inf, d, math.Nextafter32(d, 0), d * r.Float32(), 0, -1, 2 * d}[r.IntN(7)]
					}
					copy(got, limit)
					k.Gather(Float32, dims, q, base, 4*dims, order, got)
					for i, d := range got {
						beyond := want[i] > limit[i]
						if !beyond && d != want[i] || beyond && (d <= limit[i] || d > want[i]) {
							t.Fatalf("dims %d, limit %v: %v, want %v", dims, limit[i], d, want[i])
						}
						if d < want[i] {
							left++
						}
					}
				}
				if left == 0 {
					t.Error("no row was left")
				}
			})
		}
	}
	if k := FindWithin(Dot, Float32); fmt.Sprint(k) != fmt.Sprint(Find(Dot, Float32)) {
		t.Error("a kernel that knows no limit is not that of Find")
	}
	if FindWithin(ops, Float32) != nil {
		t.Error("found a kernel for no operation")
	}
}

// The largest codes must not overflow in any lane.
func TestExtremes(t *testing.T) {
	const dims = 65536
	zero, full := make([]byte, dims), make([]byte, dims)
	for i := range full {
		full[i] = 255
	}
	for name, set := range sets {
		for _, op := range []Op{L2, L1} {
			if got, want := set[op][Uint8].One(Uint8, dims, zero, full), map[Op]float32{L2: dims * 255 * 255, L1: dims * 255}[op]; got != want {
				t.Errorf("%s %s: %v, want %v", name, opNames[op], got, want)
			}
		}
		if got := set[Hamming][Binary].One(Binary, dims, zero, full[:dims/8]); got != dims {
			t.Errorf("%s hamming: %v", name, got)
		}
	}
}

func TestScan(t *testing.T) {
	const n, dims, stride = 700, 5, 24
	base, q := random(rand.New(rand.NewPCG(1, 2)), Float32, n*stride/4), Bytes([]float32{1, 2, 3, 4, 5})
	out := make([]float32, n)
	Find(L2, Float32).Scan(Float32, dims, q, base, stride, out)
	for i := range out {
		if one := Find(L2, Float32).One(Float32, dims, q, base[i*stride:i*stride+20]); one != out[i] {
			t.Fatalf("row %d: %v, alone %v", i, out[i], one)
		}
	}
}

func TestGatherRefuses(t *testing.T) {
	k := Find(L2, Float32)
	q := make([]byte, 16)
	for name, call := range map[string]func(){
		"short query":  func() { k.Gather(Float32, 4, q[:15], make([]byte, 64), 16, []uint32{0}, make([]float32, 1)) },
		"short base":   func() { k.Gather(Float32, 4, q, make([]byte, 31), 16, []uint32{0, 1}, make([]float32, 2)) },
		"small stride": func() { k.Gather(Float32, 4, q, make([]byte, 64), 15, []uint32{0}, make([]float32, 1)) },
		"no dims":      func() { k.Gather(Float32, 0, q, make([]byte, 64), 16, []uint32{0}, make([]float32, 1)) },
		"short out":    func() { k.Gather(Float32, 4, q, make([]byte, 64), 16, []uint32{0, 1}, make([]float32, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("took it")
				}
			}()
			call()
		})
	}
}

func TestFind(t *testing.T) {
	for op := Op(0); op < 9; op++ {
		for e := Elem(0); e < 9; e++ {
			if k := Find(op, e); (k != nil) != (op < ops && e < elems && portable[op][e] != nil) {
				t.Errorf("Find(%d, %d)", op, e)
			}
		}
	}
	t.Logf("kernels: %s", Level())
}

func FuzzKernels(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, uint8(0), uint8(5), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, op, elem, shift uint8) {
		o, e := Op(op)%ops, Elem(elem)%elems
		if portable[o][e] == nil || len(data) > 4096 {
			return
		}
		dims := len(data)
		if e != Binary && e != Uint8 {
			dims = len(data) / 6
		}
		if e == Binary {
			dims = 4 * len(data)
		}
		if dims == 0 {
			return
		}
		qe, qn := Float32, 4*dims
		if e == Uint8 || e == Binary {
			qe, qn = e, e.Bytes(dims)
		}
		q := make([]byte, qn)
		copy(q, data)
		row := make([]byte, e.Bytes(dims))
		copy(row, data[len(data)-min(len(data), len(row)):])
		for i := range dims {
			// Not what bears no reference.
			if x := element(qe, q, i); math.IsNaN(x) || math.Abs(x) > 1e15 {
				return
			}
			if x := element(e, row, i); math.IsNaN(x) || math.Abs(x) > 1e15 {
				return
			}
		}
		for _, set := range sets {
			check(t, set[o][e], o, e, dims, q, [][]byte{row, row}, int(shift%64), int(shift)%3)
		}
	})
}
