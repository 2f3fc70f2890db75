/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call in hand, and how the objects and strings that it names become attributes.
 */
#ifndef VEXJ_BPF_OP_H
#define VEXJ_BPF_OP_H

#include "record.h"
#include "path.h"
#include "calls.h"

/* A call in hand. */
struct op {
	struct scratch *s;
	struct task_struct *task;
	struct held *held;
	const volatile struct call *c;
	u64 file;	/* that the call works on, where it has no number for it */
	u32 flags;	/* of the call, AT_* or O_* */
	u32 via;	/* enum vexj_via */
};

static __always_inline u64 arg(struct op *o, u8 i)
{
	switch (i) {
	case 0: return o->s->args[0];
	case 1: return o->s->args[1];
	case 2: return o->s->args[2];
	case 3: return o->s->args[3];
	case 4: return o->s->args[4];
	case 5: return o->s->args[5];
	}
	return 0;
}

static __always_inline void load_args(struct op *o, struct pt_regs *regs)
{
	o->s->args[0] = regs->di;
	o->s->args[1] = regs->si;
	o->s->args[2] = regs->dx;
	o->s->args[3] = regs->r10;
	o->s->args[4] = regs->r8;
	o->s->args[5] = regs->r9;
}

/* The open file that argument i of the call names; 0: none. */
static __always_inline u64 open_file(struct op *o, u8 i)
{
	return o->file ? o->file : fd_file(o->task, arg(o, i));
}

static __always_inline s32 dirfd(struct op *o, u8 i)
{
	return i == CWD ? AT_FDCWD : (s32)arg(o, i);
}

/* Whether an inode is one that a path can reach: no pipe, socket, memfd. */
static __always_inline bool recordable(struct inode *inode)
{
	u64 sb = (u64)get(inode, i_sb);

	return sb && !(get(inode, i_sb, s_flags) & (SB_KERNMOUNT | SB_NOUSER));
}

static __always_inline u32 walk_flags(struct op *o)
{
	u8 opts = o->c->opts;

	if (opts & AT_FOLLOW)
		return o->flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0;
	if (opts & AT_NOFOLLOW && o->flags & AT_SYMLINK_NOFOLLOW)
		return 0;
	return opts & FOLLOW ? WALK_FOLLOW : 0;
}

/* Whether more than one name is left of what was walked. */
__noinline int has_slash(struct scratch *s)
{
	u32 from, len;

	if (!s)
		return 0;
	from = s->w.rest;
	len = s->w.rest_len;
	for (u32 i = 0; i < 256; i++) {
		if (i >= len)
			return 0;
		if (walk_byte(s, from + i) == '/')
			return 1;
	}
	return 1;
}

/* The inode number of the directory that holds what was walked to. */
static __always_inline u64 parent_inode(struct scratch *s)
{
	struct dentry *d = at(struct dentry, s->w.dentry);

	if (s->w.rest_len)
		return get(d, d_inode, i_ino);
	return get(d, d_parent, d_inode, i_ino);
}

/* Appends the walked path; flags what the walk could not do. */
__noinline int put_walked(struct scratch *s, u32 off, u32 second, s64 result)
{
	struct path_args p = { .off = off, .second = second };

	if (!s)
		return 0;
	if (s->w.status == WALK_FAULT) {
		s->flags |= second ? VEXJ_F_PATH2_UNRESOLVED : VEXJ_F_PATH_UNRESOLVED;
		return off;
	}
	p.mnt = s->w.mnt;
	p.dentry = s->w.dentry;
	p.rest = s->w.rest;
	p.rest_len = s->w.rest_len;
	/* After a success only the last name may be missing: what was deleted. */
	if (s->w.status == WALK_BLOCKED || (result >= 0 && s->w.rest_len && has_slash(s)))
		s->flags |= second ? VEXJ_F_PATH2_UNRESOLVED : VEXJ_F_PATH_UNRESOLVED;
	return put_path(s, &p);
}

/* The object that the walk ended at; flags it unknown if there should be one. */
__noinline int put_walked_file(struct scratch *s, u32 off, s64 result)
{
	struct inode *inode;

	if (!s)
		return 0;
	if (s->w.status == WALK_FOUND) {
		inode = at(struct inode, get(at(struct dentry, s->w.dentry), d_inode));
		return put_file(s, off, VEXJ_ATTR_FILE, inode);
	}
	if (result >= 0)
		s->flags |= VEXJ_F_OBJECT_UNKNOWN;
	return off;
}

static __always_inline bool walked_selected(struct op *o)
{
	struct scratch *s = o->s;
	struct inode *inode;

	if (s->w.status == WALK_FAULT)
		return !(cfg.filters & FILTER_SB);
	inode = at(struct inode, get(at(struct dentry, s->w.dentry), d_inode));
	return recordable(inode) && inode_selected(inode);
}

static __always_inline u32 put_parent(struct scratch *s, u32 off, u64 dir, u64 dir2)
{
	struct vexj_attr_parent *p = rec_at(s, off + 4);

	put_head(s, off, VEXJ_ATTR_PARENT, sizeof(*p));
	p->inode = dir;
	p->inode2 = dir2;
	return off + 4 + sizeof(*p);
}

