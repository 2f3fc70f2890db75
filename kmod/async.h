/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers that may complete in another context than they were begun in, kept
 * by their kiocb in between.
 */
#ifndef VEXJ_ASYNC_H
#define VEXJ_ASYNC_H

#include "hooks.h"

/* Keeps a transfer that the current task begins. One that is begun again stays. */
void vexj_async_begin(const struct kiocb *k, u32 type, u32 via, u64 length);

/*
 * Some are told by what the caller called them when they complete, and by then
 * their kiocb has nothing left but its file: where they are to begin is said here.
 * Two of one name are taken for each other.
 */
void vexj_async_name(const struct kiocb *k, const struct vexj_async_name *name, s64 from);
const struct kiocb *vexj_async_named(const struct vexj_async_name *name);

/*
 * Makes the record of a transfer with its result, if it is one that was kept, and
 * forgets it. Its file is still held by the kiocb.
 */
void vexj_async_end(const struct kiocb *k, s64 result);

#endif
