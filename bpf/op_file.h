/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations on open files.
 */
#ifndef VEXJ_BPF_OP_FILE_H
#define VEXJ_BPF_OP_FILE_H

#include "op.h"

static __noinline int on_fd(struct op *o)
{
	u64 file = open_file(o, o->c->fd);
	u32 off;

	if (!file)
		return 0;
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	off = put_extras(o, get(at(struct file, file), f_inode), off);
	send(o, off);
	return 0;
}

struct iovec {
	u64 base, len;
};

/* The bytes that an iovec of the caller asks for. */
__noinline u64 sum_iov(struct scratch *s, u64 uptr, u32 count)
{
	u64 sum = 0;

	if (!s || count > 1024)
		return 0;
	for (u32 chunk = 0; chunk < 4; chunk++) {
		u32 n = count > 256 ? 256 : count, bytes = n * sizeof(struct iovec);

		if (!n)
			break;
		/* So that older verifiers see the bound. */
		barrier_var(bytes);
		bytes &= 2 * CHUNK - 1;
		if (bpf_probe_read_user(s->name, bytes, (void *)uptr))
			break;
		for (u32 i = 0; i < 256; i++) {
			if (i >= n)
				break;
			sum += ((struct iovec *)s->name)[i].len;
		}
		uptr += bytes;
		count -= n;
	}
	return sum;
}

/* Where in the file a transfer that ended now began; -1 where there is no such thing. */
static __always_inline s64 io_offset(struct op *o, struct file *f, u8 opts, u8 off_arg)
{
	struct inode *inode = get(f, f_inode);
	u32 type = get(inode, i_mode) & S_IFMT;
	s64 done = o->s->ev.result > 0 ? o->s->ev.result : 0;

	if (type != S_IFREG && type != S_IFBLK)
		return -1;
	if (o->s->ev.type == VEXJ_FS_WRITE && o->s->ev.result >= 0 &&
	    (get(f, f_flags) & O_APPEND || (opts & NEGATIVE_POS && arg(o, 5) & RWF_APPEND)))
		return get(inode, i_size) - done;
	if (opts & POSITION || (opts & NEGATIVE_POS && (s64)arg(o, off_arg) == -1))
		return get(f, f_pos) - done;
	return arg(o, off_arg);
}

static __always_inline int on_io(struct op *o)
{
	const volatile struct call *c = o->c;
	u64 file = open_file(o, 0);
	u32 off;

	if (!file)
		return 0;
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	o->s->ev.offset = io_offset(o, at(struct file, file), c->opts, c->off);
	if (c->opts & VECTOR)
		o->s->ev.length = sum_iov(o->s, arg(o, 1), arg(o, 2));
	send(o, off);
	return 0;
}

/*
 * A transfer inside the kernel. To a file it is a write that names its source;
 * from a file to a pipe or socket it is a read.
 */
static __noinline int on_copy(struct op *o)
{
	const volatile struct call *c = o->c;
	struct scratch *s = o->s;
	u64 out = fd_file(o->task, arg(o, c->fd)), in = fd_file(o->task, arg(o, c->fd2));
	struct file *f, *g;
	struct path_args p = { .second = 1 };
	s64 pos, done = o->s->ev.result > 0 ? o->s->ev.result : 0;
	u64 off_ptr;
	u32 off;

	if (!out || !in)
		return 0;
	f = at(struct file, out);
	g = at(struct file, in);
	if (!recordable(get(f, f_inode))) {
		if (!recordable(get(g, f_inode)) || !wanted(VEXJ_FS_READ))
			return 0;
		o->s->ev.type = VEXJ_FS_READ;
		off_ptr = c->via == VEXJ_VIA_SENDFILE ? arg(o, 2) : arg(o, 1);
		off = put_open_file(o->s, in, BODY);
		if (!off)
			return 0;
		f = g;
	} else {
		if (!wanted(VEXJ_FS_WRITE))
			return 0;
		off_ptr = c->via == VEXJ_VIA_SENDFILE ? 0 : arg(o, 3);
		off = put_open_file(o->s, out, BODY);
		if (!off)
			return 0;
		if (recordable(get(g, f_inode))) {
			off = put_file(s, off, VEXJ_ATTR_FILE2, get(g, f_inode));
			p.mnt = (u64)get(g, f_path.mnt);
			p.dentry = (u64)get(g, f_path.dentry);
			p.off = off;
			off = put_path(s, &p);
		}
	}
	o->s->ev.subtype = VEXJ_SUBTYPE(c->via, 0);
	pos = get(f, f_pos);
	if (off_ptr)
		bpf_probe_read_user(&pos, sizeof(pos), (void *)off_ptr);
	if ((get(f, f_inode, i_mode) & S_IFMT) == S_IFREG)
		o->s->ev.offset = pos - done;
	send(o, off);
	return 0;
}

