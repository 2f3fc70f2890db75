// SPDX-License-Identifier: Apache-2.0

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var numbers = []struct {
	name string
	size int
}{{"Float32", 4}, {"Float16", 2}, {"Int8", 1}, {"Int16", 2}}

var operations = []string{"L2", "Dot", "L1", "Norm"}

func main() {
	ConstraintExpr("amd64")
	for _, e := range numbers {
		for _, op := range operations {
			wide(op, e.name, e.size)
			narrow(op, e.name, e.size)
		}
	}
	codesWide()
	codesNarrow()
	sadWide()
	sadNarrow()
	hammingWide()
	hammingNarrow()
	Generate()
}

// A frame is what all kernels have around their inner loop: the arguments, the loop
// over rows, and the reading ahead.
type frame struct {
	q, base, stride, rows, n, dims, out reg.GPVirtual
	row                                 reg.GPVirtual // where the row is
	lines                               reg.GPVirtual // of a row to ask for ahead
}

// ahead is how many rows before its turn a row is asked of the memory.
const ahead = 4

// mostLines bounds the cache lines of a row that are asked for: what follows is for
// the processor's own reading ahead.
const mostLines = 16

func begin(name, what string) *frame {
	TEXT(name, NOSPLIT, "func(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)")
	Pragma("noescape")
	Doc(name + " " + what)
	f := &frame{row: GP64(), lines: GP64()}
	load := func(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }
	f.q, f.base, f.stride, f.rows = load("q"), load("base"), load("stride"), load("rows")
	f.n, f.dims, f.out = load("n"), load("dims"), load("out")
	return f
}

// rowLoop runs body for each row; what it returns is the result.
func (f *frame) rowLoop(bytes reg.GPVirtual, body func() reg.VecVirtual) {
	MOVQ(bytes, f.lines)
	ADDQ(Imm(63), f.lines)
	SHRQ(Imm(6), f.lines)
	most := GP64()
	MOVQ(U32(mostLines), most)
	CMPQ(f.lines, most)
	CMOVQGT(most, f.lines)

	Label("row")
	f.askAhead()
	MOVL(Mem{Base: f.rows}, f.row.As32())
	IMULQ(f.stride, f.row)
	ADDQ(f.base, f.row)
	x := body()
	VMOVSS(x.AsX(), Mem{Base: f.out})
	ADDQ(Imm(4), f.rows)
	ADDQ(Imm(4), f.out)
	DECQ(f.n)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

func (f *frame) askAhead() {
	CMPQ(f.n, Imm(ahead+1))
	JL(LabelRef("asked"))
	p, left := GP64(), GP64()
	MOVL(Mem{Base: f.rows, Disp: 4 * ahead}, p.As32())
	IMULQ(f.stride, p)
	ADDQ(f.base, p)
	MOVQ(f.lines, left)
	Label("ask")
	PREFETCHT0(Mem{Base: p})
	ADDQ(Imm(64), p)
	DECQ(left)
	JNZ(LabelRef("ask"))
	Label("asked")
}

// times returns a register with v times n.
func times(v reg.GPVirtual, n int) reg.GPVirtual {
	r := GP64()
	MOVQ(v, r)
	switch n {
	case 2:
		SHLQ(Imm(1), r)
	case 4:
		SHLQ(Imm(2), r)
	}
	return r
}

// blocks runs body while at least n elements are left.
func blocks(label string, left reg.GPVirtual, n int, body func()) {
	Label(label)
	CMPQ(left, U32(uint32(n)))
	JL(LabelRef(label + "Done"))
	body()
	SUBQ(U32(uint32(n)), left)
	JMP(LabelRef(label))
	Label(label + "Done")
}

// sum4 adds up the four floats of x.
func sum4(x reg.VecVirtual) {
	t := XMM()
	VPERMILPS(Imm(0x0e), x.AsX(), t)
	VADDPS(t, x.AsX(), x.AsX())
	VPERMILPS(Imm(0x01), x.AsX(), t)
	VADDSS(t, x.AsX(), x.AsX())
}
