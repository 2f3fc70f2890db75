// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes: fork, exec, exit, by the scheduler's tracepoints; and the end of a
 * task, with which goes what is known of it.
 */
#include <linux/binfmts.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <trace/events/sched.h>
#include "hooks.h"

#define ARGV_MAX 1024

static void forked(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct vexj_attr_child c = { .pid = child->tgid, .tid = child->pid };
	struct vexj_build *b;

	/* A thread is no process. */
	if (child->pid != child->tgid || !vexj_wanted(VEXJ_PROC_FORK) || !vexj_process_selected(parent))
		return;
	b = vexj_begin(VEXJ_PROC_FORK, VEXJ_VIA_CALL);
	if (!b)
		return;
	b->result = child->tgid;
	vexj_put(b, VEXJ_ATTR_CHILD, &c, sizeof(c));
	vexj_commit(b);
}

static void put_argv(struct vexj_build *b, const struct mm_struct *mm)
{
	unsigned long start = mm->arg_start, all = mm->arg_end - start;
	u32 len = min_t(unsigned long, all, ARGV_MAX);

	if (!len || copy_from_user_nofault(b->work, (const void __user *)start, len))
		return;
	/* Without the last NUL. */
	if (all <= ARGV_MAX && !b->work[len - 1])
		len--;
	vexj_put(b, VEXJ_ATTR_ARGV, b->work, len);
}

static void executed(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	const struct file *f = bprm->file;
	struct vexj_build *b;

	if (!vexj_wanted(VEXJ_PROC_EXEC) || !vexj_process_selected(task))
		return;
	b = vexj_begin(VEXJ_PROC_EXEC, VEXJ_VIA_CALL);
	if (!b)
		return;
	vexj_put_file(b, VEXJ_ATTR_FILE, file_inode(f));
	vexj_put_path(b, VEXJ_ATTR_PATH, &(struct vexj_where){ .mnt = f->f_path.mnt, .dentry = f->f_path.dentry });
	put_argv(b, task->mm);
	vexj_commit(b);
}

/*
 * The last thread out: the kernel has taken it off the count by now. Two that
 * leave at once can both find it at zero; one of them tells.
 */
static bool last_out(struct task_struct *task)
{
	struct vexj_state *leader;
	bool only;

	if (atomic_read(&task->signal->live))
		return false;
	rcu_read_lock();
	leader = vexj_state_find(task->group_leader);
	only = !leader || !xchg(&leader->exited, 1);
	rcu_read_unlock();
	return only;
}

#ifdef VEXJ_HAVE_EXIT_GROUP_DEAD
static void exited(void *data, struct task_struct *task, bool group_dead)
#else
static void exited(void *data, struct task_struct *task)
#endif
{
	struct signal_struct *signal = task->signal;
	struct vexj_build *b;

	if (!vexj_wanted(VEXJ_PROC_EXIT) || !vexj_process_selected(task) || !last_out(task))
		return;
	b = vexj_begin(VEXJ_PROC_EXIT, VEXJ_VIA_CALL);
	if (!b)
		return;
	b->result = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->exit_code;
	vexj_commit(b);
}

static void freed(void *data, struct task_struct *task)
{
	vexj_state_drop(task);
}

static void __maybe_unused check(void)
{
	check_trace_callback_type_sched_process_fork(forked);
	check_trace_callback_type_sched_process_exec(executed);
	check_trace_callback_type_sched_process_exit(exited);
	check_trace_callback_type_sched_process_free(freed);
}

struct vexj_trace vexj_process_traces[] = {
	{ "sched_process_fork", "fork", forked },
	{ "sched_process_exec", "exec", executed },
	{ "sched_process_exit", "exit", exited },
	{ "sched_process_free", "the end of a task", freed },
	{}
};
