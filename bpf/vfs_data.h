/* SPDX-License-Identifier: GPL-2.0-only */
/* Data: read, written, copied from file to file, allocated, made durable. */
#ifndef VEXJ_BPF_VFS_DATA_H
#define VEXJ_BPF_VFS_DATA_H

static __always_inline u64 inode_of_file(u64 file)
{
	return (u64)get(at(struct file, file), f_inode);
}

/*
 * Where the user has a file. What an overlay maps is a file of a layer, which it has
 * opened itself: it knows the user's path, or bears it, before 6.8.
 */
static __always_inline void user_path(struct path_args *p, u64 file)
{
	struct backing_file *b = at(struct backing_file, file);
	struct file *f = at(struct file, file);

	if (bpf_core_field_exists(b->user_path) && get(f, f_mode) & FMODE_BACKING) {
		p->mnt = (u64)get(b, user_path.mnt);
		p->dentry = (u64)get(b, user_path.dentry);
	} else {
		p->mnt = (u64)get(f, f_path.mnt);
		p->dentry = (u64)get(f, f_path.dentry);
	}
}

static __always_inline u64 user_inode(const struct path_args *p, u64 file)
{
	u64 inode = (u64)get(at(struct dentry, p->dentry), d_inode);

	return inode ? inode : inode_of_file(file);
}

/* Where a transfer began whose position is now behind it; -1: there is no place. */
static __always_inline s64 began(u64 inode, s64 position, s64 result)
{
	u32 type = get(at(struct inode, inode), i_mode) & S_IFMT;

	if (type != S_IFREG && type != S_IFBLK)
		return -1;
	return position - (result > 0 ? result : 0);
}

static __always_inline s64 position_at(u64 pointer)
{
	s64 pos = 0;

	bpf_probe_read_kernel(&pos, sizeof(pos), (void *)pointer);
	return pos;
}

/* The record of a transfer that ended at a position, which the kernel keeps at pos. */
static __noinline int transferred(struct hook *h, u32 type, u64 file, u64 length, u64 pos)
{
	u64 inode = inode_of_file(file);
	struct event *e;
	u32 off;

	if (!claim(h, inode, type))
		return 0;
	off = put_open_file(h->o.s, file, BODY);
	if (!off)
		return 0;
	e = &h->o.s->ev;
	e->length = length;
	e->offset = began(inode, pos ? position_at(pos) : get(at(struct file, file), f_pos),
			  e->result);
	send(&h->o, off);
	return 0;
}

/* These two are not called by other operations, and are too many to stack. */
#ifdef VEXJ_KPROBE
#define ENTER_HOT(function) \
	ENTER(function) { return 0; }
