/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations after which the object has lost its name, the number its file or the
 * name its object: their bodies are built at the entry and held until the result is known.
 */
#ifndef VEXJ_BPF_OP_HELD_H
#define VEXJ_BPF_OP_HELD_H

#include "op.h"
#include "victim.h"

/* What was built at the entry goes with the task until the result is known. */
static __noinline int save_body(struct op *o, u32 end)
{
	struct held *h = o->held;
	struct scratch *s = o->s;
	u32 len = end - BODY;
	u64 key = (u64)h;

	h->flags = s->flags;
	h->path[0] = s->path_off;
	h->path[1] = s->path_len;
	h->path[2] = s->path2_off;
	h->path[3] = s->path2_len;
	h->is_long = 0;
	h->len = 0;
	if (len <= SAVED_MAX) {
		bpf_probe_read_kernel(h->bytes, len, &s->rec[BODY]);
	} else {
		/* The whole value is copied: it lies within rec. */
		if (len > sizeof(struct long_body) ||
		    bpf_map_update_elem(&long_bodies, &key, &s->rec[BODY], BPF_ANY))
			return -1;
		h->is_long = 1;
	}
	h->len = len;
	return 0;
}

static __noinline u32 restore_body(struct op *o)
{
	struct held *h = o->held;
	struct scratch *s = o->s;
	u32 len = h->len;
	u64 key = (u64)h;

	s->flags = h->flags;
	s->path_off = h->path[0];
	s->path_len = h->path[1];
	s->path2_off = h->path[2];
	s->path2_len = h->path[3];
	h->len = 0;
	if (!h->is_long) {
		if (len > SAVED_MAX)
			return 0;
		bpf_probe_read_kernel(&s->rec[BODY], len, h->bytes);
	} else {
		struct long_body *b = bpf_map_lookup_elem(&long_bodies, &key);

		if (!b || len > sizeof(*b))
			return 0;
		bpf_probe_read_kernel(&s->rec[BODY], len, b->bytes);
		bpf_map_delete_elem(&long_bodies, &key);
	}
	return BODY + len;
}

static __always_inline u32 put_target(struct op *o, u32 off)
{
	put_head(o->s, off, VEXJ_ATTR_FILE, sizeof(struct vexj_attr_file));
	bpf_probe_read_kernel(rec_at(o->s, off + 4), sizeof(struct vexj_attr_file),
			      &o->held->target);
	return off + 4 + sizeof(struct vexj_attr_file);
}

/* Body of a delete: object, parent, path. Returns 0 if it is not to be recorded. */
static __always_inline u32 delete_body(struct op *o)
{
	struct scratch *s = o->s;
	u32 off = BODY;

	walk_user(s, dirfd(o, o->c->fd), arg(o, o->c->path), WALK_NAME);
	if (!walked_selected(o))
		return 0;
	if (o->held->has_target == TARGET_SEEN && o->s->ev.result >= 0)
		off = put_target(o, off);
	else
		off = put_walked_file(s, off, o->s->ev.result);
	off = put_parent(s, off, s->w.status == WALK_FAULT ? 0 : parent_inode(s), 0);
	return put_walked(s, off, 0, o->s->ev.result);
}

/*
 * Body of a rename: object, parents, both paths; its target apart. At the exit
 * of a success the object is where the second path leads, and what it replaced
 * is gone.
 */
static __noinline u32 rename_body(struct op *o, bool late)
{
	struct scratch *s = o->s;
	const volatile struct call *c = o->c;
	struct inode *inode;
	u64 moved = 0, dir = 0;
	u32 off = BODY, parent_off;

	late = late && o->s->ev.result >= 0;
	if (late) {
		walk_user(s, dirfd(o, c->fd2), arg(o, c->path2), WALK_NAME);
		off = put_walked_file(s, off, o->s->ev.result);
	}
	walk_user(s, dirfd(o, c->fd), arg(o, c->path), WALK_NAME);
	if (!walked_selected(o))
		return 0;
	if (!late)
		off = put_walked_file(s, off, o->s->ev.result);
	if (s->w.status == WALK_FOUND)
		moved = (u64)get(at(struct dentry, s->w.dentry), d_inode);
	if (s->w.status != WALK_FAULT)
		dir = parent_inode(s);
	parent_off = off;
	off += 4 + sizeof(struct vexj_attr_parent);
	off = put_walked(s, off, 0, o->s->ev.result);

	walk_user(s, dirfd(o, c->fd2), arg(o, c->path2), WALK_NAME);
	if (s->w.status == WALK_FOUND && !late) {
		inode = at(struct inode, get(at(struct dentry, s->w.dentry), d_inode));
		if (o->flags & RENAME_EXCHANGE) {
			off = put_file(s, off, VEXJ_ATTR_FILE2, inode);
		} else if ((u64)inode != moved) {
			fill_file(&o->held->target, inode);
			o->held->has_target = TARGET_REPLACED;
		}
	}
	put_parent(s, parent_off, dir, s->w.status == WALK_FAULT ? 0 : parent_inode(s));
	return put_walked(s, off, 1, o->s->ev.result);
}

