/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a record is built and sent: maps, configuration, counters, the fixed
 * front of a record, its attributes, and the one place that numbers it.
 *
 * A record is built in a per-CPU scratch area and copied once into this CPU's
 * ring. Each program has a scratch area of its own: the kernel lets a program
 * run on a CPU only once at a time (and counts what it turns away, which the
 * loader reports as nested), but two programs can preempt each other.
 */
#ifndef VEXJ_BPF_RECORD_H
#define VEXJ_BPF_RECORD_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "../uapi/vexj.h"

char LICENSE[] SEC("license") = "GPL";

/*
 * get(p, a, b) reads p->a->b, at(T, p) makes a typed pointer of a number. With
 * bpf_rdonly_cast (6.2) both are plain loads that the kernel's exception table
 * guards; before it each is a helper call.
 */
#ifdef VEXJ_DIRECT
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;
#define at(type, p) ((type *)bpf_rdonly_cast((const void *)(unsigned long)(p), \
					      bpf_core_type_id_kernel(type)))
#define get(p, ...) ___arrow((p), ##__VA_ARGS__)

/* Eight bytes of kernel memory as a number: any type that begins with one will do. */
static __always_inline u64 word_at(u64 addr)
{
	return at(struct qstr, addr - bpf_core_field_offset(struct qstr, hash_len))->hash_len;
}
#else
#define at(type, p) ((type *)(unsigned long)(p))
#define get(p, ...) ({ typeof(p) ptr_ = (p); BPF_CORE_READ(ptr_, ##__VA_ARGS__); })

static __always_inline u64 word_at(u64 addr)
{
	u64 v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), (void *)addr);
	return v;
}
#endif

/*
 * A bounded loop: repeat(n, step, context) calls step(i, context) until it
 * returns 1. With bpf_loop (5.17) the verifier looks at one turn instead of at
 * every one, which counts where many programs have the same loops.
 */
#ifdef VEXJ_LOOP
#define repeat(n, step, context) bpf_loop(n, step, context, 0)
#else
#define repeat(n, step, context) do {					\
	for (u32 i_ = 0; i_ < (n); i_++)				\
		if (step(i_, context))					\
			break;						\
} while (0)
#endif

#define REC_SIZE	16384
#define WALK_SIZE	16384
#define WALK_START	4096	/* headroom for the targets of symbolic links */
#define MAX_COMPONENTS	128
#define CHUNK		4096

struct component {
	u64 name;
	u64 len;
};

/* Where a path walk stands, and at its end what it found. */
struct walk {
	u64 mnt, dentry;	/* the deepest that was found */
	u64 root_mnt, root_dentry;
	u64 hash_len;		/* of the component in hand */
	u64 hit;		/* the dentry or mount that a search found */
	u32 pos;		/* in walk[]: what is still to be walked */
	u32 clen;
	u32 links;
	u32 rest;		/* where what was not found begins */
	u32 rest_len;
	u32 status;		/* enum walk_status */
};

/*
 * Where a climb from a dentry to the root stands. In memory, not in registers,
 * so that the verifier takes every turn of the loop for the same.
 */
struct climb {
	u64 mnt, dentry, root;
	u32 n;			/* components so far */
	u32 total;		/* bytes so far */
	u32 whole;		/* 1: it came to the root */
	u32 cut;		/* 1: it is too long */
	u32 off;		/* in rec, of the next byte on the way down */
};

enum walk_status {
	WALK_FOUND	= 0,
	WALK_MISSING	= 1,	/* a component is not there, or not cached */
	WALK_BLOCKED	= 2,	/* a symbolic link or mount could not be followed */
	WALK_FAULT	= 3,	/* the string could not be read */
};

/* What a record says besides its body. */
struct event {
	u32 type;
	u32 subtype;
	s64 offset;
	u64 length;
	s64 result;
	u64 duration;
	u64 now;
	u64 parent;
};

