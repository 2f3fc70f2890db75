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
#define DECLARED_CHUNK 4096	/* of an environment, at a time; more than VEXJ_DECLARED_ONE */

/* Tracepoints keep the CPU, which is RCU too, but what reads a task wants to be told. */
static void commit(struct vexj_build *b)
{
	rcu_read_lock();
	vexj_commit(b);
	rcu_read_unlock();
}

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
	commit(b);
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

static bool declares(const u8 *var, u32 len)
{
	static const char *const names[] = {
		"AI_AGENT=", "CLAUDECODE=", "CLAUDE_CODE_SESSION_ID=", "CODEX_THREAD_ID=", "TRACEPARENT=",
	};
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		n = strlen(names[i]);
		if (len >= n && !memcmp(var, names[i], n))
			return true;
	}
	return false;
}

/* Variables of an environment, one behind the other, as they are gathered. */
struct declared {
	u8 *to;			/* VEXJ_DECLARED_MAX bytes */
	u32 len;
	u32 looked;
	bool middle;		/* what comes next is inside of a variable */
};

/* Takes a variable, of which len bytes are there. Returns false where it is enough. */
static bool declare(struct declared *d, const u8 *var, u32 len)
{
	u32 one = min_t(u32, len, VEXJ_DECLARED_ONE), at = d->len ? d->len + 1 : 0;

	if (d->looked++ >= VEXJ_DECLARED_SCAN)
		return false;
	if (!declares(var, len))
		return true;
	if (at + one > VEXJ_DECLARED_MAX)
		return false;
	if (at)
		d->to[d->len] = 0;
	memcpy(d->to + at, var, one);
	d->len = at + one;
	return true;
}

/*
 * What the program says of itself: see DECLARED IDENTITY in vexj.h. The environment
 * has just been written, so it is there; what is not ends the search.
 */
static void put_declared(struct vexj_build *b, const struct mm_struct *mm)
{
	struct declared d = { .to = b->work + DECLARED_CHUNK };
	unsigned long at = mm->env_start, end = mm->env_end;
	const u8 *var, *nul;
	u32 len, left;

	while (at < end) {
		len = min_t(unsigned long, end - at, DECLARED_CHUNK);
		if (copy_from_user_nofault(b->work, (const void __user *)at, len))
			break;
		for (var = b->work, left = len; left; left -= nul + 1 - var, var = nul + 1) {
			nul = memchr(var, 0, left);
			if (!nul && var != b->work)
				break;	/* it goes on behind the chunk: there it is begun with again */
			if (!d.middle && !declare(&d, var, nul ? nul - var : left))
				goto done;
			d.middle = !nul;
			if (!nul) {
				left = 0;	/* all of the chunk is one variable's */
				break;
			}
		}
		at += len - left;
	}
done:
	if (d.len)
		vexj_put(b, VEXJ_ATTR_DECLARED, d.to, d.len);
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
	put_declared(b, task->mm);
	commit(b);
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
	commit(b);
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
