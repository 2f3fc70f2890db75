// SPDX-License-Identifier: Apache-2.0

package bpf

// The outputs are committed: who builds vexj needs no C compiler, and a
// difference between source and output fails CI. Each set is made twice: with
// plain loads from kernel memory, for kernels that have bpf_rdonly_cast (6.2 and
// newer), and with helper calls for the others. The vfs set is also made for
// kprobes.

//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64 -tags linux peek peek.bpf.c -- -O2 -mcpu=v3 -Wall -Werror -I/usr/include/x86_64-linux-gnu
//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64 -tags linux syscallDirect syscall.bpf.c -- -O2 -mcpu=v3 -Wall -Werror -DVEXJ_DIRECT -I/usr/include/x86_64-linux-gnu
//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64 -tags linux -no-global-types syscallRead syscall.bpf.c -- -O2 -mcpu=v3 -Wall -Werror -I/usr/include/x86_64-linux-gnu
//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64 -tags linux -no-global-types vfsDirect vfs.bpf.c -- -O2 -mcpu=v3 -Wall -Werror -DVEXJ_LOOP -DVEXJ_DIRECT -I/usr/include/x86_64-linux-gnu
//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64 -tags linux vfsRead vfs.bpf.c -- -O2 -mcpu=v3 -Wall -Werror -DVEXJ_LOOP -I/usr/include/x86_64-linux-gnu
//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64 -tags linux -no-global-types vfsProbe vfs.bpf.c -- -O2 -mcpu=v3 -Wall -Werror -DVEXJ_LOOP -DVEXJ_KPROBE -I/usr/include/x86_64-linux-gnu
