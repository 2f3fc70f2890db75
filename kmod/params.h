/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's parameters: sizes of a run, and the filter to begin with. */
#ifndef VEXJ_PARAMS_H
#define VEXJ_PARAMS_H

#include "run.h"

/* Checks them, and says in the log what is wrong. */
int vexj_params_init(void);
const struct vexj_sizes *vexj_params_sizes(void);

/* Calls set() with the filter that the parameters make. */
int vexj_params_filter(int (*set)(const struct vexj_dev_filter *f, const char *prefixes));

#endif
