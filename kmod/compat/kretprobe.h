/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_KRETPROBE_H
#define VEXJ_COMPAT_KRETPROBE_H

#include <linux/kprobes.h>

/* 5.11 and newer: an instance knows its probe by a function. */
#ifndef VEXJ_HAVE_GET_KRETPROBE
static inline struct kretprobe *get_kretprobe(struct kretprobe_instance *ri)
{
	return ri->rp;
}
#endif

#endif
