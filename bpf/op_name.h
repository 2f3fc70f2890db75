/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations on names whose objects are there afterwards.
 */
#ifndef VEXJ_BPF_OP_NAME_H
#define VEXJ_BPF_OP_NAME_H

#include "op.h"

static __noinline int on_path(struct op *o)
{
	struct scratch *s = o->s;
	struct inode *inode = NULL;
	u32 off = BODY;

	if (o->s->ev.type == VEXJ_FS_CHDIR && o->s->ev.result >= 0)
		walk_here(s);	/* the path was relative to somewhere else */
	else
		walk_user(s, dirfd(o, o->c->fd), arg(o, o->c->path), walk_flags(o));
	if (!walked_selected(o))
		return 0;
	off = put_walked_file(s, off, o->s->ev.result);
	if (s->w.status == WALK_FOUND)
		inode = at(struct inode, get(at(struct dentry, s->w.dentry), d_inode));
	if (o->c->opts & NAMESPACE)
		off = put_parent(s, off, parent_inode(s), 0);
	off = put_extras(o, inode, off);
	off = put_walked(s, off, 0, o->s->ev.result);
	send(o, off);
	return 0;
}

struct sockaddr_un_head {
	u16 family;
	u16 path;
};

/* A unix socket that is bound to a path makes a node there. */
static __noinline int on_bind(struct op *o)
{
	struct sockaddr_un_head head = {};
	u64 addr = arg(o, 1);

	if (bpf_probe_read_user(&head, sizeof(head), (void *)addr))
		return 0;
	if (head.family != AF_UNIX || !(head.path & 0xff))
		return 0;
	o->s->args[0] = addr + sizeof(head.family);
	return on_path(o);
}

static __noinline int on_link(struct op *o)
{
	struct scratch *s = o->s;
	u64 dir, dir2;
	u32 off = BODY;

	/* The new name first: the old one is read from what both are. */
	walk_user(s, dirfd(o, o->c->fd2), arg(o, o->c->path2), 0);
	if (!walked_selected(o))
		return 0;
	dir2 = s->w.status == WALK_FAULT ? 0 : parent_inode(s);
	off = put_walked_file(s, off, o->s->ev.result);
	if (o->s->ev.result < 0)
		off = BODY;
	off = put_walked(s, off + 4 + sizeof(struct vexj_attr_parent), 1, o->s->ev.result);
	walk_user(s, dirfd(o, o->c->fd), arg(o, o->c->path), walk_flags(o));
	if ((o->s->ev.result < 0 || s->flags & VEXJ_F_OBJECT_UNKNOWN) && s->w.status == WALK_FOUND) {
		/* Nothing was made, or an overlay has forgotten the new name: the object is that of the old one. */
		u32 after = put_walked(s, off, 0, o->s->ev.result);

		s->flags &= ~VEXJ_F_OBJECT_UNKNOWN;
		dir = parent_inode(s);
		put_parent(s, BODY, dir, dir2);
		after = put_file(s, after, VEXJ_ATTR_FILE,
				 at(struct inode, get(at(struct dentry, s->w.dentry), d_inode)));
		send(o, after);
		return 0;
	}
	dir = s->w.status == WALK_FAULT ? 0 : parent_inode(s);
	put_parent(s, o->s->ev.result < 0 || s->flags & VEXJ_F_OBJECT_UNKNOWN ?
		   BODY : BODY + 4 + sizeof(struct vexj_attr_file), dir, dir2);
	off = put_walked(s, off, 0, o->s->ev.result);
	send(o, off);
	return 0;
}

static __noinline int on_symlink(struct op *o)
{
	struct scratch *s = o->s;
	u32 off = BODY, start;

	walk_user(s, dirfd(o, o->c->fd), arg(o, o->c->path), 0);
	if (!walked_selected(o))
		return 0;
	off = put_walked_file(s, off, o->s->ev.result);
	off = put_parent(s, off, s->w.status == WALK_FAULT ? 0 : parent_inode(s), 0);
	off = put_walked(s, off, 0, o->s->ev.result);
	start = off + 4;
	off = put_user_string(s, off, VEXJ_ATTR_PATH2, arg(o, o->c->path2), CHUNK);
	if (off > start) {
		s->path2_off = start;
		s->path2_len = off - start;
	}
	send(o, off);
	return 0;
}

#endif
