// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"github.com/cilium/ebpf"

	"vexj/uapi"
)

// A set is one of the program sets.
type set struct {
	name     string
	producer uapi.Producer
	variants []variant
	hooks    []hookSpec
	rows     []string // of the conformance table, and fields, that the holes make differ
	holes    []string
	remedy   string // where the kernel does not take it
	trim     func(*ebpf.CollectionSpec) error
}

// A variant is a set compiled in one of the ways that kernels differ in.
type variant struct {
	name string
	load func() (*ebpf.CollectionSpec, error)
}

// A hookSpec is a place that a program of the set is attached to.
type hookSpec struct {
	program   string
	operation string
	optional  bool // the set does its work without it
}

// sets, the best first.
var sets = []set{syscallSet}

var syscallSet = set{
	name:     "syscall",
	producer: uapi.ProducerBPFSyscall,
	variants: []variant{{"plain loads", loadSyscallDirect}, {"helper calls", loadSyscallRead}},
	hooks: []hookSpec{
		{program: "vexj_enter", operation: "entry of system calls"},
		{program: "vexj_exit", operation: "result of system calls"},
		{program: "vexj_fork", operation: "fork"},
		{program: "vexj_exec", operation: "exec"},
		{program: "vexj_task_exit", operation: "exit"},
	},
	holes: []string{
		"writers inside the kernel: nfsd, overlayfs on its layers, loop devices",
		"io_uring",
		"asynchronous I/O (io_submit)",
		"32-bit and x32 system calls",
		"pages dirtied through a mapping (the mapping itself is recorded)",
		"closes by exit, exec, dup2 and close_range",
		"a path string that another thread changes during the call misleads it",
	},
	remedy: "a kernel with BTF (CONFIG_DEBUG_INFO_BTF) and raw tracepoints, 5.12 or newer",
	trim:   func(*ebpf.CollectionSpec) error { return nil },
}