/* The record of what a rename replaced: made of the rename's own body. */
static __noinline int emit_replaced(struct op *o, u64 rename_id)
{
	struct scratch *s = o->s;
	u32 len = s->path2_len, from = s->path2_off, off = BODY;
	bool dir = (o->held->target.mode & S_IFMT) == S_IFDIR;
	u64 parent2 = 0;

	o->s->ev.type = dir ? VEXJ_FS_RMDIR : VEXJ_FS_DELETE;
	if (!wanted(o->s->ev.type) || !len)
		return 0;
	o->s->ev.subtype = VEXJ_SUBTYPE(VEXJ_VIA_RENAME, 0);
	o->s->ev.parent = rename_id;
	/* path2 moves down over the first path; both lie behind the parents. */
	bpf_probe_read_kernel(&parent2, sizeof(parent2),
			      &s->rec[BODY + 4 + sizeof(struct vexj_attr_file) + 4 + 8]);
	off = put_target(o, off);
	off = put_parent(s, off, parent2, 0);
	put_head(s, off, VEXJ_ATTR_PATH, len);
	off += 4;
	bpf_probe_read_kernel(rec_at(s, off), len & (2 * CHUNK - 1), rec_at(s, from));
	s->path_off = off;
	s->path_len = len;
	s->path2_len = 0;
	s->flags = s->flags & VEXJ_F_PATH2_TRUNCATED ? VEXJ_F_PATH_TRUNCATED :
		   s->flags & VEXJ_F_PATH2_UNRESOLVED ? VEXJ_F_PATH_UNRESOLVED : 0;
	send(o, pad(s, off + len));
	return 0;
}

static __noinline int on_delete(struct op *o)
{
	u32 end;

	if (o->held->len)
		end = restore_body(o);
	else
		end = delete_body(o);	/* the string was not in memory at the entry */
	if (end)
		send(o, end);
	return 0;
}

static __noinline int on_rename(struct op *o)
{
	u32 end;
	u64 id;

	o->s->ev.subtype = VEXJ_SUBTYPE(o->via, o->flags);
	if (o->held->len)
		end = restore_body(o);
	else
		end = rename_body(o, true);
	if (!end)
		return 0;
	if (!(o->s->ev.result >= 0 && o->held->has_target)) {
		send(o, end);
		return 0;
	}
	id = wanted(VEXJ_FS_RENAME) ? emit(o->s, &o->s->ev, end) : 0;
	return emit_replaced(o, id);
}

/* Body of a mount and an unmount: what is there before. */
static __noinline u32 mount_body(struct op *o)
{
	struct scratch *s = o->s;
	u32 off;

	walk_user(s, dirfd(o, o->c->fd), arg(o, o->c->path), walk_flags(o));
	off = put_walked_file(s, BODY, s->ev.result);
	return put_walked(s, off, 0, s->ev.result);
}

static __noinline int on_mount(struct op *o)
{
	u32 end = o->held->len ? restore_body(o) : mount_body(o);

	if (end && o->c->path2 != NOARG)
		end = put_user_string(o->s, end, VEXJ_ATTR_PATH2, arg(o, o->c->path2), CHUNK);
	if (end)
		send(o, end);
	return 0;
}

static __noinline int on_close(struct op *o)
{
	u32 end;

	if (!o->held->len)
		return 0;
	end = restore_body(o);
	if (end)
		send(o, end);
	return 0;
}

struct close_args {
	struct scratch *s;
	struct event e;
	u32 first, last;
};

/* One descriptor of a close_range. */
static long close_one(u32 i, struct close_args *a)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	u64 file;
	u32 end;

	if (a->first + i > a->last)
		return 1;
	file = fd_file(task, a->first + i);
	if (!file)
		return 0;
	begin(a->s);
	end = put_open_file(a->s, file, BODY);
	if (end)
		emit(a->s, &a->e, end);
	return 0;
}

/*
 * close_range, at its entry: afterwards nothing tells which were open. It fails
 * for nothing but arguments that make no sense.
 */
static __noinline int on_close_range(struct op *o)
{
	struct fdtable *fdt = get(o->task, files, fdt);
	u32 max = get(fdt, max_fds), flags = arg(o, 2);
	struct close_args a = {
		.s = o->s, .first = arg(o, 0), .last = arg(o, 1),
		.e = { .type = VEXJ_FS_CLOSE, .offset = -1 },
	};

	if (!max || a.first > a.last || flags & ~CLOSE_RANGE_UNSHARE)
		return 0;
	if (a.last >= max)
		a.last = max - 1;
	if (a.first > a.last)
		return 0;
	a.e.now = bpf_ktime_get_boot_ns();
	bpf_loop(a.last - a.first + 1, close_one, &a, 0);
	return 0;
}

#endif
