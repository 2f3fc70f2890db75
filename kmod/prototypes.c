// SPDX-License-Identifier: GPL-2.0-only
#include "hooks.h"

const char *vexj_prototype_differs(const char *function)
{
	return NULL;
}