struct scratch {
	u8 rec[REC_SIZE + 2 * CHUNK];
	u8 walk[WALK_SIZE + 2 * CHUNK];
	struct component comps[MAX_COMPONENTS];
	u8 name[2 * CHUNK];
	struct walk w;
	struct climb up;
	struct event ev;
	u64 args[6];		/* of the call in hand */
	u32 flags;		/* event_flags gathered while the body is built */
	u32 path_off;		/* of the first path's bytes in rec, for the filter */
	u32 path_len;
	u32 path2_off;
	u32 path2_len;
	u32 kernel_strings;	/* 1: the call's strings are in kernel memory */
	u32 matches;		/* 1: the path begins with the prefix in hand */
	u32 as_pid;		/* who acted, where that is not the current task; 0: it is */
	u32 as_reserved;
	u64 as_group;		/* its nearest control group that has a context; 0: none */
	struct vexj_attr_task as;
	u32 key;		/* the area's place in its map */
	u32 busy;		/* 1: a program is at work in the area */
};

/* What a record begins with, always. */
struct front {
	struct vexj_record h;
	struct vexj_attr task_head;
	struct vexj_attr_task task;
	struct vexj_attr io_head;
	struct vexj_attr_io io;
} VEXJ_PACKED;

#define BODY sizeof(struct front)

/*
 * Of each CPU: one for each program that a task may be preempted in there, as far
 * as the kernel lets it be. Not a per-CPU map, whose values may not be this large;
 * the loader sizes it.
 */
#define SCRATCHES	4

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* The loader sets the number of rings to the CPUs, and their size. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* Recorded is what was attempted less what was lost. */
struct counts {
	u64 attempted;		/* the CPU's sequence */
	u64 filtered;
	u64 blind;		/* calls of a table that is not covered (32-bit) */
	u64 lost[VEXJ_LOST_CAUSES];
	u64 reserved[4];	/* two cache lines: CPUs do not share one */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counts);
} counters SEC(".maps");

/*
 * Shared with userspace, which takes numbers from it too (for the records that
 * the mirror makes): both sides use an atomic add on the same word.
 */
struct common {
	u64 global_sequence;
	u64 epoch;		/* raised when `roots` grows */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct common);
} shared SEC(".maps");

#define FILTER_TREE	0x01	/* only tracked tasks */
#define FILTER_CGROUP	0x02
#define FILTER_UID	0x04
#define FILTER_PREFIX	0x08
#define FILTER_SB	0x10
#define FILTER_FAILED	0x20	/* failed operations are wanted */
#define MAX_PREFIXES	8
#define MAX_IDS		8
#define MAX_CGROUP_DEPTH 16

/* Set by the loader before the programs are verified. */
struct config {
	u64 id_base;
	u64 visibility;
	u64 wanted[8][4];	/* per category: bit = operation */
	u64 dentry_hashtable;
	u64 cgroup;
	u32 uids[MAX_IDS];
	u32 devs[MAX_IDS];
	u32 prefix_len[MAX_PREFIXES];
	u32 d_hash_shift;
	u32 self;		/* tgid that is never recorded */
	u32 filters;
	u32 watermark;		/* bytes in a ring that wake the reader */
};

const volatile struct config cfg = {};

/* Path prefixes: bytes, without a trailing slash, NUL padded. */
struct prefix {
	u8 bytes[VEXJ_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_PREFIXES);
	__type(key, u32);
	__type(value, struct prefix);
} prefixes SEC(".maps");

/* Processes whose whole tree is recorded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u8);
} roots SEC(".maps");

/*
 * Attribution, see context.h. These maps are handed on from one set of programs to
 * the next, as contexts stay when the filter is changed.
 */
#define CONTEXTS	1024	/* that are set at a time, as with the module */
#define CONTEXT_NODES	4096
#define CONTEXT_ATTRS	80	/* AGENT_ID of 64 bytes and SESSION, with their heads */
#define CONTEXT_DEPTH	64	/* of control groups, from the leaf up */

/* Looked at first: mostly there is nothing to look up. Written by userspace alone. */
struct attributed {
	u32 trees;		/* nodes in use */
	u32 groups;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct attributed);
} attributed SEC(".maps");

/* What a record gets of a context. Written before anything leads to it. */
struct context {
	u64 parent;
	u64 root;
	u64 visibility;
	u32 attrs_len;
	u32 reserved;
	u8 attrs[CONTEXT_ATTRS];
};

