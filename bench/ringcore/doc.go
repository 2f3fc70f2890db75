// SPDX-License-Identifier: Apache-2.0

// Command ringcore measures what a record costs in the ring of the kernel module,
// kmod/ring.c, compiled for userspace: a reserve and a commit, on one CPU and on
// two, each with its own ring. Beside it, in the same run, stands the algorithm of
// the kernel's BPF ring buffer, which takes a spinlock for each reserve and
// makes two atomic exchanges for each record. What is written to a record and how
// it is read is left out, being the same for both.
//
// The package's test runs the same code under ThreadSanitizer and
// AddressSanitizer, with a producer that interrupts itself and consumers that are
// honest or not: see kmod/testing/stress.c.
package main
