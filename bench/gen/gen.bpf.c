// SPDX-License-Identifier: GPL-2.0-only

//go:build ignore

/*
 * Makes version 2 records in the kernel at full speed, as a producer would: a
 * number first, then room in this CPU's ring, and a count where there is none.
 *
 * Of eight records three are writes with all of task, file, io and path; the
 * rest have fewer attributes, which brings the mean to 256 bytes.
 */
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "vexj.h"

#define PATHS 256 /* a power of two */
#define PATH_BYTES 64
#define TASKS 8 /* a power of two */

/*
 * Reading the clock costs as much as all the rest of a record, and what is
 * measured with these records comes after they are made.
 */
#define CLOCK_EVERY 8

#define ROUND_UP(n, to) (((n) + (to) - 1) & ~((to) - 1))

struct path_template {
	__u32 len;
	__u32 digits;  /* where four of them vary */
	__u8 text[PATH_BYTES]; /* NUL padded */
};

struct actor {
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	__u32 gid;
	__u8 comm[16];
};

/* Filled by the loader before the program is loaded. */
const volatile struct path_template paths[PATHS];
const volatile struct actor tasks[TASKS];

struct gen_write {
	struct vexj_record header;
	struct vexj_attr task_head;
	struct vexj_attr_task task;
	struct vexj_attr file_head;
	struct vexj_attr_file file;
	struct vexj_attr io_head;
	struct vexj_attr_io io;
	struct vexj_attr path_head;
	char path[PATH_BYTES];
} VEXJ_PACKED;

struct gen_chdir {
	struct vexj_record header;
	struct vexj_attr task_head;
	struct vexj_attr_task task;
	struct vexj_attr path_head;
	char path[PATH_BYTES];
} VEXJ_PACKED;

struct gen_close {
	struct vexj_record header;
	struct vexj_attr task_head;
	struct vexj_attr_task task;
	struct vexj_attr file_head;
	struct vexj_attr_file file;
} VEXJ_PACKED;

struct gen_exit {
	struct vexj_record header;
	struct vexj_attr task_head;
	struct vexj_attr_task task;
	struct vexj_attr io_head;
	struct vexj_attr_io io;
} VEXJ_PACKED;

struct gen_fork {
	struct vexj_record header;
	struct vexj_attr task_head;
	struct vexj_attr_task task;
	struct vexj_attr child_head;
	struct vexj_attr_child child;
} VEXJ_PACKED;

/* What never changes is written once: only the rest costs per record. */
struct gen_scratch {
	struct gen_write write;
	struct gen_chdir chdir;
	struct gen_close close;
	struct gen_exit exit;
	struct gen_fork fork;
	__u32 pad;
};

/* Written by its own CPU only, read by anyone; a cache line multiple. */
struct cpu_state {
	__u64 sequence;
	__u64 recorded;
	__u64 bytes;  /* of recorded */
	__u64 random;
	__u64 ktime;
	__u64 lost[VEXJ_LOST_CAUSES];
	__u64 pad[2];
};

struct args {
	__u64 id_base;
	__u64 want;  /* in: records */
	__u64 made;  /* out: records numbered */
	__u32 ring_bytes;
	__u32 watermark; /* bytes; crossing it upwards wakes the reader */
	__u32 wait;  /* 1: stop where the ring could be full, 0: lose */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);	/* set by the loader: CPUs */
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, 4096); /* set by the loader */ });
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);	/* set by the loader: CPUs */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);	/* set by the loader: CPUs */
	__type(key, __u32);
	__type(value, struct gen_scratch);
} scratches SEC(".maps");

/* The global sequence, alone in its page: the loader takes numbers as well. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} order SEC(".maps");

/* What bpf_loop's callback needs. */
struct gen_run {
	struct cpu_state *cpu;
	struct gen_scratch *scratch;
	__u64 *order;
	void *ring;
	__u64 id_base;
	__u64 made;
	__u32 cpu_id;
	__u32 ring_bytes;
	__u32 watermark;
	__u32 wait;
};

static __always_inline void put_head(struct vexj_attr *head, __u16 tag, __u16 len)
{
	head->tag = tag;
	head->len = len;
}

static __always_inline void put_fixed(struct vexj_record *h, __u32 type, __u32 size)
{
	__builtin_memset(h, 0, sizeof(*h));
	h->event_type = type;
	h->event_priority = VEXJ_PRIORITY_NORMAL;
	h->event_version = VEXJ_EVENT_VERSION;
	h->agent_visibility_mask = ~0ULL;
	h->event_size = size;
	h->context_size = size - sizeof(*h);
}

