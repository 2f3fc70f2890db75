/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_UNALIGNED_H
#define VEXJ_COMPAT_UNALIGNED_H

/* Moved in 6.12. */
#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif
