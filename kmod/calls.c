// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fcntl.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <asm/unistd.h>
#include "core.h"
#include "calls.h"

#ifndef CONFIG_X86_64
#error "vexj knows the system calls of x86-64 alone: add a table for this machine to calls.c"
#endif

/* Newer than some headers. */
#define NR_OPENAT2		437
#define NR_CLOSE_RANGE		436
#define NR_FACCESSAT2		439
#define NR_FCHMODAT2		452
#define NR_SETXATTRAT		463
#define NR_GETXATTRAT		464
#define NR_LISTXATTRAT		465
#define NR_REMOVEXATTRAT	466
#define NR_FILE_SETATTR		469

#define CALL_(t, s, ...) { .type = VEXJ_##t, .shape = VEXJ_SHAPE_##s, ##__VA_ARGS__ }
#define FD_(t, ...)	CALL_(FS_##t, FD, .fd = 1, ##__VA_ARGS__)
#define IO_(t, ...)	CALL_(FS_##t, IO, .fd = 1, .len = 3, ##__VA_ARGS__)
#define PATH_(t, ...)	CALL_(FS_##t, PATH, .fd = VEXJ_CWD, .path = 1, ##__VA_ARGS__)
#define PATHAT_(t, ...)	CALL_(FS_##t, PATH, .fd = 1, .path = 2, ##__VA_ARGS__)