static __noinline int on_mmap(struct op *o)
{
	u32 prot = arg(o, 2), flags = arg(o, 3), type = flags & MAP_TYPE, off;
	u64 file;

	if (!(prot & PROT_WRITE) || flags & MAP_ANONYMOUS ||
	    (type != MAP_SHARED && type != MAP_SHARED_VALIDATE))
		return 0;
	file = fd_file(o->task, arg(o, 4));
	if (!file)
		return 0;
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	if (o->s->ev.result > 0)
		o->s->ev.result = 0;	/* an address says nothing to a reader */
	send(o, off);
	return 0;
}

struct flock64 {
	u16 type, whence;
	u32 pad;
	s64 start, len;
	u32 pid;
};

static __always_inline u32 put_lock(struct scratch *s, u32 off, u32 command, u32 blocking)
{
	struct vexj_attr_lock *a = rec_at(s, off + 4);

	put_head(s, off, VEXJ_ATTR_LOCK, sizeof(*a));
	a->command = command;
	a->blocking = blocking;
	return off + 4 + sizeof(*a);
}

static __noinline int on_lock(struct op *o)
{
	u32 cmd = arg(o, 1), off = BODY;
	u64 file = fd_file(o->task, arg(o, 0));

	if (!file)
		return 0;
	if (o->c->shape == SHAPE_FLOCK) {
		o->s->ev.subtype = VEXJ_SUBTYPE(0, VEXJ_LOCK_FLOCK);
		off = put_lock(o->s, off, cmd & LOCK_UN ? 0 : cmd & LOCK_EX ? 2 : 1,
			       !(cmd & LOCK_NB));
	} else {
		struct flock64 l = {};

		if (cmd != F_SETLK && cmd != F_SETLKW && cmd != F_OFD_SETLK && cmd != F_OFD_SETLKW)
			return 0;
		bpf_probe_read_user(&l, sizeof(l), (void *)arg(o, 2));
		o->s->ev.subtype = VEXJ_SUBTYPE(0, cmd > F_SETLKW ? VEXJ_LOCK_OFD : VEXJ_LOCK_POSIX);
		o->s->ev.offset = l.start;
		o->s->ev.length = l.len;
		off = put_lock(o->s, off, l.type == F_UNLCK ? 0 : l.type == F_WRLCK ? 2 : 1,
			       cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	}
	off = put_open_file(o->s, file, off);
	if (!off)
		return 0;
	send(o, off);
	return 0;
}

static __noinline int on_ioctl(struct op *o)
{
	u32 cmd = arg(o, 1), off;
	u64 file = fd_file(o->task, arg(o, 0)), src = 0;
	u64 range[4] = {};

	if (!file)
		return 0;
	if (cmd == FICLONE || cmd == FICLONERANGE) {
		if (!wanted(VEXJ_FS_WRITE))
			return 0;
		o->s->ev.type = VEXJ_FS_WRITE;
		o->s->ev.subtype = VEXJ_SUBTYPE(VEXJ_VIA_CLONE, 0);
		o->s->ev.offset = 0;
		if (cmd == FICLONERANGE) {
			bpf_probe_read_user(range, sizeof(range), (void *)arg(o, 2));
			o->s->ev.offset = range[3];
			o->s->ev.length = range[2];
			src = fd_file(o->task, range[0]);
		} else {
			o->s->ev.length = 0;
			src = fd_file(o->task, arg(o, 2));
		}
	} else if (cmd == FS_IOC_SETFLAGS || cmd == FS_IOC_FSSETXATTR ||
		   cmd == FS_IOC_ENABLE_VERITY) {
		if (!wanted(VEXJ_FS_IOCTL))
			return 0;
		o->s->ev.type = VEXJ_FS_IOCTL;
		o->s->ev.subtype = VEXJ_SUBTYPE(0, cmd & 0xffff);
		o->s->ev.length = cmd;
	} else {
		return 0;
	}
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	if (src) {
		struct file *g = at(struct file, src);
		struct path_args p = {
			.second = 1, .mnt = (u64)get(g, f_path.mnt),
			.dentry = (u64)get(g, f_path.dentry),
		};

		off = put_file(o->s, off, VEXJ_ATTR_FILE2, get(g, f_inode));
		p.off = off;
		off = put_path(o->s, &p);
	}
	send(o, off);
	return 0;
}

#endif
