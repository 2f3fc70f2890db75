// SPDX-License-Identifier: GPL-2.0-only
//go:build ignore

/*
 * Run by the loader before it loads the rest: reads a few bytes of kernel
 * memory at an address of the symbol table, and tells the caller's process id
 * in the initial namespace, which is the one that records are compared by.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct answer {
	u64 bytes;
	s32 error;
	u32 tgid;
};

struct answer said;

SEC("raw_tp")
int peek(struct bpf_raw_tracepoint_args *ctx)
{
	said.bytes = 0;
	said.error = bpf_probe_read_kernel(&said.bytes, sizeof(said.bytes),
					     (void *)ctx->args[0]);
	said.tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}
