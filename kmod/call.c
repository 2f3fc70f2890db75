// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls, by the two tracepoints that each of them passes. The entry notes
 * which call it is, so that hooked functions know who asks. The exit makes the
 * record of what no hooked function has made one of: calls that failed before
 * they came upon an object, and operations that have no function worth a hook.
 */
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <asm/syscall.h>
#include <trace/events/syscalls.h>
#include "calls.h"
#include "hooks.h"
#include "compat/file.h"
#include "compat/task.h"

void vexj_load_args(struct vexj_op *o, const struct pt_regs *regs)
{
	o->arg[0] = regs->di;
	o->arg[1] = regs->si;
	o->arg[2] = regs->dx;
	o->arg[3] = regs->r10;
	o->arg[4] = regs->r8;
	o->arg[5] = regs->r9;
}

const struct file *vexj_file_at(unsigned int fd)
{
	return current->files ? vexj_lookup_fd(current->files, fd) : NULL;
}

bool vexj_follows(const struct vexj_op *o)
{
	u8 opts = o->call->opts;

	if (opts & VEXJ_AT_FOLLOW)
		return o->flags & AT_SYMLINK_FOLLOW;
	if (opts & VEXJ_AT_NOFOLLOW && o->flags & AT_SYMLINK_NOFOLLOW)
		return false;
	return opts & VEXJ_FOLLOW;
}

struct vexj_build *vexj_call_begin(const struct vexj_op *o, u32 type)
{
	const struct vexj_call *c = o->call;
	struct vexj_build *b;

	if (!vexj_wanted(type))
		return NULL;
	b = vexj_begin(type, c->via);
	if (!b)
		return NULL;
	b->subtype = VEXJ_SUBTYPE(c->via, c->kind);
	b->offset = c->off == VEXJ_NOARG ? -1 : (s64)vexj_arg(o, c->off);
	b->length = vexj_arg(o, c->len);
	b->result = o->result;
	b->duration = b->now - o->st->entered;
	return b;
}

static void put_name(struct vexj_build *b, const char __user *name)
{
	u8 text[256];
	long len = vexj_user_string(text, name, sizeof(text));

	if (len > 0)
		vexj_put(b, VEXJ_ATTR_NAME, text, len);
}

/* The value of a setxattr, as the call has it: whole or not at all. */
static void put_value(struct vexj_build *b, const struct vexj_op *o)
{
	const void __user *value = vexj_text(o, o->call->name + 1);
	u8 copy[VEXJ_VALUE_MAX];

	if (b->result < 0 || !b->length || b->length > sizeof(copy))
		return;
	if (!copy_from_user_nofault(copy, value, b->length))
		vexj_put(b, VEXJ_ATTR_VALUE, copy, b->length);
}

/* What some types carry besides object and path. */
void vexj_put_extras(struct vexj_build *b, const struct vexj_op *o, const struct inode *inode)
{
	switch (b->type) {
	case VEXJ_FS_CHOWN:
		vexj_put_owner(b, vexj_arg(o, o->call->mode), vexj_arg(o, o->call->mode + 1));
		break;
	case VEXJ_FS_UTIMES:
		if (inode)
			vexj_put_times(b, inode);
		break;
	case VEXJ_FS_MKNOD:
		if (inode)
			vexj_put_rdev(b, inode);
		break;
	case VEXJ_FS_SETXATTR:
		put_name(b, vexj_text(o, o->call->name));
		put_value(b, o);
		break;
	case VEXJ_FS_GETXATTR:
	case VEXJ_FS_REMOVEXATTR:
		put_name(b, vexj_text(o, o->call->name));
		break;
	}
}

static void call_sync(const struct vexj_op *o)
{
	struct vexj_build *b = vexj_call_begin(o, VEXJ_SYS_SYNC);

	if (b)
		vexj_commit(b);
}

