/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring in the syscall set. A request is given the shape of the system call
 * that does the same, and goes through the same code: once when it is submitted,
 * where its strings are still there, and once when it completes, with its
 * result.
 *
 * Requests that ask for no completion (IOSQE_CQE_SKIP_SUCCESS) are not seen to
 * succeed; splice and direct descriptors are not followed. The loader says so.
 */
#ifndef VEXJ_BPF_URING_H
#define VEXJ_BPF_URING_H

enum {
	OP_READV	= 1,
	OP_WRITEV	= 2,
	OP_FSYNC	= 3,
	OP_READ_FIXED	= 4,
	OP_WRITE_FIXED	= 5,
	OP_SYNC_RANGE	= 8,
	OP_FALLOCATE	= 17,
	OP_OPENAT	= 18,
	OP_CLOSE	= 19,
	OP_STATX	= 21,
	OP_READ		= 22,
	OP_WRITE	= 23,
	OP_OPENAT2	= 28,
	OP_RENAMEAT	= 35,
	OP_UNLINKAT	= 36,
	OP_MKDIRAT	= 37,
	OP_SYMLINKAT	= 38,
	OP_LINKAT	= 39,
	OP_FSETXATTR	= 41,
	OP_SETXATTR	= 42,
	OP_FGETXATTR	= 43,
	OP_GETXATTR	= 44,
	OP_FTRUNCATE	= 55,
	OPS		= 64,
};

#define IORING_FSYNC_DATASYNC 1

/* The system call that does the same; 0: none is recorded. */
static const u16 same_call[OPS] = {
	[OP_READV] = 17, [OP_READ_FIXED] = 17, [OP_READ] = 17,
	[OP_WRITEV] = 18, [OP_WRITE_FIXED] = 18, [OP_WRITE] = 18,
	[OP_FSYNC] = 74, [OP_SYNC_RANGE] = 277, [OP_FALLOCATE] = 285, [OP_FTRUNCATE] = 77,
	[OP_OPENAT] = 257, [OP_OPENAT2] = 257, [OP_CLOSE] = 3, [OP_STATX] = 332,
	[OP_RENAMEAT] = 316, [OP_UNLINKAT] = 263, [OP_MKDIRAT] = 258,
	[OP_SYMLINKAT] = 266, [OP_LINKAT] = 265,
	[OP_FSETXATTR] = 190, [OP_SETXATTR] = 188, [OP_FGETXATTR] = 193, [OP_GETXATTR] = 191,
};

/* A request under way. */
struct request {
	u64 entered;
	u64 v[6];	/* as the call's arguments; strings are in request_strings */
	u64 length;
	u64 file;
	u32 opcode;
	u32 has_strings;
	u32 recorded;	/* 1: a function that the request ran has made its record */
	u32 reserved;
	struct held held;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct request);
} requests SEC(".maps");

struct request_strings {
	u8 a[CHUNK], b[CHUNK];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct request_strings);
} request_strings SEC(".maps");

/* What is copied into the maps, too large for the stack: one of each scratch area. */
struct request_scratch {
	struct request r;
	struct request_strings s;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, u32);
	__type(value, struct request_scratch);
} request_scratch SEC(".maps");

static __always_inline void keep_name(u8 *to, struct filename *name)
{
	const char *text = get(name, name);

	if (bpf_probe_read_kernel_str(to, CHUNK, text) < 0)
		to[0] = 0;
}

/* The value of an extended attribute, which the request has a copy of. */
static __always_inline void keep_value(u8 *to, u64 value, u64 size)
{
	u32 len = size;

	if (!size || size > VEXJ_VALUE_MAX)
		return;
	barrier_var(len);
	len &= 2 * VEXJ_VALUE_MAX - 1;
	bpf_probe_read_kernel(to, len, (void *)value);
}

