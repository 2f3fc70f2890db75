/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_FILE_H
#define VEXJ_COMPAT_FILE_H

#include <linux/fdtable.h>
#include <linux/fs.h>

/* The file under a number, by RCU alone. files_lookup_fd_raw() is fcheck() before 5.11. */
static inline const struct file *vexj_lookup_fd(struct files_struct *files, unsigned int fd)
{
#ifdef VEXJ_HAVE_FILES_LOOKUP_FD_RAW
	return files_lookup_fd_raw(files, fd);
#else
	return __fcheck_files(files, fd);
#endif
}

/*
 * The path that the user opened it by. What overlayfs maps is a file of a layer that
 * it has opened itself: since 6.8 one that knows the user's path, and before one that
 * bears it.
 */
static inline const struct path *vexj_user_path(const struct file *f)
{
#ifdef VEXJ_HAVE_BACKING_FILE_USER_PATH
	if (f->f_mode & FMODE_BACKING)
		return backing_file_user_path(f);
#endif
	return &f->f_path;
}

#endif
