/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls of x86-64 that do an operation of the type table, and where
 * in their arguments its facts are.
 */
#ifndef VEXJ_CALLS_H
#define VEXJ_CALLS_H

#include <linux/fcntl.h>
#include <linux/types.h>

struct file;
struct inode;
struct pt_regs;
struct vexj_build;
struct vexj_state;

enum vexj_shape {
	VEXJ_SHAPE_NONE,
	VEXJ_SHAPE_FD,		/* an operation on an open file */
	VEXJ_SHAPE_IO,		/* read and write */
	VEXJ_SHAPE_PATH,	/* an operation on one path */
	VEXJ_SHAPE_OPEN,
	VEXJ_SHAPE_DELETE,
	VEXJ_SHAPE_CLOSE,	/* whose functions are hooked: nothing is to be done */
	VEXJ_SHAPE_RENAME,
	VEXJ_SHAPE_BIND,
	VEXJ_SHAPE_LINK,
	VEXJ_SHAPE_SYMLINK,
	VEXJ_SHAPE_COPY,	/* from one open file to another */
	VEXJ_SHAPE_MMAP,
	VEXJ_SHAPE_FCNTL,
	VEXJ_SHAPE_FLOCK,
	VEXJ_SHAPE_IOCTL,
	VEXJ_SHAPE_MOUNT,
	VEXJ_SHAPE_SYNC,	/* no object */
	VEXJ_SHAPE_EXEC,	/* only what failed: a success has its own tracepoint */
};

/* Arguments are counted from 1. */
#define VEXJ_NOARG	0
#define VEXJ_CWD	7	/* as a dirfd: the call has none */

#define VEXJ_FOLLOW	0x01	/* a link at the end is followed */
#define VEXJ_AT_NOFOLLOW 0x02	/* unless the flags say AT_SYMLINK_NOFOLLOW */
#define VEXJ_AT_FOLLOW	0x04	/* if the flags say AT_SYMLINK_FOLLOW */
#define VEXJ_POSITION	0x08	/* moves and uses the file position */
#define VEXJ_VECTOR	0x10	/* length is the sum over an iovec */
#define VEXJ_NAMESPACE	0x20	/* changes a directory: the record has its parent */
#define VEXJ_NEGATIVE	0x40	/* position -1 means the file position */
#define VEXJ_LOOKUP	0x80	/* its object is known from the lookup of its path alone */

struct vexj_call {
	u16 type;	/* 0: not recorded */
	u16 kind;
	u8 shape;	/* enum vexj_shape */
	u8 fd;		/* the argument with the fd or dirfd */
	u8 path;
	u8 fd2;
	u8 path2;
	u8 len;
	u8 off;
	u8 flags;	/* AT_*, O_* or what the shape makes of it */
	u8 mode;
	u8 opts;
	u8 via;
	u8 name;	/* the extended attribute's name */
};

/* A call that has its result. */
struct vexj_op {
	const struct vexj_call *call;
	struct vexj_state *st;
	unsigned long arg[6];
	u32 type;
	u32 flags;	/* of the call, AT_* or O_* */
	long result;
};

/* NULL: the call does none. */
const struct vexj_call *vexj_call_of(unsigned long nr);

static inline unsigned long vexj_arg(const struct vexj_op *o, u8 i)
{
	return i && i <= 6 ? o->arg[i - 1] : 0;
}

static inline int vexj_dirfd(const struct vexj_op *o, u8 i)
{
	return i == VEXJ_CWD ? AT_FDCWD : (int)vexj_arg(o, i);
}

static inline const char __user *vexj_text(const struct vexj_op *o, u8 i)
{
	return (const char __user *)vexj_arg(o, i);
}

/* Begins the record of the call; it may be of another type than the call's. */
struct vexj_build *vexj_call_begin(const struct vexj_op *o, u32 type);
void vexj_put_extras(struct vexj_build *b, const struct vexj_op *o, const struct inode *inode);
bool vexj_follows(const struct vexj_op *o);
void vexj_load_args(struct vexj_op *o, const struct pt_regs *regs);

/* The file that is open under a number; held by RCU alone. */
const struct file *vexj_file_at(unsigned int fd);

/* call_file.c */
void vexj_call_fd(const struct vexj_op *o);
void vexj_call_io(const struct vexj_op *o);
void vexj_call_copy(const struct vexj_op *o);
void vexj_call_mmap(const struct vexj_op *o);
void vexj_call_fcntl(const struct vexj_op *o);
void vexj_call_flock(const struct vexj_op *o);
void vexj_call_ioctl(const struct vexj_op *o);

/* call_name.c */
void vexj_call_path(const struct vexj_op *o);
void vexj_call_open(const struct vexj_op *o);
void vexj_call_delete(const struct vexj_op *o);
void vexj_call_rename(const struct vexj_op *o);
void vexj_call_bind(const struct vexj_op *o);
void vexj_call_link(const struct vexj_op *o);
void vexj_call_symlink(const struct vexj_op *o);
void vexj_call_mount(const struct vexj_op *o);

#endif
