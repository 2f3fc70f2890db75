/* SPDX-License-Identifier: GPL-2.0-only */
/* What numbers a record and writes its front, for record.c and emit.c alone. */
#ifndef VEXJ_RECORD_H
#define VEXJ_RECORD_H

#include "core.h"

struct vexj_scratch __percpu *vexj_scratch_new(void);
void vexj_scratch_free(struct vexj_scratch __percpu *scratch);

/* What a number is taken for; preemption is off until it is in the ring or lost. */
struct vexj_number {
	u64 global;
	u64 sequence;
	u32 cpu;
};

struct vexj_number vexj_number(struct vexj_run *run);
void vexj_number_lost(struct vexj_run *run, enum vexj_lost_cause cause);

#endif
