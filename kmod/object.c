// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of objects, and strings from wherever they are.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hooks.h"
#include "compat/file.h"
#include "compat/inode.h"

void vexj_put_attr_file(struct vexj_build *b, const struct vexj_attr_file *f)
{
	vexj_put(b, VEXJ_ATTR_FILE, f, sizeof(*f));
}

void vexj_put_parents(struct vexj_build *b, const struct inode *dir, const struct inode *dir2)
{
	struct vexj_attr_parent p = {
		.inode = dir ? dir->i_ino : 0,
		.inode2 = dir2 ? dir2->i_ino : 0,
	};

	vexj_put(b, VEXJ_ATTR_PARENT, &p, sizeof(p));
}

void vexj_put_times(struct vexj_build *b, const struct inode *inode)
{
	struct vexj_attr_times t = { .atime = vexj_atime(inode), .mtime = vexj_mtime(inode) };

	vexj_put(b, VEXJ_ATTR_TIMES, &t, sizeof(t));
}

void vexj_put_owner(struct vexj_build *b, u32 uid, u32 gid)
{
	struct vexj_attr_owner o = { .uid = uid, .gid = gid };

	vexj_put(b, VEXJ_ATTR_OWNER, &o, sizeof(o));
}

void vexj_put_rdev(struct vexj_build *b, const struct inode *inode)
{
	struct vexj_attr_rdev r = { MAJOR(inode->i_rdev), MINOR(inode->i_rdev) };

	if (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode))
		vexj_put(b, VEXJ_ATTR_RDEV, &r, sizeof(r));
}

void vexj_put_open(struct vexj_build *b, u32 flags, u32 mode, s32 fd)
{
	struct vexj_attr_open o = { .flags = flags, .mode = mode, .fd = fd };

	vexj_put(b, VEXJ_ATTR_OPEN, &o, sizeof(o));
}

static void put_opened(struct vexj_build *b, const struct inode *inode, const struct path *path)
{
	struct vexj_where w = { .mnt = path->mnt, .dentry = path->dentry };

	vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	if (!inode->i_nlink)
		b->flags |= VEXJ_F_UNLINKED;
	vexj_put_path(b, VEXJ_ATTR_PATH, &w);
}

void vexj_put_open_file(struct vexj_build *b, const struct file *f)
{
	put_opened(b, file_inode(f), &f->f_path);
}

void vexj_put_mapped_file(struct vexj_build *b, const struct file *f)
{
	put_opened(b, vexj_user_inode(f), vexj_user_path(f));
}

const struct inode *vexj_user_inode(const struct file *f)
{
	const struct inode *inode = d_inode(vexj_user_path(f)->dentry);

	return inode ? inode : file_inode(f);
}

void vexj_put_string(struct vexj_build *b, u16 tag, const char *s, u32 max)
{
	vexj_put(b, tag, s, strnlen(s, max));
}

/*
 * Copies a string of the caller's, without waiting for its memory, and ends it
 * with a NUL. Returns its length; -EFAULT: it is not there.
 */
long vexj_user_string(u8 *to, const char __user *from, long size)
{
	long done = 0, chunk;
	u8 *nul;

	while (done < size) {
		chunk = min_t(long, size - done, 256 - ((unsigned long)from + done) % 256);
		if (copy_from_user_nofault(to + done, from + done, chunk))
			return -EFAULT;
		nul = memchr(to + done, 0, chunk);
		if (nul)
			return nul - to;
		done += chunk;
	}
	to[size - 1] = 0;
	return size - 1;
}

void vexj_put_user_string(struct vexj_build *b, u16 tag, const char __user *s, u32 max)
{
	long len = vexj_user_string(b->work, s, max);

	if (len >= 0)
		vexj_put(b, tag, b->work, len);
}

void vexj_put_held(struct vexj_build *b, struct vexj_held **held)
{
	vexj_held_put(b, *held);
	kfree(*held);
	*held = NULL;
}
