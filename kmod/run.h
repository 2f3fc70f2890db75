/* SPDX-License-Identifier: GPL-2.0-only */
/* A run: what is between one VEXJ_IOC_CONSUME and the next. All under run_lock. */
#ifndef VEXJ_RUN_H
#define VEXJ_RUN_H

#include "core.h"

/* What the module's parameters said, which a consumer can override. */
struct vexj_sizes {
	u64 ring_bytes;
	u32 watermark;
	u32 deadline_ms;
};

int vexj_sizes_check(const struct vexj_sizes *sizes);

/*
 * Makes a run, publishes it and arms the hooks. ERR_PTR(): -EINVAL, -ENOMEM, or
 * what the hooks say.
 */
struct vexj_run *vexj_run_begin(const struct vexj_sizes *sizes, u64 visibility);

/* Nothing is numbered any more once it returns. Rings and counters stay. */
void vexj_run_end(struct vexj_run *run);
void vexj_run_free(struct vexj_run *run);

/* One CPU's, or with VEXJ_DEV_ALL_CPUS the sums. */
void vexj_run_count(const struct vexj_run *run, struct vexj_dev_counters *c);

#endif