/* What an open file is and where; 0 if it is not to be recorded. */
__noinline int put_open_file(struct scratch *s, u64 file, u32 off)
{
	struct file *f = at(struct file, file);
	struct inode *inode = get(f, f_inode);
	struct path_args p = {};

	if (!s || !recordable(inode) || !inode_selected(inode))
		return 0;
	off = put_file(s, off, VEXJ_ATTR_FILE, inode);
	if (!get(inode, i_nlink))
		s->flags |= VEXJ_F_UNLINKED;
	p.mnt = (u64)get(f, f_path.mnt);
	p.dentry = (u64)get(f, f_path.dentry);
	p.off = off;
	return put_path(s, &p);
}

static __always_inline u32 put_user_string(struct scratch *s, u32 off, u16 tag, u64 uptr, u32 max)
{
	long n = s->kernel_strings ?
		 bpf_probe_read_kernel_str(rec_at(s, off + 4), max, (void *)uptr) :
		 bpf_probe_read_user_str(rec_at(s, off + 4), max, (void *)uptr);

	if (n < 1)
		return off;
	put_head(s, off, tag, n - 1);
	return pad(s, off + 4 + ((n - 1) & (CHUNK - 1)));
}

/* The value of a setxattr, as the call has it: whole or not at all. */
static __always_inline u32 put_value(struct op *o, u32 off)
{
	u64 value = arg(o, o->c->name + 1), size = o->s->ev.length;
	u32 len;

	if (o->c->opts & XATTR_ARGS) {
		u64 args[2] = {};

		/* struct xattr_args: the value's address, then its size. */
		bpf_probe_read_user(args, sizeof(args), (void *)arg(o, 4));
		value = args[0];
		size = (u32)args[1];
		o->s->ev.length = size;
	}
	if (o->s->ev.result < 0 || !size || size > VEXJ_VALUE_MAX)
		return off;
	len = size;
	/* So that older verifiers see the bound. */
	barrier_var(len);
	len &= 2 * VEXJ_VALUE_MAX - 1;
	if (o->s->kernel_strings ? bpf_probe_read_kernel(rec_at(o->s, off + 4), len, (void *)value) :
				   bpf_probe_read_user(rec_at(o->s, off + 4), len, (void *)value))
		return off;
	put_head(o->s, off, VEXJ_ATTR_VALUE, len);
	return pad(o->s, off + 4 + len);
}

/* Attributes that some types carry besides object and path. */
static __noinline u32 put_extras(struct op *o, struct inode *inode, u32 off)
{
	struct scratch *s = o->s;
	const volatile struct call *c = o->c;

	switch (o->s->ev.type) {
	case VEXJ_FS_CHOWN: {
		struct vexj_attr_owner *a = rec_at(s, off + 4);

		put_head(s, off, VEXJ_ATTR_OWNER, sizeof(*a));
		a->uid = arg(o, c->mode);
		a->gid = arg(o, c->mode + 1);
		return off + 4 + sizeof(*a);
	}
	case VEXJ_FS_UTIMES: {
		struct vexj_attr_times *a = rec_at(s, off + 4);

		if (!inode)
			return off;
		put_head(s, off, VEXJ_ATTR_TIMES, sizeof(*a));
		if (bpf_core_field_exists(struct inode___610, i_atime_sec)) {
			struct inode___610 *i = (void *)inode;

			a->atime = BPF_CORE_READ(i, i_atime_sec) * 1000000000 +
				   BPF_CORE_READ(i, i_atime_nsec);
			a->mtime = BPF_CORE_READ(i, i_mtime_sec) * 1000000000 +
				   BPF_CORE_READ(i, i_mtime_nsec);
		} else if (bpf_core_field_exists(struct inode___66, __i_atime)) {
			struct inode___66 *i = (void *)inode;

			a->atime = BPF_CORE_READ(i, __i_atime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(i, __i_atime.tv_nsec);
			a->mtime = BPF_CORE_READ(i, __i_mtime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(i, __i_mtime.tv_nsec);
		} else {
			a->atime = BPF_CORE_READ(inode, i_atime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(inode, i_atime.tv_nsec);
			a->mtime = BPF_CORE_READ(inode, i_mtime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(inode, i_mtime.tv_nsec);
		}
		return off + 4 + sizeof(*a);
	}
	case VEXJ_FS_MKNOD: {
		struct vexj_attr_rdev *a = rec_at(s, off + 4);
		u32 mode, dev;

		if (!inode)
			return off;
		mode = get(inode, i_mode) & S_IFMT;
		if (mode != S_IFCHR && mode != S_IFBLK)
			return off;
		dev = get(inode, i_rdev);
		put_head(s, off, VEXJ_ATTR_RDEV, sizeof(*a));
		a->major = dev >> 20;
		a->minor = dev & 0xfffff;
		return off + 4 + sizeof(*a);
	}
	case VEXJ_FS_SETXATTR:
		return put_value(o, put_user_string(s, off, VEXJ_ATTR_NAME, arg(o, c->name), 256));
	case VEXJ_FS_GETXATTR:
	case VEXJ_FS_REMOVEXATTR:
		return put_user_string(s, off, VEXJ_ATTR_NAME, arg(o, c->name), 256);
	}
	return off;
}

static __always_inline void send(struct op *o, u32 end)
{
	emit(o->s, &o->s->ev, end);
}

#endif