/* The name in a member of a request's own part. */
#define name_in(type, req, field)						\
	(bpf_core_field_exists(struct type##___70, field) ?			\
	 get(at(struct type##___70, req), field.__incomplete_filename) :	\
	 get(at(struct type, req), field))

/* Fills in the arguments that the call would have had. */
static __noinline int request_args(struct request_scratch *rs, u64 req, u32 opcode,
				   struct scratch *s)
{
	struct request *r = &rs->r;

	r->has_strings = 0;
	switch (opcode) {
	case OP_READV:
	case OP_WRITEV: {
		struct io_rw *c = at(struct io_rw, req);

		r->length = sum_iov(s, get(c, addr), get(c, len));
		break;
	}
	case OP_READ:
	case OP_WRITE:
	case OP_READ_FIXED:
	case OP_WRITE_FIXED: {
		struct io_rw *c = at(struct io_rw, req);

		r->length = get(c, len);
		break;
	}
	case OP_FSYNC:
	case OP_SYNC_RANGE: {
		struct io_sync *c = at(struct io_sync, req);

		r->v[1] = get(c, off);
		r->v[2] = get(c, len);
		r->v[3] = get(c, flags);
		break;
	}
	case OP_FALLOCATE: {
		struct io_sync *c = at(struct io_sync, req);

		r->v[1] = get(c, mode);
		r->v[2] = get(c, off);
		r->v[3] = get(c, len);
		break;
	}
	case OP_FTRUNCATE: {
		struct io_ftrunc *c = at(struct io_ftrunc, req);

		if (!bpf_core_type_exists(struct io_ftrunc))	/* before 6.9 */
			return -1;
		r->v[1] = get(c, len);
		break;
	}
	case OP_CLOSE: {
		struct io_close *c = at(struct io_close, req);

		if (get(c, file_slot))
			return -1;
		r->v[0] = get(c, fd);
		break;
	}
	case OP_OPENAT:
	case OP_OPENAT2: {
		struct io_open *c = at(struct io_open, req);

		if (get(c, file_slot))
			return -1;
		r->v[0] = get(c, dfd);
		r->v[2] = get(c, how.flags);
		r->v[3] = get(c, how.mode);
		keep_name(rs->s.a, name_in(io_open, req, filename));
		r->has_strings = 1;
		break;
	}
	case OP_STATX: {
		struct io_statx *c = at(struct io_statx, req);

		r->v[0] = get(c, dfd);
		r->v[2] = get(c, flags);
		keep_name(rs->s.a, name_in(io_statx, req, filename));
		r->has_strings = 1;
		break;
	}
	case OP_UNLINKAT: {
		struct io_unlink *c = at(struct io_unlink, req);

		r->v[0] = get(c, dfd);
		r->v[2] = get(c, flags);
		keep_name(rs->s.a, name_in(io_unlink, req, filename));
		r->has_strings = 1;
		break;
	}
	case OP_MKDIRAT: {
		struct io_mkdir *c = at(struct io_mkdir, req);

		r->v[0] = get(c, dfd);
		r->v[2] = get(c, mode);
		keep_name(rs->s.a, name_in(io_mkdir, req, filename));
		r->has_strings = 1;
		break;
	}
	case OP_RENAMEAT: {
		struct io_rename *c = at(struct io_rename, req);

		r->v[0] = get(c, old_dfd);
		r->v[2] = get(c, new_dfd);
		r->v[4] = get(c, flags);
		keep_name(rs->s.a, name_in(io_rename, req, oldpath));
		keep_name(rs->s.b, name_in(io_rename, req, newpath));
		r->has_strings = 1;
		break;
	}
	case OP_LINKAT: {
		struct io_link *c = at(struct io_link, req);

		r->v[0] = get(c, old_dfd);
		r->v[2] = get(c, new_dfd);
		r->v[4] = get(c, flags);
		keep_name(rs->s.a, name_in(io_link, req, oldpath));
		keep_name(rs->s.b, name_in(io_link, req, newpath));
		r->has_strings = 1;
		break;
	}
	case OP_SYMLINKAT: {
		struct io_link *c = at(struct io_link, req);

		r->v[1] = get(c, new_dfd);
		keep_name(rs->s.a, name_in(io_link, req, oldpath));
		keep_name(rs->s.b, name_in(io_link, req, newpath));
		r->has_strings = 1;
		break;
	}
	case OP_SETXATTR:
	case OP_GETXATTR:
	case OP_FSETXATTR:
	case OP_FGETXATTR: {
		struct io_xattr *c = at(struct io_xattr, req);
		struct xattr_name *name = get(c, ctx.kname);

		r->v[3] = get(c, ctx.size);
		bpf_probe_read_kernel_str(rs->s.b, 256, name);
		if (opcode == OP_SETXATTR || opcode == OP_FSETXATTR)
			keep_value(rs->s.b + 256, (u64)get(c, ctx.kvalue), r->v[3]);
		if (opcode == OP_SETXATTR || opcode == OP_GETXATTR)
			keep_name(rs->s.a, name_in(io_xattr, req, filename));
		r->has_strings = 1;
		break;
	}
	default:
		return -1;
	}
	return 0;
}

/* A pointer as the plain number that an argument is: what comes out of a map is one. */
static __always_inline u64 plain(u64 *slot, u64 pointer)
{
	*(volatile u64 *)slot = pointer;
	return *(volatile u64 *)slot;
}

/* Points the string arguments at where they are kept. */
static __always_inline void point_strings(struct request *r, struct request_strings *str)
{
	u64 a = (u64)str->a, b = (u64)str->b;

	switch (r->opcode) {
	case OP_RENAMEAT:
	case OP_LINKAT:
		r->v[1] = a;
		r->v[3] = b;
		break;
	case OP_SYMLINKAT:
		r->v[0] = a;
		r->v[2] = b;
		break;
	case OP_SETXATTR:
	case OP_GETXATTR:
		r->v[0] = a;
		r->v[1] = b;
		r->v[2] = b + 256;
		break;
	case OP_FSETXATTR:
	case OP_FGETXATTR:
		r->v[1] = b;
		r->v[2] = b + 256;
		break;
	default:
		r->v[1] = a;
	}
}

static __always_inline const volatile struct call *call_of(u32 opcode)
{
	u32 nr;

	if (opcode >= OPS)
		return NULL;
	barrier_var(opcode);
	if (opcode >= OPS)
		return NULL;
	nr = same_call[opcode];
	if (!nr || nr >= NR_CALLS)
		return NULL;
	return calls[nr].type ? &calls[nr] : NULL;
}

static __always_inline void copy_args(struct op *o, struct request *r)
{
	for (int i = 0; i < 6; i++)
		o->s->args[i] = *(volatile u64 *)&r->v[i];
}

/* A request that is submitted: with the area for it, s and rs. */
static __always_inline int keep_request(struct op *o, struct request_scratch *rs, u64 req,
					u32 opcode)
{
	struct scratch *s = o->s;
	struct request *r;
	u8 shape = o->c->shape;

	rs->r.opcode = opcode;
	rs->r.length = 0;
	rs->r.recorded = 0;
	rs->r.held.len = 0;
	rs->r.held.has_target = 0;
	if (request_args(rs, req, opcode, s))
		return 0;
	rs->r.entered = bpf_ktime_get_boot_ns();
	if (bpf_map_update_elem(&requests, &req, &rs->r, BPF_ANY))
		return -1;
	if (rs->r.has_strings &&
	    bpf_map_update_elem(&request_strings, &req, &rs->s, BPF_ANY)) {
		bpf_map_delete_elem(&requests, &req);
		return -1;
	}
	if (shape < SHAPE_DELETE || shape > SHAPE_RENAME)
		return 0;
	r = bpf_map_lookup_elem(&requests, &req);
	if (!r)
		return 0;
	o->held = &r->held;
	begin(s);
	if (r->has_strings) {
		s->kernel_strings = 1;
		point_strings(r, &rs->s);
	}
	copy_args(o, r);
	o->flags = arg(o, o->c->flags);
	s->ev.result = 0;
	before(o);
	return 0;
}

static __always_inline int submitted(u64 req)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	u32 opcode = get(at(struct io_kiocb, req), opcode);
	struct request_scratch *rs;
	struct task_state *st;
	struct op o = {};
	struct scratch *s;

	o.c = call_of(opcode);
	if (!o.c || get(task, tgid) == cfg.self)
		return 0;
	st = bpf_task_storage_get(&states, (void *)task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!st)
		return 0;
	if (!task_selected(task, st)) {
		count_filtered();
		return 0;
	}
	s = take_scratch();
	if (!s) {
		lose(VEXJ_LOST_NESTED);
		return 0;
	}
	rs = bpf_map_lookup_elem(&request_scratch, &s->key);
	o.task = task;
	o.s = s;
	if (!rs || keep_request(&o, rs, req, opcode))
		lose(VEXJ_LOST_STATE);
	drop_scratch(s);
	return 0;
}

/* 6.4 and newer; the loader takes the one that there is. */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(vexj_uring_submit, struct io_kiocb *req)
{
	return submitted((u64)req);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(vexj_uring_complete, void *ring, void *request)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	u64 req = (u64)request;
	struct request_strings *str;
	struct request *r;
	struct scratch *s = NULL;
	struct op o = {};
	struct io_kiocb *k;

	if (!req)
		return 0;
	r = bpf_map_lookup_elem(&requests, &req);
	if (!r)
		return 0;
	if (r->recorded)
		goto out;
	k = at(struct io_kiocb, req);
	o.c = call_of(r->opcode);
	if (!o.c)
		goto out;
	s = take_scratch();
	if (!s) {
		lose(VEXJ_LOST_NESTED);
		goto out;
	}
	o.s = s;
	o.s->ev.result = get(k, cqe.res);
	o.s->ev.parent = 0;
	if (o.s->ev.result < 0 && !(cfg.filters & FILTER_FAILED)) {
		count_filtered();
		goto out;
	}
	begin(o.s);
	o.task = task;
	o.held = &r->held;
	if (r->has_strings) {
		str = bpf_map_lookup_elem(&request_strings, &req);
		if (!str)
			goto out;
		o.s->kernel_strings = 1;
		point_strings(r, str);
	}
	copy_args(&o, r);
	o.flags = arg(&o, o.c->flags);
	o.via = VEXJ_VIA_URING;
	o.s->ev.type = o.c->type;
	o.s->ev.subtype = VEXJ_SUBTYPE(o.via, o.c->kind);
	o.s->ev.offset = o.c->off == NOARG ? -1 : (s64)arg(&o, o.c->off);
	o.s->ev.length = arg(&o, o.c->len);
	if (o.c->shape == SHAPE_IO || o.c->shape == SHAPE_FD)
		o.file = plain(&r->file, (u64)get(k, file));
	if (o.c->shape == SHAPE_IO) {
		/* The request's position has moved on by what was done. */
		o.s->args[3] = get(at(struct io_rw, req), kiocb.ki_pos) -
			   (o.s->ev.result > 0 ? o.s->ev.result : 0);
		o.s->ev.length = r->length;
	}
	if (r->opcode == OP_FSYNC && r->v[3] & IORING_FSYNC_DATASYNC)
		o.s->ev.subtype = VEXJ_SUBTYPE(o.via, VEXJ_FSYNC_DATA);
	o.s->ev.now = bpf_ktime_get_boot_ns();
	o.s->ev.duration = o.s->ev.now - r->entered;
	after(&o);
out:
	drop_scratch(s);
	bpf_map_delete_elem(&request_strings, &req);
	bpf_map_delete_elem(&requests, &req);
	return 0;
}

#endif
