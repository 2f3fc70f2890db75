// SPDX-License-Identifier: GPL-2.0-only
/* Attributes: mode, owner, times, size, extended ones. */
#include "hooks.h"
#include "compat/prototypes.h"

/* At the entry of a change: the object, so that what is done to it below is part of it. */
static bool path_changes(struct vexj_hit *h)
{
	h->in->inode[0] = vexj_inode_of(((struct path *)h->arg[0])->dentry);
	return vexj_selected(h->in->inode[0]);
}

static bool dentry_changes(struct vexj_hit *h)
{
	h->in->inode[0] = vexj_inode_of((struct dentry *)h->arg[0]);
	return vexj_selected(h->in->inode[0]);
}

static bool file_changes(struct vexj_hit *h)
{
	h->in->inode[0] = file_inode((struct file *)h->arg[0]);
	return vexj_selected(h->in->inode[0]);
}

/* Begins the record of a change of what a path leads to, which is to be ended. */
static struct vexj_build *changed(struct vexj_hit *h, u32 type)
{
	const struct path *path = (void *)h->arg[0];
	const struct inode *inode = vexj_inode_of(path->dentry);
	struct vexj_build *b = vexj_claim(h, inode, type);

	if (!b)
		return NULL;
	vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	if (!inode->i_nlink)
		b->flags |= VEXJ_F_UNLINKED;
	return b;
}

static void end(struct vexj_build *b, const struct path *path)
{
	vexj_put_path(b, VEXJ_ATTR_PATH, &(struct vexj_where){ .mnt = path->mnt, .dentry = path->dentry });
	vexj_commit(b);
}

static void mode_changed(struct vexj_hit *h)
{
	struct vexj_build *b = changed(h, VEXJ_FS_CHMOD);

	if (b)
		end(b, (void *)h->arg[0]);
}

static void owner_changed(struct vexj_hit *h)
{
	struct vexj_build *b = changed(h, VEXJ_FS_CHOWN);

	if (!b)
		return;
	vexj_put_owner(b, h->arg[1], h->arg[2]);
	end(b, (void *)h->arg[0]);
}

static void times_changed(struct vexj_hit *h)
{
	const struct path *path = (void *)h->arg[0];
	struct vexj_build *b = changed(h, VEXJ_FS_UTIMES);

	if (!b)
		return;
	vexj_put_times(b, vexj_inode_of(path->dentry));
	end(b, path);
}

static void truncated(struct vexj_hit *h)
{
	struct vexj_build *b = changed(h, VEXJ_FS_TRUNCATE);

	if (!b)
		return;
	b->length = h->arg[1];
	end(b, (void *)h->arg[0]);
}

static void file_truncated(struct vexj_hit *h)
{
	const struct file *f = (void *)h->arg[0];
	struct vexj_build *b = vexj_claim(h, file_inode(f), VEXJ_FS_TRUNCATE);

	if (!b)
		return;
	vexj_put_open_file(b, f);
	b->length = h->arg[1];
	vexj_commit(b);
}

/* Begins the record of a change of a dentry whose mount is not told. */
static struct vexj_build *dentry_changed(struct vexj_hit *h, u32 type)
{
	const struct inode *inode = vexj_inode_of((struct dentry *)h->arg[0]);
	struct vexj_build *b = inode ? vexj_claim(h, inode, type) : NULL;

	if (b)
		vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	return b;
}

static void end_dentry(struct vexj_build *b, const struct vexj_hit *h)
{
	vexj_put_dentry(b, VEXJ_ATTR_PATH, h->st, (struct dentry *)h->arg[0]);
	vexj_commit(b);
}

static void xattr_changed(struct vexj_hit *h, u32 type, const void *value, size_t length)
{
	struct vexj_build *b = dentry_changed(h, type);

	if (!b)
		return;
	b->length = length;
	vexj_put_string(b, VEXJ_ATTR_NAME, (const char *)h->arg[1], XATTR_NAME_MAX);
	if (h->result >= 0 && length && length <= VEXJ_VALUE_MAX)
		vexj_put(b, VEXJ_ATTR_VALUE, value, length);
	end_dentry(b, h);
}

static void xattr_set(struct vexj_hit *h)
{
	xattr_changed(h, VEXJ_FS_SETXATTR, (const void *)h->arg[2], h->arg[3]);
}

