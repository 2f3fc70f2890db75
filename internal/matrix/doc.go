// SPDX-License-Identifier: Apache-2.0

// Matrix runs the conformance table and storms under each producer, on each
// kernel and filesystem, and prints one table of it: rows are scenarios, columns
// producers on kernels.
//
//	matrix [-kernels LIST] [-producers LIST] [-filesystems LIST] [-run PART] [-storm N] [-j N]
//
// A kernel is one that scripts/vm.sh boots, or "native", the running one. Each is
// booted once, as many at a time as there are CPUs. In the machine another copy of
// the program, with -inside, runs
// each row once on each filesystem with all producers at work, and prints
// outcomes, a JSON object a line, which the first copy collects. What the
// producers recorded of one row must be the same, but for ids, times and the
// producer. Where the kernel module is one of them and no -run picks rows, the
// tests of its device, and vexjctl's with it, are run there too, and the kernel's stack
// tracer, where there is one, watches its functions in the table.
//
// A cell is of all filesystems:
//
//	pass  the records are those that the row states
//	hole  they are not, and the producer says so (`vexjctl doctor`)
//	skip  no filesystem there can do what the row does, which skips.go knows
//	FAIL  anything else; what, and where, is told below the table
//	none  the kernel does not take the producer, which skips.go knows
//
// The exit status is 1 if anything failed.
package main
