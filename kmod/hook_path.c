// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths that are looked at, entered, mounted on. The kernel looks at many for
 * itself: only what was asked for is recorded.
 */
#include <linux/slab.h>
#include "calls.h"
#include "hooks.h"
#include "compat/prototypes.h"
#include "compat/task.h"

static void put_path(struct vexj_build *b, const struct path *path)
{
	vexj_put_path(b, VEXJ_ATTR_PATH, &(struct vexj_where){ .mnt = path->mnt, .dentry = path->dentry });
}

static void looked_at(struct vexj_hit *h, u32 type, const struct path *path)
{
	const struct inode *inode = vexj_inode_of(path->dentry);
	struct vexj_build *b;

	if (!vexj_selected(inode))
		return;
	b = vexj_claim(h, inode, type);
	if (!b)
		return;
	vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	if (!inode->i_nlink)
		b->flags |= VEXJ_F_UNLINKED;
	put_path(b, path);
	vexj_commit(b);
}

static bool stats(struct vexj_hit *h)
{
	const struct path *path = (void *)h->arg[0];

	if (!vexj_wanted(VEXJ_FS_STAT) || !vexj_asked(h->st, VEXJ_FS_STAT))
		return false;
	h->in->inode[0] = vexj_inode_of(path->dentry);
	return true;
}

static void stat_done(struct vexj_hit *h)
{
	looked_at(h, VEXJ_FS_STAT, (void *)h->arg[0]);
}

static bool changes_directory(struct vexj_hit *h)
{
	if (vexj_asked(h->st, VEXJ_FS_CHDIR))
		looked_at(h, VEXJ_FS_CHDIR, (void *)h->arg[0]);
	return false;
}

static bool mounts(struct vexj_hit *h)
{
	return true;
}

static void mounted(struct vexj_hit *h)
{
	const char *source = (void *)h->arg[0];
	const struct path *path = (void *)h->arg[1];
	struct vexj_build *b = vexj_claim(h, NULL, VEXJ_SYS_MOUNT);

	if (!b)
		return;
	vexj_put_file(b, VEXJ_ATTR_FILE, vexj_inode_of(path->dentry));
	put_path(b, path);
	if (source)
		vexj_put_string(b, VEXJ_ATTR_PATH2, source, PATH_MAX);
	vexj_commit(b);
}

/* It gives the path up, and maybe the mount: the body is built before. */
static bool unmounts(struct vexj_hit *h)
{
	const struct path *path = (void *)h->arg[0];
	struct vexj_build *b;

	if (!vexj_wanted(VEXJ_SYS_UNMOUNT))
		return false;
	b = vexj_begin(VEXJ_SYS_UNMOUNT, VEXJ_VIA_CALL);
	if (!b)
		return false;
	vexj_put_file(b, VEXJ_ATTR_FILE, vexj_inode_of(path->dentry));
	put_path(b, path);
	h->in->held = vexj_hold(b);
	vexj_abort(b);
	return true;
}

static void unmounted(struct vexj_hit *h)
{
	struct vexj_build *b;

	if (!h->in->held) {
		vexj_lose(VEXJ_LOST_STATE, 1);
		return;
	}
	b = vexj_claim(h, NULL, VEXJ_SYS_UNMOUNT);
	if (!b)
		return;
	vexj_held_put(b, h->in->held);
	vexj_commit(b);
}

/*
 * The lookup of a path by a call that has no function worth a hook (access,
 * readlink, statfs ...). What it leads to is known here, and at the call's exit
 * no more.
 */
static bool looks_up(struct vexj_hit *h)
{
	const struct vexj_call *call = h->st->call;

	return call && call->opts & VEXJ_LOOKUP && !h->st->top && vexj_wanted(call->type);
}

static void looked_up(struct vexj_hit *h)
{
	struct vexj_op o = { .call = h->st->call, .st = h->st, .type = h->st->call->type };
	const struct path *path = (void *)h->arg[0];
	const struct inode *inode;
	struct vexj_build *b;

	if (h->result || !path)
		return;
	inode = vexj_inode_of(path->dentry);
	b = vexj_selected(inode) ? vexj_begin(o.type, o.call->via) : NULL;
	if (!b)
		return;
	vexj_load_args(&o, task_pt_regs(current));
	vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	vexj_put_extras(b, &o, inode);
	put_path(b, path);
	kfree(h->st->held);
	h->st->held = vexj_hold(b);
	vexj_abort(b);
}

struct vexj_probe vexj_path_probes[] = {
	{
		.function = "vfs_getattr_nosec", .operation = "stat", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_GETATTR_PATH, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_GETATTR_PATH), .enter = stats, .leave = stat_done,
	},
	{
		.function = "set_fs_pwd", .operation = "chdir",
		.at = { VEXJ_PWD_PATH, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_PWD_PATH), .enter = changes_directory,
	},
	{
		.function = "path_mount", .operation = "mount", .returns = VEXJ_RETURNS_INT,
		.at = { 0, 1, VEXJ_ABSENT }, .enter = mounts, .leave = mounted,
	},
	{
		.function = "path_umount", .operation = "unmount", .returns = VEXJ_RETURNS_INT,
		.at = { 0, VEXJ_ABSENT }, .enter = unmounts, .leave = unmounted,
	},
	{
		.function = "filename_lookup", .operation = "the object of access, readlink, statfs, getxattr and listxattr",
		.returns = VEXJ_RETURNS_INT, .at = { 3, VEXJ_ABSENT }, .enter = looks_up, .leave = looked_up,
	},
	{}
};
