/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a delete or a rename removes, where the name was not cached when the call
 * began: the filesystems' own tracepoints pass the inode while the call is under
 * way. Without them the record of such a delete has the path and no object.
 */
#ifndef VEXJ_BPF_VICTIM_H
#define VEXJ_BPF_VICTIM_H

#include "record.h"
#include "calls.h"

#define TARGET_NONE	0
#define TARGET_REPLACED	1	/* looked up at the entry: what a rename replaces */
#define TARGET_SEEN	2	/* seen going while the call ran */

static __always_inline int victim(u64 inode)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_state *st = bpf_task_storage_get(&states, (void *)task, NULL, 0);
	u8 shape;
	u32 nr;

	if (!st || !st->nr || st->held.len || st->held.has_target)
		return 0;
	nr = st->nr - 1;
	if (nr >= NR_CALLS)
		return 0;
	barrier_var(nr);
	if (nr >= NR_CALLS)
		return 0;
	shape = calls[nr].shape;
	if (shape != SHAPE_DELETE && shape != SHAPE_RENAME)
		return 0;
	fill_file(&st->held.target, at(struct inode, inode));
	/* As it was before: what is evicted has lost its last links. */
	if (!st->held.target.nlink)
		st->held.target.nlink = (st->held.target.mode & S_IFMT) == S_IFDIR ? 2 : 1;
	st->held.has_target = TARGET_SEEN;
	return 0;
}

/*
 * An argument as a plain number: newer verifiers take it for a pointer that may
 * be null, and lose track of the check.
 */
static __always_inline u64 plain_arg(void *ctx, u32 i)
{
	u64 v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), (u64 *)ctx + i);
	return v;
}

SEC("tp_btf/ext4_unlink_enter")
int vexj_ext4_unlink(void *ctx)
{
	u64 dentry = plain_arg(ctx, 1);

	return victim((u64)get(at(struct dentry, dentry), d_inode));
}

SEC("tp_btf/ext4_evict_inode")
int vexj_ext4_evict(void *ctx)
{
	return victim(plain_arg(ctx, 0));
}

SEC("tp_btf/btrfs_inode_evict")
int vexj_btrfs_evict(void *ctx)
{
	return victim(plain_arg(ctx, 0));
}

#endif
