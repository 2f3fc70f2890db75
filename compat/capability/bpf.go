// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"context"
	"errors"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/link"
)

// typeInformation asks for what programs are fitted to this kernel by.
func typeInformation(context.Context) Finding {
	_, err := btf.LoadKernelSpec()
	f := Judge("", err, ebpf.ErrNotSupported, os.ErrNotExist)
	if f.Status == No {
		f.Do = "a kernel with CONFIG_DEBUG_INFO_BTF"
	}
	return f
}

func ringBuffer(context.Context) Finding {
	f := judgeBPF(features.HaveMapType(ebpf.RingBuf))
	if f.Status == No {
		f.Do = "a kernel of 5.8 or newer with CONFIG_BPF_SYSCALL"
	}
	return f
}

func rawTracepoints(context.Context) Finding {
	f := judgeBPF(features.HaveProgramType(ebpf.RawTracepoint))
	if f.Status == No {
		f.Do = "a kernel with CONFIG_BPF_EVENTS"
	}
	return f
}

// fentry attaches a program that does nothing to a function that every kernel
// has: a kernel can load such programs and still refuse the trampoline.
func fentry(context.Context) Finding {
	f := judgeBPF(attachNothing())
	if f.Status == No {
		f.Why = "this kernel refuses programs on its functions"
		f.Do = "a kernel with CONFIG_FUNCTION_TRACER and BPF trampolines; kprobes or tracepoints take their place"
	}
	return f
}

func attachNothing() error {
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: "vfs_read", License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		// Some kernels refuse tracing programs by EPERM, to root too: who may
		// load another kind may load this one, if the kernel had it.
		if errors.Is(err, os.ErrPermission) && features.HaveProgramType(ebpf.RawTracepoint) == nil {
			err = errors.Join(ebpf.ErrNotSupported, err)
		}
		return err
	}
	defer prog.Close()
	l, err := link.AttachTracing(link.TracingOptions{Program: prog})
	if err != nil {
		// The program was taken, so permission is not what is missing:
		// the kernel has no way to hook a function.
		return errors.Join(ebpf.ErrNotSupported, err)
	}
	return l.Close()
}

func judgeBPF(err error) Finding {
	f := Judge("", err, ebpf.ErrNotSupported)
	if f.Status == Unknown && errors.Is(err, os.ErrPermission) {
		f.Do = "ask again as root (CAP_BPF and CAP_PERFMON)"
	}
	return f
}
