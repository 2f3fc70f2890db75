// SPDX-License-Identifier: GPL-2.0-only
#include <trace/events/sched.h>

static void exited(void *data, struct task_struct *task, bool group_dead)
{
}

void test(void)
{
	check_trace_callback_type_sched_process_exit(exited);
}
