// SPDX-License-Identifier: GPL-2.0-only
/* Tracepoints by name: those of the scheduler and of system calls are not exported. */
#include <linux/string.h>
#include <linux/tracepoint.h>
#include "core.h"

struct search {
	const char *name;
	struct tracepoint *found;
};

static void compare(struct tracepoint *point, void *data)
{
	struct search *s = data;

	if (!strcmp(point->name, s->name))
		s->found = point;
}

struct tracepoint *vexj_tracepoint(const char *name)
{
	struct search s = { .name = name };

	for_each_kernel_tracepoint(compare, &s);
	return s.found;
}
