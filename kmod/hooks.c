// SPDX-License-Identifier: GPL-2.0-only
/* The hooks, all of them; none yet, so that only what is emitted is recorded. */
#include "core.h"

int vexj_hooks_init(void)
{
	return vexj_hook_report("hooks", "all operations", "none is written yet") ? 0 : -ENOMEM;
}

void vexj_hooks_exit(void) {}
int vexj_hooks_arm(void) { return 0; }
void vexj_hooks_disarm(void) {}
void vexj_hooks_settle(void) {}
