// SPDX-License-Identifier: Apache-2.0

// Package gen makes valid vexj records in the kernel, for benchmarks and tests
// of everything that comes after the ring: a BPF program that BPF_PROG_TEST_RUN
// starts from one thread per CPU fills one BPF ring buffer per CPU.
//
// A Generator has what mirror.Source asks for, so that it can stand in for a
// producer.
package gen
