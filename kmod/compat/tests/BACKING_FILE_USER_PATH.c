// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fs.h>

const struct path *test(const struct file *f)
{
	return f->f_mode & FMODE_BACKING ? backing_file_user_path(f) : &f->f_path;
}