/* 0 is none; one more than may be set, so that one can be replaced. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CONTEXTS + 2);
	__type(key, u32);
	__type(value, struct context);
} contexts SEC(".maps");

struct node {
	u64 processes;		/* that have it in kins */
	u32 context;		/* index, if it stands for itself */
	u32 stands_for;		/* itself or the node of an outer context; 0: none */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CONTEXT_NODES);
	__type(key, u32);
	__type(value, struct node);
} nodes SEC(".maps");

struct kin_key {
	u64 start;		/* start_boottime of the process */
	u32 tgid;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct kin_key);
	__type(value, u32);
} kins SEC(".maps");

/* Contexts of control groups, by the id of the group. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTEXTS);
	__type(key, u64);
	__type(value, u32);
} groups SEC(".maps");

#define SAVED_MAX 600

/* A body that was built before the operation, and is sent after it. */
struct held {
	u32 len;		/* 0: none */
	u32 flags;
	u32 path[4];		/* path_off, path_len, path2_off, path2_len */
	u32 is_long;		/* 1: it is in `long_bodies` */
	u32 has_target;
	struct vexj_attr_file target;	/* what a rename replaces */
	u8 bytes[SAVED_MAX + 8];
};

/* What a task carries from a call's entry to its exit. */
struct task_state {
	u64 entered;		/* ns, boottime */
	u32 nr;			/* call + 1; 0: none under way */
	u32 seen;		/* call + 1 whose entry the program has been run for */
	u32 announced;		/* 1: the fork of the process is recorded */
	u64 executed;		/* self_exec_id of the last exec that is recorded */
	u32 tracked;		/* 1: descends from a followed process */
	u32 epoch;		/* of `roots`, when tracked was looked up */
	u32 exited;		/* of a group leader: the exit of the process is recorded */
	u32 recorded;		/* 1: a function that the call ran has made its record */
	struct held held;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} states SEC(".maps");

/* Bodies with long paths, by the address of their struct held. */
struct long_body {
	u8 bytes[2 * CHUNK + 512];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, u64);
	__type(value, struct long_body);
} long_bodies SEC(".maps");

static const u32 zero;

/* A scratch area for the time that the program runs; NULL if all are in use. */
static __always_inline struct scratch *take_scratch(void)
{
	u32 first = bpf_get_smp_processor_id() * SCRATCHES;

	for (u32 i = 0; i < SCRATCHES; i++) {
		u32 key = first + i;
		struct scratch *s = bpf_map_lookup_elem(&scratch, &key);

		/* Pairs with the plain store of drop_scratch() on this CPU. */
		if (s && !__sync_lock_test_and_set(&s->busy, 1)) {
			s->key = key;
			return s;
		}
	}
	return NULL;
}

static __always_inline void drop_scratch(struct scratch *s)
{
	if (s)
		s->busy = 0;
}

static __always_inline struct counts *this_counters(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&counters, &cpu);
}

static __always_inline bool wanted(u32 type)
{
	return cfg.wanted[type >> 8 & 7][type >> 6 & 3] >> (type & 63) & 1;
}

static __always_inline void count_filtered(void)
{
	struct counts *c = this_counters();

	if (c)
		__sync_fetch_and_add(&c->filtered, 1);
}

/*
 * Number something that was wanted and could not be built, so that it shows as
 * a gap.
 */
static __always_inline void lose(u32 cause)
{
	struct counts *c = this_counters();
	struct common *sh = bpf_map_lookup_elem(&shared, &zero);

	if (!c || !sh)
		return;
	__sync_fetch_and_add(&sh->global_sequence, 1);
	__sync_fetch_and_add(&c->attempted, 1);
	__sync_fetch_and_add(&c->lost[cause], 1);
}

/* A pointer into rec that the verifier can bound; room for CHUNK bytes. */
static __always_inline void *rec_at(struct scratch *s, u32 off)
{
	off &= REC_SIZE - 1;
	barrier_var(off);
	return &s->rec[off];
}

static __always_inline void put_head(struct scratch *s, u32 off, u16 tag, u16 len)
{
	*(u32 *)rec_at(s, off) = (u32)len << 16 | tag;
}

/* Ends a byte attribute whose data stops at `end`: pads, returns the next offset. */
static __always_inline u32 pad(struct scratch *s, u32 end)
{
	*(u32 *)rec_at(s, end) = 0;
	return (end + 3) & ~3u;
}

