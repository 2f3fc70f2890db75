// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose operation it is that a function of the kernel did: of a call or request
 * of the task's, or of the kernel itself.
 */
#include <asm/syscall.h>
#include <asm/unistd.h>
#include "calls.h"
#include "hooks.h"
#include "compat/task.h"

/* The number of the call that the task is in, of whichever table; -1: none. */
static int call_number(void)
{
	return current->flags & PF_KTHREAD ? -1 : syscall_get_nr(current, task_pt_regs(current));
}

bool vexj_in_exec(void)
{
	int nr = call_number();

	if (vexj_is_compat())
		return nr == 11 || nr == 358;	/* of the 32-bit table */
	return nr == __NR_execve || nr == __NR_execveat;
}

bool vexj_in_uring(const struct vexj_state *st)
{
	return st->request || current->flags & VEXJ_PF_IO_WORKER ||
	       (!vexj_is_compat() && call_number() == __NR_io_uring_enter);
}

/* Whether a call of one type does operations of another one. */
static noinline bool asks_for_effect(u32 call, u32 type)
{
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

static bool asks_for(u32 call, u32 type)
{
	return call == type || asks_for_effect(call, type);
}

/* Who asked; -1 where the operation is part of another, or will be tried again. */
static int asker(struct vexj_hit *h, const struct inode *inode, u32 type)
{
	const struct vexj_entry *outer = h->st->top;
	struct vexj_state *st = h->st;

	if (outer) {
		if (inode && (outer->inode[0] == inode || outer->inode[1] == inode))
			return -1;
		return VEXJ_VIA_KERNEL;
	}
	if (h->kernel || st->opening || current->flags & PF_KTHREAD)
		return VEXJ_VIA_KERNEL;
	if (st->call) {
		if (!asks_for(st->call->type, type))
			return VEXJ_VIA_KERNEL;
		st->recorded = true;
		return VEXJ_VIA_CALL;
	}
	if (vexj_in_uring(st)) {
		/* It will be tried again, by a thread that may wait. */
		if (h->result == -EAGAIN)
			return -1;
		st->request_recorded = true;
		return VEXJ_VIA_URING;
	}
	return VEXJ_VIA_CALL;
}

bool vexj_asked(const struct vexj_state *st, u32 type)
{
	if (st->top)
		return false;
	if (st->call)
		return asks_for(st->call->type, type);
	return vexj_in_uring(st) || vexj_is_compat();
}

/* It did not happen: the call will be made again. */
static bool interrupted(long result)
{
	return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

struct vexj_build *vexj_claim(struct vexj_hit *h, const struct inode *inode, u32 type)
{
	struct vexj_build *b;
	int via;

	if (interrupted(h->result))
		return NULL;
	via = asker(h, inode, type);
	if (via < 0 || !vexj_wanted(type))
		return NULL;
	if (h->result < 0 && !vexj_failed_wanted()) {
		vexj_count_filtered();
		return NULL;
	}
	b = vexj_begin(type, via);
	if (!b)
		return NULL;
	h->via = via;
	b->result = h->result;
	b->duration = h->in ? b->now - h->in->time : h->st->call ? b->now - h->st->entered : 0;
	return b;
}
