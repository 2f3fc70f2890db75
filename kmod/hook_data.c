// SPDX-License-Identifier: GPL-2.0-only
/* Data: read, written, allocated, made durable. */
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "calls.h"
#include "hooks.h"
#include "compat/prototypes.h"
#include "compat/task.h"

#define MAX_SEGMENTS 1024	/* UIO_MAXIOV */

s64 vexj_began(const struct inode *inode, s64 position, s64 result)
{
	if (!S_ISREG(inode->i_mode) && !S_ISBLK(inode->i_mode))
		return -1;
	return position - max(result, 0ll);
}

/* The bytes that an iovec of the caller's asks for. */
u64 vexj_sum_iov(const void __user *vector, unsigned long count)
{
	struct iovec chunk[8];
	unsigned long n, i;
	u64 sum = 0;

	if (count > MAX_SEGMENTS)
		return 0;
	for (; count; count -= n) {
		n = min(count, ARRAY_SIZE(chunk));
		if (copy_from_user_nofault(chunk, vector, n * sizeof(chunk[0])))
			break;
		for (i = 0; i < n; i++)
			sum += chunk[i].iov_len;
		vector += n * sizeof(chunk[0]);
	}
	return sum;
}

/* The record of a transfer that ended at a position, the file's own if pos is NULL. */
static void transferred(struct vexj_hit *h, u32 type, u64 length, const loff_t *pos)
{
	const struct file *f = (void *)h->arg[0];
	const struct inode *inode = file_inode(f);
	struct vexj_build *b = vexj_claim(h, inode, type);

	if (!b)
		return;
	vexj_put_open_file(b, f);
	b->length = length;
	b->offset = vexj_began(inode, pos ? *pos : f->f_pos, h->result);
	vexj_commit(b);
}

/*
 * Reads of what is no file may wait for ever, and would each hold an instance of
 * the hook. Of a fifo or terminal that has a path the call's exit makes the record.
 */
static bool transfers(struct vexj_hit *h)
{
	const struct inode *inode = file_inode((struct file *)h->arg[0]);

	h->in->inode[0] = inode;
	if (!vexj_selected(inode))
		return false;
	if (!S_ISREG(inode->i_mode) && !S_ISBLK(inode->i_mode) && !S_ISDIR(inode->i_mode))
		return false;
	return true;
}

/* One that is not wanted does nothing below that would be. */
static bool reads(struct vexj_hit *h)
{
	return vexj_wanted(VEXJ_FS_READ) && transfers(h);
}

/* That of a write may take away set-user-ID, or be an overlay's: it has to be known. */
static bool writes(struct vexj_hit *h)
{
	return transfers(h);
}

static void was_read(struct vexj_hit *h)
{
	transferred(h, VEXJ_FS_READ, h->arg[1], (void *)h->arg[2]);
}

static void was_written(struct vexj_hit *h)
{
	transferred(h, VEXJ_FS_WRITE, h->arg[1], (void *)h->arg[2]);
}

static u64 asked_by(const struct vexj_hit *h)
{
	/* That of a 32-bit process is laid out otherwise. */
	if (vexj_is_compat())
		return max(h->result, 0l);
	return vexj_sum_iov((const void __user *)h->arg[1], h->arg[2]);
}

static void vector_read(struct vexj_hit *h)
{
	transferred(h, VEXJ_FS_READ, asked_by(h), (void *)h->arg[3]);
}

static void vector_written(struct vexj_hit *h)
{
	transferred(h, VEXJ_FS_WRITE, asked_by(h), (void *)h->arg[3]);
}

/* Only parts of the kernel come this way. What was done is off the iterator already. */
static void iterated(struct vexj_hit *h, u32 type)
{
	const struct iov_iter *iter = (void *)h->arg[1];

	h->kernel = true;
	transferred(h, type, iov_iter_count(iter) + max(h->result, 0l), (void *)h->arg[2]);
}

static void iter_read(struct vexj_hit *h)
{
	iterated(h, VEXJ_FS_READ);
}

static void iter_written(struct vexj_hit *h)
{
	iterated(h, VEXJ_FS_WRITE);
}

/* An exec reads the program. */
static bool kernel_reads(struct vexj_hit *h)
{
	return !vexj_in_exec() && reads(h);
}

static void kernel_read_done(struct vexj_hit *h)
{
	h->kernel = true;
	was_read(h);
}

static void kernel_write_done(struct vexj_hit *h)
{
	h->kernel = true;
	was_written(h);
}

static bool on_file(struct vexj_hit *h)
{
	h->in->inode[0] = file_inode((struct file *)h->arg[0]);
	return vexj_selected(h->in->inode[0]);
}

