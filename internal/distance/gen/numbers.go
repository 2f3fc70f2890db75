// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wide makes a kernel for AVX-512: 16 elements to a register, four sums, and a mask
// for the rest. If it is for rows within a limit, it leaves those that are beyond.
func wide(op, elem string, size int, within bool) {
	f := begin("wide"+op+elem+suffix(within), "needs AVX-512 F, BW and DQ.")
	if within {
		f.halve()
	}
	mask, one := GP64(), K()
	MOVQ(f.dims, reg.RCX)
	ANDQ(Imm(15), reg.RCX)
	MOVQ(U32(1), mask)
	SHLQ(reg.CL, mask)
	DECQ(mask)
	KMOVW(mask.As32(), one)

	var abs reg.VecVirtual
	if op == "L1" {
		abs = ZMM()
		VPTERNLOGD(Imm(0xff), abs, abs, abs)
		VPSRLD(Imm(1), abs, abs)
	}
	f.rowLoop(times(f.dims, size), func() reg.VecVirtual {
		acc := [4]reg.VecVirtual{ZMM(), ZMM(), ZMM(), ZMM()}
		for _, a := range acc {
			VPXORD(a, a, a)
		}
		q, r, left := GP64(), GP64(), GP64()
		MOVQ(f.q, q)
		MOVQ(f.row, r)
		MOVQ(f.dims, left)
		one512 := func(i int) {
			x := ZMM()
			loadWide(elem, Mem{Base: r, Disp: 16 * size * i}, x)
			combine(op, Mem{Base: q, Disp: 64 * i}, x, acc[i], abs)
		}
		sum := func() reg.VecVirtual { return sumWide(acc) }
		blocks("four", left, 64, func() {
			if within {
				f.leave(left, 64, sum)
			}
			for i := range acc {
				one512(i)
			}
			ADDQ(U32(uint32(64*size)), r)
			ADDQ(U32(256), q)
		})
		blocks("single", left, 16, func() {
			one512(0)
			ADDQ(U32(uint32(16*size)), r)
			ADDQ(U32(64), q)
		})
		TESTQ(left, left)
		JZ(LabelRef("whole"))
		x, y := ZMM(), ZMM()
		loadMasked(elem, Mem{Base: r}, one, x)
		if op != "Norm" {
			VMOVUPS_Z(Mem{Base: q}, one, y)
		}
		combine(op, y, x, acc[1], abs)
		Label("whole")
		return sum()
	})
}

// sumWide adds up four registers, in the same order each time: with more in them the
// result is no less.
func sumWide(acc [4]reg.VecVirtual) reg.VecVirtual {
	a, b := ZMM(), ZMM()
	VADDPS(acc[1], acc[0], a)
	VADDPS(acc[3], acc[2], b)
	VADDPS(b, a, a)
	half := YMM()
	VEXTRACTF64X4(Imm(1), a, half)
	VADDPS(half, a.AsY(), half)
	quarter := XMM()
	VEXTRACTF128(Imm(1), half, quarter)
	VADDPS(quarter, half.AsX(), quarter)
	sum4(quarter)
	return quarter
}

// combine adds a step of the operation to a sum. x is the row's; it is used up.
func combine(op string, q Op, x, acc, abs reg.VecVirtual) {
	switch op {
	case "L2":
		VSUBPS(q, x, x)
		VFMADD231PS(x, x, acc)
	case "Dot":
		VFMADD231PS(q, x, acc)
	case "L1":
		VSUBPS(q, x, x)
		VANDPS(abs, x, x)
		VADDPS(x, acc, acc)
	case "Norm":
		VFMADD231PS(x, x, acc)
	}
}

func loadWide(elem string, m Mem, x reg.VecVirtual) {
	switch elem {
	case "Float32":
		VMOVUPS(m, x)
	case "Float16":
		VCVTPH2PS(m, x)
	case "Int8":
		VPMOVSXBD(m, x)
		VCVTDQ2PS(x, x)
	case "Int16":
		VPMOVSXWD(m, x)
		VCVTDQ2PS(x, x)
	}
}

