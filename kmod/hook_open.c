// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open and close. A file is opened by one function and given its number by
 * another, which is where the record is made; one that the kernel opens for
 * itself never gets a number.
 */
#include <linux/bitops.h>
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/slab.h>
#include "calls.h"
#include "hooks.h"
#include "compat/prototypes.h"

/* fs/internal.h: how a file is to be opened, as far as it is the same everywhere. */
struct open_flags {
	int open_flag;
	umode_t mode;
};

/* What an open did to the file besides. */
static void effects(struct vexj_hit *h, const struct file *f, u32 flags)
{
	bool tmpfile = (flags & O_TMPFILE) == O_TMPFILE;
	const struct inode *inode = file_inode(f);
	struct vexj_build *b;
	u32 via;

	/* The kernel does not say of a nameless file that it was created. */
	if (f->f_mode & FMODE_CREATED || tmpfile) {
		b = vexj_claim(h, NULL, VEXJ_FS_CREATE);
		if (!b)
			return;
		via = tmpfile ? VEXJ_VIA_TMPFILE : VEXJ_VIA_OPEN;
		vexj_put_parents(b, vexj_dir_of(f->f_path.dentry), NULL);
	} else if (flags & O_TRUNC && flags & O_ACCMODE && !(flags & O_PATH) && S_ISREG(inode->i_mode)) {
		b = vexj_claim(h, NULL, VEXJ_FS_TRUNCATE);
		if (!b)
			return;
		via = VEXJ_VIA_OPEN;
	} else {
		return;
	}
	b->subtype = VEXJ_SUBTYPE(h->via == VEXJ_VIA_KERNEL ? VEXJ_VIA_KERNEL : via, 0);
	vexj_put_open_file(b, f);
	vexj_commit(b);
}

/* A descriptor's flag, which the file does not have: 0 or O_CLOEXEC. */
static u32 close_flag(unsigned int fd)
{
	struct fdtable *fdt = rcu_dereference(current->files->fdt);

	return fd < fdt->max_fds && test_bit(fd, fdt->close_on_exec) ? O_CLOEXEC : 0;
}

void vexj_opened(struct vexj_hit *h, const struct file *f, s32 fd)
{
	struct vexj_state *st = h->st;
	u32 flags = st->open_flags;
	struct vexj_build *b;

	st->opened = NULL;
	if (!vexj_selected(file_inode(f)))
		return;
	h->result = 0;
	effects(h, f, flags);
	h->result = max(fd, 0);
	b = vexj_claim(h, NULL, VEXJ_FS_OPEN);
	if (!b)
		return;
	vexj_put_open(b, flags | (fd < 0 ? 0 : close_flag(fd)), st->open_mode, fd);
	vexj_put_open_file(b, f);
	vexj_commit(b);
}

/* An open that failed has no object: its name was walked to at the entry. */
static void not_opened(struct vexj_hit *h)
{
	struct vexj_build *b;

	if (!h->in->held)
		return;
	b = vexj_claim(h, NULL, VEXJ_FS_OPEN);
	if (!b)
		return;
	vexj_held_put(b, h->in->held);
	vexj_commit(b);
}

static void note_flags(struct vexj_state *st, const struct open_flags *op)
{
	st->open_flags = op->open_flag;
	st->open_mode = op->mode & 07777;
}

/* The name is given up before the function returns. */
static void hold_name(struct vexj_hit *h)
{
	const struct filename *name = (void *)h->arg[1];
	u32 flags = h->st->open_flags;
	bool follow = !(flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL));
	struct vexj_walk w = {};
	struct vexj_build *b;

	/* Since 7.0 a name that could not be had is passed on as an error. */
	if (IS_ERR_OR_NULL(name) || !vexj_failed_wanted() || !vexj_wanted(VEXJ_FS_OPEN))
		return;
	b = vexj_begin(VEXJ_FS_OPEN, VEXJ_VIA_CALL);
	if (!b)
		return;
	b->result = -ENOENT;	/* as if it failed: what is not there is no news */
	vexj_walk_name(&w, b, (int)h->arg[0], name->name, follow);
	if (vexj_walk_selected(&w)) {
		vexj_put_walked_file(b, &w);
		vexj_put_open(b, flags, h->st->open_mode, -1);
		vexj_put_walked(b, VEXJ_ATTR_PATH, &w);
		h->in->held = vexj_hold(b);
	}
	vexj_abort(b);
}

