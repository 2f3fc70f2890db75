// SPDX-License-Identifier: GPL-2.0-only
//go:build ignore

/*
 * The syscall set: the two raw tracepoints that every system call passes, and
 * nothing else, for kernels that refuse trampolines.
 *
 * The entry stamps the time; the exit, which still has the arguments in the
 * saved registers, builds the record from the objects as the call left them.
 * Calls after which the object cannot be found any more (unlink, rmdir, rename,
 * close) are built at the entry and kept with the task until the result is
 * known.
 */
#include "process.h"
#include "victim.h"
#include "op_file.h"
#include "op_open.h"
#include "op_name.h"
#include "op_held.h"

/*
 * Shapes of calls that need nothing built at their entry, as the functions that
 * they run are hooked: a mask that the loader sets, 0 in the syscall set.
 */
const volatile u32 shown = 0;

static __noinline int on_sync(struct op *o)
{
	send(o, BODY);
	return 0;
}

/* At the entry: what cannot be known afterwards. */
static __always_inline void before(struct op *o)
{
	u32 end = 0;
	u64 file;

	switch (o->c->shape) {
	case SHAPE_DUP:
		if (arg(o, 0) == arg(o, 1))
			break;
	case SHAPE_CLOSE:
		file = fd_file(o->task, arg(o, o->c->fd));
		if (file)
			end = put_open_file(o->s, file, BODY);
		break;
	case SHAPE_CLOSE_RANGE:
		on_close_range(o);
		break;
	case SHAPE_DELETE:
		end = delete_body(o);
		/* Not cached, or not readable yet: the exit tries again. */
		if (o->s->w.status != WALK_FOUND)
			end = 0;
		break;
	case SHAPE_RENAME:
		end = rename_body(o, false);
		if (o->s->w.status == WALK_FAULT ||
		    o->s->flags & (VEXJ_F_OBJECT_UNKNOWN | VEXJ_F_PATH_UNRESOLVED |
				   VEXJ_F_PATH2_UNRESOLVED)) {
			o->held->has_target = TARGET_NONE;
			end = 0;
		}
		break;
	case SHAPE_MOUNT:
		end = mount_body(o);
		if (o->s->w.status != WALK_FOUND)
			end = 0;
		break;
	}
	if (end > BODY && save_body(o, end))
		lose(VEXJ_LOST_STATE);
}

/* The record of a call whose result is known. */
static __always_inline int after(struct op *o)
{
	switch (o->c->shape) {
	case SHAPE_IO: return on_io(o);
	case SHAPE_FD:
		if (o->s->ev.type == VEXJ_FS_FALLOCATE)
			o->s->ev.subtype = VEXJ_SUBTYPE(o->via, arg(o, o->c->mode));
		return on_fd(o);
	case SHAPE_PATH:
		/* mknod makes regular files too. */
		if (o->s->ev.type == VEXJ_FS_MKNOD) {
			u32 kind = arg(o, o->c->mode) & S_IFMT;

			if (!kind || kind == S_IFREG)
				o->s->ev.type = VEXJ_FS_CREATE;
			if (!wanted(o->s->ev.type))
				return 0;
		}
		return on_path(o);
	case SHAPE_BIND: return on_bind(o);
	case SHAPE_OPEN: return on_open(o);
	case SHAPE_DELETE:
		if (o->flags & AT_REMOVEDIR)
			o->s->ev.type = VEXJ_FS_RMDIR;
		if (!wanted(o->s->ev.type))
			return 0;
		return on_delete(o);
	case SHAPE_DUP:
		if (o->s->ev.result > 0)
			o->s->ev.result = 0;
		return on_close(o);
	case SHAPE_CLOSE: return on_close(o);
	case SHAPE_RENAME: return on_rename(o);
	case SHAPE_LINK: return on_link(o);
	case SHAPE_SYMLINK: return on_symlink(o);
	case SHAPE_COPY: return on_copy(o);
	case SHAPE_MMAP: return on_mmap(o);
	case SHAPE_FCNTL:
	case SHAPE_FLOCK: return on_lock(o);
	case SHAPE_IOCTL: return on_ioctl(o);
	case SHAPE_MOUNT: return on_mount(o);
	case SHAPE_SYNC: return on_sync(o);
	case SHAPE_EXEC: return o->s->ev.result < 0 ? on_path(o) : 0;
	}
	return 0;
}

