/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open and close. A file is opened by one function and given its number by
 * another, which is where the record is made; one that the kernel opens for
 * itself never gets a number.
 */
#ifndef VEXJ_BPF_VFS_OPEN_H
#define VEXJ_BPF_VFS_OPEN_H

/* What an open did to the file besides. */
static __noinline int open_effects(struct hook *h, u64 file, u32 flags)
{
	struct file *f = at(struct file, file);
	u32 off = BODY;

	/* The kernel does not say of a nameless file that it was created. */
	if (get(f, f_mode) & FMODE_CREATED || (flags & O_TMPFILE) == O_TMPFILE) {
		if (!claim(h, 0, VEXJ_FS_CREATE))
			return 0;
		h->o.s->ev.subtype = VEXJ_SUBTYPE(h->o.via == VEXJ_VIA_KERNEL ? VEXJ_VIA_KERNEL : (flags & O_TMPFILE) == O_TMPFILE ? VEXJ_VIA_TMPFILE
																   : VEXJ_VIA_OPEN,
						  0);
		off = put_parent(h->o.s, off, get(f, f_path.dentry, d_parent, d_inode, i_ino), 0);
	} else if (flags & O_TRUNC && flags & O_ACCMODE && !(flags & O_PATH) &&
		   (get(f, f_inode, i_mode) & S_IFMT) == S_IFREG) {
		if (!claim(h, 0, VEXJ_FS_TRUNCATE))
			return 0;
		h->o.s->ev.subtype = VEXJ_SUBTYPE(h->o.via == VEXJ_VIA_KERNEL ? VEXJ_VIA_KERNEL : VEXJ_VIA_OPEN, 0);
	} else {
		return 0;
	}
	off = put_open_file(h->o.s, file, off);
	if (off)
		send(&h->o, off);
	return 0;
}

/* A descriptor's flag, which the file does not have: 0 or O_CLOEXEC. */
static __always_inline u32 close_on_exec(struct task_struct *task, u32 fd)
{
	struct fdtable *fdt = get(task, files, fdt);
	u64 word = 0;

	if (fd >= get(fdt, max_fds))
		return 0;
	bpf_probe_read_kernel(&word, sizeof(word),
			      (void *)((u64)get(fdt, close_on_exec) + fd / 64 * 8));
	return word >> (fd & 63) & 1 ? O_CLOEXEC : 0;
}

/* The record of the file that the task opened last, with its number. */
static __noinline int opened(struct hook *h, s32 fd)
{
	struct frame *f = h->f;
	u64 file = f->opened;
	u32 off;

	f->opened = 0;
	h->result = fd < 0 ? 0 : fd;
	if (!claim(h, 0, VEXJ_FS_OPEN))
		return 0;
	h->o.flags = f->open_flags;
	if (fd >= 0)
		h->o.flags |= close_on_exec(h->o.task, fd);
	off = put_open_attr(&h->o, BODY, f->open_mode);
	if (fd < 0)
		((struct vexj_attr_open *)rec_at(h->o.s, BODY + 4))->fd = -1;
	off = put_open_file(h->o.s, file, off);
	if (off)
		send(&h->o, off);
	return 0;
}

/* An open that failed has no object; its name is walked as the syscall set does. */
static __noinline int not_opened(struct hook *h, u64 name, u32 flags, u32 mode)
{
	struct scratch *s;
	u32 off = BODY;

	if (!claim(h, 0, VEXJ_FS_OPEN))
		return 0;
	s = h->o.s;
	s->kernel_strings = 1;
	h->o.flags = flags;
	walk_user(s, (s32)param(h, 0), (u64)get(at(struct filename, name), name),
		  flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) ? 0 : WALK_FOLLOW);
	if (!walked_selected(&h->o))
		return 0;
	off = put_walked_file(s, off, h->result);
	off = put_open_attr(&h->o, off, mode);
	off = put_walked(s, off, 0, h->result);
	send(&h->o, off);
	return 0;
}

static __always_inline int open_done(struct hook *h, u64 op)
{
	h->f->opened = h->object;
	h->f->open_flags = get(at(struct open_flags, op), open_flag);
	h->f->open_mode = get(at(struct open_flags, op), mode) & 07777;
	return open_effects(h, h->object, h->f->open_flags);
}

static __always_inline int open_ends(struct hook *h)
{
	u64 op = param(h, 2);

	h->f->opened = 0;
	if (in_exec(h->o.task))
		return 0;
	if (h->result < 0)
		return not_opened(h, param(h, 1), get(at(struct open_flags, op), open_flag),
				  get(at(struct open_flags, op), mode) & 07777);
	return open_done(h, op);
}

DECLARE(do_filp_open);
ENTER(do_filp_open)
{
	return 0;
}
EXIT(do_filp_open)
{
	return open_ends(h);
}

/* Its name since 7.0. */
DECLARE(do_file_open);
ENTER(do_file_open)
{
	return 0;
}
EXIT(do_file_open)
{
	return open_ends(h);
}

DECLARE(do_file_open_root);
ENTER(do_file_open_root) { return 0; }
EXIT(do_file_open_root) { return h->result < 0 ? 0 : open_done(h, param(h, 0)); }

DECLARE(fd_install);
NOTE(fd_install)
{
	if (!h->f->opened || h->f->opened != param(h, 1))
		return 0;
	return opened(h, (s32)param(h, 0));
}

DECLARE(file_open_name);
ENTER(file_open_name) { return 0; }
EXIT(file_open_name)
{
	if (!h->f->opened || h->f->opened != h->object)
		return 0;
	h->kernel = true;
	return opened(h, -1);
}

DECLARE(io_issue_sqe);
ENTER(io_issue_sqe)
{
	h->f->depth = h->depth;
	h->f->request = param(h, 0);
	h->f->opened = 0;
	return 0;
}

/* Not an exit in earnest: it was taken off the stack at once. */
SEC_EXIT(io_issue_sqe)
int exit_io_issue_sqe(void *ctx)
{
	struct hook h = { .ctx = ctx, .p = &params_io_issue_sqe };

	if (open_hook(&h, false) && h.f) {
		set_result(&h);
		/* Opened into a table of the ring's own: it has no number here. */
		if (h.f->opened && h.result >= 0)
			opened(&h, -1);
		h.f->opened = 0;
		h.f->request = 0;
	}
	give_back(&h);
	return 0;
}

DECLARE(filp_close);
ENTER(filp_close)
{
	h->in->inode[0] = inode_of_file(param(h, 0));
	return 0;
}
EXIT(filp_close)
{
	u64 file = param(h, 0);
	u32 off;

	if (get(h->o.task, flags) & PF_EXITING || in_exec(h->o.task))
		return 0;
	h->kernel = !param(h, 1);
	if (!claim(h, 0, VEXJ_FS_CLOSE))
		return 0;
	off = put_open_file(h->o.s, file, BODY);
	if (off)
		send(&h->o, off);
	return 0;
}

#endif
