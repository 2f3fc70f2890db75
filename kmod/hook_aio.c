// SPDX-License-Identifier: GPL-2.0-only
/* Asynchronous I/O, by io_submit(2). */
#include <uapi/linux/aio_abi.h>
#include "async.h"
#include "compat/task.h"

/* Arguments: kiocb, iocb, whether it is a vector. */
static bool begins(struct vexj_hit *h, u32 type)
{
	const struct kiocb *k = (void *)h->arg[0];
	const struct iocb *asked = (void *)h->arg[1];
	u64 length = asked->aio_nbytes;

	h->in->inode[0] = file_inode(k->ki_filp);
	if (!vexj_selected(h->in->inode[0]) || !vexj_wanted(type))
		return true;
	if (h->arg[2] & 1)
		length = vexj_is_compat() ? 0 : vexj_sum_iov((const void __user *)(unsigned long)asked->aio_buf, length);
	vexj_async_begin(k, type, VEXJ_VIA_AIO, length);
	return true;
}

static bool reads(struct vexj_hit *h)
{
	return begins(h, VEXJ_FS_READ);
}

static bool writes(struct vexj_hit *h)
{
	return begins(h, VEXJ_FS_WRITE);
}

/* What fails here never completes. */
static void submitted(struct vexj_hit *h)
{
	if (h->result < 0)
		vexj_async_end((void *)h->arg[0], h->result);
}

static bool completes(struct vexj_hit *h)
{
	vexj_async_end((void *)h->arg[0], (long)h->arg[1]);
	return false;
}

struct vexj_probe vexj_aio_probes[] = {
	{
		.function = "aio_complete_rw", .operation = "io_submit", .any_task = true, .enter = completes,
		.at = { 0, 1, VEXJ_ABSENT },
	},
	{
		.function = "aio_read", .operation = "io_submit of a read", .returns = VEXJ_RETURNS_INT,
		.at = { 0, 1, 2, VEXJ_ABSENT }, .enter = reads, .leave = submitted,
	},
	{
		.function = "aio_write", .operation = "io_submit of a write", .returns = VEXJ_RETURNS_INT,
		.at = { 0, 1, 2, VEXJ_ABSENT }, .enter = writes, .leave = submitted,
	},
	{}
};
