// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

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
			wide(op, e.name, e.size, false)
			narrow(op, e.name, e.size, false)
		}
	}
	for _, op := range []string{"L2", "L1"} {
		wide(op, "Float32", 4, true)
		narrow(op, "Float32", 4, true)
	}
	askTwo()
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
	half                                reg.GPVirtual // of the elements, if a row may be left there
}

// A row of up to shortLines cache lines is asked of the memory shortAhead rows before
// its turn, into the first cache. Of a longer one mostLines at most are asked for, longAhead
// rows before, into the second: the first has too few reads under way at a time, and
// would wait for them.
const (
	shortLines = 16
	shortAhead = 4
	mostLines  = 48
	longAhead  = 2
)

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

	CMPQ(f.lines, Imm(shortLines))
	JLE(LabelRef("row"))
	for i := 1; i < longAhead; i++ {
		f.ask(fmt.Sprint("first", i), i, PREFETCHT1)
	}
	Label("row")
	CMPQ(f.lines, Imm(shortLines))
	JG(LabelRef("long"))
	f.ask("near", shortAhead, PREFETCHT0)
	JMP(LabelRef("asked"))
	Label("long")
	f.ask("far", longAhead, PREFETCHT1)
	Label("asked")
	MOVL(Mem{Base: f.rows}, f.row.As32())
	IMULQ(f.stride, f.row)
	ADDQ(f.base, f.row)
	x := body()
	VMOVSS(x.AsX(), Mem{Base: f.out})
	Label("next")
	ADDQ(Imm(4), f.rows)
	ADDQ(Imm(4), f.out)
	DECQ(f.n)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// ask asks for the row that is so many rows ahead, if there is one.
func (f *frame) ask(label string, rows int, prefetch func(Op)) {
	CMPQ(f.n, Imm(uint64(rows)))
	JLE(LabelRef(label + "Done"))
	p, left := GP64(), GP64()
	MOVL(Mem{Base: f.rows, Disp: 4 * rows}, p.As32())
	IMULQ(f.stride, p)
	ADDQ(f.base, p)
	MOVQ(f.lines, left)
	Label(label)
	prefetch(Mem{Base: p})
	ADDQ(Imm(64), p)
	DECQ(left)
	JNZ(LabelRef(label))
	Label(label + "Done")
}

// askTwo makes Ask.
func askTwo() {
	TEXT("Ask", NOSPLIT, "func(a, b *byte)")
	Pragma("noescape")
	Doc("Ask asks the memory for two cache lines that are read soon.")
	PREFETCHT0(Mem{Base: Load(Param("a"), GP64())})
	PREFETCHT0(Mem{Base: Load(Param("b"), GP64())})
	RET()
}

// suffix tells a kernel's name from that of the one without a limit.
func suffix(within bool) string {
	if within {
		return "Within"
	}
	return ""
}

// halve makes half of the elements the point from which on rows may be left: before
// that few are beyond a limit, since a walk meets little that is twice as far.
func (f *frame) halve() {
	f.half = GP64()
	MOVQ(f.dims, f.half)
	SHRQ(Imm(1), f.half)
}

// leave makes what has come of a row its result, and goes on to the next, if half of
// the row is left at most and the result is beyond the limit that stands where it goes.
// It looks every 64 elements, in whatever blocks of n they come.
func (f *frame) leave(left reg.GPVirtual, n int, sum func() reg.VecVirtual) {
	CMPQ(left, f.half)
	JG(LabelRef("on"))
	if n < 64 {
		TESTQ(U32(uint32(n)), left)
		JNZ(LabelRef("on"))
	}
	x := sum()
	VUCOMISS(Mem{Base: f.out}, x)
	JLS(LabelRef("on"))
	VMOVSS(x, Mem{Base: f.out})
	JMP(LabelRef("next"))
	Label("on")
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
