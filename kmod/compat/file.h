/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_FILE_H
#define VEXJ_COMPAT_FILE_H

#include <linux/fdtable.h>

/* The file under a number, by RCU alone. files_lookup_fd_raw() is fcheck() before 5.11. */
static inline const struct file *vexj_lookup_fd(struct files_struct *files, unsigned int fd)
{
#ifdef VEXJ_HAVE_FILES_LOOKUP_FD_RAW
	return files_lookup_fd_raw(files, fd);
#else
	return __fcheck_files(files, fd);
#endif
}

#endif