static const struct vexj_call calls[] = {
	/* data */
	[__NR_read] = IO_(READ, .opts = VEXJ_POSITION),
	[__NR_write] = IO_(WRITE, .opts = VEXJ_POSITION),
	[__NR_pread64] = IO_(READ, .off = 4),
	[__NR_pwrite64] = IO_(WRITE, .off = 4),
	[__NR_readv] = IO_(READ, .opts = VEXJ_POSITION | VEXJ_VECTOR),
	[__NR_writev] = IO_(WRITE, .opts = VEXJ_POSITION | VEXJ_VECTOR),
	[__NR_preadv] = IO_(READ, .off = 4, .opts = VEXJ_VECTOR),
	[__NR_pwritev] = IO_(WRITE, .off = 4, .opts = VEXJ_VECTOR),
	[__NR_preadv2] = IO_(READ, .off = 4, .opts = VEXJ_VECTOR | VEXJ_NEGATIVE),
	[__NR_pwritev2] = IO_(WRITE, .off = 4, .opts = VEXJ_VECTOR | VEXJ_NEGATIVE),
	[__NR_sendfile] = CALL_(FS_WRITE, COPY, .fd = 1, .fd2 = 2, .len = 4, .via = VEXJ_VIA_SENDFILE),
	[__NR_splice] = CALL_(FS_WRITE, COPY, .fd = 3, .fd2 = 1, .len = 5, .off = 4, .via = VEXJ_VIA_SPLICE),
	[__NR_copy_file_range] = CALL_(FS_WRITE, COPY, .fd = 3, .fd2 = 1, .len = 5, .off = 4, .via = VEXJ_VIA_COPY_RANGE),
	[__NR_mmap] = CALL_(FS_MMAP_WRITE, MMAP, .fd = 5, .len = 2, .off = 6, .via = VEXJ_VIA_MMAP, .kind = VEXJ_MMAP_MAPPED),

	/* open and close */
	[__NR_open] = CALL_(FS_OPEN, OPEN, .fd = VEXJ_CWD, .path = 1, .flags = 2, .mode = 3),
	[__NR_openat] = CALL_(FS_OPEN, OPEN, .fd = 1, .path = 2, .flags = 3, .mode = 4),
	[NR_OPENAT2] = CALL_(FS_OPEN, OPEN, .fd = 1, .path = 2, .flags = VEXJ_CWD, .mode = 3),
	[__NR_creat] = CALL_(FS_OPEN, OPEN, .fd = VEXJ_CWD, .path = 1, .mode = 2),
	[__NR_open_by_handle_at] = CALL_(FS_OPEN, OPEN, .fd = VEXJ_CWD, .flags = 3),
	[__NR_close] = CALL_(FS_CLOSE, CLOSE, .fd = 1),
	[__NR_dup2] = CALL_(FS_CLOSE, CLOSE, .fd = 2),
	[__NR_dup3] = CALL_(FS_CLOSE, CLOSE, .fd = 2),
	[NR_CLOSE_RANGE] = CALL_(FS_CLOSE, CLOSE),

	/* names */
	[__NR_truncate] = PATH_(TRUNCATE, .len = 2, .opts = VEXJ_FOLLOW),
	[__NR_ftruncate] = FD_(TRUNCATE, .len = 2),
	[__NR_rename] = CALL_(FS_RENAME, RENAME, .fd = VEXJ_CWD, .path = 1, .fd2 = VEXJ_CWD, .path2 = 2),
	[__NR_renameat] = CALL_(FS_RENAME, RENAME, .fd = 1, .path = 2, .fd2 = 3, .path2 = 4),
	[__NR_renameat2] = CALL_(FS_RENAME, RENAME, .fd = 1, .path = 2, .fd2 = 3, .path2 = 4, .flags = 5),
	[__NR_mkdir] = PATH_(MKDIR, .opts = VEXJ_NAMESPACE),
	[__NR_mkdirat] = PATHAT_(MKDIR, .opts = VEXJ_NAMESPACE),
	[__NR_rmdir] = CALL_(FS_RMDIR, DELETE, .fd = VEXJ_CWD, .path = 1),
	[__NR_unlink] = CALL_(FS_DELETE, DELETE, .fd = VEXJ_CWD, .path = 1),
	[__NR_unlinkat] = CALL_(FS_DELETE, DELETE, .fd = 1, .path = 2, .flags = 3),
	[__NR_link] = CALL_(FS_HARDLINK, LINK, .fd = VEXJ_CWD, .path = 1, .fd2 = VEXJ_CWD, .path2 = 2),
	[__NR_linkat] = CALL_(FS_HARDLINK, LINK, .fd = 1, .path = 2, .fd2 = 3, .path2 = 4, .flags = 5, .opts = VEXJ_AT_FOLLOW),
	[__NR_symlink] = CALL_(FS_SYMLINK, SYMLINK, .path2 = 1, .fd = VEXJ_CWD, .path = 2),
	[__NR_symlinkat] = CALL_(FS_SYMLINK, SYMLINK, .path2 = 1, .fd = 2, .path = 3),
	[__NR_mknod] = PATH_(MKNOD, .mode = 2, .opts = VEXJ_NAMESPACE),
	[__NR_bind] = CALL_(FS_MKNOD, BIND, .fd = VEXJ_CWD, .path = 2, .opts = VEXJ_NAMESPACE),
	[__NR_mknodat] = PATHAT_(MKNOD, .mode = 3, .opts = VEXJ_NAMESPACE),

	/* attributes */
	[__NR_chmod] = PATH_(CHMOD, .opts = VEXJ_FOLLOW),
	[__NR_fchmod] = FD_(CHMOD),
	[__NR_fchmodat] = PATHAT_(CHMOD, .opts = VEXJ_FOLLOW),
	[NR_FCHMODAT2] = PATHAT_(CHMOD, .flags = 4, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
	[__NR_chown] = PATH_(CHOWN, .mode = 2, .opts = VEXJ_FOLLOW),
	[__NR_fchown] = FD_(CHOWN, .mode = 2),
	[__NR_lchown] = PATH_(CHOWN, .mode = 2),
	[__NR_fchownat] = PATHAT_(CHOWN, .mode = 3, .flags = 5, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
	[__NR_utime] = PATH_(UTIMES, .opts = VEXJ_FOLLOW),
	[__NR_utimes] = PATH_(UTIMES, .opts = VEXJ_FOLLOW),
	[__NR_futimesat] = PATHAT_(UTIMES, .opts = VEXJ_FOLLOW),
	[__NR_utimensat] = PATHAT_(UTIMES, .flags = 4, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
	[__NR_setxattr] = PATH_(SETXATTR, .name = 2, .len = 4, .opts = VEXJ_FOLLOW),
	[__NR_lsetxattr] = PATH_(SETXATTR, .name = 2, .len = 4),
	[__NR_fsetxattr] = FD_(SETXATTR, .name = 2, .len = 4),
	[NR_SETXATTRAT] = PATHAT_(SETXATTR, .name = 4, .flags = 3, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
	[__NR_getxattr] = PATH_(GETXATTR, .name = 2, .len = 4, .opts = VEXJ_FOLLOW | VEXJ_LOOKUP),
	[__NR_lgetxattr] = PATH_(GETXATTR, .name = 2, .len = 4, .opts = VEXJ_LOOKUP),
	[__NR_fgetxattr] = FD_(GETXATTR, .name = 2, .len = 4),
	[NR_GETXATTRAT] = PATHAT_(GETXATTR, .name = 4, .flags = 3, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW | VEXJ_LOOKUP),
	[__NR_listxattr] = PATH_(LISTXATTR, .len = 3, .opts = VEXJ_FOLLOW | VEXJ_LOOKUP),
	[__NR_llistxattr] = PATH_(LISTXATTR, .len = 3, .opts = VEXJ_LOOKUP),
	[__NR_flistxattr] = FD_(LISTXATTR, .len = 3),
	[NR_LISTXATTRAT] = PATHAT_(LISTXATTR, .len = 5, .flags = 3, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW | VEXJ_LOOKUP),
	[__NR_removexattr] = PATH_(REMOVEXATTR, .name = 2, .opts = VEXJ_FOLLOW),
	[__NR_lremovexattr] = PATH_(REMOVEXATTR, .name = 2),
	[__NR_fremovexattr] = FD_(REMOVEXATTR, .name = 2),
	[NR_REMOVEXATTRAT] = PATHAT_(REMOVEXATTR, .name = 4, .flags = 3, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
	[__NR_fallocate] = FD_(FALLOCATE, .mode = 2, .off = 3, .len = 4),
	[__NR_ioctl] = CALL_(FS_IOCTL, IOCTL, .fd = 1, .len = 2),
	[NR_FILE_SETATTR] = PATHAT_(IOCTL, .flags = 5, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW | VEXJ_LOOKUP),

	/* durability and locks */
	[__NR_fsync] = FD_(FSYNC),
	[__NR_fdatasync] = FD_(FSYNC, .kind = VEXJ_FSYNC_DATA),
	[__NR_sync_file_range] = FD_(FSYNC, .off = 2, .len = 3, .kind = VEXJ_FSYNC_RANGE),
	[__NR_sync] = CALL_(SYS_SYNC, SYNC),
	[__NR_syncfs] = CALL_(SYS_SYNC, FD, .fd = 1),
	[__NR_fcntl] = CALL_(FS_LOCK, FCNTL, .fd = 1, .flags = 2, .mode = 3),
	[__NR_flock] = CALL_(FS_LOCK, FLOCK, .fd = 1, .flags = 2),

	/* looking */
	[__NR_getdents] = FD_(READDIR, .len = 3),
	[__NR_getdents64] = FD_(READDIR, .len = 3),
	[__NR_stat] = PATH_(STAT, .opts = VEXJ_FOLLOW),
	[__NR_fstat] = FD_(STAT),
	[__NR_lstat] = PATH_(STAT),
	[__NR_newfstatat] = PATHAT_(STAT, .flags = 4, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
	[__NR_statx] = PATHAT_(STAT, .flags = 3, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
	[__NR_access] = PATH_(ACCESS, .opts = VEXJ_FOLLOW | VEXJ_LOOKUP),
	[__NR_faccessat] = PATHAT_(ACCESS, .opts = VEXJ_FOLLOW | VEXJ_LOOKUP),
	[NR_FACCESSAT2] = PATHAT_(ACCESS, .flags = 4, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW | VEXJ_LOOKUP),
	[__NR_readlink] = PATH_(READLINK, .len = 3, .opts = VEXJ_LOOKUP),
	[__NR_readlinkat] = PATHAT_(READLINK, .len = 4, .opts = VEXJ_LOOKUP),
	[__NR_statfs] = PATH_(STATFS, .opts = VEXJ_FOLLOW | VEXJ_LOOKUP),
	[__NR_fstatfs] = FD_(STATFS),
	[__NR_chdir] = PATH_(CHDIR, .opts = VEXJ_FOLLOW),
	[__NR_fchdir] = CALL_(FS_CHDIR, PATH, .fd = 1),

	/* system and process */
	[__NR_mount] = CALL_(SYS_MOUNT, MOUNT, .fd = VEXJ_CWD, .path = 2, .path2 = 1, .opts = VEXJ_FOLLOW),
	[__NR_move_mount] = CALL_(SYS_MOUNT, MOUNT, .fd = 3, .path = 4, .opts = VEXJ_FOLLOW),
	[__NR_umount2] = CALL_(SYS_UNMOUNT, MOUNT, .fd = VEXJ_CWD, .path = 1, .opts = VEXJ_FOLLOW),
	[__NR_execve] = CALL_(PROC_EXEC, EXEC, .fd = VEXJ_CWD, .path = 1, .opts = VEXJ_FOLLOW),
	[__NR_execveat] = CALL_(PROC_EXEC, EXEC, .fd = 1, .path = 2, .flags = 5, .opts = VEXJ_FOLLOW | VEXJ_AT_NOFOLLOW),
};

const struct vexj_call *vexj_call_of(unsigned long nr)
{
	const struct vexj_call *call;

	if (nr >= ARRAY_SIZE(calls))
		return NULL;
	call = &calls[array_index_nospec(nr, ARRAY_SIZE(calls))];
	return call->type ? call : NULL;
}