static void ended(const struct vexj_op *o)
{
	switch (o->call->shape) {
	case VEXJ_SHAPE_FD: vexj_call_fd(o); break;
	case VEXJ_SHAPE_IO: vexj_call_io(o); break;
	case VEXJ_SHAPE_PATH: vexj_call_path(o); break;
	case VEXJ_SHAPE_OPEN: vexj_call_open(o); break;
	case VEXJ_SHAPE_DELETE: vexj_call_delete(o); break;
	case VEXJ_SHAPE_RENAME: vexj_call_rename(o); break;
	case VEXJ_SHAPE_BIND: vexj_call_bind(o); break;
	case VEXJ_SHAPE_LINK: vexj_call_link(o); break;
	case VEXJ_SHAPE_SYMLINK: vexj_call_symlink(o); break;
	case VEXJ_SHAPE_COPY: vexj_call_copy(o); break;
	case VEXJ_SHAPE_MMAP: vexj_call_mmap(o); break;
	case VEXJ_SHAPE_FCNTL: vexj_call_fcntl(o); break;
	case VEXJ_SHAPE_FLOCK: vexj_call_flock(o); break;
	case VEXJ_SHAPE_IOCTL: vexj_call_ioctl(o); break;
	case VEXJ_SHAPE_MOUNT: vexj_call_mount(o); break;
	case VEXJ_SHAPE_SYNC: call_sync(o); break;
	case VEXJ_SHAPE_EXEC:
		if (o->result < 0)
			vexj_call_path(o);
		break;
	}
}

/* Forgets all that is of one call. */
static void forget(struct vexj_state *st)
{
	if (st->held) {
		kfree(st->held);
		st->held = NULL;
	}
	st->opened = NULL;
	st->opening = false;
	st->recorded = false;
	if (st->writes) {
		memset(st->mounts, 0, sizeof(st->mounts));
		st->writes = false;
	}
}

static void enter(long nr)
{
	const struct vexj_call *call = vexj_call_of(nr);
	struct vexj_state *st = vexj_state_find(current);
	bool selected;

	if (st) {
		st->call = NULL;
		forget(st);
	}
	if (!call)
		return;
	if (vexj_is_compat()) {
		vexj_count_blind();
		return;
	}
	selected = vexj_task_selected(current);
	if (!selected)
		vexj_count_filtered();
	if (!st) {
		if (!selected)
			return;
		st = vexj_state_here(true);
		if (!st)
			return;
	}
	st->selected = selected;
	st->entered = ktime_get_boot_fast_ns();
	st->call = call;
}

/* The end of a call that no hooked function has made a record of. */
static noinline void unrecorded(struct vexj_state *st, const struct vexj_call *call,
				const struct pt_regs *regs, long result)
{
	struct vexj_op o = { .call = call, .st = st, .result = result };

	if (call != vexj_call_of(regs->orig_ax))
		return;
	if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK)
		return;
	if (result < 0 && !vexj_failed_wanted()) {
		vexj_count_filtered();
		return;
	}
	o.type = call->type;
	vexj_load_args(&o, regs);
	o.flags = vexj_arg(&o, call->flags);
	ended(&o);
}

static void leave(const struct pt_regs *regs, long result)
{
	struct vexj_state *st = vexj_state_find(current);
	const struct vexj_call *call;

	if (!st || !st->call)
		return;
	call = st->call;
	st->call = NULL;
	st->opening = false;
	if (st->selected && !st->recorded)
		unrecorded(st, call, regs, result);
}

/* Since 6.13 a tracepoint of calls lets its probes be preempted; RCU is enough. */
static void on_enter(void *data, struct pt_regs *regs, long nr)
{
	rcu_read_lock();
	if (vexj_armed())
		enter(nr);
	rcu_read_unlock();
}

static void on_exit(void *data, struct pt_regs *regs, long result)
{
	rcu_read_lock();
	if (vexj_armed())
		leave(regs, result);
	rcu_read_unlock();
}

static void __maybe_unused check(void)
{
	check_trace_callback_type_sys_enter(on_enter);
	check_trace_callback_type_sys_exit(on_exit);
}

struct vexj_trace vexj_call_traces[] = {
	{ "sys_enter", "who asks for an operation", on_enter },
	{ "sys_exit", "calls that fail early, lookups, locks, mappings", on_exit },
	{}
};
