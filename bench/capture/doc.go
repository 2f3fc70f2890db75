// SPDX-License-Identifier: Apache-2.0

// Command capture measures what it costs a program to be recorded: the time that
// each operation takes longer than without, against bpftrace and perf record
// capturing the same system calls, in one run.
//
//	go run ./bench/capture [-rounds 5] [-n 200000] [-tools none,vexj,perf,bpftrace]
//
// The work is done by a process of its own on one CPU, by raw system calls, and
// its thread's CPU time is what counts, so that other load disturbs little. The
// tools record just that process. perf and bpftrace write the entry and the
// result of each call with its arguments to a file (they see a descriptor where
// vexj has the path, the inode and the process). Rounds alternate between the
// tools; medians are printed.
package main
