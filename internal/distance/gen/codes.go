// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maskOf makes a mask of the lowest dims%64 bits.
func maskOf(n reg.GPVirtual) reg.Register {
	mask, k := GP64(), K()
	MOVQ(n, reg.RCX)
	ANDQ(Imm(63), reg.RCX)
	MOVQ(U32(1), mask)
	SHLQ(reg.CL, mask)
	DECQ(mask)
	KMOVQ(mask, k)
	return k
}

// toFloat makes a float of the integer in x, which is not negative.
func toFloat(g reg.GPVirtual) reg.VecVirtual {
	x := XMM()
	VXORPS(x, x, x)
	VCVTSI2SSQ(g, x, x)
	return x
}

// vpdpwssd adds the products of pairs of words to doublewords. avo does not know it.
func vpdpwssd(a, b, acc reg.VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode: "VPDPWSSD", Operands: []Op{a, b, acc},
		Inputs: []Op{a, b, acc}, Outputs: []Op{acc}, ISA: []string{"AVX512F", "AVX512VNNI"},
	})
}

// codesWide makes L2 of bytes: differences as words, of which VNNI adds the squares.
// A lane's sum is below 2^31, as 65536 elements make 4096 a lane, and the sum of the
// lanes below 2^32.
func codesWide() {
	f := begin("wideL2Uint8", "needs AVX-512 F, BW, DQ and VNNI.")
	whole := GP64()
	MOVQ(f.dims, whole)
	ANDQ(Imm(63), whole)
	low, high := K(), K()
	words := func(n int, k reg.Register) {
		// Of the rest, how many are in this half: 0 to 32.
		m, lim := GP64(), GP64()
		MOVQ(whole, reg.RCX)
		if n > 0 {
			SUBQ(Imm(uint64(n)), reg.RCX)
			zero := GP64()
			XORQ(zero, zero)
			CMPQ(reg.RCX, zero)
			CMOVQLT(zero, reg.RCX)
		}
		MOVQ(U32(32), lim)
		CMPQ(reg.RCX, lim)
		CMOVQGT(lim, reg.RCX)
		MOVQ(U32(1), m)
		SHLQ(reg.CL, m)
		DECQ(m)
		KMOVD(m.As32(), k)
	}
	words(0, low)
	words(32, high)
	f.rowLoop(f.dims, func() reg.VecVirtual {
		acc := [2]reg.VecVirtual{ZMM(), ZMM()}
		for _, a := range acc {
			VPXORD(a, a, a)
		}
		q, r, left := GP64(), GP64(), GP64()
		MOVQ(f.q, q)
		MOVQ(f.row, r)
		MOVQ(f.dims, left)
		blocks("block", left, 64, func() {
			for i := range acc {
				x, y := ZMM(), ZMM()
				VPMOVZXBW(Mem{Base: r, Disp: 32 * i}, x)
				VPMOVZXBW(Mem{Base: q, Disp: 32 * i}, y)
				VPSUBW(y, x, x)
				vpdpwssd(x, x, acc[i])
			}
			ADDQ(Imm(64), r)
			ADDQ(Imm(64), q)
		})
		TESTQ(left, left)
		JZ(LabelRef("whole"))
		for i, k := range []reg.Register{low, high} {
			x, y := ZMM(), ZMM()
			VPMOVZXBW_Z(Mem{Base: r, Disp: 32 * i}, k, x)
			VPMOVZXBW_Z(Mem{Base: q, Disp: 32 * i}, k, y)
			VPSUBW(y, x, x)
			vpdpwssd(x, x, acc[i])
		}
		Label("whole")
		VPADDD(acc[1], acc[0], acc[0])
		half := YMM()
		VEXTRACTI64X4(Imm(1), acc[0], half)
		VPADDD(acc[0].AsY(), half, half)
		return sumWords(half)
	})
}

