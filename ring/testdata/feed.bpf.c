// SPDX-License-Identifier: GPL-2.0-only

/* Fills a ring buffer with samples whose every byte is known. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define LONGEST 4096

struct request {
	__u64 first;  /* in: number of the first sample */
	__u64 count;  /* in: samples wanted */
	__u64 done;  /* out: samples that found room, discarded ones too */
	__u32 length;  /* in: bytes; the samples have 0 to length of them */
	__u32 discard_every; /* in: give up each sample whose number this divides */
	__u64 flags;  /* in: for bpf_ringbuf_output */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by the loader */
} samples SEC(".maps");

/* A run of counting bytes: a sample is a window into it. */
const volatile __u8 counting[LONGEST + 256] = {};

struct run {
	__u64 first;
	__u64 done;
	__u64 flags;
	__u32 length;
	__u32 discard_every;
};

static long output(__u32 index, void *ctx)
{
	struct run *run = ctx;
	__u64 number = run->first + index;
	__u32 length = number % (run->length + 1);
	void *sample;

	if (run->discard_every && number % run->discard_every == 0) {
		sample = bpf_ringbuf_reserve(&samples, 64, 0);
		if (!sample)
			return 1;
		bpf_ringbuf_discard(sample, run->flags);
	} else {
		if (length > LONGEST)
			return 1;
		if (bpf_ringbuf_output(&samples, (void *)&counting[number & 255], length, run->flags))
			return 1;
	}
	run->done++;
	return 0;
}

SEC("syscall")
int feed(struct request *args)
{
	struct run run = {
		.first = args->first,
		.flags = args->flags,
		.length = args->length,
		.discard_every = args->discard_every,
	};

	bpf_loop(args->count, output, &run, 0);
	args->done = run.done;
	return 0;
}

char _license[] SEC("license") = "GPL";