static __always_inline void fill_task(struct vexj_attr_task *t, struct task_struct *task)
{
	struct pid_namespace *pid_ns;
	const struct cred *cred = get(task, cred);
	u64 comm;

	t->tid = get(task, pid);
	t->ppid = get(task, real_parent, tgid);
	t->uid = get(cred, fsuid.val);
	t->gid = get(cred, fsgid.val);
	t->start_time = get(task, group_leader, start_boottime);
	t->cgroup_id = get(task, cgroups, dfl_cgrp, kn, id);
	t->mnt_ns = get(task, nsproxy, mnt_ns, ns.inum);
	pid_ns = get(task, nsproxy, pid_ns_for_children);
	t->pid_ns = get(pid_ns, ns.inum);
	comm = (u64)task + bpf_core_field_offset(struct task_struct, comm);
	*(u64 *)&t->comm[0] = word_at(comm);
	*(u64 *)&t->comm[8] = word_at(comm + 8);
}

static __always_inline void fill_file(struct vexj_attr_file *f, struct inode *inode)
{
	u32 dev = get(inode, i_sb, s_dev);

	f->dev_major = dev >> 20;
	f->dev_minor = dev & 0xfffff;
	f->inode = get(inode, i_ino);
	f->generation = get(inode, i_generation);
	f->mode = get(inode, i_mode);
	f->size = get(inode, i_size);
	f->nlink = get(inode, i_nlink);
}

static __always_inline u32 put_file(struct scratch *s, u32 off, u16 tag, struct inode *inode)
{
	put_head(s, off, tag, sizeof(struct vexj_attr_file));
	fill_file(rec_at(s, off + 4), inode);
	return off + 4 + sizeof(struct vexj_attr_file);
}

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn)
{
	if (bpf_core_field_exists(kn->parent))
		return get(kn, parent);
	return get((struct kernfs_node___615 *)kn, __parent);
}

/* Whether the task is in the wanted control group or below it. */
static __always_inline bool in_cgroup(struct task_struct *task)
{
	struct kernfs_node *kn = get(task, cgroups, dfl_cgrp, kn);

	for (int i = 0; i < MAX_CGROUP_DEPTH && kn; i++) {
		if (get(kn, id) == cfg.cgroup)
			return true;
		kn = kernfs_parent(kn);
	}
	return false;
}

/*
 * Whether the task descends from a followed process. Children inherit the
 * answer; a no is asked again when there are new processes to follow.
 */
static __always_inline bool in_tree(struct task_struct *task, struct task_state *st)
{
	struct task_state *leader;
	struct common *sh;
	u32 tgid;

	if (st->tracked)
		return true;
	sh = bpf_map_lookup_elem(&shared, &zero);
	if (!sh || st->epoch == (u32)sh->epoch)
		return false;
	st->epoch = sh->epoch;
	tgid = get(task, tgid);
	/* io_uring's threads come about without a fork that could be seen. */
	leader = bpf_task_storage_get(&states, (void *)task->group_leader, NULL, 0);
	st->tracked = (leader && leader->tracked) || bpf_map_lookup_elem(&roots, &tgid);
	return st->tracked;
}

/* The filters that need only the task. */
static __always_inline bool task_selected(struct task_struct *task, struct task_state *st)
{
	if (cfg.filters & FILTER_TREE && !in_tree(task, st))
		return false;
	if (cfg.filters & FILTER_CGROUP && !in_cgroup(task))
		return false;
	if (cfg.filters & FILTER_UID) {
		u32 uid = get(task, cred, fsuid.val);
		bool hit = false;

		for (int i = 0; i < MAX_IDS; i++)
			hit |= cfg.uids[i] == uid;
		if (!hit)
			return false;
	}
	return true;
}

static __always_inline bool inode_selected(struct inode *inode)
{
	if (cfg.filters & FILTER_SB) {
		u32 dev = get(inode, i_sb, s_dev);
		bool hit = false;

		for (int i = 0; i < MAX_IDS; i++)
			hit |= cfg.devs[i] && cfg.devs[i] == dev;
		return hit;
	}
	return true;
}

struct match {
	struct scratch *s;
	struct prefix *prefix;
	u32 off;
	u32 want;
};

