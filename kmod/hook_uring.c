// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring. Most requests run the functions that system calls run, which only
 * have to know that they serve a request; reads and writes have their own.
 */
#include <linux/fcntl.h>
#include <uapi/linux/io_uring.h>
#include "async.h"
#include "compat/uring.h"
#ifdef VEXJ_HAVE_URING_NAMED_COMPLETION
#include <trace/events/io_uring.h>
#endif

static bool issues(struct vexj_hit *h)
{
	struct vexj_state *st = h->st;

	st->request = (void *)h->arg[0];
	st->request_recorded = false;
	st->opened = NULL;
	return true;
}

static void issued(struct vexj_hit *h)
{
	h->st->request = NULL;
	h->st->opened = NULL;
}

/* Opened into a table of the ring's own: it has no number in the process. */
static bool installs(struct vexj_hit *h)
{
	struct file *f = (void *)h->arg[0];

	if (h->st->opened && h->st->opened == f)
		vexj_opened(h, f, -1);
	return false;
}

static bool is_vector(const struct vexj_state *st, const void *req)
{
	int op = vexj_uring_opcode(req);

	if (op < 0 && st->submitted.req == req)
		op = st->submitted.opcode;
	return op == IORING_OP_READV || op == IORING_OP_WRITEV;
}

static bool transfers(struct vexj_hit *h, u32 type)
{
	const struct vexj_uring_rw *rw = (void *)h->arg[0];
	const struct kiocb *k = &rw->kiocb;
	u64 length = rw->len;

	h->in->inode[0] = file_inode(k->ki_filp);
	if (!vexj_selected(h->in->inode[0]) || !vexj_wanted(type))
		return false;
	if (is_vector(h->st, rw))
		length = vexj_sum_iov((const void __user *)(unsigned long)rw->addr, length);
	vexj_async_begin(k, type, VEXJ_VIA_URING, length);
	if (h->st->submitted.req == rw)
		vexj_async_name(k, &h->st->submitted.name, k->ki_pos == -1 ? k->ki_filp->f_pos : k->ki_pos);
	return true;
}

static bool reads(struct vexj_hit *h)
{
	return transfers(h, VEXJ_FS_READ);
}

static bool writes(struct vexj_hit *h)
{
	return transfers(h, VEXJ_FS_WRITE);
}

static void transferred(struct vexj_hit *h)
{
	const struct kiocb *k = (void *)h->arg[0];
	s64 result = h->result;

	switch (h->result) {
	case -EAGAIN:		/* it will be tried again, by a thread that may wait */
	case -EIOCBQUEUED:	/* it completes later, or has already */
		return;
	}
	/* Where the request does not tell, its completion does. */
	if (vexj_uring_result(k, &result))
		vexj_async_end(k, h->result < 0 ? h->result : result);
}

static bool completes(struct vexj_hit *h)
{
	long result = (long)h->arg[1];

	if (result != -EAGAIN)
		vexj_async_end((void *)h->arg[0], result);
	return false;
}

/* The names of a request, which are given up before it is known that it failed. */
static bool names(struct vexj_hit *h, u32 type, int dfd, const struct filename *name, int dfd2, const struct filename *name2)
{
	struct vexj_walk w = {};
	struct vexj_build *b;

	if (!h->st->request || IS_ERR_OR_NULL(name) || IS_ERR(name2) || !vexj_failed_wanted() || !vexj_wanted(type))
		return false;
	b = vexj_begin(type, VEXJ_VIA_URING);
	if (!b)
		return false;
	b->result = -ENOENT;	/* what is not there is no news */
	vexj_walk_name(&w, b, dfd, name->name, false);
	if (vexj_walk_selected(&w)) {
		vexj_put_walked_file(b, &w);
		vexj_put_parents(b, vexj_walk_parent(&w), NULL);
		vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
		if (name2) {
			vexj_walk_name(&w, b, dfd2, name2->name, false);
			vexj_put_walked(b, VEXJ_ATTR_PATH2, &w);
		}
		h->in->held = vexj_hold(b);
		h->in->note[0] = type;
	}
	vexj_abort(b);
	return h->in->held;
}

/* The record of a request that failed before it came upon an object. */
static void named(struct vexj_hit *h)
{
	struct vexj_build *b;

	if (h->result >= 0 || h->st->request_recorded)
		return;
	b = vexj_claim(h, NULL, h->in->note[0]);
	if (!b)
		return;
	vexj_held_put(b, h->in->held);
	vexj_commit(b);
}

static bool unlinks(struct vexj_hit *h)
{
	return names(h, VEXJ_FS_DELETE, h->arg[0], (void *)h->arg[1], 0, NULL);
}

static bool removes(struct vexj_hit *h)
{
	return names(h, VEXJ_FS_RMDIR, h->arg[0], (void *)h->arg[1], 0, NULL);
}

