// SPDX-License-Identifier: GPL-2.0-only
/* Calls that work on open files, as their exit finds them. */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <uapi/linux/fs.h>
#include <uapi/linux/fsverity.h>
#include "calls.h"
#include "hooks.h"

static struct vexj_build *begin_file(const struct vexj_op *o, u32 type, const struct file *f)
{
	return f && vexj_selected(file_inode(f)) ? vexj_call_begin(o, type) : NULL;
}

void vexj_call_fd(const struct vexj_op *o)
{
	const struct file *f = vexj_file_at(vexj_arg(o, o->call->fd));
	struct vexj_build *b = begin_file(o, o->type, f);

	if (!b)
		return;
	if (o->type == VEXJ_FS_FALLOCATE)
		b->subtype = VEXJ_SUBTYPE(o->call->via, vexj_arg(o, o->call->mode));
	vexj_put_open_file(b, f);
	vexj_put_extras(b, o, file_inode(f));
	vexj_commit(b);
}

/* Where in the file a transfer that ended now began; -1 where there is no such thing. */
static s64 began_at(const struct vexj_op *o, const struct file *f)
{
	const struct inode *inode = file_inode(f);
	u8 opts = o->call->opts, off = o->call->off;
	s64 done = max(o->result, 0l);

	if (!S_ISREG(inode->i_mode) && !S_ISBLK(inode->i_mode))
		return -1;
	if (o->type == VEXJ_FS_WRITE && o->result >= 0 &&
	    (f->f_flags & O_APPEND || (opts & VEXJ_NEGATIVE && o->arg[5] & (__force int)RWF_APPEND)))
		return i_size_read(inode) - done;
	if (opts & VEXJ_POSITION || (opts & VEXJ_NEGATIVE && (s64)vexj_arg(o, off) == -1))
		return f->f_pos - done;
	return vexj_arg(o, off);
}

void vexj_call_io(const struct vexj_op *o)
{
	const struct file *f = vexj_file_at(o->arg[0]);
	struct vexj_build *b = begin_file(o, o->type, f);

	if (!b)
		return;
	vexj_put_open_file(b, f);
	b->offset = began_at(o, f);
	if (o->call->opts & VEXJ_VECTOR)
		b->length = vexj_sum_iov((const void __user *)o->arg[1], o->arg[2]);
	vexj_commit(b);
}

static void put_source(struct vexj_build *b, const struct file *f)
{
	struct vexj_where w = { .mnt = f->f_path.mnt, .dentry = f->f_path.dentry };

	vexj_put_file(b, VEXJ_ATTR_FILE2, file_inode(f));
	vexj_put_path(b, VEXJ_ATTR_PATH2, &w);
}

/* To a file it is a write that names its source; from a file to a pipe a read. */
void vexj_call_copy(const struct vexj_op *o)
{
	const struct file *out = vexj_file_at(vexj_arg(o, o->call->fd));
	const struct file *in = vexj_file_at(vexj_arg(o, o->call->fd2)), *f;
	bool sendfile = o->call->via == VEXJ_VIA_SENDFILE, to_file;
	const s64 __user *at;
	struct vexj_build *b;
	s64 pos;

	if (!out || !in)
		return;
	to_file = vexj_recordable(file_inode(out));
	f = to_file ? out : in;
	b = begin_file(o, to_file ? VEXJ_FS_WRITE : VEXJ_FS_READ, f);
	if (!b)
		return;
	if (to_file)
		at = sendfile ? NULL : (const s64 __user *)o->arg[3];
	else
		at = (const s64 __user *)o->arg[sendfile ? 2 : 1];
	vexj_put_open_file(b, f);
	if (to_file && vexj_recordable(file_inode(in)))
		put_source(b, in);
	b->offset = -1;
	pos = f->f_pos;
	if (S_ISREG(file_inode(f)->i_mode) && (!at || !copy_from_user_nofault(&pos, at, sizeof(pos))))
		b->offset = pos - max(o->result, 0l);
	vexj_commit(b);
}

