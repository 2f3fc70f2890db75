// SPDX-License-Identifier: Apache-2.0

// Package distance has the inner loops of vector search: how far one vector is
// from many.
//
// # Kernels
//
// A [Kernel] is one [Op] over rows of one [Elem]. It takes a query, and rows that
// it gathers by number from one block of memory; while it works on a row it asks
// the memory for the ones after it. The query is float32 for rows of numbers,
// whatever their type, so that nothing of it is lost; rows of [Uint8], which are
// codes and no vectors, have a query of codes, and rows of [Binary] one of bits.
// Out comes one float32 for each row:
//
//	L2       sum of (q[i]-r[i])², not its root
//	Dot      sum of q[i]·r[i]
//	L1       sum of |q[i]-r[i]|
//	Norm     sum of r[i]²; the query is not looked at
//	Hamming  how many bits differ
//
// [FindWithin] gives a kernel for who has a limit and needs no more than to know what
// is beyond it: it leaves a row when the sum is.
//
// The cosine of two vectors is Dot over the root of both their Norms.
//
// # Which code runs
//
// [Find] gives the best kernel that this processor can run: AVX-512 (F, BW, VL,
// DQ and, for codes and bits, VNNI and VPOPCNTDQ), AVX2 with FMA and F16C, NEON,
// or Go. The assembly for amd64 is generated: package gen, a module of its own,
// has its source, and go generate makes it again. No kernel reads a byte beyond
// its rows and its query, and none wants them aligned.
//
// All are held against one reference in float64 by the tests, each Op and Elem at
// every length up to several registers and at every alignment. Two kernels for
// one pair sum in different orders: their results agree to rounding and not to
// the bit, but for Uint8 and Binary, where all is exact up to 2^24.
package distance
