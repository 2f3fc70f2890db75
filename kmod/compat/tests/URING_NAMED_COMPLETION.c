// SPDX-License-Identifier: GPL-2.0-only
#include <trace/events/io_uring.h>

static void submitted(void *data, void *ring, void *req, u8 opcode, u64 id, u32 flags, bool force, bool sq_thread)
{
}

static void completed(void *data, void *ring, u64 id, int result, unsigned int flags)
{
}

void test(void)
{
	check_trace_callback_type_io_uring_submit_sqe(submitted);
	check_trace_callback_type_io_uring_complete(completed);
}