static __always_inline void put_task(struct vexj_attr *head, struct vexj_attr_task *task)
{
	put_head(head, VEXJ_ATTR_TASK, sizeof(*task));
	task->cgroup_id = 4711;
	task->mnt_ns = 4026531841;
	task->pid_ns = 4026531836;
}

static __always_inline void put_file(struct vexj_attr *head, struct vexj_attr_file *file)
{
	put_head(head, VEXJ_ATTR_FILE, sizeof(*file));
	file->dev_major = 8;
	file->dev_minor = 1;
	file->mode = 0100644;
	file->nlink = 1;
}

static __always_inline void put_templates(struct gen_scratch *s)
{
	put_fixed(&s->write.header, VEXJ_FS_WRITE, 0);
	put_task(&s->write.task_head, &s->write.task);
	put_file(&s->write.file_head, &s->write.file);
	put_head(&s->write.io_head, VEXJ_ATTR_IO, sizeof(s->write.io));
	put_head(&s->write.path_head, VEXJ_ATTR_PATH, 0);

	put_fixed(&s->chdir.header, VEXJ_FS_CHDIR, 0);
	put_task(&s->chdir.task_head, &s->chdir.task);
	put_head(&s->chdir.path_head, VEXJ_ATTR_PATH, 0);

	put_fixed(&s->close.header, VEXJ_FS_CLOSE, sizeof(s->close));
	put_task(&s->close.task_head, &s->close.task);
	put_file(&s->close.file_head, &s->close.file);

	put_fixed(&s->exit.header, VEXJ_PROC_EXIT, sizeof(s->exit));
	put_task(&s->exit.task_head, &s->exit.task);
	put_head(&s->exit.io_head, VEXJ_ATTR_IO, sizeof(s->exit.io));
	s->exit.io.offset = -1;

	put_fixed(&s->fork.header, VEXJ_PROC_FORK, sizeof(s->fork));
	put_task(&s->fork.task_head, &s->fork.task);
	put_head(&s->fork.child_head, VEXJ_ATTR_CHILD, sizeof(s->fork.child));
}

static __always_inline void vary_task(struct vexj_record *h, struct vexj_attr_task *task,
				      __u64 random)
{
	const volatile struct actor *t = &tasks[random % TASKS];

	h->process_id = t->pid;
	task->tid = t->pid + (random >> 3 & 3);
	task->ppid = t->ppid;
	task->uid = t->uid;
	task->gid = t->gid;
	task->start_time = 1000000000ULL * t->pid;
	*(__u64 *)&task->comm[0] = *(const volatile __u64 *)&t->comm[0];
	*(__u64 *)&task->comm[8] = *(const volatile __u64 *)&t->comm[8];
}

static __always_inline void vary_file(struct vexj_attr_file *file, __u64 random)
{
	file->inode = 0x20000 + (random >> 8 & 0xfffff);
	file->generation = (__u32)file->inode * 2654435761u;
	file->size = random >> 28 & 0xffffff;
}

static __always_inline char digit(__u64 random)
{
	return "0123456789abcdef"[random & 15];
}

/* Returns the bytes that the path takes in the record. */
static __always_inline __u32 vary_path(struct vexj_record *h, struct vexj_attr *head, char *path,
				       __u32 before, __u64 random)
{
	const volatile struct path_template *p = &paths[random >> 32 & (PATHS - 1)];
	__u32 at = p->digits & (PATH_BYTES - 1);
	__u32 len = p->len & (PATH_BYTES - 1);
	__u32 size = before + ROUND_UP(len, 4);

	if (at > PATH_BYTES - 4)
		at = PATH_BYTES - 4;
#pragma unroll
	for (int i = 0; i < PATH_BYTES; i += 8)
		*(__u64 *)&path[i] = *(const volatile __u64 *)&p->text[i];
	path[at] = digit(random >> 40);
	path[at + 1] = digit(random >> 44);
	path[at + 2] = digit(random >> 48);
	path[at + 3] = digit(random >> 52);

	head->len = len;
	h->event_size = size;
	h->context_size = size - sizeof(*h);
	return size;
}

