// SPDX-License-Identifier: GPL-2.0-only
#include <linux/io_uring_types.h>

int test(const struct io_kiocb *req)
{
	return req->opcode + req->cqe.res;
}
