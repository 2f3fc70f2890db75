/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_INODE_H
#define VEXJ_COMPAT_INODE_H

#include <linux/fs.h>
#include <linux/ktime.h>

/* Since 6.6 they are behind functions, since 6.11 no timespec at all. */
static inline s64 vexj_atime(const struct inode *inode)
{
#ifdef VEXJ_HAVE_INODE_GET_ATIME
	return inode_get_atime_sec(inode) * NSEC_PER_SEC + inode_get_atime_nsec(inode);
#else
	return inode->i_atime.tv_sec * NSEC_PER_SEC + inode->i_atime.tv_nsec;
#endif
}

static inline s64 vexj_mtime(const struct inode *inode)
{
#ifdef VEXJ_HAVE_INODE_GET_ATIME
	return inode_get_mtime_sec(inode) * NSEC_PER_SEC + inode_get_mtime_nsec(inode);
#else
	return inode->i_mtime.tv_sec * NSEC_PER_SEC + inode->i_mtime.tv_nsec;
#endif
}

/* 6.18 and newer chain a filesystem's mounts by pointers to struct mount. */
#define VEXJ_MOUNTS_LISTED \
	__builtin_types_compatible_p(typeof(((struct super_block *)0)->s_mounts), struct list_head)

#endif