static bool makes(struct vexj_hit *h)
{
	return names(h, VEXJ_FS_MKDIR, h->arg[0], (void *)h->arg[1], 0, NULL);
}

static bool renames(struct vexj_hit *h)
{
	return names(h, VEXJ_FS_RENAME, h->arg[0], (void *)h->arg[1], h->arg[2], (void *)h->arg[3]);
}

static bool links(struct vexj_hit *h)
{
	return names(h, VEXJ_FS_HARDLINK, h->arg[0], (void *)h->arg[1], h->arg[2], (void *)h->arg[3]);
}

/* Arguments: the target, where the link is to be. */
static bool symlinks(struct vexj_hit *h)
{
	return names(h, VEXJ_FS_SYMLINK, h->arg[1], (void *)h->arg[2], 0, NULL);
}

#define NAMES(before, now, what, entry, ...) { \
	.function = now, .other = before, .operation = what, .returns = VEXJ_RETURNS_INT, \
	.optional = true, .aside = true, .at = { __VA_ARGS__, VEXJ_ABSENT }, .enter = entry, .leave = named, \
}

struct vexj_probe vexj_uring_probes[] = {
	{
		.function = "io_issue_sqe", .operation = "io_uring", .returns = VEXJ_RETURNS_INT, .aside = true,
		.at = { 0, VEXJ_ABSENT }, .enter = issues, .leave = issued,
	},
	{
		.function = "io_complete_rw", .operation = "transfers of io_uring that wait", .any_task = true,
		.at = { 0, 1, VEXJ_ABSENT }, .enter = completes,
	},
	{
		.function = "io_read", .operation = "read by io_uring", .returns = VEXJ_RETURNS_INT,
		.at = { 0, VEXJ_ABSENT }, .enter = reads, .leave = transferred,
	},
	{
		.function = "io_write", .operation = "write by io_uring", .returns = VEXJ_RETURNS_INT,
		.at = { 0, VEXJ_ABSENT }, .enter = writes, .leave = transferred,
	},
	{
		.function = "io_fixed_fd_install", .operation = "open by io_uring without a descriptor",
		.at = { 2, VEXJ_ABSENT }, .enter = installs,
	},
	/* Renamed in 7.0. Before 5.15 io_uring has few of them, and they take the caller's strings. */
	NAMES("do_unlinkat", "filename_unlinkat", "unlinkat by io_uring that fails", unlinks, 0, 1),
	NAMES("do_rmdir", "filename_rmdir", "rmdir by io_uring that fails", removes, 0, 1),
	NAMES("do_mkdirat", "filename_mkdirat", "mkdirat by io_uring that fails", makes, 0, 1),
	NAMES("do_renameat2", "filename_renameat2", "renameat by io_uring that fails", renames, 0, 1, 2, 3),
	NAMES("do_linkat", "filename_linkat", "linkat by io_uring that fails", links, 0, 1, 2, 3),
	NAMES("do_symlinkat", "filename_symlinkat", "symlinkat by io_uring that fails", symlinks, 0, 1, 2),
	{}
};

#ifdef VEXJ_HAVE_URING_NAMED_COMPLETION
/*
 * Before 5.19 a request is private to io_uring, and it is not said of a result
 * which one it is of but by the name that the caller gave it.
 */
static void submitted(void *data, void *ring, void *req, u8 opcode, u64 id, u32 flags, bool force, bool sq_thread)
{
	struct vexj_state *st;

	rcu_read_lock();
	st = vexj_state_here(true);
	if (st) {
		st->submitted.req = req;
		st->submitted.name = (struct vexj_async_name){ ring, id };
		st->submitted.opcode = opcode;
	}
	rcu_read_unlock();
}

static void completed(void *data, void *ring, u64 id, int result, unsigned int flags)
{
	const struct vexj_async_name name = { ring, id };
	const struct kiocb *k;

	rcu_read_lock();
	k = vexj_async_named(&name);
	if (k)
		vexj_async_end(k, result);
	rcu_read_unlock();
}

static void __maybe_unused check(void)
{
	check_trace_callback_type_io_uring_submit_sqe(submitted);
	check_trace_callback_type_io_uring_complete(completed);
}
#endif

struct vexj_trace vexj_uring_traces[] = {
#if defined(VEXJ_HAVE_URING_NAMED_COMPLETION)
	{ "io_uring_submit_sqe", "read and write by io_uring", submitted },
	{ "io_uring_complete", "read and write by io_uring", completed },
	{ "io_uring_req_failed", "reads and writes that io_uring refuses to begin", NULL },
#elif !defined(VEXJ_HAVE_IO_URING_TYPES)
	{ "io_uring_complete", "the result of reads and writes by io_uring", NULL },
#endif
	{}
};
