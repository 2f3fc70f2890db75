/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a request of io_uring. All kernels have the file, or the kiocb
 * of a transfer, at its beginning, and where it was to go behind that; 6.0 and
 * newer have the request itself in a header.
 */
#ifndef VEXJ_COMPAT_URING_H
#define VEXJ_COMPAT_URING_H

#include <linux/fs.h>
#ifdef VEXJ_HAVE_IO_URING_TYPES
#include <linux/io_uring_types.h>
#endif

/* io_uring/rw.c */
struct vexj_uring_rw {
	struct kiocb kiocb;
	u64 addr;
	u32 len;
};

/* The request's result, once it has one; false: it has to be found in another way. */
static inline bool vexj_uring_result(const void *req, s64 *result)
{
#ifdef VEXJ_HAVE_IO_URING_TYPES
	*result = ((const struct io_kiocb *)req)->cqe.res;
	return true;
#else
	return false;
#endif
}

/* IORING_OP_*; -1: not known. */
static inline int vexj_uring_opcode(const void *req)
{
#ifdef VEXJ_HAVE_IO_URING_TYPES
	return ((const struct io_kiocb *)req)->opcode;
#else
	return -1;
#endif
}

#endif
