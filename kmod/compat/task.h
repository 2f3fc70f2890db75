/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_TASK_H
#define VEXJ_COMPAT_TASK_H

#include <linux/compat.h>
#include <linux/sched.h>
#include <asm/thread_info.h>

/* A worker of io_uring, whose number has stayed where it has a name. */
#ifdef PF_IO_WORKER
#define VEXJ_PF_IO_WORKER PF_IO_WORKER
#else
#define VEXJ_PF_IO_WORKER 0
#endif

/* Whether the task is in a call of the 32-bit table. */
static inline bool vexj_is_compat(void)
{
#ifdef TS_COMPAT
	return current_thread_info()->status & TS_COMPAT;
#else
	return false;
#endif
}

#endif
