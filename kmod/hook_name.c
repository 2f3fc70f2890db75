// SPDX-License-Identifier: GPL-2.0-only
/* Names: made, removed, moved, linked. */
#include <linux/slab.h>
#include "calls.h"
#include "hooks.h"
#include "compat/prototypes.h"

/* The record of a name that was to be made. */
static void made(struct vexj_hit *h, u32 type, const struct dentry *dentry, const char *target)
{
	const struct inode *inode = vexj_inode_of(dentry), *dir = vexj_dir_of(dentry);
	struct vexj_build *b;

	if (!vexj_selected(dir))
		return;
	b = vexj_claim(h, inode, type);
	if (!b)
		return;
	if (inode)
		vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	else if (h->result >= 0)
		b->flags |= VEXJ_F_OBJECT_UNKNOWN;
	vexj_put_parents(b, dir, NULL);
	if (inode && type == VEXJ_FS_MKNOD)
		vexj_put_rdev(b, inode);
	vexj_put_dentry(b, VEXJ_ATTR_PATH, h->st, dentry);
	if (target)
		vexj_put_string(b, VEXJ_ATTR_PATH2, target, PATH_MAX);
	vexj_commit(b);
}

static bool makes(struct vexj_hit *h)
{
	return true;
}

static void created(struct vexj_hit *h)
{
	made(h, VEXJ_FS_CREATE, (void *)h->arg[0], NULL);
}

static void node_made(struct vexj_hit *h)
{
	umode_t kind = h->arg[1] & S_IFMT;

	made(h, !kind || kind == S_IFREG ? VEXJ_FS_CREATE : VEXJ_FS_MKNOD, (void *)h->arg[0], NULL);
}

static void directory_made(struct vexj_hit *h)
{
	/*
	 * Where it returns the directory it gives the dentry up if it fails. What
	 * failed is then recorded at the exit of the call.
	 */
	if (VEXJ_MKDIR_RETURNING != VEXJ_NO_PLACE && h->result < 0)
		return;
	made(h, VEXJ_FS_MKDIR, h->object ?: (void *)h->arg[0], NULL);
}

static void symlink_made(struct vexj_hit *h)
{
	made(h, VEXJ_FS_SYMLINK, (void *)h->arg[0], (void *)h->arg[1]);
}

/* At the entry of a removal: the object as it is. */
static bool goes(struct vexj_hit *h)
{
	const struct inode *inode = vexj_inode_of((void *)h->arg[0]);

	h->in->inode[0] = inode;
	h->in->has_before = inode;
	if (inode)
		vexj_fill_file(&h->in->before, inode);
	return true;
}

static void gone(struct vexj_hit *h, u32 type)
{
	const struct dentry *dentry = (void *)h->arg[0];
	const struct inode *dir = vexj_dir_of(dentry);
	struct vexj_build *b;

	/* A lease has to be given up first: it will be tried again. */
	if (h->result == -EAGAIN || !vexj_selected(dir))
		return;
	b = vexj_claim(h, h->in->inode[0], type);
	if (!b)
		return;
	if (h->in->has_before)
		vexj_put_attr_file(b, &h->in->before);
	else
		b->flags |= VEXJ_F_OBJECT_UNKNOWN;
	vexj_put_parents(b, dir, NULL);
	vexj_put_dentry(b, VEXJ_ATTR_PATH, h->st, dentry);
	vexj_commit(b);
}

static void unlinked(struct vexj_hit *h)
{
	gone(h, VEXJ_FS_DELETE);
}

/* The call's own object may have been noted by may_go(): then this is of an overlay's layer. */
static void directory_removed(struct vexj_hit *h)
{
	const struct vexj_call *call = h->st->call;

	h->kernel = h->st->held && call && call->shape == VEXJ_SHAPE_DELETE;
	gone(h, VEXJ_FS_RMDIR);
}

/*
 * A compiler may have put a part of vfs_rmdir() into rmdir(2): then this, which is
 * called from within, is where the object of the call is known.
 */
static bool may_go(struct vexj_hit *h)
{
	const struct dentry *dentry = (void *)h->arg[0];
	struct vexj_state *st = h->st;
	struct vexj_build *b;

	if (st->top || !st->call || st->call->shape != VEXJ_SHAPE_DELETE || !vexj_wanted(VEXJ_FS_RMDIR))
		return false;
	b = vexj_begin(VEXJ_FS_RMDIR, VEXJ_VIA_CALL);
	if (!b)
		return false;
	vexj_put_file(b, VEXJ_ATTR_FILE, vexj_inode_of(dentry));
	vexj_put_parents(b, vexj_dir_of(dentry), NULL);
	vexj_put_dentry(b, VEXJ_ATTR_PATH, st, dentry);
	kfree(st->held);
	st->held = vexj_hold(b);
	vexj_abort(b);
	return false;
}

static bool links(struct vexj_hit *h)
{
	h->in->inode[0] = vexj_inode_of((void *)h->arg[0]);
	return true;
}

static void linked(struct vexj_hit *h)
{
	const struct dentry *old = (void *)h->arg[0], *new = (void *)h->arg[1];
	const struct inode *inode = vexj_inode_of(old), *dir = vexj_dir_of(new);
	struct vexj_build *b;

	if (h->result == -EAGAIN || !inode || !vexj_selected(dir))
		return;
	b = vexj_claim(h, inode, VEXJ_FS_HARDLINK);
	if (!b)
		return;
	vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	vexj_put_parents(b, vexj_dir_of(old), dir);
	vexj_put_dentry(b, VEXJ_ATTR_PATH, h->st, old);
	vexj_put_dentry(b, VEXJ_ATTR_PATH2, h->st, new);
	vexj_commit(b);
}

