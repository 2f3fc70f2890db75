/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * open, which can create and truncate on its way.
 */
#ifndef VEXJ_BPF_OP_OPEN_H
#define VEXJ_BPF_OP_OPEN_H

#include "op.h"

static __noinline u32 put_open_attr(struct op *o, u32 off, u32 mode)
{
	struct vexj_attr_open *a = rec_at(o->s, off + 4);

	put_head(o->s, off, VEXJ_ATTR_OPEN, sizeof(*a));
	a->flags = o->flags;
	a->mode = mode;
	a->fd = o->s->ev.result >= 0 ? o->s->ev.result : -1;
	return off + 4 + sizeof(*a);
}

static __noinline int on_open(struct op *o)
{
	struct scratch *s = o->s;
	const volatile struct call *c = o->c;
	u32 off = BODY, mode = arg(o, c->mode), via = o->s->ev.subtype;
	s64 fd = o->s->ev.result;
	struct file *f;
	u64 file, dir;
	bool created;

	if (c->flags == NOARG)
		o->flags = O_CREAT | 1 | O_TRUNC;	/* creat */
	if (c->flags == CWD) {				/* openat2 */
		u64 how[2] = {};

		bpf_probe_read_user(how, sizeof(how), (void *)arg(o, c->mode));
		o->flags = how[0];
		mode = how[1];
	}
	/* It is the mode of what is created. */
	if (!(o->flags & O_CREAT) && (o->flags & O_TMPFILE) != O_TMPFILE)
		mode = 0;
	if (fd < 0) {
		if (c->path == NOARG)
			return 0;
		walk_user(s, dirfd(o, c->fd), arg(o, c->path),
			  o->flags & O_NOFOLLOW || (o->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) ?
			  0 : WALK_FOLLOW);
		if (!walked_selected(o))
			return 0;
		off = put_walked_file(s, off, o->s->ev.result);
		off = put_open_attr(o, off, mode);
		off = put_walked(s, off, 0, o->s->ev.result);
		send(o, off);
		return 0;
	}
	file = fd_file(o->task, fd);
	if (!file)
		return 0;
	f = at(struct file, file);
	/* The kernel does not say of a nameless file that it was created. */
	created = get(f, f_mode) & FMODE_CREATED || (o->flags & O_TMPFILE) == O_TMPFILE;
	if (created && wanted(VEXJ_FS_CREATE)) {
		o->s->ev.type = VEXJ_FS_CREATE;
		o->s->ev.subtype = VEXJ_SUBTYPE((o->flags & O_TMPFILE) == O_TMPFILE ?
					    VEXJ_VIA_TMPFILE : VEXJ_VIA_OPEN, 0);
		o->s->ev.result = 0;
		dir = get(f, f_path.dentry, d_parent, d_inode, i_ino);
		off = put_parent(s, off, dir, 0);
		off = put_open_file(o->s, file, off);
		if (!off)
			return 0;
		send(o, off);
		s->flags = 0;
		off = BODY;
	} else if (!created && o->flags & O_TRUNC && o->flags & O_ACCMODE &&
		   wanted(VEXJ_FS_TRUNCATE) && !(o->flags & O_PATH) &&
		   (get(f, f_inode, i_mode) & S_IFMT) == S_IFREG) {
		o->s->ev.type = VEXJ_FS_TRUNCATE;
		o->s->ev.subtype = VEXJ_SUBTYPE(VEXJ_VIA_OPEN, 0);
		o->s->ev.result = 0;
		off = put_open_file(o->s, file, off);
		if (!off)
			return 0;
		send(o, off);
		s->flags = 0;
		off = BODY;
	}
	if (!wanted(VEXJ_FS_OPEN))
		return 0;
	o->s->ev.type = VEXJ_FS_OPEN;
	o->s->ev.subtype = via;
	o->s->ev.result = fd;
	off = put_open_attr(o, off, mode);
	off = put_open_file(o->s, file, off);
	if (!off)
		return 0;
	send(o, off);
	return 0;
}

#endif
