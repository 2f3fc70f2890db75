/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls of x86-64 that do an operation of the type table, and where
 * in their arguments its facts are. A call that is not here does none, or is in
 * the list of holes that the loader prints.
 */
#ifndef VEXJ_BPF_CALLS_H
#define VEXJ_BPF_CALLS_H

#include "kernel.h"
#include "../uapi/vexj.h"

#define NR_CALLS 512

enum shape {
	SHAPE_FD,	/* an operation on an open file */
	SHAPE_IO,	/* read and write */
	SHAPE_PATH,	/* an operation on one path */
	SHAPE_OPEN,
	/* Built at the entry: afterwards the object has no name, the number is free. */
	SHAPE_DELETE,
	SHAPE_CLOSE,
	SHAPE_DUP,
	SHAPE_CLOSE_RANGE,
	SHAPE_RENAME,
	SHAPE_MOUNT,
	/* */
	SHAPE_BIND,
	SHAPE_LINK,
	SHAPE_SYMLINK,
	SHAPE_COPY,	/* from one open file to another */
	SHAPE_MMAP,
	SHAPE_FCNTL,
	SHAPE_FLOCK,
	SHAPE_IOCTL,
	SHAPE_SYNC,	/* no object */
	SHAPE_EXEC,	/* only what failed: a success has its own tracepoint */
};

#define NOARG	7
#define CWD	6	/* as a dirfd: the call has none */

#define FOLLOW		0x01	/* a link at the end is followed */
#define AT_NOFOLLOW	0x02	/* unless the flags say AT_SYMLINK_NOFOLLOW */
#define AT_FOLLOW	0x04	/* if the flags say AT_SYMLINK_FOLLOW */
#define POSITION	0x08	/* moves and uses the file position */
#define VECTOR		0x10	/* length is the sum over an iovec */
#define NAMESPACE	0x20	/* changes a directory: the record has its parent */
#define NEGATIVE_POS	0x40	/* position -1 means the file position */
#define XATTR_ARGS	0x80	/* the value is in a struct xattr_args */

struct call {
	__u16 type;	/* 0: not recorded */
	__u16 kind;
	__u8 shape;	/* enum shape */
	__u8 fd;	/* the argument with the fd or dirfd */
	__u8 path;
	__u8 fd2;
	__u8 path2;
	__u8 len;
	__u8 off;
	__u8 flags;	/* AT_*, O_* or what the shape makes of it */
	__u8 mode;
	__u8 opts;
	__u8 via;
	__u8 name;	/* the extended attribute's name */
};

#define N_ .fd = NOARG, .path = NOARG, .fd2 = NOARG, .path2 = NOARG, .len = NOARG, .off = NOARG, \
	   .flags = NOARG, .mode = NOARG, .name = NOARG
#define FD_(t, ...)	{ N_, .type = VEXJ_FS_##t, .shape = SHAPE_FD, .fd = 0, ##__VA_ARGS__ }
#define IO_(t, ...)	{ N_, .type = VEXJ_FS_##t, .shape = SHAPE_IO, .fd = 0, .len = 2, ##__VA_ARGS__ }
#define PATH_(t, ...)	{ N_, .type = VEXJ_FS_##t, .shape = SHAPE_PATH, .fd = CWD, .path = 0, ##__VA_ARGS__ }
#define PATHAT_(t, ...)	{ N_, .type = VEXJ_FS_##t, .shape = SHAPE_PATH, .fd = 0, .path = 1, ##__VA_ARGS__ }
#define CALL_(t, s, ...) { N_, .type = VEXJ_##t, .shape = SHAPE_##s, ##__VA_ARGS__ }

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"