func loadMasked(elem string, m Mem, k reg.Register, x reg.VecVirtual) {
	switch elem {
	case "Float32":
		VMOVUPS_Z(m, k, x)
	case "Float16":
		VCVTPH2PS_Z(m, k, x)
	case "Int8":
		VPMOVSXBD_Z(m, k, x)
		VCVTDQ2PS(x, x)
	case "Int16":
		VPMOVSXWD_Z(m, k, x)
		VCVTDQ2PS(x, x)
	}
}

// narrow makes a kernel for AVX2: 8 elements to a register, four sums, and the rest
// one by one.
func narrow(op, elem string, size int, within bool) {
	f := begin("narrow"+op+elem+suffix(within), "needs AVX2, FMA and F16C.")
	if within {
		f.halve()
	}
	var abs reg.VecVirtual
	if op == "L1" {
		abs = YMM()
		VPCMPEQD(abs, abs, abs)
		VPSRLD(Imm(1), abs, abs)
	}
	f.rowLoop(times(f.dims, size), func() reg.VecVirtual {
		acc := [4]reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
		for _, a := range acc {
			VXORPS(a, a, a)
		}
		q, r, left := GP64(), GP64(), GP64()
		MOVQ(f.q, q)
		MOVQ(f.row, r)
		MOVQ(f.dims, left)
		one256 := func(i int) {
			x := YMM()
			loadWide(elem, Mem{Base: r, Disp: 8 * size * i}, x)
			combine(op, Mem{Base: q, Disp: 32 * i}, x, acc[i], abs)
		}
		// The rest has a sum of its own, whose upper lanes stay zero.
		rest := XMM()
		VXORPS(rest, rest, rest)
		sum := func() reg.VecVirtual { return sumNarrow(acc, rest) }
		blocks("four", left, 32, func() {
			if within {
				f.leave(left, 32, sum)
			}
			for i := range acc {
				one256(i)
			}
			ADDQ(U32(uint32(32*size)), r)
			ADDQ(U32(128), q)
		})
		blocks("single", left, 8, func() {
			one256(0)
			ADDQ(U32(uint32(8*size)), r)
			ADDQ(U32(32), q)
		})
		blocks("rest", left, 1, func() {
			x, y := XMM(), XMM()
			loadOne(elem, Mem{Base: r}, x)
			if op != "Norm" {
				VMOVSS(Mem{Base: q}, y)
			}
			var mask reg.VecVirtual
			if abs != nil {
				mask = abs.AsX().(reg.VecVirtual)
			}
			combine(op, y, x, rest, mask)
			ADDQ(U32(uint32(size)), r)
			ADDQ(U32(4), q)
		})
		return sum()
	})
}

// sumNarrow is sumWide for AVX2.
func sumNarrow(acc [4]reg.VecVirtual, rest reg.VecVirtual) reg.VecVirtual {
	a, b := YMM(), YMM()
	VADDPS(acc[1], acc[0], a)
	VADDPS(acc[3], acc[2], b)
	VADDPS(b, a, a)
	half := XMM()
	VEXTRACTF128(Imm(1), a, half)
	VADDPS(a.AsX(), half, half)
	VADDPS(rest, half, half)
	sum4(half)
	return half
}

// loadOne loads an element to the first lane; the others are zero.
func loadOne(elem string, m Mem, x reg.VecVirtual) {
	g := GP32()
	switch elem {
	case "Float32":
		VMOVSS(m, x)
	case "Float16":
		MOVWLZX(m, g)
		VMOVD(g, x)
		VCVTPH2PS(x, x)
	case "Int8":
		MOVBLSX(m, g)
		VMOVD(g, x)
		VCVTDQ2PS(x, x)
	case "Int16":
		MOVWLSX(m, g)
		VMOVD(g, x)
		VCVTDQ2PS(x, x)
	}
}
