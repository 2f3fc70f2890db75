/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes: mode, owner, times, size, extended ones. */
#ifndef VEXJ_BPF_VFS_ATTRIBUTES_H
#define VEXJ_BPF_VFS_ATTRIBUTES_H

#define ATTR_MODE 0x0001
#define ATTR_UID 0x0002
#define ATTR_GID 0x0004
#define ATTR_SIZE 0x0008
#define ATTR_ATIME_SET 0x0080
#define ATTR_MTIME_SET 0x0100
#define ATTR_OPEN 0x8000

static __always_inline u64 dentry_of(u64 path)
{
	return (u64)get(at(struct path, path), dentry);
}

/* At the entry of a change: the object, so that what is done to it below is part of it. */
static __always_inline int changes(struct hook *h, u64 dentry)
{
	h->in->inode[0] = inode_of(dentry);
	return 0;
}

/* The record of a change of what a path leads to; the arguments are in s->args. */
static __noinline int changed(struct hook *h, u32 type, u64 path)
{
	struct path_args p = {
		.mnt = (u64)get(at(struct path, path), mnt),
		.dentry = dentry_of(path),
	};
	u64 inode = inode_of(p.dentry);
	struct scratch *s;
	u32 off;

	if (!claim(h, inode, type) || !selected(inode))
		return 0;
	s = h->o.s;
	s->args[0] = param(h, 1);
	s->args[1] = param(h, 2);
	off = put_file(s, BODY, VEXJ_ATTR_FILE, at(struct inode, inode));
	if (!get(at(struct inode, inode), i_nlink))
		s->flags |= VEXJ_F_UNLINKED;
	off = put_more(h, inode, off);
	if (type == VEXJ_FS_TRUNCATE)
		s->ev.length = s->args[0];
	p.off = off;
	off = put_path(s, &p);
	send(&h->o, off);
	return 0;
}

DECLARE(chmod_common);
ENTER(chmod_common) { return changes(h, dentry_of(param(h, 0))); }
EXIT(chmod_common) { return changed(h, VEXJ_FS_CHMOD, param(h, 0)); }

DECLARE(chown_common);
ENTER(chown_common) { return changes(h, dentry_of(param(h, 0))); }
EXIT(chown_common) { return changed(h, VEXJ_FS_CHOWN, param(h, 0)); }

DECLARE(vfs_utimes);
ENTER(vfs_utimes) { return changes(h, dentry_of(param(h, 0))); }
EXIT(vfs_utimes) { return changed(h, VEXJ_FS_UTIMES, param(h, 0)); }

DECLARE(vfs_truncate);
ENTER(vfs_truncate) { return changes(h, dentry_of(param(h, 0))); }
EXIT(vfs_truncate) { return changed(h, VEXJ_FS_TRUNCATE, param(h, 0)); }

DECLARE(do_ftruncate);
ENTER(do_ftruncate)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(do_ftruncate)
{
	u64 file = param(h, 0);
	u32 off;

	if (!claim(h, inode_of_file(file), VEXJ_FS_TRUNCATE))
		return 0;
	off = put_open_file(h->o.s, file, BODY);
	if (!off)
		return 0;
	h->o.s->ev.length = param(h, 1);
	send(&h->o, off);
	return 0;
}

/* The record of a change of a dentry whose mount is not told. */
static __noinline int dentry_changed(struct hook *h, u32 type, u64 dentry, u64 length)
{
	u64 inode = inode_of(dentry);
	struct scratch *s;
	u32 off;

	if (!claim(h, inode, type) || !selected(inode))
		return 0;
	s = h->o.s;
	s->ev.length = length;
	s->args[0] = h->in->note[0];
	s->args[1] = h->in->note[1];
	s->args[2] = param(h, 1);
	s->args[3] = param(h, 2);
	off = put_file(s, BODY, VEXJ_ATTR_FILE, at(struct inode, inode));
	off = put_more(h, inode, off);
	off = put_dentry(h, dentry, off, 0);
	send(&h->o, off);
	return 0;
}

DECLARE(vfs_setxattr);
ENTER(vfs_setxattr) { return changes(h, param(h, 0)); }
EXIT(vfs_setxattr) { return dentry_changed(h, VEXJ_FS_SETXATTR, param(h, 0), param(h, 3)); }

DECLARE(vfs_removexattr);
ENTER(vfs_removexattr) { return changes(h, param(h, 0)); }
EXIT(vfs_removexattr) { return dentry_changed(h, VEXJ_FS_REMOVEXATTR, param(h, 0), 0); }

/*
 * What other parts of the kernel change. That a write takes away set-user-ID, or
 * an open the size, is part of those.
 */
DECLARE(notify_change);
ENTER(notify_change) { return changes(h, param(h, 0)); }
EXIT(notify_change)
{
	struct iattr *attr = at(struct iattr, param(h, 1));
	u32 valid = get(attr, ia_valid);
	u64 length = 0;
	u32 type;

	if (h->result == -EAGAIN || valid & ATTR_OPEN)
		return 0;
	if (!h->depth && !(get(h->o.task, flags) & PF_KTHREAD))
		return 0;
	if (valid & ATTR_SIZE) {
		type = VEXJ_FS_TRUNCATE;
		length = get(attr, ia_size);
	} else if (valid & (ATTR_UID | ATTR_GID)) {
		type = VEXJ_FS_CHOWN;
		h->in->note[0] = valid & ATTR_UID ? get(attr, ia_uid.val) : ~0u;
		h->in->note[1] = valid & ATTR_GID ? get(attr, ia_gid.val) : ~0u;
	} else if (valid & ATTR_MODE) {
		type = VEXJ_FS_CHMOD;
	} else if (valid & (ATTR_ATIME_SET | ATTR_MTIME_SET)) {
		type = VEXJ_FS_UTIMES;
	} else {
		return 0;
	}
	return dentry_changed(h, type, param(h, 0), length);
}

#endif