// sumWords adds up the eight doublewords of y.
func sumWords(y reg.VecVirtual) reg.VecVirtual {
	x, g := XMM(), GP64()
	VEXTRACTI128(Imm(1), y, x)
	VPADDD(y.AsX(), x, x)
	t := XMM()
	VPSHUFD(Imm(0x0e), x, t)
	VPADDD(t, x, x)
	VPSHUFD(Imm(0x01), x, t)
	VPADDD(t, x, x)
	VMOVD(x, g.As32())
	return toFloat(g)
}

func codesNarrow() {
	f := begin("narrowL2Uint8", "needs AVX2.")
	f.rowLoop(f.dims, func() reg.VecVirtual {
		acc := [2]reg.VecVirtual{YMM(), YMM()}
		for _, a := range acc {
			VPXOR(a, a, a)
		}
		q, r, left, rest := GP64(), GP64(), GP64(), GP64()
		MOVQ(f.q, q)
		MOVQ(f.row, r)
		MOVQ(f.dims, left)
		XORQ(rest, rest)
		blocks("block", left, 32, func() {
			for i := range acc {
				x, y := YMM(), YMM()
				VPMOVZXBW(Mem{Base: r, Disp: 16 * i}, x)
				VPMOVZXBW(Mem{Base: q, Disp: 16 * i}, y)
				VPSUBW(y, x, x)
				VPMADDWD(x, x, x)
				VPADDD(x, acc[i], acc[i])
			}
			ADDQ(Imm(32), r)
			ADDQ(Imm(32), q)
		})
		blocks("rest", left, 1, func() {
			a, b := GP32(), GP32()
			MOVBLZX(Mem{Base: r}, a)
			MOVBLZX(Mem{Base: q}, b)
			SUBL(b, a)
			IMULL(a, a)
			ADDQ(a.As64(), rest)
			INCQ(r)
			INCQ(q)
		})
		VPADDD(acc[1], acc[0], acc[0])
		x, g := XMM(), GP64()
		VEXTRACTI128(Imm(1), acc[0], x)
		VPADDD(acc[0].AsX(), x, x)
		t := XMM()
		VPSHUFD(Imm(0x0e), x, t)
		VPADDD(t, x, x)
		VPSHUFD(Imm(0x01), x, t)
		VPADDD(t, x, x)
		VMOVD(x, g.As32())
		ADDQ(rest, g)
		return toFloat(g)
	})
}

// sadWide makes L1 of bytes.
func sadWide() {
	f := begin("wideL1Uint8", "needs AVX-512 F, BW and DQ.")
	k := maskOf(f.dims)
	f.rowLoop(f.dims, func() reg.VecVirtual {
		return f.words64(f.dims, k, func(q Op, x, acc reg.VecVirtual) {
			VPSADBW(q, x, x)
			VPADDQ(x, acc, acc)
		})
	})
}

// hammingWide counts bits that differ.
func hammingWide() {
	f := begin("wideHammingBinary", "needs AVX-512 F, BW, DQ and VPOPCNTDQ.")
	bytes := GP64()
	MOVQ(f.dims, bytes)
	ADDQ(Imm(7), bytes)
	SHRQ(Imm(3), bytes)
	k := maskOf(bytes)
	f.rowLoop(bytes, func() reg.VecVirtual {
		return f.words64(bytes, k, func(q Op, x, acc reg.VecVirtual) {
			VPXORQ(q, x, x)
			VPOPCNTQ(x, x)
			VPADDQ(x, acc, acc)
		})
	})
}