static void allocated(struct vexj_hit *h)
{
	const struct file *f = (void *)h->arg[0];
	struct vexj_build *b = vexj_claim(h, file_inode(f), VEXJ_FS_FALLOCATE);

	if (!b)
		return;
	vexj_put_open_file(b, f);
	b->subtype = VEXJ_SUBTYPE(h->via, h->arg[1]);
	b->offset = h->arg[2];
	b->length = h->arg[3];
	vexj_commit(b);
}

static void synced(struct vexj_hit *h, u32 kind)
{
	const struct file *f = (void *)h->arg[0];
	struct vexj_build *b = vexj_claim(h, file_inode(f), VEXJ_FS_FSYNC);

	if (!b)
		return;
	vexj_put_open_file(b, f);
	b->subtype = VEXJ_SUBTYPE(h->via, kind);
	if (kind == VEXJ_FSYNC_RANGE) {
		b->offset = h->arg[1];
		b->length = h->arg[2];
	}
	vexj_commit(b);
}

/* Whether the call under way, which is a synchronisation, is one of another file. */
static bool is_below(const struct vexj_hit *h, const struct file *f)
{
	return h->st->call && f != vexj_file_at(task_pt_regs(current)->di);
}

/*
 * Writes to files that are opened for it do this too: then it is part of them. The
 * compiler may have put the function into the call, and what comes by it is then what
 * an overlay does to its layer.
 */
static void file_synced(struct vexj_hit *h)
{
	const struct file *f = (void *)h->arg[0];
	bool asked = vexj_asked(h->st, VEXJ_FS_FSYNC);

	if (!asked && !h->st->top && !(current->flags & PF_KTHREAD))
		return;
	h->kernel = asked && is_below(h, f);
	synced(h, h->arg[1] & 1 ? VEXJ_FSYNC_DATA : VEXJ_FSYNC_ALL);
}

static void range_synced(struct vexj_hit *h)
{
	synced(h, VEXJ_FSYNC_RANGE);
}

struct vexj_probe vexj_data_probes[] = {
	{
		.function = "vfs_read", .operation = "read", .enter = reads, .leave = was_read,
		.at = { VEXJ_READ_FILE, 2, 3, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_READ_FILE), .instances = 1024,
	},
	{
		.function = "vfs_write", .operation = "write", .enter = writes, .leave = was_written,
		.at = { VEXJ_WRITE_FILE, 2, 3, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_WRITE_FILE), .instances = 1024,
	},
	{
		.function = "vfs_readv", .operation = "read of a vector", .enter = reads, .leave = vector_read,
		.at = { 0, 1, 2, 3, VEXJ_ABSENT },
	},
	{
		.function = "vfs_writev", .operation = "write of a vector", .enter = writes, .leave = vector_written,
		.at = { 0, 1, 2, 3, VEXJ_ABSENT },
	},
	{
		.function = "vfs_iter_read", .operation = "read by the kernel", .enter = reads, .leave = iter_read,
		.at = { VEXJ_ITER_READ_FILE, 1, 2, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_ITER_READ_FILE),
	},
	{
		.function = "vfs_iter_write", .operation = "write by the kernel", .enter = writes, .leave = iter_written,
		.at = { VEXJ_ITER_WRITE_FILE, 1, 2, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_ITER_WRITE_FILE),
	},
	{
		.function = "__kernel_read", .operation = "read by the kernel", .enter = kernel_reads, .leave = kernel_read_done,
		.at = { VEXJ_KERNEL_READ_FILE, 2, 3, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_KERNEL_READ_FILE),
	},
	{
		.function = "__kernel_write", .operation = "write by the kernel", .enter = writes, .leave = kernel_write_done,
		.at = { VEXJ_KERNEL_WRITE_FILE, 2, 3, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_KERNEL_WRITE_FILE),
	},
	{
		.function = "vfs_fallocate", .operation = "fallocate", .returns = VEXJ_RETURNS_INT, .enter = on_file, .leave = allocated,
		.at = { VEXJ_FALLOCATE_FILE, 1, 2, 3, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_FALLOCATE_FILE),
	},
	{
		.function = "vfs_fsync_range", .operation = "fsync", .returns = VEXJ_RETURNS_INT, .enter = on_file, .leave = file_synced,
		.at = { VEXJ_FSYNC_FILE, 3, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_FSYNC_FILE),
	},
	{
		.function = "sync_file_range", .operation = "sync_file_range", .returns = VEXJ_RETURNS_INT, .enter = on_file, .leave = range_synced,
		.at = { VEXJ_SYNC_RANGE_FILE, 1, 2, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_SYNC_RANGE_FILE),
	},
	{}
};