#define EXIT_HOT(function) EXIT(function)
#else
#define ENTER_HOT(function)
#define EXIT_HOT(function)                                               \
	static __noinline int on_exit_##function(struct hook *h);        \
	SEC_EXIT(function)                                               \
	int exit_##function(void *ctx)                                   \
	{                                                                \
		struct hook h = { .ctx = ctx, .p = &params_##function }; \
                                                                         \
		if (open_hook(&h, false)) {                              \
			set_result(&h);                                  \
			on_exit_##function(&h);                          \
		}                                                        \
		give_back(&h);                                           \
		return 0;                                                \
	}                                                                \
	static __noinline int on_exit_##function(struct hook *h)
#endif

DECLARE(vfs_read);
ENTER_HOT(vfs_read)
EXIT_HOT(vfs_read)
{
	return transferred(h, VEXJ_FS_READ, param(h, 0), param(h, 1), param(h, 2));
}

DECLARE(vfs_write);
ENTER_HOT(vfs_write)
EXIT_HOT(vfs_write)
{
	return transferred(h, VEXJ_FS_WRITE, param(h, 0), param(h, 1), param(h, 2));
}

/* The bytes that a vector asks for; that of a 32-bit process is laid out otherwise. */
static __always_inline u64 asked_by(struct hook *h, u64 vector, u32 count)
{
	struct scratch *s;
	u64 sum;

	if (is_compat(h->o.task))
		return h->result > 0 ? h->result : 0;
	s = take_scratch();
	if (!s)
		return 0;
	sum = sum_iov(s, vector, count);
	h->o.s = s;
	return sum;
}

DECLARE(vfs_readv);
ENTER_HOT(vfs_readv)
EXIT_HOT(vfs_readv)
{
	return transferred(h, VEXJ_FS_READ, param(h, 0), asked_by(h, param(h, 1), param(h, 2)),
			   param(h, 3));
}

DECLARE(vfs_writev);
ENTER_HOT(vfs_writev)
EXIT_HOT(vfs_writev)
{
	return transferred(h, VEXJ_FS_WRITE, param(h, 0), asked_by(h, param(h, 1), param(h, 2)),
			   param(h, 3));
}

/* Only parts of the kernel come this way. What was done is off the iterator already. */
static __always_inline int iterated(struct hook *h, u32 type, u64 file, u64 iter, u64 pos)
{
	u64 left = get(at(struct iov_iter, iter), count);

	h->kernel = true;
	return transferred(h, type, file, left + (h->result > 0 ? h->result : 0), pos);
}

DECLARE(vfs_iter_read);
ENTER(vfs_iter_read)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(vfs_iter_read)
{
	return iterated(h, VEXJ_FS_READ, param(h, 0), param(h, 1), param(h, 2));
}

DECLARE(vfs_iter_write);
ENTER(vfs_iter_write)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(vfs_iter_write)
{
	return iterated(h, VEXJ_FS_WRITE, param(h, 0), param(h, 1), param(h, 2));
}

DECLARE(__kernel_read);
ENTER(__kernel_read)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(__kernel_read)
{
	/* An exec reads the program. */
	if (in_exec(h->o.task))
		return 0;
	h->kernel = true;
	return transferred(h, VEXJ_FS_READ, param(h, 0), param(h, 1), param(h, 2));
}

DECLARE(__kernel_write);
ENTER(__kernel_write)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(__kernel_write)
{
	h->kernel = true;
	return transferred(h, VEXJ_FS_WRITE, param(h, 0), param(h, 1), param(h, 2));
}

struct copy {
	u64 in, out;
	s64 offset;
	u64 length;
	u32 via;
};

/* A write of one file that names its source; a read if it went out of the files. */
static __noinline int copied(struct hook *h, struct copy *c)
{
	bool out = recordable(at(struct inode, inode_of_file(c->out)));
	bool in = recordable(at(struct inode, inode_of_file(c->in)));
	struct path_args p = { .second = 1 };
	struct file *source = at(struct file, c->in);
	struct event *e;
	u32 off;

	if (!claim(h, inode_of_file(out ? c->out : c->in), out ? VEXJ_FS_WRITE : VEXJ_FS_READ))
		return 0;
	off = put_open_file(h->o.s, out ? c->out : c->in, BODY);
	if (!off)
		return 0;
	if (out && in) {
		off = put_file(h->o.s, off, VEXJ_ATTR_FILE2, get(source, f_inode));
		p.mnt = (u64)get(source, f_path.mnt);
		p.dentry = (u64)get(source, f_path.dentry);
		p.off = off;
		off = put_path(h->o.s, &p);
	}
	e = &h->o.s->ev;
	e->subtype = VEXJ_SUBTYPE(by(h, c->via), 0);
	e->offset = c->offset;
	e->length = c->length;
	send(&h->o, off);
	return 0;
}

static __always_inline int copies(struct hook *h, u64 in, u64 out)
{
	h->in->inode[0] = inode_of_file(in);
	h->in->inode[1] = inode_of_file(out);
	return 0;
}

DECLARE(vfs_copy_file_range);
ENTER(vfs_copy_file_range) { return copies(h, param(h, 0), param(h, 1)); }
EXIT(vfs_copy_file_range)
{
	struct copy c = {
		.in = param(h, 0),
		.out = param(h, 1),
		.offset = param(h, 2),
		.length = param(h, 3),
		.via = VEXJ_VIA_COPY_RANGE,
	};

	return copied(h, &c);
}

DECLARE(vfs_clone_file_range);
ENTER(vfs_clone_file_range) { return copies(h, param(h, 0), param(h, 1)); }
EXIT(vfs_clone_file_range)
{
	struct copy c = {
		.in = param(h, 0),
		.out = param(h, 1),
		.offset = param(h, 2),
		.length = param(h, 3),
		.via = VEXJ_VIA_CLONE,
	};

	/* The call says no more than that it went well. */
	if (h->result > 0)
		h->result = 0;
	return copied(h, &c);
}

/* sendfile does this; its record is made of the call, which has the offsets. */
DECLARE(do_splice_direct);
ENTER(do_splice_direct) { return copies(h, param(h, 0), param(h, 2)); }
EXIT(do_splice_direct)
{
	struct copy c = {
		.in = param(h, 0),
		.out = param(h, 2),
		.length = param(h, 4),
	};

	if (!h->depth && h->st->nr && asks_for(call_type(h->st), VEXJ_FS_WRITE))
		return 0;
	h->kernel = true;
	c.offset = began(inode_of_file(c.out), position_at(param(h, 3)), h->result);
	return copied(h, &c);
}

/* splice(2) has a record made of the call. */
DECLARE(do_splice);
ENTER(do_splice) { return copies(h, param(h, 0), param(h, 2)); }
EXIT(do_splice)
{
	struct copy c = {
		.in = param(h, 0),
		.out = param(h, 2),
		.length = param(h, 4),
	};
	bool to_file = recordable(at(struct inode, inode_of_file(c.out)));
	u64 file = to_file ? c.out : c.in, pos = to_file ? param(h, 3) : param(h, 1);

	if (!h->f->request)
		return 0;
	c.offset = began(inode_of_file(file), pos ? position_at(pos) : get(at(struct file, file), f_pos), h->result);
	return copied(h, &c);
}

DECLARE(vfs_fallocate);
ENTER(vfs_fallocate)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(vfs_fallocate)
{
	u64 file = param(h, 0);
	u32 off;

	if (!claim(h, inode_of_file(file), VEXJ_FS_FALLOCATE))
		return 0;
	off = put_open_file(h->o.s, file, BODY);
	if (!off)
		return 0;
	h->o.s->ev.subtype = VEXJ_SUBTYPE(h->o.via, param(h, 1));
	h->o.s->ev.offset = param(h, 2);
	h->o.s->ev.length = param(h, 3);
	send(&h->o, off);
	return 0;
}

static __noinline int synced(struct hook *h, u64 file, u32 kind)
{
	u32 off;

	if (!claim(h, inode_of_file(file), VEXJ_FS_FSYNC))
		return 0;
	off = put_open_file(h->o.s, file, BODY);
	if (!off)
		return 0;
	h->o.s->ev.subtype = VEXJ_SUBTYPE(h->o.via, kind);
	if (kind == VEXJ_FSYNC_RANGE) {
		h->o.s->ev.offset = param(h, 1);
		h->o.s->ev.length = param(h, 2);
	}
	send(&h->o, off);
	return 0;
}

/* Whether the call under way, which is a synchronisation, is one of another file. */
static __always_inline bool is_below(struct hook *h, u64 file)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs((void *)h->o.task);

	return regs && file != fd_file(h->o.task, get(regs, di));
}

/*
 * Writes to files that are opened for it do this too: then it is part of them. The
 * compiler may have put the function into the call, and what comes by it is then what
 * an overlay does to its layer.
 */
DECLARE(vfs_fsync_range);
ENTER(vfs_fsync_range)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(vfs_fsync_range)
{
	bool asked = h->st->nr && call_type(h->st) == VEXJ_FS_FSYNC;

	if (!asked && !h->depth && !h->f->request && !(get(h->o.task, flags) & PF_KTHREAD))
		return 0;
	h->kernel = asked && is_below(h, param(h, 0));
	return synced(h, param(h, 0), param(h, 1) & 1 ? VEXJ_FSYNC_DATA : VEXJ_FSYNC_ALL);
}

DECLARE(sync_file_range);
ENTER(sync_file_range)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(sync_file_range) { return synced(h, param(h, 0), VEXJ_FSYNC_RANGE); }

#endif