// words64 runs step over 64 bytes at a time, and adds up the quadwords of its sum.
func (f *frame) words64(bytes reg.GPVirtual, k reg.Register, step func(q Op, x, acc reg.VecVirtual)) reg.VecVirtual {
	acc := ZMM()
	VPXORD(acc, acc, acc)
	q, r, left := GP64(), GP64(), GP64()
	MOVQ(f.q, q)
	MOVQ(f.row, r)
	MOVQ(bytes, left)
	blocks("block", left, 64, func() {
		x := ZMM()
		VMOVDQU64(Mem{Base: r}, x)
		step(Mem{Base: q}, x, acc)
		ADDQ(Imm(64), r)
		ADDQ(Imm(64), q)
	})
	TESTQ(left, left)
	JZ(LabelRef("whole"))
	x, y := ZMM(), ZMM()
	VMOVDQU8_Z(Mem{Base: r}, k, x)
	VMOVDQU8_Z(Mem{Base: q}, k, y)
	step(y, x, acc)
	Label("whole")
	half, quarter, t, g := YMM(), XMM(), XMM(), GP64()
	VEXTRACTI64X4(Imm(1), acc, half)
	VPADDQ(acc.AsY(), half, half)
	VEXTRACTI128(Imm(1), half, quarter)
	VPADDQ(half.AsX(), quarter, quarter)
	VPSHUFD(Imm(0x0e), quarter, t)
	VPADDQ(t, quarter, quarter)
	VMOVQ(quarter, g)
	return toFloat(g)
}

func sadNarrow() {
	f := begin("narrowL1Uint8", "needs AVX2.")
	f.rowLoop(f.dims, func() reg.VecVirtual {
		acc := YMM()
		VPXOR(acc, acc, acc)
		q, r, left, rest := GP64(), GP64(), GP64(), GP64()
		MOVQ(f.q, q)
		MOVQ(f.row, r)
		MOVQ(f.dims, left)
		XORQ(rest, rest)
		blocks("block", left, 32, func() {
			x := YMM()
			VMOVDQU(Mem{Base: r}, x)
			VPSADBW(Mem{Base: q}, x, x)
			VPADDQ(x, acc, acc)
			ADDQ(Imm(32), r)
			ADDQ(Imm(32), q)
		})
		blocks("rest", left, 1, func() {
			a, b := GP32(), GP32()
			MOVBLZX(Mem{Base: r}, a)
			MOVBLZX(Mem{Base: q}, b)
			SUBL(b, a)
			MOVL(a, b)
			NEGL(b)
			CMOVLPL(b, a) // the one of a and -a that is not negative
			ADDQ(a.As64(), rest)
			INCQ(r)
			INCQ(q)
		})
		x, t, g := XMM(), XMM(), GP64()
		VEXTRACTI128(Imm(1), acc, x)
		VPADDQ(acc.AsX(), x, x)
		VPSHUFD(Imm(0x0e), x, t)
		VPADDQ(t, x, x)
		VMOVQ(x, g)
		ADDQ(rest, g)
		return toFloat(g)
	})
}

func hammingNarrow() {
	f := begin("narrowHammingBinary", "needs POPCNT.")
	bytes := GP64()
	MOVQ(f.dims, bytes)
	ADDQ(Imm(7), bytes)
	SHRQ(Imm(3), bytes)
	f.rowLoop(bytes, func() reg.VecVirtual {
		q, r, left, sum := GP64(), GP64(), GP64(), GP64()
		MOVQ(f.q, q)
		MOVQ(f.row, r)
		MOVQ(bytes, left)
		XORQ(sum, sum)
		blocks("block", left, 8, func() {
			a := GP64()
			MOVQ(Mem{Base: r}, a)
			XORQ(Mem{Base: q}, a)
			POPCNTQ(a, a)
			ADDQ(a, sum)
			ADDQ(Imm(8), r)
			ADDQ(Imm(8), q)
		})
		blocks("rest", left, 1, func() {
			a, b := GP32(), GP32()
			MOVBLZX(Mem{Base: r}, a)
			MOVBLZX(Mem{Base: q}, b)
			XORL(b, a)
			POPCNTL(a, a)
			ADDQ(a.As64(), sum)
			INCQ(r)
			INCQ(q)
		})
		return toFloat(sum)
	})
}