/* Compares eight bytes of a prefix. Returns 1 at the end, or where they differ. */
static long match_step(u32 i, struct match *m)
{
	u32 at = i * 8, left = m->want - at;
	u64 a, b, mask = ~0ull;

	if (at >= m->want) {
		m->s->matches = 1;
		return 1;
	}
	if (left < 8)
		mask = (1ull << left * 8) - 1;
	a = *(u64 *)rec_at(m->s, m->off + at);
	barrier_var(at);
	at &= VEXJ_PATH_MAX - 8;
	b = *(u64 *)&m->prefix->bytes[at];
	return ((a ^ b) & mask) != 0;
}

/* Whether the bytes at off begin with a wanted prefix, at a component's end. */
__noinline int prefix_match(struct scratch *s, u32 off, u32 len)
{
	struct match m = { .s = s, .off = off };

	if (!s)
		return 0;
	for (u32 p = 0; p < MAX_PREFIXES; p++) {
		u32 key = p;

		m.want = cfg.prefix_len[p];
		if (!m.want || m.want > len || m.want > VEXJ_PATH_MAX)
			continue;
		m.prefix = bpf_map_lookup_elem(&prefixes, &key);
		if (!m.prefix)
			continue;
		s->matches = 0;
		repeat(VEXJ_PATH_MAX / 8 + 1, match_step, &m);
		if (s->matches && (m.want == len || *(u8 *)rec_at(s, off + m.want) == '/'))
			return 1;
	}
	return 0;
}

static __always_inline bool path_selected(struct scratch *s)
{
	if (!(cfg.filters & FILTER_PREFIX))
		return true;
	if (s->path_len && prefix_match(s, s->path_off, s->path_len))
		return true;
	return s->path2_len && prefix_match(s, s->path2_off, s->path2_len);
}

/* The nearest control group of a task that has a context; 0: none. */
static __noinline u64 group_of(struct task_struct *task)
{
	struct attributed *a = bpf_map_lookup_elem(&attributed, &zero);
	struct kernfs_node *kn;

	if (!a || !a->groups)
		return 0;
	kn = get(task, cgroups, dfl_cgrp, kn);
	for (int i = 0; i < CONTEXT_DEPTH && kn; i++) {
		u64 id = get(kn, id);

		if (bpf_map_lookup_elem(&groups, &id))
			return id;
		kn = kernfs_parent(kn);
	}
	return 0;
}

/* The index of the context of whom the record is about; 0: none. */
static __always_inline u32 find_context(struct scratch *s, struct attributed *a,
					u32 tgid, u64 start)
{
	struct kin_key key = { .start = start, .tgid = tgid };
	u64 group;
	u32 *i;

	if (a->trees) {
		i = bpf_map_lookup_elem(&kins, &key);
		if (i) {
			struct node *n = bpf_map_lookup_elem(&nodes, i);

			if (n && n->stands_for) {
				u32 outer = n->stands_for;

				n = bpf_map_lookup_elem(&nodes, &outer);
				if (n && n->context)
					return n->context;
			}
		}
	}
	if (!a->groups)
		return 0;
	group = s->as_pid ? s->as_group : group_of((void *)bpf_get_current_task_btf());
	if (!group)
		return 0;
	i = bpf_map_lookup_elem(&groups, &group);
	return i ? *i : 0;
}

/*
 * Says in a record that is otherwise done for whom it was, and returns its end. Not
 * inlined: where no context is set, this is a look at one word.
 */
static __noinline u32 attribute(struct scratch *s, struct attributed *a, u32 end, u64 parent)
{
	struct front *f = (struct front *)s->rec;
	struct context *c;
	u64 *to;
	u32 i = find_context(s, a, f->h.process_id, f->task.start_time);

	c = bpf_map_lookup_elem(&contexts, &i);
	if (!i || !c || end >= REC_SIZE)
		return end;
	if (!parent)
		f->h.parent_event_id = c->parent;
	if (c->root)
		f->h.root_cause_event_id = c->root;
	f->h.agent_visibility_mask &= c->visibility;
	to = rec_at(s, end);
#pragma clang loop unroll(full)
	for (u32 n = 0; n < CONTEXT_ATTRS / 8; n++)
		to[n] = ((u64 *)c->attrs)[n];
	return end + (c->attrs_len & 127);
}