const volatile struct call calls[NR_CALLS] = {
	/* data */
	[0]   = IO_(READ, .opts = POSITION),
	[1]   = IO_(WRITE, .opts = POSITION),
	[17]  = IO_(READ, .off = 3),
	[18]  = IO_(WRITE, .off = 3),
	[19]  = IO_(READ, .opts = POSITION | VECTOR),
	[20]  = IO_(WRITE, .opts = POSITION | VECTOR),
	[295] = IO_(READ, .off = 3, .opts = VECTOR),
	[296] = IO_(WRITE, .off = 3, .opts = VECTOR),
	[327] = IO_(READ, .off = 3, .opts = VECTOR | NEGATIVE_POS),
	[328] = IO_(WRITE, .off = 3, .opts = VECTOR | NEGATIVE_POS),
	[40]  = CALL_(FS_WRITE, COPY, .fd = 0, .fd2 = 1, .len = 3, .off = NOARG, .via = VEXJ_VIA_SENDFILE),
	[275] = CALL_(FS_WRITE, COPY, .fd = 2, .fd2 = 0, .len = 4, .off = 3, .via = VEXJ_VIA_SPLICE),
	[326] = CALL_(FS_WRITE, COPY, .fd = 2, .fd2 = 0, .len = 4, .off = 3, .via = VEXJ_VIA_COPY_RANGE),
	[9]   = CALL_(FS_MMAP_WRITE, MMAP, .fd = 4, .len = 1, .off = 5, .via = VEXJ_VIA_MMAP,
		      .kind = VEXJ_MMAP_MAPPED),

	/* open and close */
	[2]   = CALL_(FS_OPEN, OPEN, .fd = CWD, .path = 0, .flags = 1, .mode = 2),
	[257] = CALL_(FS_OPEN, OPEN, .fd = 0, .path = 1, .flags = 2, .mode = 3),
	[437] = CALL_(FS_OPEN, OPEN, .fd = 0, .path = 1, .flags = CWD, .mode = 2),
	[85]  = CALL_(FS_OPEN, OPEN, .fd = CWD, .path = 0, .flags = NOARG, .mode = 1),
	[304] = CALL_(FS_OPEN, OPEN, .fd = CWD, .path = NOARG, .flags = 2),
	[3]   = CALL_(FS_CLOSE, CLOSE, .fd = 0),
	[33]  = CALL_(FS_CLOSE, DUP, .fd = 1),
	[292] = CALL_(FS_CLOSE, DUP, .fd = 1),
	[436] = CALL_(FS_CLOSE, CLOSE_RANGE),

	/* names */
	[76]  = PATH_(TRUNCATE, .len = 1, .opts = FOLLOW),
	[77]  = FD_(TRUNCATE, .len = 1),
	[82]  = CALL_(FS_RENAME, RENAME, .fd = CWD, .path = 0, .fd2 = CWD, .path2 = 1),
	[264] = CALL_(FS_RENAME, RENAME, .fd = 0, .path = 1, .fd2 = 2, .path2 = 3),
	[316] = CALL_(FS_RENAME, RENAME, .fd = 0, .path = 1, .fd2 = 2, .path2 = 3, .flags = 4),
	[83]  = PATH_(MKDIR, .opts = NAMESPACE),
	[258] = PATHAT_(MKDIR, .opts = NAMESPACE),
	[84]  = CALL_(FS_RMDIR, DELETE, .fd = CWD, .path = 0),
	[87]  = CALL_(FS_DELETE, DELETE, .fd = CWD, .path = 0),
	[263] = CALL_(FS_DELETE, DELETE, .fd = 0, .path = 1, .flags = 2),
	[86]  = CALL_(FS_HARDLINK, LINK, .fd = CWD, .path = 0, .fd2 = CWD, .path2 = 1),
	[265] = CALL_(FS_HARDLINK, LINK, .fd = 0, .path = 1, .fd2 = 2, .path2 = 3, .flags = 4,
		      .opts = AT_FOLLOW),
	[88]  = CALL_(FS_SYMLINK, SYMLINK, .path2 = 0, .fd = CWD, .path = 1),
	[266] = CALL_(FS_SYMLINK, SYMLINK, .path2 = 0, .fd = 1, .path = 2),
	[133] = PATH_(MKNOD, .mode = 1, .opts = NAMESPACE),
	[49]  = CALL_(FS_MKNOD, BIND, .fd = CWD, .path = 0, .opts = NAMESPACE),
	[259] = PATHAT_(MKNOD, .mode = 2, .opts = NAMESPACE),

	/* attributes */
	[90]  = PATH_(CHMOD, .opts = FOLLOW),
	[91]  = FD_(CHMOD),
	[268] = PATHAT_(CHMOD, .opts = FOLLOW),
	[452] = PATHAT_(CHMOD, .flags = 3, .opts = FOLLOW | AT_NOFOLLOW),
	[92]  = PATH_(CHOWN, .mode = 1, .opts = FOLLOW),
	[93]  = FD_(CHOWN, .mode = 1),
	[94]  = PATH_(CHOWN, .mode = 1),
	[260] = PATHAT_(CHOWN, .mode = 2, .flags = 4, .opts = FOLLOW | AT_NOFOLLOW),
	[132] = PATH_(UTIMES, .opts = FOLLOW),
	[235] = PATH_(UTIMES, .opts = FOLLOW),
	[261] = PATHAT_(UTIMES, .opts = FOLLOW),
	[280] = PATHAT_(UTIMES, .flags = 3, .opts = FOLLOW | AT_NOFOLLOW),
	[188] = PATH_(SETXATTR, .name = 1, .len = 3, .opts = FOLLOW),
	[189] = PATH_(SETXATTR, .name = 1, .len = 3),
	[190] = FD_(SETXATTR, .name = 1, .len = 3),
	[463] = PATHAT_(SETXATTR, .name = 3, .flags = 2,
			.opts = FOLLOW | AT_NOFOLLOW | XATTR_ARGS),
	[191] = PATH_(GETXATTR, .name = 1, .len = 3, .opts = FOLLOW),
	[192] = PATH_(GETXATTR, .name = 1, .len = 3),
	[193] = FD_(GETXATTR, .name = 1, .len = 3),
	[464] = PATHAT_(GETXATTR, .name = 3, .flags = 2, .opts = FOLLOW | AT_NOFOLLOW),
	[194] = PATH_(LISTXATTR, .len = 2, .opts = FOLLOW),
	[195] = PATH_(LISTXATTR, .len = 2),
	[196] = FD_(LISTXATTR, .len = 2),
	[465] = PATHAT_(LISTXATTR, .len = 4, .flags = 2, .opts = FOLLOW | AT_NOFOLLOW),
	[197] = PATH_(REMOVEXATTR, .name = 1, .opts = FOLLOW),
	[198] = PATH_(REMOVEXATTR, .name = 1),
	[199] = FD_(REMOVEXATTR, .name = 1),
	[466] = PATHAT_(REMOVEXATTR, .name = 3, .flags = 2, .opts = FOLLOW | AT_NOFOLLOW),
	[285] = FD_(FALLOCATE, .mode = 1, .off = 2, .len = 3),
	[16]  = CALL_(FS_IOCTL, IOCTL, .fd = 0, .len = 1),
	[469] = PATHAT_(IOCTL, .flags = 4, .opts = FOLLOW | AT_NOFOLLOW),

	/* durability and locks */
	[74]  = FD_(FSYNC),
	[75]  = FD_(FSYNC, .kind = VEXJ_FSYNC_DATA),
	[277] = FD_(FSYNC, .off = 1, .len = 2, .kind = VEXJ_FSYNC_RANGE),
	[162] = CALL_(SYS_SYNC, SYNC),
	[306] = { N_, .type = VEXJ_SYS_SYNC, .shape = SHAPE_FD, .fd = 0 },
	[72]  = CALL_(FS_LOCK, FCNTL, .fd = 0, .flags = 1, .mode = 2),
	[73]  = CALL_(FS_LOCK, FLOCK, .fd = 0, .flags = 1),

	/* looking */
	[78]  = FD_(READDIR, .len = 2),
	[217] = FD_(READDIR, .len = 2),
	[4]   = PATH_(STAT, .opts = FOLLOW),
	[5]   = FD_(STAT),
	[6]   = PATH_(STAT),
	[262] = PATHAT_(STAT, .flags = 3, .opts = FOLLOW | AT_NOFOLLOW),
	[332] = PATHAT_(STAT, .flags = 2, .opts = FOLLOW | AT_NOFOLLOW),
	[21]  = PATH_(ACCESS, .opts = FOLLOW),
	[269] = PATHAT_(ACCESS, .opts = FOLLOW),
	[439] = PATHAT_(ACCESS, .flags = 3, .opts = FOLLOW | AT_NOFOLLOW),
	[89]  = PATH_(READLINK, .len = 2),
	[267] = PATHAT_(READLINK, .len = 3),
	[137] = PATH_(STATFS, .opts = FOLLOW),
	[138] = FD_(STATFS),
	[80]  = PATH_(CHDIR, .opts = FOLLOW),
	[81]  = { N_, .type = VEXJ_FS_CHDIR, .shape = SHAPE_PATH, .fd = 0 },

	/* system and process */
	[165] = CALL_(SYS_MOUNT, MOUNT, .fd = CWD, .path = 1, .path2 = 0, .opts = FOLLOW),
	[429] = CALL_(SYS_MOUNT, MOUNT, .fd = 2, .path = 3, .opts = FOLLOW),
	[166] = CALL_(SYS_UNMOUNT, MOUNT, .fd = CWD, .path = 0, .opts = FOLLOW),
	[59]  = CALL_(PROC_EXEC, EXEC, .fd = CWD, .path = 0, .opts = FOLLOW),
	[322] = CALL_(PROC_EXEC, EXEC, .fd = 0, .path = 1, .flags = 4, .opts = FOLLOW | AT_NOFOLLOW),
};

#pragma clang diagnostic pop

#endif
