// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

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

	// trim takes out the programs that this kernel has no place for, and
	// tells why, by program.
	trim func(*ebpf.CollectionSpec, []hookSpec) (map[string]string, error)
}

// A variant is a set compiled in one of the ways that kernels differ in.
type variant struct {
	name  string
	load  func() (*ebpf.CollectionSpec, error)
	takes func() error // whether the kernel takes its hooks; nil: any does

	// trampolines: its programs are run by trampolines, in which a task can be
	// preempted wherever it can be in the kernel.
	trampolines bool
}

// preferred returns the variants, the best for the kernel first: one whose
// programs a task is not preempted in, where it could be.
func (s *set) preferred(preempted bool) []variant {
	vs := slices.Clone(s.variants)
	if preempted {
		slices.SortStableFunc(vs, func(a, b variant) int {
			switch {
			case a.trampolines == b.trampolines:
				return 0
			case a.trampolines:
				return 1
			}
			return -1
		})
	}
	return vs
}

// A hookSpec is a place that a program of the set is attached to.
type hookSpec struct {
	program   string
	operation string
	optional  bool // the set does its work without it
	iterator  bool // it is run when it is asked for: see contexts

	function string      // of the kernel, that a kprobe is set on
	exit     bool        // at its exit
	types    []uapi.Type // whose records it serves; nil: all
}

// plainLoads names the variant that needs bpf_rdonly_cast.
const plainLoads = "plain loads"

const victims = "the object of a delete whose name was not cached"

// sets, the best first.
var sets = []set{vfsSet, syscallSet}

var syscallSet = set{
	name:     "syscall",
	producer: uapi.ProducerBPFSyscall,
	variants: []variant{{name: plainLoads, load: loadSyscallDirect}, {name: "helper calls", load: loadSyscallRead}},
	hooks: []hookSpec{
		{program: "vexj_enter", operation: "entry of system calls"},
		{program: "vexj_exit", operation: "result of system calls"},
		{program: "vexj_fork", operation: "fork"},
		{program: "vexj_free", operation: "the end of processes that act for an agent", optional: true},
		{program: "vexj_kin", operation: "attribution of process trees", optional: true, iterator: true},
		{program: "vexj_exec", operation: "exec"},
		{program: "vexj_task_exit", operation: "exit"},
		{program: "vexj_ext4_unlink", operation: victims, optional: true},
		{program: "vexj_ext4_evict", operation: victims, optional: true},
		{program: "vexj_btrfs_evict", operation: victims, optional: true},
		{program: "vexj_uring_submit", operation: "io_uring", optional: true},
		{program: "vexj_uring_complete", operation: "io_uring", optional: true},
	},
	rows: []string{
		"write through a shared mapping",
		"mprotect makes a shared mapping writable",
		"io_submit of a write and a read",
		"stat and access by a short link", // on xfs and btrfs
		"chmod, chown and truncate by a short link",
		"names made and removed by a short link",
		"chdir and statfs by a short link",
		"extended attributes by a short link",
		"mount and umount by a short link",
		"stat and access by a long link",
		"chmod, chown and truncate by a long link",
		"names made and removed by a long link",
		"chdir and statfs by a long link",
		"extended attributes by a long link",
		"mount and umount by a long link",
	},
	holes: []string{
		"writers inside the kernel: nfsd, overlayfs on its layers, loop devices",
		"io_uring requests that ask for no completion, that splice, or that open and close direct descriptors",
		"asynchronous I/O (io_submit)",
		"32-bit and x32 system calls",
		"pages dirtied through a mapping, and a mapping made writable by mprotect (mmap itself is recorded)",
		"closes by exit and exec",
		"what is behind a symbolic link that the inode does not hold (over 59 bytes on ext4, any on xfs and btrfs), but for open: the path is as written and flagged",
		"a path string that another thread changes during the call misleads it",
	},
	remedy: "a kernel with BTF (CONFIG_DEBUG_INFO_BTF) and raw tracepoints, 5.17 or newer",
	trim:   trimSyscall,
}

// trimSyscall takes out what this kernel has no tracepoint for; attach then says
// that it is missing. One that was renamed is looked for under both names.
func trimSyscall(spec *ebpf.CollectionSpec, hooks []hookSpec) (map[string]string, error) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, fmt.Errorf("%w: no type information (CONFIG_DEBUG_INFO_BTF): %w", ErrUnsupported, err)
	}
	const renamed = "io_uring_submit_sqe" // before 6.4
	names := []string{renamed}
	for _, prog := range spec.Programs {
		names = append(names, prog.AttachTo)
	}
	have, err := tracepoints(kernel, names)
	if err != nil {
		return nil, err
	}
	missing := map[string]string{}
	for _, h := range hooks {
		prog := spec.Programs[h.program]
		if prog == nil || !h.optional || h.iterator || have[prog.AttachTo] {
			continue
		}
		if prog.AttachTo == "io_uring_submit_req" && have[renamed] {
			prog.AttachTo = renamed
			continue
		}
		delete(spec.Programs, h.program)
		missing[h.program] = "this kernel has no such tracepoint"
	}
	return missing, nil
}

// tracepoints tells which of them the kernel proper has, of a known type. The
// type alone does not do: headers leave those of modules in the kernel's own.
func tracepoints(kernel *btf.Spec, names []string) (map[string]bool, error) {
	const prefix = "__traceiter_"
	var wanted []string
	for _, name := range names {
		wanted = append(wanted, prefix+name)
	}
	syms, err := kernelSymbols(wanted...)
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, name := range names {
		var t *btf.Typedef
		have[name] = syms[prefix+name] != 0 && kernel.TypeByName("btf_trace_"+name, &t) == nil
	}
	return have, nil
}
