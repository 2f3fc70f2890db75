// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fs.h>

long long test(const struct inode *inode)
{
	return inode_get_atime_sec(inode) + inode_get_mtime_nsec(inode);
}