static __always_inline __u64 next_random(struct cpu_state *cpu)
{
	__u64 x = cpu->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	cpu->random = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static __always_inline void number(struct gen_run *run, struct vexj_record *h, __u32 index)
{
	__u64 global = __sync_fetch_and_add(run->order, 1) + 1;

	h->global_sequence = global;
	h->event_id = run->id_base + global;
	h->root_cause_event_id = h->event_id;
	h->sequence = ++run->cpu->sequence;
	h->local_sequence = h->sequence;
	h->cpu_id = run->cpu_id;
	if (index % CLOCK_EVERY == 0)
		run->cpu->ktime = bpf_ktime_get_boot_ns();
	else
		run->cpu->ktime++;
	h->ktime = run->cpu->ktime;
}

static __always_inline void output(struct gen_run *run, void *record, __u64 size, __u64 pending)
{
	__u64 after = pending + ROUND_UP(size + BPF_RINGBUF_HDR_SZ, 8);
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (pending < run->watermark && after >= run->watermark)
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(run->ring, record, size, flags)) {
		run->cpu->lost[VEXJ_LOST_FULL]++;
		return;
	}
	run->cpu->recorded++;
	run->cpu->bytes += size;
}

static long make_one(__u32 index, void *ctx)
{
	struct gen_run *run = ctx;
	struct gen_scratch *s = run->scratch;
	__u64 pending = bpf_ringbuf_query(run->ring, BPF_RB_AVAIL_DATA);
	__u64 random, size;

	/* Only this CPU's thread fills this ring, so the room found here stays. */
	if (run->wait &&
	    pending + sizeof(struct gen_write) + BPF_RINGBUF_HDR_SZ + 8 >= run->ring_bytes)
		return 1;
	run->made++;
	random = next_random(run->cpu);

	switch (random >> 61) {
	case 0:
	case 1:
	case 2:
		number(run, &s->write.header, index);
		vary_task(&s->write.header, &s->write.task, random);
		vary_file(&s->write.file, random);
		s->write.io.offset = random & 0xfffff000;
		s->write.io.length = random >> 12 & 0x3fff;
		s->write.io.result = s->write.io.length;
		s->write.io.duration = 700 + (random >> 20 & 0xfff);
		size = vary_path(&s->write.header, &s->write.path_head, s->write.path,
				 offsetof(struct gen_write, path), random);
		if (size > sizeof(s->write))
			return 1;
		output(run, &s->write, size, pending);
		return 0;
	case 3:
		number(run, &s->chdir.header, index);
		vary_task(&s->chdir.header, &s->chdir.task, random);
		size = vary_path(&s->chdir.header, &s->chdir.path_head, s->chdir.path,
				 offsetof(struct gen_chdir, path), random);
		if (size > sizeof(s->chdir))
			return 1;
		output(run, &s->chdir, size, pending);
		return 0;
	case 4:
	case 5:
		number(run, &s->close.header, index);
		vary_task(&s->close.header, &s->close.task, random);
		vary_file(&s->close.file, random);
		output(run, &s->close, sizeof(s->close), pending);
		return 0;
	case 6:
		number(run, &s->exit.header, index);
		vary_task(&s->exit.header, &s->exit.task, random);
		s->exit.io.result = (random >> 8 & 3) << 8;
		output(run, &s->exit, sizeof(s->exit), pending);
		return 0;
	default:
		number(run, &s->fork.header, index);
		vary_task(&s->fork.header, &s->fork.task, random);
		s->fork.child.pid = 2000 + (random >> 8 & 0x7fff);
		s->fork.child.tid = s->fork.child.pid;
		output(run, &s->fork, sizeof(s->fork), pending);
		return 0;
	}
}

SEC("syscall")
int make(struct args *args)
{
	__u32 zero = 0;
	struct gen_run run = {
		.id_base = args->id_base,
		.ring_bytes = args->ring_bytes,
		.watermark = args->watermark,
		.wait = args->wait,
		.cpu_id = bpf_get_smp_processor_id(),
	};

	run.cpu = bpf_map_lookup_elem(&cpus, &run.cpu_id);
	run.scratch = bpf_map_lookup_elem(&scratches, &run.cpu_id);
	run.ring = bpf_map_lookup_elem(&rings, &run.cpu_id);
	run.order = bpf_map_lookup_elem(&order, &zero);
	if (!run.cpu || !run.scratch || !run.ring || !run.order)
		return 1;
	if (!run.cpu->random) {
		run.cpu->random = 0x9e3779b97f4a7c15ULL * (run.cpu_id + 1);
		put_templates(run.scratch);
	}
	bpf_loop(args->want, make_one, &run, 0);
	args->made = run.made;
	return 0;
}

char _license[] SEC("license") = "GPL";