/* A rename's body is built at its entry: afterwards the names are other ones. */
static bool renames(struct vexj_hit *h)
{
	const struct renamedata *r = (void *)h->arg[0];
	const struct inode *inode = vexj_inode_of(r->old_dentry), *target = vexj_inode_of(r->new_dentry);
	struct vexj_build *b;

	h->in->inode[0] = inode;
	h->in->inode[1] = target;
	if (!vexj_selected(inode))
		return true;
	if (!vexj_wanted(VEXJ_FS_RENAME) && !vexj_wanted(VEXJ_FS_DELETE) && !vexj_wanted(VEXJ_FS_RMDIR))
		return true;
	b = vexj_begin(VEXJ_FS_RENAME, VEXJ_VIA_CALL);
	if (!b)
		return true;
	vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	vexj_put_parents(b, vexj_dir_of(r->old_dentry), vexj_dir_of(r->new_dentry));
	vexj_put_dentry(b, VEXJ_ATTR_PATH, h->st, r->old_dentry);
	if (target && r->flags & RENAME_EXCHANGE) {
		vexj_put_file(b, VEXJ_ATTR_FILE2, target);
	} else if (target && target != inode) {
		vexj_fill_file(&h->in->before, target);
		h->in->has_before = true;
	}
	vexj_put_dentry(b, VEXJ_ATTR_PATH2, h->st, r->new_dentry);
	h->in->held = vexj_hold(b);
	vexj_abort(b);
	return true;
}

/* The record of what a rename replaced: made of the rename's own body. */
static void replaced(struct vexj_hit *h, u64 rename)
{
	const struct vexj_held *held = h->in->held;
	bool dir = S_ISDIR(h->in->before.mode);
	u32 type = dir ? VEXJ_FS_RMDIR : VEXJ_FS_DELETE;
	const struct renamedata *r = (void *)h->arg[0];
	struct vexj_build *b;

	if (!vexj_wanted(type) || !held->path2_len)
		return;
	b = vexj_begin(type, VEXJ_VIA_RENAME);
	if (!b)
		return;
	b->parent = rename;
	b->duration = b->now - h->in->time;
	vexj_put_attr_file(b, &h->in->before);
	vexj_put_parents(b, vexj_dir_of(r->new_dentry), NULL);
	vexj_put(b, VEXJ_ATTR_PATH, held->bytes + held->path2_off, held->path2_len);
	if (held->flags & VEXJ_F_PATH2_TRUNCATED)
		b->flags |= VEXJ_F_PATH_TRUNCATED;
	if (held->flags & VEXJ_F_PATH2_UNRESOLVED)
		b->flags |= VEXJ_F_PATH_UNRESOLVED;
	vexj_commit(b);
}

static void renamed(struct vexj_hit *h)
{
	const struct renamedata *r = (void *)h->arg[0];
	struct vexj_build *b;
	u64 id = 0;

	if (h->result == -EAGAIN || !h->in->inode[0])
		return;
	if (!h->in->held) {
		/* There was no memory for the body. */
		if (vexj_selected(h->in->inode[0]) && vexj_wanted(VEXJ_FS_RENAME))
			vexj_lose(VEXJ_LOST_STATE, 1);
		return;
	}
	b = vexj_claim(h, NULL, VEXJ_FS_RENAME);
	if (b) {
		b->subtype = VEXJ_SUBTYPE(h->via, r->flags);
		vexj_held_put(b, h->in->held);
		id = vexj_commit(b);
	}
	if (h->result >= 0 && h->in->has_before)
		replaced(h, id);
}

struct vexj_probe vexj_name_probes[] = {
	{
		.function = "vfs_create", .operation = "create", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_CREATE_DENTRY, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_CREATE_DENTRY),
		.enter = makes, .leave = created,
	},
	{
		.function = "vfs_mknod", .operation = "mknod", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_MKNOD_DENTRY, VEXJ_MKNOD_DENTRY + 1, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_MKNOD_DENTRY),
		.enter = makes, .leave = node_made,
	},
	{
		.function = "vfs_mkdir", .operation = "mkdir",
		.returns = VEXJ_MKDIR_RETURNING != VEXJ_NO_PLACE ? VEXJ_RETURNS_POINTER : VEXJ_RETURNS_INT,
		.at = { VEXJ_MKDIR_DENTRY, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_MKDIR_DENTRY),
		.enter = makes, .leave = directory_made,
	},
	{
		.function = "vfs_symlink", .operation = "symlink", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_SYMLINK_DENTRY, VEXJ_SYMLINK_DENTRY + 1, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_SYMLINK_DENTRY),
		.enter = makes, .leave = symlink_made,
	},
	{
		.function = "vfs_unlink", .operation = "delete", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_UNLINK_DENTRY, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_UNLINK_DENTRY),
		.enter = goes, .leave = unlinked,
	},
	{
		.function = "vfs_rmdir", .operation = "rmdir", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_RMDIR_DENTRY, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_RMDIR_DENTRY),
		.enter = goes, .leave = directory_removed,
	},
	{
		.function = "security_inode_rmdir", .operation = "the object of rmdir",
		.at = { VEXJ_MAY_RMDIR_DENTRY, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_MAY_RMDIR_DENTRY), .enter = may_go,
	},
	{
		.function = "vfs_link", .operation = "hardlink", .returns = VEXJ_RETURNS_INT,
		.at = { 0, VEXJ_LINK_NEW, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_LINK_NEW),
		.enter = links, .leave = linked,
	},
	{
		.function = "vfs_rename", .operation = "rename", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_RENAME_DATA, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_RENAME_DATA),
		.enter = renames, .leave = renamed,
	},
	{}
};
