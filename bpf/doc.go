// SPDX-License-Identifier: Apache-2.0

// Package bpf is the eBPF producer: programs that make records in the kernel,
// and their loader.
//
// # Program sets
//
// The vfs set (vfs.bpf.c) hooks the kernel's own file operations by fentry and
// fexit, or by kprobes where those are missing. It sees whoever asks: system
// calls, io_uring, other parts of the kernel.
//
// The syscall set (syscall.bpf.c) uses nothing but tracepoints, for kernels that
// refuse trampolines. It takes the objects from the caller's open files, or
// walks the caller's path string through the dentry cache as the kernel does,
// and so sees the same objects, but only what comes through a system call or
// io_uring, and a string that another thread changes during the call can mislead
// it. [Producer.Coverage] says what a loaded set does not see.
//
// Both make their records from the same parts: record.h (front, attributes,
// numbering, ring), path.h (paths up from a dentry and down from a string),
// process.h (fork, exec, exit). BPF's 512 bytes of stack hold no path, so a
// record is built in a scratch area in a map, one for each program on each CPU,
// and copied into the ring once.
//
// # Loading
//
// What the kernel can do is found out by trying, never by its version: whether
// it loads the programs with plain loads (bpf_rdonly_cast), where its dentry
// hash table is, and whether a walk over a known path ends at the inode that
// stat says. What fails is left out and said.
//
// # Numbers and losses
//
// A record's global_sequence is one atomic add on a word that userspace maps
// too; the mirror takes the numbers of its own records from it. Counters per CPU
// lie in a mapped array. A program is not run on a CPU while it runs there
// already (a preempted task's, on kernels where system-call tracepoints can be
// preempted); the kernel counts these, and [Producer.Coverage] tells of them.
package bpf
