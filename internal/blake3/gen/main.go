// SPDX-License-Identifier: Apache-2.0

// Command gen makes the kernel of package blake3, by avo.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Lane i of a register belongs to string i of the 16 that are hashed at once: a
// register is one word of the state of each, or of its message. Both together take
// all 32.
type register = reg.VecPhysical

var z = []register{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
	reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
	reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
}

// iv is what a state begins with.
var iv = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

const blockSize = 64

func main() {
	ConstraintExpr("amd64")
	TEXT("compress", NOSPLIT, "func(out *[16][8]uint32, in *byte, stride uintptr, blocks int, counters *[2][16]uint32, first, last uint32)")
	Pragma("noescape")
	Doc("compress makes the chaining values of 16 strings of so many blocks, each a stride",
		"behind the one before it. The flag first goes with their first block, last with their",
		"last. All is read before out is written. It needs AVX-512 F and VL.")
	key := GLOBL("iv", RODATA|NOPTR)
	for i, w := range iv {
		DATA(4*i, U32(w))
	}
	in, stride := load("in"), load("stride")
	blocks, counters := load("blocks"), load("counters")
	flags, last := Load(Param("first"), GP32()), Load(Param("last"), GP32())
	size := GP32()
	MOVL(U32(blockSize), size)
	three := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	fours := [4]reg.GPVirtual{in}
	for i := range fours[1:] {
		fours[i+1] = GP64()
		LEAQ(Mem{Base: fours[i], Index: stride, Scale: 4}, fours[i+1])
	}

	cv := z[:8]
	for i, r := range cv {
		VPBROADCASTD(key.Offset(4*i), r)
	}
	Label("block")
	message := z[16:]
	for i, four := range fours {
		VMOVDQU32(Mem{Base: four}, message[4*i])
		VMOVDQU32(Mem{Base: four, Index: stride, Scale: 1}, message[4*i+1])
		VMOVDQU32(Mem{Base: four, Index: stride, Scale: 2}, message[4*i+2])
		VMOVDQU32(Mem{Base: four, Index: three, Scale: 1}, message[4*i+3])
	}
	message, free := transpose(message, z[8])
	state := append(append(append([]register{}, cv...), free), z[9:16]...)
	for i, r := range state[8:12] {
		VPBROADCASTD(key.Offset(4*i), r)
	}
	VMOVDQU32(Mem{Base: counters}, state[12])
	VMOVDQU32(Mem{Base: counters, Disp: 64}, state[13])
	VPBROADCASTD(size, state[14])
	CMPQ(blocks, Imm(1))
	JNE(LabelRef("more"))
	ORL(last, flags)
	Label("more")
	VPBROADCASTD(flags, state[15])
	XORL(flags, flags)
	rounds(state, message)
	for i, r := range cv {
		VPXORD(state[8+i], state[i], r)
	}
	for _, four := range fours {
		ADDQ(Imm(blockSize), four)
	}
	DECQ(blocks)
	JNZ(LabelRef("block"))

	// Lane by lane: half of what is transposed counts.
	words, _ := transpose(z[:16], z[16])
	out := load("out")
	for i, r := range words {
		VMOVDQU32(r.AsY(), Mem{Base: out, Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
	Generate()
}

func load(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

// transpose makes the words of 16 strings out of their rows, or the rows again. It takes
// one register more, and leaves one.
func transpose(rows []register, free register) ([]register, register) {
	r := append([]register{}, rows...)
	// cross makes one of each of two registers, by instructions that take half of both.
	cross := func(i, j int, low, high func(a, b, to register)) {
		low(r[i], r[j], free)
		high(r[i], r[j], r[j])
		r[i], free = free, r[i]
	}
	for i := 0; i < 16; i += 2 { // pairs of words
		cross(i, i+1, func(a, b, to register) { VPUNPCKLDQ(b, a, to) }, func(a, b, to register) { VPUNPCKHDQ(b, a, to) })
	}
	for i := 0; i < 16; i += 4 { // fours
		for j := i; j < i+2; j++ {
			cross(j, j+2, func(a, b, to register) { VPUNPCKLQDQ(b, a, to) }, func(a, b, to register) { VPUNPCKHQDQ(b, a, to) })
		}
	}
	even := func(a, b, to register) { VSHUFI32X4(Imm(0x88), b, a, to) }
	odd := func(a, b, to register) { VSHUFI32X4(Imm(0xdd), b, a, to) }
	for _, i := range []int{0, 1, 2, 3, 8, 9, 10, 11} {
		cross(i, i+4, even, odd)
	}
	for i := range 8 {
		cross(i, i+8, even, odd)
	}
	for i := 0; i < 16; i += 4 {
		r[i+1], r[i+2] = r[i+2], r[i+1]
	}
	return r, free
}

// permutation is which word of a round's message is where in the next round's.
var permutation = [16]int{2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8}

// rounds mixes the message into the state: columns, then diagonals, four at a time.
func rounds(s, m []register) {
	for round := range 7 {
		if round > 0 {
			before := m
			m = make([]register, 16)
			for i, from := range permutation {
				m[i] = before[from]
			}
		}
		mix(s[0:4], s[4:8], s[8:12], s[12:16], m[:8])
		mix(s[0:4], rotate(s[4:8], 1), rotate(s[8:12], 2), rotate(s[12:16], 3), m[8:])
	}
}

func rotate(r []register, n int) []register { return append(append([]register{}, r[n:]...), r[:n]...) }

func mix(a, b, c, d, m []register) {
	for half, turns := range [2][2]uint64{{16, 12}, {8, 7}} {
		each(func(i int) { VPADDD(m[2*i+half], a[i], a[i]) })
		each(func(i int) { VPADDD(b[i], a[i], a[i]) })
		each(func(i int) { VPXORD(a[i], d[i], d[i]) })
		each(func(i int) { VPRORD(Imm(turns[0]), d[i], d[i]) })
		each(func(i int) { VPADDD(d[i], c[i], c[i]) })
		each(func(i int) { VPXORD(c[i], b[i], b[i]) })
		each(func(i int) { VPRORD(Imm(turns[1]), b[i], b[i]) })
	}
}

func each(do func(i int)) {
	for i := range 4 {
		do(i)
	}
}
