// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that name what they work on, and came upon no hooked function: the name
 * is walked to. Of lookups that went well the object is known from the lookup
 * itself (hook_path.c).
 */
#include <linux/fcntl.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/uaccess.h>
#include <uapi/linux/un.h>
#include "calls.h"
#include "hooks.h"

static const struct inode *found(const struct vexj_walk *w)
{
	return w->status == VEXJ_WALK_FOUND ? vexj_inode_of(w->dentry) : NULL;
}

/* Walks the call's path into w and puts what is there; false: not selected. */
static bool put_target(struct vexj_build *b, const struct vexj_op *o, struct vexj_walk *w, const char __user *text)
{
	vexj_walk_user(w, b, vexj_dirfd(o, o->call->fd), text, vexj_follows(o));
	if (!vexj_walk_selected(w))
		return false;
	vexj_put_walked_file(b, w);
	return true;
}

static void finish(struct vexj_build *b, bool wanted)
{
	if (wanted)
		vexj_commit(b);
	else
		vexj_abort(b);
}

static bool put_named(struct vexj_build *b, const struct vexj_op *o, const char __user *text)
{
	struct vexj_walk w = {};

	if (!put_target(b, o, &w, text))
		return false;
	if (o->call->opts & VEXJ_NAMESPACE)
		vexj_put_parents(b, vexj_walk_parent(&w), NULL);
	vexj_put_extras(b, o, found(&w));
	vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
	return true;
}

void vexj_call_path(const struct vexj_op *o)
{
	struct vexj_build *b;
	u32 type = o->type, kind;

	/* mknod makes regular files too. */
	if (type == VEXJ_FS_MKNOD) {
		kind = vexj_arg(o, o->call->mode) & S_IFMT;
		if (!kind || kind == S_IFREG)
			type = VEXJ_FS_CREATE;
	}
	b = vexj_call_begin(o, type);
	if (!b)
		return;
	if (o->st->held) {
		vexj_put_held(b, &o->st->held);
		vexj_commit(b);
		return;
	}
	finish(b, put_named(b, o, vexj_text(o, o->call->path)));
}

/* A unix socket that is bound to a path makes a node there. */
void vexj_call_bind(const struct vexj_op *o)
{
	const struct sockaddr_un __user *addr = (const void __user *)o->arg[1];
	struct vexj_build *b;
	u16 family;
	char first;

	if (copy_from_user_nofault(&family, &addr->sun_family, sizeof(family)) || family != AF_UNIX ||
	    copy_from_user_nofault(&first, &addr->sun_path[0], sizeof(first)) || !first)
		return;
	b = vexj_call_begin(o, VEXJ_FS_MKNOD);
	if (b)
		finish(b, put_named(b, o, addr->sun_path));
}

/* An open that failed. One that went well has been recorded where it got its number. */
void vexj_call_open(const struct vexj_op *o)
{
	u32 flags = o->flags, mode = vexj_arg(o, o->call->mode);
	struct vexj_walk w = {};
	struct vexj_build *b;
	bool follow;
	u64 how[2];

	if (o->result >= 0 || o->call->path == VEXJ_NOARG)
		return;
	if (o->call->flags == VEXJ_NOARG)		/* creat */
		flags = O_CREAT | O_WRONLY | O_TRUNC;
	if (o->call->flags == VEXJ_CWD) {		/* openat2 */
		if (copy_from_user_nofault(how, (const void __user *)o->arg[2], sizeof(how)))
			memset(how, 0, sizeof(how));
		flags = how[0];
		mode = how[1];
	}
	if (!(flags & (O_CREAT | __O_TMPFILE)))
		mode = 0;	/* whatever is there */
	b = vexj_call_begin(o, VEXJ_FS_OPEN);
	if (!b)
		return;
	follow = !(flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL));
	vexj_walk_user(&w, b, vexj_dirfd(o, o->call->fd), vexj_text(o, o->call->path), follow);
	if (!vexj_walk_selected(&w)) {
		vexj_abort(b);
		return;
	}
	vexj_put_walked_file(b, &w);
	vexj_put_open(b, flags, mode, -1);
	vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
	vexj_commit(b);
}

