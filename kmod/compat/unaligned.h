/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_UNALIGNED_H
#define VEXJ_COMPAT_UNALIGNED_H

/* Moved in 6.12. */
#ifdef VEXJ_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif
