/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose operation it is that a function of the kernel did: of a call or request
 * of the task's, or of the kernel itself.
 */
#ifndef VEXJ_BPF_CLAIM_H
#define VEXJ_BPF_CLAIM_H

#define PF_EXITING	0x00000004
#define PF_IO_WORKER	0x00000010
#define PF_KTHREAD	0x00200000
#define NR_URING_ENTER	426
#define NR_EXECVE	59
#define NR_EXECVEAT	322
#define NR_EXECVE_32	11
#define NR_EXECVEAT_32	358
#define EAGAIN		11

/* The number of the call that the task is in, of whichever table. */
static __always_inline u32 call_number(struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs((void *)task);

	return regs ? get(regs, orig_ax) : ~0u;
}

static __always_inline bool in_exec(struct task_struct *task)
{
	u32 nr;

	if (get(task, flags) & PF_KTHREAD)
		return false;
	nr = call_number(task);
	return is_compat(task) ? nr == NR_EXECVE_32 || nr == NR_EXECVEAT_32
			       : nr == NR_EXECVE || nr == NR_EXECVEAT;
}

/* Whether a call of one type does operations of another. */
static __always_inline bool asks_for(u32 call, u32 type)
{
	if (call == type)
		return true;
	switch (type) {
	case VEXJ_FS_CREATE:
		return call == VEXJ_FS_OPEN || call == VEXJ_FS_MKNOD;
	case VEXJ_FS_TRUNCATE:
		return call == VEXJ_FS_OPEN;
	case VEXJ_FS_DELETE:
	case VEXJ_FS_RMDIR:
		return call == VEXJ_FS_DELETE || call == VEXJ_FS_RMDIR;
	case VEXJ_FS_WRITE:
		return call == VEXJ_FS_IOCTL;
	case VEXJ_FS_READ:
		return call == VEXJ_FS_WRITE;
	}
	return false;
}

static __always_inline u32 call_type(struct task_state *st)
{
	u32 nr = st->nr - 1;

	if (nr >= NR_CALLS)
		return 0;
	barrier_var(nr);
	if (nr >= NR_CALLS)
		return 0;
	return calls[nr].type;
}

/* Who asked; -1 where the operation is part of another, or is made elsewhere. */
static __always_inline int asker(struct hook *h, u64 inode, u32 type)
{
	struct task_struct *task = h->o.task;
	u32 flags = get(task, flags);
	struct entered *outer;

	if (h->depth) {
		outer = slot_of(h->f, h->depth - 1);
		if (inode && (outer->inode[0] == inode || outer->inode[1] == inode))
			return -1;
		return VEXJ_VIA_KERNEL;
	}
	if (h->kernel || flags & PF_KTHREAD)
		return VEXJ_VIA_KERNEL;
	if (h->st->nr) {
		if (!asks_for(call_type(h->st), type))
			return VEXJ_VIA_KERNEL;
		h->st->recorded = 1;
		return VEXJ_VIA_CALL;
	}
	if (h->f && h->f->request) {
		struct request *r = bpf_map_lookup_elem(&requests, &h->f->request);

		/* It will be tried again, by a thread that may wait. */
		if (h->result == -EAGAIN)
			return -1;
		if (r)
			r->recorded = 1;
		return VEXJ_VIA_URING;
	}
	/* The request itself has not been seen: its completion will be. */
	if (flags & PF_IO_WORKER || call_number(task) == NR_URING_ENTER)
		return -1;
	return VEXJ_VIA_CALL;
}

/* Whether a call or a request of the task's asks for operations of a type. */
static __always_inline bool asked(struct hook *h, u32 type)
{
	if (h->depth)
		return false;
	if (h->st->nr)
		return asks_for(call_type(h->st), type);
	return h->f->request || is_compat(h->o.task);
}

/*
 * Whether the operation that the hook has come upon is to be recorded. If so,
 * h->o is ready for the body: scratch area, type, who asked, result, times.
 */
static __noinline int claim(struct hook *h, u64 inode, u32 type)
{
	s64 ret = h->result;
	struct event *e;
	int via;

	if (ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK)
		return 0;
	via = asker(h, inode, type);
	if (via < 0 || !wanted(type))
		return 0;
	if (ret < 0 && !(cfg.filters & FILTER_FAILED)) {
		count_filtered();
		return 0;
	}
	if (!h->o.s)
		h->o.s = take_scratch();
	if (!h->o.s) {
		lose(VEXJ_LOST_NESTED);
		return 0;
	}
	begin(h->o.s);
	h->o.via = via;
	e = &h->o.s->ev;
	e->type = type;
	e->subtype = VEXJ_SUBTYPE(via, 0);
	e->offset = -1;
	e->length = 0;
	e->result = ret;
	e->parent = 0;
	e->now = bpf_ktime_get_boot_ns();
	e->duration = h->in ? e->now - h->in->time :
		      h->st->nr ? e->now - h->st->entered : 0;
	return 1;
}

/* How it came about, for what has a way of its own where a call asked. */
static __always_inline u32 by(struct hook *h, u32 own)
{
	return h->o.via == VEXJ_VIA_CALL ? own : h->o.via;
}

#endif
