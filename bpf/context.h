/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For whom a process acts, by the rules of the module's context.c: a tree's context
 * comes before a control group's, a nearer one before a farther one; a fork copies
 * the parent's, and it goes with the process.
 *
 * A process that belongs to a tree has a node in `kins`, by its tgid and its start,
 * as the number can be taken again. A node stands for a context that was set on a
 * tree. When that is cleared its processes keep the node, and the node stands for the
 * context that lay below. So whatever userspace changes is one store, and nothing
 * has to be told to processes one by one but once, when a context is set on a tree
 * that is there already: for that the loader runs vexj_kin over all of them.
 */
#ifndef VEXJ_BPF_CONTEXT_H
#define VEXJ_BPF_CONTEXT_H

#include "record.h"

/* A process is to be given a node, or just to be found. */
struct errand {
	u64 start;	/* of the process: it is found without a node, and must be that with one */
	u64 group;	/* the nearest control group of its that has a context */
	u32 root;	/* its tgid */
	u32 found;	/* 1 */
	u32 kin;	/* its node, 0: none */
	u32 node;	/* to be given to it and to the descendants; 0: nothing is */
	u32 displaced;	/* that is found in its place, as it stands now; others stay */
	u32 given;	/* to how many, in this pass */
	u32 failed;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct errand);
} errands SEC(".maps");

static __always_inline struct kin_key kin_key_of(struct task_struct *process)
{
	return (struct kin_key){
		.start = get(process, group_leader, start_boottime),
		.tgid = get(process, tgid),
	};
}

/* A process that is forked acts for whom its parent does. */
static __always_inline void inherit(struct task_struct *parent, struct task_struct *child)
{
	struct attributed *a = bpf_map_lookup_elem(&attributed, &zero);
	struct kin_key key, of_child;
	struct node *n;
	u32 *kin, node;
	long err;

	if (!a || !a->trees || get(child, tgid) == get(parent, tgid))
		return;
	key = kin_key_of(parent);
	kin = bpf_map_lookup_elem(&kins, &key);
	if (!kin)
		return;
	node = *kin;
	of_child = kin_key_of(child);
	err = bpf_map_update_elem(&kins, &of_child, &node, BPF_NOEXIST);
	if (err == -EEXIST)
		return;	/* a stand-in, or vexj_kin, was there first */
	n = bpf_map_lookup_elem(&nodes, &node);
	if (err)
		lose(VEXJ_LOST_STATE);	/* what it does will miss its attribution */
	else if (n)
		__sync_fetch_and_add(&n->processes, 1);
}

static __always_inline void forget(struct kin_key *key)
{
	u32 *kin = bpf_map_lookup_elem(&kins, key);
	struct node *n;
	u32 node;

	if (!kin)
		return;
	node = *kin;
	if (bpf_map_delete_elem(&kins, key))
		return;	/* a stand-in did */
	n = bpf_map_lookup_elem(&nodes, &node);
	if (n)
		__sync_fetch_and_add(&n->processes, -1ull);
}

/*
 * Of a process's tasks the one whose number is the process's goes last: even where
 * another thread has taken it over by exec.
 */
SEC("tp_btf/sched_process_free")
int BPF_PROG(vexj_free, struct task_struct *task)
{
	struct attributed *a = bpf_map_lookup_elem(&attributed, &zero);
	struct kin_key key = {};

	if (!a || !a->trees || get(task, pid) != get(task, tgid))
		return 0;
	key.start = get(task, start_boottime);
	key.tgid = get(task, tgid);
	forget(&key);
	return 0;
}

static __always_inline u32 stands_for(u32 node)
{
	struct node *n = bpf_map_lookup_elem(&nodes, &node);

	return n ? n->stands_for : 0;
}

static __always_inline u32 kin_of(struct kin_key *key)
{
	u32 *kin = bpf_map_lookup_elem(&kins, key);

	return kin ? *kin : 0;
}

static __noinline void give(struct errand *e, struct kin_key *key, u32 old)
{
	struct node *n;
	u32 node = e->node;

	if (bpf_map_update_elem(&kins, key, &node, old ? BPF_EXIST : BPF_NOEXIST)) {
		e->failed++;
		return;
	}
	e->given++;
	n = bpf_map_lookup_elem(&nodes, &node);
	if (n)
		__sync_fetch_and_add(&n->processes, 1);
	n = bpf_map_lookup_elem(&nodes, &old);
	if (n && old)
		__sync_fetch_and_add(&n->processes, -1ull);
}

/*
 * One pass over all processes. Those that are forked meanwhile have the node from
 * their parent, or are in the kernel's list of tasks by then; so all have it when a
 * pass finds nobody.
 */
SEC("iter/task")
int vexj_kin(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct errand *e = bpf_map_lookup_elem(&errands, &zero);
	struct kin_key key, of_parent;
	u32 old;

	if (!task || !e || get(task, pid) != get(task, tgid))
		return 0;
	/* One without a number may have been forgotten already: it would never be again. */
	if (!get(task, thread_pid))
		return 0;
	key = kin_key_of(task);
	old = kin_of(&key);
	if (key.tgid == e->root) {
		/* It has been found before, and this is another one. */
		if (e->node && e->start != key.start)
			return 0;
		e->start = key.start;
		e->kin = old;
		e->group = group_of(task);
		e->found = 1;
	} else {
		of_parent = kin_key_of(get(task, real_parent));
		if (!e->node || kin_of(&of_parent) != e->node)
			return 0;
	}
	if (e->node && old != e->node && stands_for(old) == e->displaced)
		give(e, &key, old);
	return 0;
}

#endif