/* In a call that opens, the file comes by again at fd_install(), and a failure at its exit. */
static bool opens(struct vexj_hit *h)
{
	struct vexj_state *st = h->st;

	if (st->call && st->call->type == VEXJ_PROC_EXEC)
		return false;
	note_flags(st, (void *)h->arg[2]);
	if (!st->top && st->call && st->call->shape == VEXJ_SHAPE_OPEN) {
		st->opening = true;
		return false;
	}
	st->opened = NULL;
	if (!vexj_in_exec())
		hold_name(h);
	return !vexj_in_exec();
}

/* One that is opened by the kernel does not get its flags back from the task's next. */
static void open_ends(struct vexj_hit *h)
{
	if (h->result < 0) {
		not_opened(h);
		return;
	}
	note_flags(h->st, (void *)h->arg[2]);
	h->st->opened = h->object;
}

static bool opens_root(struct vexj_hit *h)
{
	note_flags(h->st, (void *)h->arg[0]);
	if (!h->st->top && h->st->call && h->st->call->shape == VEXJ_SHAPE_OPEN) {
		h->st->opening = true;
		return false;
	}
	h->st->opened = NULL;
	return true;
}

static void root_open_ends(struct vexj_hit *h)
{
	if (h->result < 0)
		return;
	note_flags(h->st, (void *)h->arg[0]);
	h->st->opened = h->object;
}

static bool installs(struct vexj_hit *h)
{
	struct file *f = (void *)h->arg[1];
	struct vexj_state *st = h->st;

	if (!st->opening && (!st->opened || st->opened != f))
		return false;
	st->opening = false;
	vexj_opened(h, f, (s32)h->arg[0]);
	return false;
}

static bool kernel_opens(struct vexj_hit *h)
{
	return true;
}

static void kernel_opened(struct vexj_hit *h)
{
	if (!h->object || h->st->opened != h->object)
		return;
	h->kernel = true;
	vexj_opened(h, h->object, -1);
}

static bool closes(struct vexj_hit *h)
{
	h->in->inode[0] = file_inode((struct file *)h->arg[0]);
	return !(current->flags & PF_EXITING) && vexj_selected(h->in->inode[0]) && !vexj_in_exec();
}

static void closed(struct vexj_hit *h)
{
	const struct file *f = (void *)h->arg[0];
	struct vexj_build *b;

	/* Files are closed on behalf of a table of them, or by the kernel. */
	h->kernel = !h->arg[1];
	b = vexj_claim(h, NULL, VEXJ_FS_CLOSE);
	if (!b)
		return;
	vexj_put_open_file(b, f);
	vexj_commit(b);
}

struct vexj_probe vexj_open_probes[] = {
	{
		.function = "fd_install", .operation = "open", .enter = installs,
		.at = { VEXJ_INSTALL_FD, 1, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_INSTALL_FD),
	},
	{
		.function = "do_filp_open", .other = "do_file_open", .operation = "open", .returns = VEXJ_RETURNS_POINTER,
		.at = { 0, 1, 2, VEXJ_ABSENT }, .enter = opens, .leave = open_ends,
	},
	{
		.function = "do_file_open_root", .operation = "open by handle", .returns = VEXJ_RETURNS_POINTER,
		.at = { VEXJ_OPEN_ROOT_FLAGS, VEXJ_ABSENT }, .enter = opens_root, .leave = root_open_ends,
	},
	{
		.function = "file_open_name", .operation = "open by the kernel", .returns = VEXJ_RETURNS_POINTER,
		.at = { VEXJ_OPEN_NAME, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_OPEN_NAME), .enter = kernel_opens, .leave = kernel_opened,
	},
	{
		/* Since 6.6 what close(2) shares with the kernel's own is another function. */
		.function = "filp_flush", .other = "filp_close", .operation = "close", .returns = VEXJ_RETURNS_INT,
		.at = { 0, 1, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_CLOSE_FILE), .enter = closes, .leave = closed,
	},
	{}
};
