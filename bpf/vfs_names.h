/* SPDX-License-Identifier: GPL-2.0-only */
/* Names: made, removed, moved, linked. */
#ifndef VEXJ_BPF_VFS_NAMES_H
#define VEXJ_BPF_VFS_NAMES_H

static __always_inline u64 inode_of(u64 dentry)
{
	return (u64)get(at(struct dentry, dentry), d_inode);
}

static __always_inline u64 directory_of(u64 dentry)
{
	return (u64)get(at(struct dentry, dentry), d_parent, d_inode);
}

static __always_inline bool selected(u64 inode)
{
	struct inode *i = at(struct inode, inode);

	return inode && recordable(i) && inode_selected(i);
}

static __always_inline u64 number_of(u64 inode)
{
	return get(at(struct inode, inode), i_ino);
}

/* put_extras() takes what it puts from the arguments of a call: of this one. */
static const volatile struct call extras = { .mode = 0, .name = 2 };

static __always_inline u32 put_more(struct hook *h, u64 inode, u32 off)
{
	h->o.c = &extras;
	h->o.s->kernel_strings = 1;
	return put_extras(&h->o, at(struct inode, inode), off);
}

/* The record of a name that was to be made. */
static __noinline int made(struct hook *h, u32 type, u64 dentry, u64 target)
{
	u64 inode = inode_of(dentry), dir = directory_of(dentry);
	u32 off = BODY, start;
	struct scratch *s;

	if (!claim(h, inode, type) || !selected(dir))
		return 0;
	s = h->o.s;
	if (inode)
		off = put_file(s, off, VEXJ_ATTR_FILE, at(struct inode, inode));
	else if (h->result >= 0)
		s->flags |= VEXJ_F_OBJECT_UNKNOWN;
	off = put_parent(s, off, number_of(dir), 0);
	if (inode)
		off = put_more(h, inode, off);
	off = put_dentry(h, dentry, off, 0);
	if (target) {
		start = off + 4;
		s->kernel_strings = 1;
		off = put_user_string(s, off, VEXJ_ATTR_PATH2, target, CHUNK);
		if (off > start) {
			s->path2_off = start;
			s->path2_len = off - start;
		}
	}
	send(&h->o, off);
	return 0;
}

DECLARE(vfs_create);
ENTER(vfs_create) { return 0; }
EXIT(vfs_create) { return made(h, VEXJ_FS_CREATE, param(h, 0), 0); }

DECLARE(vfs_mknod);
ENTER(vfs_mknod) { return 0; }
EXIT(vfs_mknod)
{
	u32 kind = param(h, 1) & S_IFMT;

	return made(h, !kind || kind == S_IFREG ? VEXJ_FS_CREATE : VEXJ_FS_MKNOD,
		    param(h, 0), 0);
}

DECLARE(vfs_mkdir);
ENTER(vfs_mkdir) { return 0; }
EXIT(vfs_mkdir)
{
	/* Newer ones return the directory, which may be another dentry. */
	return made(h, VEXJ_FS_MKDIR, h->object ? h->object : param(h, 0), 0);
}

DECLARE(vfs_symlink);
ENTER(vfs_symlink) { return 0; }
EXIT(vfs_symlink) { return made(h, VEXJ_FS_SYMLINK, param(h, 0), param(h, 1)); }

/* At the entry of a removal: the object as it is. */
static __always_inline int going(struct hook *h, u64 dentry)
{
	u64 inode = inode_of(dentry);

	if (!inode)
		return 0;
	h->in->inode[0] = inode;
	fill_file(&h->in->before, at(struct inode, inode));
	h->in->has_before = 1;
	return 0;
}

static __noinline int gone(struct hook *h, u32 type, u64 dentry)
{
	u64 dir = directory_of(dentry);
	u32 off = BODY;
	struct scratch *s;

	/* A lease has to be given up first: it will be tried again. */
	if (h->result == -EAGAIN)
		return 0;
	if (!claim(h, h->in->inode[0], type) || !selected(dir))
		return 0;
	s = h->o.s;
	if (h->in->has_before) {
		put_head(s, off, VEXJ_ATTR_FILE, sizeof(struct vexj_attr_file));
		bpf_probe_read_kernel(rec_at(s, off + 4), sizeof(struct vexj_attr_file),
				      &h->in->before);
		off += 4 + sizeof(struct vexj_attr_file);
	} else {
		s->flags |= VEXJ_F_OBJECT_UNKNOWN;
	}
	off = put_parent(s, off, number_of(dir), 0);
	off = put_dentry(h, dentry, off, 0);
	send(&h->o, off);
	return 0;
}

