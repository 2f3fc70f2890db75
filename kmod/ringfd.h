/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_RINGFD_H
#define VEXJ_RINGFD_H

#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "ring.h"

/* A ring with its pages and whoever sleeps on it. */
struct vexj_ringfd {
	struct vexj_ring ring;
	struct kref refs;	/* of the run, and of each descriptor */
	int cpu;
	unsigned long deadline;	/* jiffies; MAX_SCHEDULE_TIMEOUT: none */
	void *area;		/* consumer page, producer page, data twice */
	struct page **pages;
	unsigned long pages_len; /* each data page once */
	wait_queue_head_t sleepers;
	struct irq_work kick;
	struct delayed_work timer;
};

/* May sleep. ERR_PTR(-ENOMEM). */
struct vexj_ringfd *vexj_ringfd_new(int cpu, unsigned long bytes, u32 watermark, u32 deadline_ms);
void vexj_ringfd_put(struct vexj_ringfd *r);

/* A new descriptor, for whoever calls. */
int vexj_ringfd_open(struct vexj_ringfd *r);

/* After the last commit: stops its timer, and wakes the reader once more. */
void vexj_ringfd_stop(struct vexj_ringfd *r);

#endif