/* Forget the paths and flags of the record before. */
static __always_inline void begin(struct scratch *s)
{
	s->kernel_strings = 0;
	s->as_pid = 0;
	s->flags = 0;
	s->path_len = 0;
	s->path2_len = 0;
}

/*
 * Number the record whose body ends at `end` and put it into this CPU's ring.
 * The number is taken before there is room: what does not fit leaves a gap.
 * Returns the event_id, 0 if the record was not wanted.
 */
__noinline u64 emit(struct scratch *s, struct event *e, u32 end)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	u32 cpu = bpf_get_smp_processor_id();
	struct counts *c = bpf_map_lookup_elem(&counters, &cpu);
	struct common *sh = bpf_map_lookup_elem(&shared, &zero);
	u64 flags = BPF_RB_NO_WAKEUP, seq, n;
	struct attributed *a = bpf_map_lookup_elem(&attributed, &zero);
	struct front *f;
	void *rb;

	if (!c || !sh || !s || !e || !a)
		return 0;
	f = (struct front *)s->rec;
	if (!path_selected(s)) {
		__sync_fetch_and_add(&c->filtered, 1);
		return 0;
	}
	seq = __sync_fetch_and_add(&sh->global_sequence, 1) + 1;
	n = __sync_fetch_and_add(&c->attempted, 1) + 1;

	f->h.event_id = cfg.id_base + seq;
	f->h.event_type = e->type;
	f->h.event_subtype = e->subtype;
	f->h.ktime = e->now;
	f->h.sequence = n;
	f->h.cpu_id = cpu;
	f->h.process_id = s->as_pid ? s->as_pid : get(task, tgid);
	f->h.global_sequence = seq;
	f->h.local_sequence = 0;
	f->h.event_flags = s->flags | (e->result < 0 ? VEXJ_F_FAILED : 0);
	f->h.event_priority = VEXJ_PRIORITY_NORMAL;
	f->h.payload_size = 0;
	f->h.metadata_size = 0;
	f->h.event_version = VEXJ_EVENT_VERSION;
	f->h.checksum = 0;
	f->h.compression_type = 0;
	f->h.encryption_type = 0;
	f->h.causality_link_count = 0;
	f->h.parent_event_id = e->parent;
	f->h.root_cause_event_id = e->parent ? e->parent : f->h.event_id;
	f->h.agent_visibility_mask = cfg.visibility;
	f->h.agent_relevance_score = 0;
	f->h.replay_priority = 0;

	*(u32 *)&f->task_head = sizeof(struct vexj_attr_task) << 16 | VEXJ_ATTR_TASK;
	if (s->as_pid)
		f->task = s->as;
	else
		fill_task(&f->task, task);
	*(u32 *)&f->io_head = sizeof(struct vexj_attr_io) << 16 | VEXJ_ATTR_IO;
	f->io.offset = e->offset;
	f->io.length = e->length;
	f->io.result = e->result;
	f->io.duration = e->duration;

	if (a->trees | a->groups)
		end = attribute(s, a, end, e->parent);
	f->h.event_size = end;
	f->h.context_size = end - sizeof(struct vexj_record);

	rb = bpf_map_lookup_elem(&rings, &cpu);
	if (!rb) {
		__sync_fetch_and_add(&c->lost[VEXJ_LOST_FAULT], 1);
		return cfg.id_base + seq;
	}
	/*
	 * Below the watermark the reader comes by on its own deadline. Asking
	 * for the fill is a call, so ask for one record in eight.
	 */
	if (!(n & 7) && bpf_ringbuf_query(rb, BPF_RB_AVAIL_DATA) >= cfg.watermark)
		flags = BPF_RB_FORCE_WAKEUP;
	barrier_var(end);
	if (end > REC_SIZE + CONTEXT_ATTRS) {
		__sync_fetch_and_add(&c->lost[VEXJ_LOST_TOO_BIG], 1);
		return cfg.id_base + seq;
	}
	if (bpf_ringbuf_output(rb, s->rec, end, flags)) {
		__sync_fetch_and_add(&c->lost[VEXJ_LOST_FULL], 1);
		return cfg.id_base + seq;
	}
	return cfg.id_base + seq;
}

#endif