static __always_inline bool is_compat(struct task_struct *task)
{
	return get(task, thread_info.status) & TS_COMPAT;
}

static __always_inline int call_entered(struct pt_regs *regs, long id)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_state *st;
	struct op o = {};
	u32 nr = id;
	u8 shape;

	if (nr >= NR_CALLS)
		return 0;
	barrier_var(nr);
	if (nr >= NR_CALLS)
		return 0;
	o.c = &calls[nr];
	if (!o.c->type || get(task, tgid) == cfg.self)
		return 0;
	if (is_compat(task)) {
		struct counts *c = this_counters();

		if (c)
			__sync_fetch_and_add(&c->blind, 1);
		return 0;
	}
	st = bpf_task_storage_get(&states, (void *)task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!st) {
		if (!(cfg.filters & FILTER_TREE))
			lose(VEXJ_LOST_STATE);
		return 0;
	}
	st->seen = nr + 1;
	if (!task_selected(task, st)) {
		count_filtered();
		return 0;
	}
	st->nr = nr + 1;
	st->recorded = 0;
	st->held.len = 0;
	st->held.has_target = TARGET_NONE;
	shape = o.c->shape;
	if (shape >= SHAPE_DELETE && shape <= SHAPE_MOUNT && !(shown >> shape & 1)) {
		struct scratch *s = take_scratch();

		/* Without one the exit tries. */
		if (s) {
			o.s = s;
			o.task = task;
			o.held = &st->held;
			load_args(&o, regs);
			o.flags = arg(&o, o.c->flags);
			begin(o.s);
			o.s->ev.result = 0;
			before(&o);
			drop_scratch(s);
		}
	}
	st->entered = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(vexj_enter, struct pt_regs *regs, long id)
{
	return call_entered(regs, id);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(vexj_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_state *st;
	struct scratch *s;
	struct op o = {};
	u32 nr = regs->orig_ax;

	if (nr >= NR_CALLS)
		return 0;
	barrier_var(nr);
	if (nr >= NR_CALLS)
		return 0;
	o.c = &calls[nr];
	if (!o.c->type)
		return 0;
	st = bpf_task_storage_get(&states, (void *)task, NULL, 0);
	if (!st)
		return 0;
	st->seen = 0;
	if (st->nr != nr + 1)
		return 0;
	st->nr = 0;
	if (st->recorded)
		return 0;
	if (ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK)
		return 0;
	if (ret < 0 && !(cfg.filters & FILTER_FAILED)) {
		count_filtered();
		return 0;
	}
	s = take_scratch();
	if (!s) {
		lose(VEXJ_LOST_NESTED);
		return 0;
	}
	o.s = s;
	begin(o.s);
	o.task = task;
	o.held = &st->held;
	load_args(&o, regs);
	o.flags = arg(&o, o.c->flags);
	o.via = o.c->via;
	o.s->ev.type = o.c->type;
	o.s->ev.subtype = VEXJ_SUBTYPE(o.via, o.c->kind);
	o.s->ev.offset = o.c->off == NOARG ? -1 : (s64)arg(&o, o.c->off);
	o.s->ev.length = arg(&o, o.c->len);
	o.s->ev.result = ret;
	o.s->ev.parent = 0;
	o.s->ev.now = bpf_ktime_get_boot_ns();
	o.s->ev.duration = o.s->ev.now - st->entered;
	after(&o);
	drop_scratch(s);
	return 0;
}

#include "uring.h"
#include "again.h"

/*
 * Run by the loader on a path that it knows, in its own context: whether the
 * walk finds on this kernel what the kernel itself finds.
 */
struct walked {
	u64 inode;
	u32 status;
	u32 reserved;
};

struct walked found;

SEC("raw_tp")
int vexj_walk(struct bpf_raw_tracepoint_args *ctx)
{
	struct scratch *s = take_scratch();

	if (!s)
		return 0;
	walk_user(s, AT_FDCWD, ctx->args[0], WALK_FOLLOW);
	found.status = s->w.status;
	found.inode = get(at(struct dentry, s->w.dentry), d_inode, i_ino);
	drop_scratch(s);
	return 0;
}
