// SPDX-License-Identifier: GPL-2.0-only
/* Data that goes from file to file inside the kernel. */
#include "calls.h"
#include "hooks.h"
#include "compat/prototypes.h"

struct copy {
	const struct file *in, *out;
	s64 offset;
	u64 length;
	u32 via;
};

/* A write of one file that names its source; a read if it went out of the files. */
static void copied(struct vexj_hit *h, const struct copy *c)
{
	bool out = vexj_recordable(file_inode(c->out)), in = vexj_recordable(file_inode(c->in));
	const struct file *f = out ? c->out : c->in;
	struct vexj_where source = { .mnt = c->in->f_path.mnt, .dentry = c->in->f_path.dentry };
	struct vexj_build *b;

	if (!vexj_selected(file_inode(f)))
		return;
	b = vexj_claim(h, file_inode(f), out ? VEXJ_FS_WRITE : VEXJ_FS_READ);
	if (!b)
		return;
	vexj_put_open_file(b, f);
	if (out && in) {
		vexj_put_file(b, VEXJ_ATTR_FILE2, file_inode(c->in));
		vexj_put_path(b, VEXJ_ATTR_PATH2, &source);
	}
	b->subtype = VEXJ_SUBTYPE(vexj_by(h, c->via), 0);
	b->offset = c->offset;
	b->length = c->length;
	vexj_commit(b);
}

static bool copies(struct vexj_hit *h, unsigned long in, unsigned long out)
{
	h->in->inode[0] = file_inode((struct file *)in);
	h->in->inode[1] = file_inode((struct file *)out);
	return true;
}

/* Arguments: in, out, where to, length. */
static bool copies_range(struct vexj_hit *h)
{
	return copies(h, h->arg[0], h->arg[1]);
}

static void copied_range(struct vexj_hit *h, u32 via)
{
	struct copy c = {
		.in = (void *)h->arg[0],
		.out = (void *)h->arg[1],
		.offset = h->arg[2],
		.length = h->arg[3],
		.via = via,
	};

	copied(h, &c);
}

static void range_copied(struct vexj_hit *h)
{
	copied_range(h, VEXJ_VIA_COPY_RANGE);
}

static void range_cloned(struct vexj_hit *h)
{
	/* The call says no more than that it went well. */
	h->result = min(h->result, 0l);
	copied_range(h, VEXJ_VIA_CLONE);
}

/* Arguments: in, where from, out, where to, length. */
static bool splices(struct vexj_hit *h)
{
	return copies(h, h->arg[0], h->arg[2]);
}

static void spliced(struct vexj_hit *h)
{
	struct copy c = {
		.in = (void *)h->arg[0],
		.out = (void *)h->arg[2],
		.length = h->arg[4],
	};
	bool to_file = vexj_recordable(file_inode(c.out));
	const struct file *f = to_file ? c.out : c.in;
	const loff_t *pos = (void *)(to_file ? h->arg[3] : h->arg[1]);

	c.offset = vexj_began(file_inode(f), pos ? *pos : f->f_pos, h->result);
	copied(h, &c);
}

/* splice(2) and sendfile(2) have a record made of the call. */
static bool of_call(const struct vexj_state *st)
{
	return !st->top && st->call && st->call->shape == VEXJ_SHAPE_COPY;
}

static void direct_splice_done(struct vexj_hit *h)
{
	if (of_call(h->st))
		return;
	h->kernel = true;
	spliced(h);
}

static void splice_done(struct vexj_hit *h)
{
	if (h->st->request)
		spliced(h);
}

struct vexj_probe vexj_copy_probes[] = {
	{
		.function = "vfs_copy_file_range", .operation = "copy_file_range", .enter = copies_range, .leave = range_copied,
		.at = { VEXJ_COPY_IN, 2, 3, 4, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_COPY_IN),
	},
	{
		.function = "vfs_clone_file_range", .operation = "clone", .enter = copies_range, .leave = range_cloned,
		.at = { VEXJ_CLONE_IN, 2, 3, 4, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_CLONE_IN),
	},
	{
		.function = "do_splice_direct", .operation = "copy by the kernel", .enter = splices, .leave = direct_splice_done,
		.at = { VEXJ_SPLICE_DIRECT_IN, 1, 2, 3, 4, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_SPLICE_DIRECT_IN),
	},
	{
		.function = "do_splice", .operation = "splice by io_uring", .enter = splices, .leave = splice_done,
		.at = { 0, 1, 2, 3, 4, VEXJ_ABSENT },
	},
	{}
};
