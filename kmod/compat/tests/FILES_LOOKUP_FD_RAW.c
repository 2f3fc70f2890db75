// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fdtable.h>

struct file *test(struct files_struct *files)
{
	return files_lookup_fd_raw(files, 0);
}
