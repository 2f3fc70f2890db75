// SPDX-License-Identifier: Apache-2.0

// Command capture measures what it costs a program to be recorded: the time that
// each operation takes longer than without, against bpftrace and perf record
// capturing the same system calls, in one run.
//
//	go run ./bench/capture [-rounds 5] [-n 200000] [-tools none,vexj,perf,bpftrace]
//	scripts/bench-kmod.sh # in a machine of its own: the kernel module, LTTng, auditd
//
// The work is done by a process of its own on one CPU, by raw system calls, and
// its thread's CPU time is what counts, so that other load disturbs little. The
// tools record just that process. perf and bpftrace write the entry and the
// result of each call with its arguments to a file (they see a descriptor where
// vexj has the path, the inode and the process). LTTng writes the entry and the
// result of every call, of everybody, with the name and id of the process; auditd
// has a rule for the calls of that process. Rounds alternate between the tools;
// medians are printed: what the thread takes, and what all CPUs do until the tool
// has written what it had.
package main