void vexj_call_delete(const struct vexj_op *o)
{
	u32 type = o->flags & AT_REMOVEDIR ? VEXJ_FS_RMDIR : o->type;
	struct vexj_build *b = vexj_call_begin(o, type);
	struct vexj_walk w = {};

	if (!b)
		return;
	if (o->st->held) {
		vexj_put_held(b, &o->st->held);
		vexj_commit(b);
		return;
	}
	if (!put_target(b, o, &w, vexj_text(o, o->call->path))) {
		vexj_abort(b);
		return;
	}
	vexj_put_parents(b, vexj_walk_parent(&w), NULL);
	vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
	vexj_commit(b);
}

/*
 * Two walks share one text, so each is put before the next. The parents stand
 * before both paths: their place is kept.
 */
static struct vexj_attr_parent *keep_parents(struct vexj_build *b)
{
	struct vexj_attr_parent *p = vexj_attr(b, VEXJ_ATTR_PARENT, sizeof(*p));

	if (p)
		memset(p, 0, sizeof(*p));
	return p;
}

static u64 parent_of(const struct vexj_walk *w)
{
	const struct inode *dir = vexj_walk_parent(w);

	return dir ? dir->i_ino : 0;
}

static bool put_two_names(struct vexj_build *b, const struct vexj_op *o)
{
	const struct vexj_call *c = o->call;
	struct vexj_attr_parent *parents;
	struct vexj_walk w = {};
	const struct inode *target, *moved;

	if (!put_target(b, o, &w, vexj_text(o, c->path)))
		return false;
	moved = found(&w);
	parents = keep_parents(b);
	if (!parents)
		return true;
	parents->inode = parent_of(&w);
	vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
	vexj_walk_user(&w, b, vexj_dirfd(o, c->fd2), vexj_text(o, c->path2), false);
	parents->inode2 = parent_of(&w);
	target = found(&w);
	if (o->type == VEXJ_FS_RENAME && o->flags & RENAME_EXCHANGE && target && target != moved)
		vexj_put_file(b, VEXJ_ATTR_FILE2, target);
	vexj_put_walked(b, VEXJ_ATTR_PATH2, &w);
	return true;
}

void vexj_call_rename(const struct vexj_op *o)
{
	struct vexj_build *b = vexj_call_begin(o, VEXJ_FS_RENAME);

	if (!b)
		return;
	b->subtype = VEXJ_SUBTYPE(VEXJ_VIA_CALL, o->flags);
	finish(b, put_two_names(b, o));
}

void vexj_call_link(const struct vexj_op *o)
{
	struct vexj_build *b = vexj_call_begin(o, VEXJ_FS_HARDLINK);

	if (b)
		finish(b, put_two_names(b, o));
}

void vexj_call_symlink(const struct vexj_op *o)
{
	struct vexj_build *b = vexj_call_begin(o, VEXJ_FS_SYMLINK);
	struct vexj_walk w = {};

	if (!b)
		return;
	if (!put_target(b, o, &w, vexj_text(o, o->call->path))) {
		vexj_abort(b);
		return;
	}
	vexj_put_parents(b, vexj_walk_parent(&w), NULL);
	vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
	vexj_put_user_string(b, VEXJ_ATTR_PATH2, vexj_text(o, o->call->path2), PATH_MAX);
	vexj_commit(b);
}

void vexj_call_mount(const struct vexj_op *o)
{
	struct vexj_build *b = vexj_call_begin(o, o->type);
	struct vexj_walk w = {};

	if (!b)
		return;
	vexj_walk_user(&w, b, vexj_dirfd(o, o->call->fd), vexj_text(o, o->call->path), vexj_follows(o));
	/* What was moved there is what the path leads to now: meant is what it covers. */
	if (o->type == VEXJ_SYS_MOUNT && !o->result && w.status == VEXJ_WALK_FOUND && w.dentry == w.mnt->mnt_root) {
		w.dentry = vexj_mount_point(w.mnt);
		w.mnt = vexj_mount_parent(w.mnt);
	}
	vexj_put_walked_file(b, &w);
	vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
	if (o->call->path2 != VEXJ_NOARG)
		vexj_put_user_string(b, VEXJ_ATTR_PATH2, vexj_text(o, o->call->path2), PATH_MAX);
	vexj_commit(b);
}
