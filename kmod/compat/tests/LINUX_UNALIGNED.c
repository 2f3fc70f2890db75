// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/unaligned.h>

void test(u64 value, u64 *to)
{
	put_unaligned(value, to);
}
