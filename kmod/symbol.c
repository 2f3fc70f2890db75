// SPDX-License-Identifier: GPL-2.0-only
/*
 * Variables of the kernel's that are not exported. They are read, and believed
 * only if what they say turns out to be so; no function is ever called by address.
 */
#include <linux/kprobes.h>
#include "hooks.h"

/*
 * Of a kprobe that cannot be placed, as it is on no code, the address has been
 * looked up all the same.
 */
const void *vexj_find_variable(const char *name)
{
	struct kprobe kp = { .symbol_name = name };

	if (!register_kprobe(&kp)) {
		unregister_kprobe(&kp);
		return NULL;
	}
	return kp.addr;
}
