/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes: fork, exec, exit, by the scheduler's tracepoints, in both program
 * sets. Following a process tree hangs on the first of them.
 */
#ifndef VEXJ_BPF_PROCESS_H
#define VEXJ_BPF_PROCESS_H

#include "record.h"
#include "path.h"
#include "context.h"
#include "declared.h"

#define ARGV_MAX 1024

static __always_inline struct task_state *state_of(struct task_struct *task)
{
	return bpf_task_storage_get(&states, (void *)task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* Whether records about processes are wanted at all: they have no path to filter by. */
static __always_inline bool process_selected(struct task_struct *task)
{
	struct task_state *st;

	if (get(task, tgid) == cfg.self || cfg.filters & (FILTER_PREFIX | FILTER_SB))
		return false;
	st = state_of(task);
	return st && task_selected(task, st);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(vexj_fork, struct task_struct *parent, struct task_struct *child)
{
	struct event e = { .type = VEXJ_PROC_FORK, .offset = -1 };
	struct vexj_attr_child *a;
	struct task_state *c;
	struct scratch *s;
	u32 off = BODY;

	inherit(parent, child);
	if (cfg.filters & FILTER_TREE) {
		struct task_state *p = state_of(parent);

		if (p && task_selected(parent, p)) {
			c = state_of(child);
			if (c)
				c->tracked = 1;
		}
	}
	/* A thread is no process. */
	if (child->pid != child->tgid || !wanted(VEXJ_PROC_FORK) || !process_selected(parent))
		return 0;
	c = state_of(child);
	if (c && __sync_lock_test_and_set(&c->announced, 1))
		return 0;
	s = take_scratch();
	if (!s) {
		lose(VEXJ_LOST_NESTED);
		return 0;
	}
	begin(s);
	put_head(s, off, VEXJ_ATTR_CHILD, sizeof(*a));
	a = rec_at(s, off + 4);
	a->pid = child->tgid;
	a->tid = child->pid;
	a->thread = 0;
	e.result = child->tgid;
	e.now = bpf_ktime_get_boot_ns();
	emit(s, &e, off + 4 + sizeof(*a));
	drop_scratch(s);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(vexj_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct event e = { .type = VEXJ_PROC_EXEC, .offset = -1 };
	struct file *f = bprm->file;
	struct path_args p = {};
	struct task_state *st;
	struct scratch *s;
	u64 start, end, id = get(task, self_exec_id);
	u32 off = BODY, len;

	if (!wanted(VEXJ_PROC_EXEC) || !process_selected(task))
		return 0;
	st = state_of(task);
	if (!st || st->executed == id)
		return 0;
	st->executed = id;
	s = take_scratch();
	if (!s) {
		lose(VEXJ_LOST_NESTED);
		return 0;
	}
	begin(s);
	off = put_file(s, off, VEXJ_ATTR_FILE, get(f, f_inode));
	p.mnt = (u64)get(f, f_path.mnt);
	p.dentry = (u64)get(f, f_path.dentry);
	p.off = off;
	off = put_path(s, &p);

	start = get(task, mm, arg_start);
	end = get(task, mm, arg_end);
	len = end - start > ARGV_MAX ? ARGV_MAX : end - start;
	if (len > 0 && !bpf_probe_read_user(rec_at(s, off + 4), len, (void *)start)) {
		u32 cut = (len - 1) & (2 * CHUNK - 1);

		/* Without the last NUL. */
		if (end - start <= ARGV_MAX && !*(u8 *)rec_at(s, off + 4 + cut))
			len--;
		put_head(s, off, VEXJ_ATTR_ARGV, len);
		off = pad(s, off + 4 + len);
	}
	off = put_declared(s, task, off);
	e.now = bpf_ktime_get_boot_ns();
	emit(s, &e, off);
	drop_scratch(s);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(vexj_task_exit, struct task_struct *task)
{
	struct event e = { .type = VEXJ_PROC_EXIT, .offset = -1 };
	struct signal_struct *signal = task->signal;
	struct task_state *leader;
	struct scratch *s;

	/*
	 * The last thread out: the kernel has taken it off the count by now. Two
	 * that leave at once can both find it at zero; one of them tells.
	 */
	if (signal->live.counter || !wanted(VEXJ_PROC_EXIT) || !process_selected(task))
		return 0;
	leader = state_of(task->group_leader);
	if (leader && __sync_lock_test_and_set(&leader->exited, 1))
		return 0;
	s = take_scratch();
	if (!s) {
		lose(VEXJ_LOST_NESTED);
		return 0;
	}
	begin(s);
	e.result = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->exit_code;
	e.now = bpf_ktime_get_boot_ns();
	emit(s, &e, BODY);
	drop_scratch(s);
	return 0;
}

#endif