static void xattr_removed(struct vexj_hit *h)
{
	xattr_changed(h, VEXJ_FS_REMOVEXATTR, NULL, 0);
}

/*
 * What other parts of the kernel change. That a write takes away set-user-ID, or
 * an open the size, is part of those.
 */
static bool kernel_changes(struct vexj_hit *h)
{
	const struct iattr *attr = (void *)h->arg[1];

	/* It may be changed on the way. */
	h->in->note[0] = attr->ia_valid;
	return !(attr->ia_valid & ATTR_OPEN) && (h->st->top || current->flags & PF_KTHREAD) && dentry_changes(h);
}

static void kernel_changed(struct vexj_hit *h)
{
	const struct iattr *attr = (void *)h->arg[1];
	unsigned int valid = h->in->note[0];
	struct vexj_build *b;
	u32 type;

	if (valid & ATTR_SIZE)
		type = VEXJ_FS_TRUNCATE;
	else if (valid & (ATTR_UID | ATTR_GID))
		type = VEXJ_FS_CHOWN;
	else if (valid & ATTR_MODE)
		type = VEXJ_FS_CHMOD;
	else if (valid & (ATTR_ATIME_SET | ATTR_MTIME_SET))
		type = VEXJ_FS_UTIMES;
	else
		return;
	if (h->result == -EAGAIN)
		return;
	b = dentry_changed(h, type);
	if (!b)
		return;
	if (type == VEXJ_FS_TRUNCATE)
		b->length = attr->ia_size;
	else if (type == VEXJ_FS_CHOWN)
		vexj_put_owner(b, valid & ATTR_UID ? __kuid_val(attr->ia_uid) : ~0u, valid & ATTR_GID ? __kgid_val(attr->ia_gid) : ~0u);
	else if (type == VEXJ_FS_UTIMES)
		vexj_put_times(b, vexj_inode_of((struct dentry *)h->arg[0]));
	end_dentry(b, h);
}

struct vexj_probe vexj_attribute_probes[] = {
	{
		.function = "chmod_common", .operation = "chmod", .returns = VEXJ_RETURNS_INT,
		.at = { 0, VEXJ_ABSENT }, .enter = path_changes, .leave = mode_changed,
	},
	{
		.function = "chown_common", .operation = "chown", .returns = VEXJ_RETURNS_INT,
		.at = { 0, 1, 2, VEXJ_ABSENT }, .enter = path_changes, .leave = owner_changed,
	},
	{
		.function = "vfs_utimes", .operation = "utimes", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_UTIMES_PATH, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_UTIMES_PATH),
		.enter = path_changes, .leave = times_changed,
	},
	{
		.function = "vfs_truncate", .operation = "truncate", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_TRUNCATE_PATH, 1, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_TRUNCATE_PATH),
		.enter = path_changes, .leave = truncated,
	},
	{
		/* Before 6.9 it is part of ftruncate(2), whose exit tells. */
		.function = "do_ftruncate", .operation = "ftruncate", .optional = true, .returns = VEXJ_RETURNS_INT,
		.at = { 0, 1, VEXJ_ABSENT }, .enter = file_changes, .leave = file_truncated,
	},
	{
		.function = "vfs_setxattr", .operation = "setxattr", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_SETXATTR_DENTRY, VEXJ_SETXATTR_DENTRY + 1, VEXJ_SETXATTR_DENTRY + 2, VEXJ_SETXATTR_DENTRY + 3, VEXJ_ABSENT },
		.unfit = VEXJ_FITS(VEXJ_SETXATTR_DENTRY), .enter = dentry_changes, .leave = xattr_set,
	},
	{
		.function = "vfs_removexattr", .operation = "removexattr", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_REMOVEXATTR_DENTRY, VEXJ_REMOVEXATTR_DENTRY + 1, VEXJ_ABSENT },
		.unfit = VEXJ_FITS(VEXJ_REMOVEXATTR_DENTRY), .enter = dentry_changes, .leave = xattr_removed,
	},
	{
		.function = "notify_change", .operation = "attributes changed by the kernel", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_CHANGE_DENTRY, VEXJ_CHANGE_DENTRY + 1, VEXJ_ABSENT },
		.unfit = VEXJ_FITS(VEXJ_CHANGE_DENTRY), .enter = kernel_changes, .leave = kernel_changed,
	},
	{}
};