DECLARE(vfs_unlink);
ENTER(vfs_unlink) { return going(h, param(h, 0)); }
EXIT(vfs_unlink) { return gone(h, VEXJ_FS_DELETE, param(h, 0)); }

DECLARE(vfs_rmdir);
ENTER(vfs_rmdir) { return going(h, param(h, 0)); }
EXIT(vfs_rmdir) { return gone(h, VEXJ_FS_RMDIR, param(h, 0)); }

DECLARE(vfs_link);
ENTER(vfs_link)
{
	h->in->inode[0] = inode_of(param(h, 0));
	return 0;
}
EXIT(vfs_link)
{
	u64 old = param(h, 0), new = param(h, 1), inode = inode_of(old), dir = directory_of(new);
	u32 off = BODY;

	if (h->result == -EAGAIN)
		return 0;
	if (!claim(h, inode, VEXJ_FS_HARDLINK) || !selected(dir))
		return 0;
	off = put_file(h->o.s, off, VEXJ_ATTR_FILE, at(struct inode, inode));
	off = put_parent(h->o.s, off, number_of(directory_of(old)), number_of(dir));
	off = put_dentry(h, old, off, 0);
	off = put_dentry(h, new, off, 1);
	send(&h->o, off);
	return 0;
}

/* A rename's dentries and flags, which came to be members of one parameter. */
struct rename {
	u64 old, new;
	u32 flags;
};

static __always_inline void load_rename(struct hook *h, struct rename *r)
{
	u64 data = param(h, 0);

	if (data) {
		r->old = (u64)get(at(struct renamedata, data), old_dentry);
		r->new = (u64)get(at(struct renamedata, data), new_dentry);
		r->flags = get(at(struct renamedata, data), flags);
	} else {
		r->old = param(h, 1);
		r->new = param(h, 2);
		r->flags = param(h, 3);
	}
}

/* One rename of a call's, and one inside another operation, are held at a time. */
static __always_inline struct held *held_for(struct hook *h)
{
	struct held *own = &h->st->held, *inner = &h->f->held;

	/* Two pointers, not one with two offsets, which the verifier refuses. */
	barrier_var(own);
	barrier_var(inner);
	return h->depth ? inner : own;
}

DECLARE(vfs_rename);
ENTER(vfs_rename)
{
	struct held *held = held_for(h);
	struct rename r = {};
	struct scratch *s;
	u64 inode, target;
	u32 off = BODY;

	load_rename(h, &r);
	inode = inode_of(r.old);
	target = inode_of(r.new);
	h->in->inode[0] = inode;
	h->in->inode[1] = target;
	held->len = 0;
	held->has_target = TARGET_NONE;
	if (!selected(inode))
		return 0;
	s = h->o.s = take_scratch();
	if (!s)
		return 0;
	begin(s);
	h->o.held = held;
	off = put_file(s, off, VEXJ_ATTR_FILE, at(struct inode, inode));
	off = put_parent(s, off, number_of(directory_of(r.old)), number_of(directory_of(r.new)));
	off = put_dentry(h, r.old, off, 0);
	if (target && r.flags & RENAME_EXCHANGE) {
		off = put_file(s, off, VEXJ_ATTR_FILE2, at(struct inode, target));
	} else if (target && target != inode) {
		fill_file(&held->target, at(struct inode, target));
		held->has_target = TARGET_REPLACED;
	}
	off = put_dentry(h, r.new, off, 1);
	if (save_body(&h->o, off))
		lose(VEXJ_LOST_STATE);
	return 0;
}
EXIT(vfs_rename)
{
	struct rename r = {};
	u64 id;
	u32 end;

	if (h->result == -EAGAIN)
		return 0;
	h->o.held = held_for(h);
	if (!h->o.held->len || !claim(h, 0, VEXJ_FS_RENAME))
		return 0;
	load_rename(h, &r);
	h->o.s->ev.subtype = VEXJ_SUBTYPE(h->o.via, r.flags);
	end = restore_body(&h->o);
	if (!end)
		return 0;
	id = emit(h->o.s, &h->o.s->ev, end);
	if (h->result < 0 || h->o.held->has_target != TARGET_REPLACED)
		return 0;
	return emit_replaced(&h->o, id);
}

#endif