void vexj_call_mmap(const struct vexj_op *o)
{
	u32 prot = o->arg[2], flags = o->arg[3], type = flags & MAP_TYPE;
	const struct file *f;
	struct vexj_build *b;

	if (!(prot & PROT_WRITE) || flags & MAP_ANONYMOUS || (type != MAP_SHARED && type != MAP_SHARED_VALIDATE))
		return;
	f = vexj_file_at(o->arg[4]);
	b = begin_file(o, VEXJ_FS_MMAP_WRITE, f);
	if (!b)
		return;
	if (b->result > 0)
		b->result = 0;	/* an address says nothing to a reader */
	vexj_put_open_file(b, f);
	vexj_commit(b);
}

static void call_lock(const struct vexj_op *o, u32 kind, u32 command, bool blocking, const struct flock *range)
{
	struct vexj_attr_lock lock = { .command = command, .blocking = blocking };
	const struct file *f = vexj_file_at(o->arg[0]);
	struct vexj_build *b = begin_file(o, VEXJ_FS_LOCK, f);

	if (!b)
		return;
	b->subtype = VEXJ_SUBTYPE(VEXJ_VIA_CALL, kind);
	if (range) {
		b->offset = range->l_start;
		b->length = range->l_len;
	}
	vexj_put(b, VEXJ_ATTR_LOCK, &lock, sizeof(lock));
	vexj_put_open_file(b, f);
	vexj_commit(b);
}

void vexj_call_flock(const struct vexj_op *o)
{
	u32 cmd = o->arg[1];

	call_lock(o, VEXJ_LOCK_FLOCK, cmd & LOCK_UN ? 0 : cmd & LOCK_EX ? 2 : 1, !(cmd & LOCK_NB), NULL);
}

void vexj_call_fcntl(const struct vexj_op *o)
{
	u32 cmd = o->arg[1];
	struct flock l = {};

	if (cmd != F_SETLK && cmd != F_SETLKW && cmd != F_OFD_SETLK && cmd != F_OFD_SETLKW)
		return;
	if (copy_from_user_nofault(&l, (const void __user *)o->arg[2], sizeof(l)))
		memset(&l, 0, sizeof(l));
	call_lock(o, cmd > F_SETLKW ? VEXJ_LOCK_OFD : VEXJ_LOCK_POSIX,
		  l.l_type == F_UNLCK ? 0 : l.l_type == F_WRLCK ? 2 : 1,
		  cmd == F_SETLKW || cmd == F_OFD_SETLKW, &l);
}

static void call_clone(const struct vexj_op *o, u32 cmd)
{
	const struct file *f = vexj_file_at(o->arg[0]), *src = NULL;
	struct file_clone_range range = { .src_fd = o->arg[2] };
	struct vexj_build *b = begin_file(o, VEXJ_FS_WRITE, f);

	if (!b)
		return;
	if (cmd == FICLONERANGE && copy_from_user_nofault(&range, (const void __user *)o->arg[2], sizeof(range)))
		range = (struct file_clone_range){ .src_fd = -1 };
	b->subtype = VEXJ_SUBTYPE(VEXJ_VIA_CLONE, 0);
	b->offset = range.dest_offset;
	b->length = range.src_length;
	vexj_put_open_file(b, f);
	src = vexj_file_at(range.src_fd);
	if (src)
		put_source(b, src);
	vexj_commit(b);
}

void vexj_call_ioctl(const struct vexj_op *o)
{
	u32 cmd = o->arg[1];
	const struct file *f;
	struct vexj_build *b;

	switch (cmd) {
	case FICLONE:
	case FICLONERANGE:
		call_clone(o, cmd);
		return;
	case FS_IOC_SETFLAGS:
	case FS_IOC_FSSETXATTR:
	case FS_IOC_ENABLE_VERITY:
		break;
	default:
		return;
	}
	f = vexj_file_at(o->arg[0]);
	b = begin_file(o, VEXJ_FS_IOCTL, f);
	if (!b)
		return;
	b->subtype = VEXJ_SUBTYPE(VEXJ_VIA_CALL, cmd & 0xffff);
	b->length = cmd;
	vexj_put_open_file(b, f);
	vexj_commit(b);
}
