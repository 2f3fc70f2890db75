/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that a task was preempted in is not run for another task on that CPU:
 * the kernel takes it for recursion. Where a kernel lets that happen the loader
 * attaches copies behind each program, which are run in its stead. A program that
 * has been run for an event does nothing when a copy is run for it; only of an
 * entry it takes this to find out.
 *
 * Copies, and no tail calls to one program: newer kernels give a program one stack
 * for each CPU, and count on it not being entered twice.
 */
#ifndef VEXJ_BPF_AGAIN_H
#define VEXJ_BPF_AGAIN_H

static __always_inline bool entered_before(long id)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_state *st;
	u32 nr = id;

	if (nr >= NR_CALLS)
		return true;
	barrier_var(nr);
	if (nr >= NR_CALLS || !calls[nr].type || is_compat(task))
		return true;
	st = bpf_task_storage_get(&states, (void *)task, NULL, 0);
	return st && st->seen == nr + 1;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(again_enter, struct pt_regs *regs, long id)
{
	return entered_before(id) ? 0 : call_entered(regs, id);
}

#endif
