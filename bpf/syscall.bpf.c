// SPDX-License-Identifier: GPL-2.0-only
//go:build ignore

/*
 * The syscall set: the two raw tracepoints that every system call passes, and
 * nothing else, for kernels that refuse trampolines.
 *
 * The entry stamps the time; the exit, which still has the arguments in the
 * saved registers, builds the record from the objects as the call left them.
 * Calls after which the object cannot be found any more (unlink, rmdir, rename,
 * close) are built at the entry and kept with the task until the result is
 * known.
 */
#include "record.h"
#include "path.h"
#include "calls.h"
#include "process.h"
#include "victim.h"

/*
 * Shapes of calls that need nothing built at their entry, as the functions that
 * they run are hooked: a mask that the loader sets, 0 in the syscall set.
 */
const volatile u32 shown = 0;

/* A call in hand. */
struct op {
	struct scratch *s;
	struct task_struct *task;
	struct held *held;
	const volatile struct call *c;
	u64 file;	/* that the call works on, where it has no number for it */
	u32 flags;	/* of the call, AT_* or O_* */
	u32 via;	/* enum vexj_via */
};

static __always_inline u64 arg(struct op *o, u8 i)
{
	switch (i) {
	case 0: return o->s->args[0];
	case 1: return o->s->args[1];
	case 2: return o->s->args[2];
	case 3: return o->s->args[3];
	case 4: return o->s->args[4];
	case 5: return o->s->args[5];
	}
	return 0;
}

static __always_inline void load_args(struct op *o, struct pt_regs *regs)
{
	o->s->args[0] = regs->di;
	o->s->args[1] = regs->si;
	o->s->args[2] = regs->dx;
	o->s->args[3] = regs->r10;
	o->s->args[4] = regs->r8;
	o->s->args[5] = regs->r9;
}

/* The open file that argument i of the call names; 0: none. */
static __always_inline u64 open_file(struct op *o, u8 i)
{
	return o->file ? o->file : fd_file(o->task, arg(o, i));
}

static __always_inline s32 dirfd(struct op *o, u8 i)
{
	return i == CWD ? AT_FDCWD : (s32)arg(o, i);
}

/* Whether an inode is one that a path can reach: no pipe, socket, memfd. */
static __always_inline bool recordable(struct inode *inode)
{
	u64 sb = (u64)get(inode, i_sb);

	return sb && !(get(inode, i_sb, s_flags) & (SB_KERNMOUNT | SB_NOUSER));
}

static __always_inline u32 walk_flags(struct op *o)
{
	u8 opts = o->c->opts;

	if (opts & AT_FOLLOW)
		return o->flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0;
	if (opts & AT_NOFOLLOW && o->flags & AT_SYMLINK_NOFOLLOW)
		return 0;
	return opts & FOLLOW ? WALK_FOLLOW : 0;
}

/* Whether more than one name is left of what was walked. */
__noinline int has_slash(struct scratch *s)
{
	u32 from, len;

	if (!s)
		return 0;
	from = s->w.rest;
	len = s->w.rest_len;
	for (u32 i = 0; i < 256; i++) {
		if (i >= len)
			return 0;
		if (walk_byte(s, from + i) == '/')
			return 1;
	}
	return 1;
}

/* The inode number of the directory that holds what was walked to. */
static __always_inline u64 parent_inode(struct scratch *s)
{
	struct dentry *d = at(struct dentry, s->w.dentry);

	if (s->w.rest_len)
		return get(d, d_inode, i_ino);
	return get(d, d_parent, d_inode, i_ino);
}

/* Appends the walked path; flags what the walk could not do. */
__noinline int put_walked(struct scratch *s, u32 off, u32 second, s64 result)
{
	struct path_args p = { .off = off, .second = second };

	if (!s)
		return 0;
	if (s->w.status == WALK_FAULT) {
		s->flags |= second ? VEXJ_F_PATH2_UNRESOLVED : VEXJ_F_PATH_UNRESOLVED;
		return off;
	}
	p.mnt = s->w.mnt;
	p.dentry = s->w.dentry;
	p.rest = s->w.rest;
	p.rest_len = s->w.rest_len;
	/* After a success only the last name may be missing: what was deleted. */
	if (s->w.status == WALK_BLOCKED || (result >= 0 && s->w.rest_len && has_slash(s)))
		s->flags |= second ? VEXJ_F_PATH2_UNRESOLVED : VEXJ_F_PATH_UNRESOLVED;
	return put_path(s, &p);
}

/* The object that the walk ended at; flags it unknown if there should be one. */
__noinline int put_walked_file(struct scratch *s, u32 off, s64 result)
{
	struct inode *inode;

	if (!s)
		return 0;
	if (s->w.status == WALK_FOUND) {
		inode = at(struct inode, get(at(struct dentry, s->w.dentry), d_inode));
		return put_file(s, off, VEXJ_ATTR_FILE, inode);
	}
	if (result >= 0)
		s->flags |= VEXJ_F_OBJECT_UNKNOWN;
	return off;
}

static __always_inline bool walked_selected(struct op *o)
{
	struct scratch *s = o->s;
	struct inode *inode;

	if (s->w.status == WALK_FAULT)
		return !(cfg.filters & FILTER_SB);
	inode = at(struct inode, get(at(struct dentry, s->w.dentry), d_inode));
	return recordable(inode) && inode_selected(inode);
}

static __always_inline u32 put_parent(struct scratch *s, u32 off, u64 dir, u64 dir2)
{
	struct vexj_attr_parent *p = rec_at(s, off + 4);

	put_head(s, off, VEXJ_ATTR_PARENT, sizeof(*p));
	p->inode = dir;
	p->inode2 = dir2;
	return off + 4 + sizeof(*p);
}

/* What an open file is and where; 0 if it is not to be recorded. */
__noinline int put_open_file(struct scratch *s, u64 file, u32 off)
{
	struct file *f = at(struct file, file);
	struct inode *inode = get(f, f_inode);
	struct path_args p = {};

	if (!s || !recordable(inode) || !inode_selected(inode))
		return 0;
	off = put_file(s, off, VEXJ_ATTR_FILE, inode);
	if (!get(inode, i_nlink))
		s->flags |= VEXJ_F_UNLINKED;
	p.mnt = (u64)get(f, f_path.mnt);
	p.dentry = (u64)get(f, f_path.dentry);
	p.off = off;
	return put_path(s, &p);
}

static __always_inline u32 put_user_string(struct scratch *s, u32 off, u16 tag, u64 uptr, u32 max)
{
	long n = s->kernel_strings ?
		 bpf_probe_read_kernel_str(rec_at(s, off + 4), max, (void *)uptr) :
		 bpf_probe_read_user_str(rec_at(s, off + 4), max, (void *)uptr);

	if (n < 1)
		return off;
	put_head(s, off, tag, n - 1);
	return pad(s, off + 4 + ((n - 1) & (CHUNK - 1)));
}

/* Attributes that some types carry besides object and path. */
static __noinline u32 put_extras(struct op *o, struct inode *inode, u32 off)
{
	struct scratch *s = o->s;
	const volatile struct call *c = o->c;

	switch (o->s->ev.type) {
	case VEXJ_FS_CHOWN: {
		struct vexj_attr_owner *a = rec_at(s, off + 4);

		put_head(s, off, VEXJ_ATTR_OWNER, sizeof(*a));
		a->uid = arg(o, c->mode);
		a->gid = arg(o, c->mode + 1);
		return off + 4 + sizeof(*a);
	}
	case VEXJ_FS_UTIMES: {
		struct vexj_attr_times *a = rec_at(s, off + 4);

		if (!inode)
			return off;
		put_head(s, off, VEXJ_ATTR_TIMES, sizeof(*a));
		if (bpf_core_field_exists(struct inode___610, i_atime_sec)) {
			struct inode___610 *i = (void *)inode;

			a->atime = BPF_CORE_READ(i, i_atime_sec) * 1000000000 +
				   BPF_CORE_READ(i, i_atime_nsec);
			a->mtime = BPF_CORE_READ(i, i_mtime_sec) * 1000000000 +
				   BPF_CORE_READ(i, i_mtime_nsec);
		} else if (bpf_core_field_exists(struct inode___66, __i_atime)) {
			struct inode___66 *i = (void *)inode;

			a->atime = BPF_CORE_READ(i, __i_atime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(i, __i_atime.tv_nsec);
			a->mtime = BPF_CORE_READ(i, __i_mtime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(i, __i_mtime.tv_nsec);
		} else {
			a->atime = BPF_CORE_READ(inode, i_atime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(inode, i_atime.tv_nsec);
			a->mtime = BPF_CORE_READ(inode, i_mtime.tv_sec) * 1000000000 +
				   BPF_CORE_READ(inode, i_mtime.tv_nsec);
		}
		return off + 4 + sizeof(*a);
	}
	case VEXJ_FS_MKNOD: {
		struct vexj_attr_rdev *a = rec_at(s, off + 4);
		u32 mode, dev;

		if (!inode)
			return off;
		mode = get(inode, i_mode) & S_IFMT;
		if (mode != S_IFCHR && mode != S_IFBLK)
			return off;
		dev = get(inode, i_rdev);
		put_head(s, off, VEXJ_ATTR_RDEV, sizeof(*a));
		a->major = dev >> 20;
		a->minor = dev & 0xfffff;
		return off + 4 + sizeof(*a);
	}
	case VEXJ_FS_SETXATTR:
	case VEXJ_FS_GETXATTR:
	case VEXJ_FS_REMOVEXATTR:
		return put_user_string(s, off, VEXJ_ATTR_NAME, arg(o, c->name), 256);
	}
	return off;
}

static __always_inline void send(struct op *o, u32 end)
{
	emit(o->s, &o->s->ev, end);
}

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

static __noinline int on_fd(struct op *o)
{
	u64 file = open_file(o, o->c->fd);
	u32 off;

	if (!file)
		return 0;
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	off = put_extras(o, get(at(struct file, file), f_inode), off);
	send(o, off);
	return 0;
}

struct iovec {
	u64 base, len;
};

/* The bytes that an iovec of the caller asks for. */
__noinline u64 sum_iov(struct scratch *s, u64 uptr, u32 count)
{
	u64 sum = 0;

	if (!s || count > 1024)
		return 0;
	for (u32 chunk = 0; chunk < 4; chunk++) {
		u32 n = count > 256 ? 256 : count, bytes = n * sizeof(struct iovec);

		if (!n)
			break;
		/* So that older verifiers see the bound. */
		barrier_var(bytes);
		bytes &= 2 * CHUNK - 1;
		if (bpf_probe_read_user(s->name, bytes, (void *)uptr))
			break;
		for (u32 i = 0; i < 256; i++) {
			if (i >= n)
				break;
			sum += ((struct iovec *)s->name)[i].len;
		}
		uptr += bytes;
		count -= n;
	}
	return sum;
}

/* Where in the file a transfer that ended now began; -1 where there is no such thing. */
static __always_inline s64 io_offset(struct op *o, struct file *f, u8 opts, u8 off_arg)
{
	struct inode *inode = get(f, f_inode);
	u32 type = get(inode, i_mode) & S_IFMT;
	s64 done = o->s->ev.result > 0 ? o->s->ev.result : 0;

	if (type != S_IFREG && type != S_IFBLK)
		return -1;
	if (o->s->ev.type == VEXJ_FS_WRITE && o->s->ev.result >= 0 &&
	    (get(f, f_flags) & O_APPEND || (opts & NEGATIVE_POS && arg(o, 5) & RWF_APPEND)))
		return get(inode, i_size) - done;
	if (opts & POSITION || (opts & NEGATIVE_POS && (s64)arg(o, off_arg) == -1))
		return get(f, f_pos) - done;
	return arg(o, off_arg);
}

static __always_inline int on_io(struct op *o)
{
	const volatile struct call *c = o->c;
	u64 file = open_file(o, 0);
	u32 off;

	if (!file)
		return 0;
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	o->s->ev.offset = io_offset(o, at(struct file, file), c->opts, c->off);
	if (c->opts & VECTOR)
		o->s->ev.length = sum_iov(o->s, arg(o, 1), arg(o, 2));
	send(o, off);
	return 0;
}

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
	if (o->s->ev.result < 0 && s->w.status == WALK_FOUND) {
		/* Nothing was made: the object is the one that was there. */
		u32 after = put_walked(s, off, 0, o->s->ev.result);

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

/*
 * A transfer inside the kernel. To a file it is a write that names its source;
 * from a file to a pipe or socket it is a read.
 */
static __noinline int on_copy(struct op *o)
{
	const volatile struct call *c = o->c;
	struct scratch *s = o->s;
	u64 out = fd_file(o->task, arg(o, c->fd)), in = fd_file(o->task, arg(o, c->fd2));
	struct file *f, *g;
	struct path_args p = { .second = 1 };
	s64 pos, done = o->s->ev.result > 0 ? o->s->ev.result : 0;
	u64 off_ptr;
	u32 off;

	if (!out || !in)
		return 0;
	f = at(struct file, out);
	g = at(struct file, in);
	if (!recordable(get(f, f_inode))) {
		if (!recordable(get(g, f_inode)) || !wanted(VEXJ_FS_READ))
			return 0;
		o->s->ev.type = VEXJ_FS_READ;
		off_ptr = c->via == VEXJ_VIA_SENDFILE ? arg(o, 2) : arg(o, 1);
		off = put_open_file(o->s, in, BODY);
		if (!off)
			return 0;
		f = g;
	} else {
		if (!wanted(VEXJ_FS_WRITE))
			return 0;
		off_ptr = c->via == VEXJ_VIA_SENDFILE ? 0 : arg(o, 3);
		off = put_open_file(o->s, out, BODY);
		if (!off)
			return 0;
		if (recordable(get(g, f_inode))) {
			off = put_file(s, off, VEXJ_ATTR_FILE2, get(g, f_inode));
			p.mnt = (u64)get(g, f_path.mnt);
			p.dentry = (u64)get(g, f_path.dentry);
			p.off = off;
			off = put_path(s, &p);
		}
	}
	o->s->ev.subtype = VEXJ_SUBTYPE(c->via, 0);
	pos = get(f, f_pos);
	if (off_ptr)
		bpf_probe_read_user(&pos, sizeof(pos), (void *)off_ptr);
	if ((get(f, f_inode, i_mode) & S_IFMT) == S_IFREG)
		o->s->ev.offset = pos - done;
	send(o, off);
	return 0;
}

static __noinline int on_mmap(struct op *o)
{
	u32 prot = arg(o, 2), flags = arg(o, 3), type = flags & MAP_TYPE, off;
	u64 file;

	if (!(prot & PROT_WRITE) || flags & MAP_ANONYMOUS ||
	    (type != MAP_SHARED && type != MAP_SHARED_VALIDATE))
		return 0;
	file = fd_file(o->task, arg(o, 4));
	if (!file)
		return 0;
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	if (o->s->ev.result > 0)
		o->s->ev.result = 0;	/* an address says nothing to a reader */
	send(o, off);
	return 0;
}

struct flock64 {
	u16 type, whence;
	u32 pad;
	s64 start, len;
	u32 pid;
};

static __always_inline u32 put_lock(struct scratch *s, u32 off, u32 command, u32 blocking)
{
	struct vexj_attr_lock *a = rec_at(s, off + 4);

	put_head(s, off, VEXJ_ATTR_LOCK, sizeof(*a));
	a->command = command;
	a->blocking = blocking;
	return off + 4 + sizeof(*a);
}

static __noinline int on_lock(struct op *o)
{
	u32 cmd = arg(o, 1), off = BODY;
	u64 file = fd_file(o->task, arg(o, 0));

	if (!file)
		return 0;
	if (o->c->shape == SHAPE_FLOCK) {
		o->s->ev.subtype = VEXJ_SUBTYPE(0, VEXJ_LOCK_FLOCK);
		off = put_lock(o->s, off, cmd & LOCK_UN ? 0 : cmd & LOCK_EX ? 2 : 1,
			       !(cmd & LOCK_NB));
	} else {
		struct flock64 l = {};

		if (cmd != F_SETLK && cmd != F_SETLKW && cmd != F_OFD_SETLK && cmd != F_OFD_SETLKW)
			return 0;
		bpf_probe_read_user(&l, sizeof(l), (void *)arg(o, 2));
		o->s->ev.subtype = VEXJ_SUBTYPE(0, cmd > F_SETLKW ? VEXJ_LOCK_OFD : VEXJ_LOCK_POSIX);
		o->s->ev.offset = l.start;
		o->s->ev.length = l.len;
		off = put_lock(o->s, off, l.type == F_UNLCK ? 0 : l.type == F_WRLCK ? 2 : 1,
			       cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	}
	off = put_open_file(o->s, file, off);
	if (!off)
		return 0;
	send(o, off);
	return 0;
}

static __noinline int on_ioctl(struct op *o)
{
	u32 cmd = arg(o, 1), off;
	u64 file = fd_file(o->task, arg(o, 0)), src = 0;
	u64 range[4] = {};

	if (!file)
		return 0;
	if (cmd == FICLONE || cmd == FICLONERANGE) {
		if (!wanted(VEXJ_FS_WRITE))
			return 0;
		o->s->ev.type = VEXJ_FS_WRITE;
		o->s->ev.subtype = VEXJ_SUBTYPE(VEXJ_VIA_CLONE, 0);
		o->s->ev.offset = 0;
		if (cmd == FICLONERANGE) {
			bpf_probe_read_user(range, sizeof(range), (void *)arg(o, 2));
			o->s->ev.offset = range[3];
			o->s->ev.length = range[2];
			src = fd_file(o->task, range[0]);
		} else {
			o->s->ev.length = 0;
			src = fd_file(o->task, arg(o, 2));
		}
	} else if (cmd == FS_IOC_SETFLAGS || cmd == FS_IOC_FSSETXATTR ||
		   cmd == FS_IOC_ENABLE_VERITY) {
		if (!wanted(VEXJ_FS_IOCTL))
			return 0;
		o->s->ev.type = VEXJ_FS_IOCTL;
		o->s->ev.subtype = VEXJ_SUBTYPE(0, cmd & 0xffff);
		o->s->ev.length = cmd;
	} else {
		return 0;
	}
	off = put_open_file(o->s, file, BODY);
	if (!off)
		return 0;
	if (src) {
		struct file *g = at(struct file, src);
		struct path_args p = {
			.second = 1, .mnt = (u64)get(g, f_path.mnt),
			.dentry = (u64)get(g, f_path.dentry),
		};

		off = put_file(o->s, off, VEXJ_ATTR_FILE2, get(g, f_inode));
		p.off = off;
		off = put_path(o->s, &p);
	}
	send(o, off);
	return 0;
}

static __noinline int on_mount(struct op *o)
{
	struct scratch *s = o->s;
	u32 off = BODY;

	walk_user(s, dirfd(o, o->c->fd), arg(o, o->c->path), walk_flags(o));
	off = put_walked_file(s, off, o->s->ev.result);
	off = put_walked(s, off, 0, o->s->ev.result);
	if (o->c->path2 != NOARG)
		off = put_user_string(s, off, VEXJ_ATTR_PATH2, arg(o, o->c->path2), CHUNK);
	send(o, off);
	return 0;
}

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

	walk_user(s, dirfd(o, o->c->fd), arg(o, o->c->path), 0);
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
		walk_user(s, dirfd(o, c->fd2), arg(o, c->path2), 0);
		off = put_walked_file(s, off, o->s->ev.result);
	}
	walk_user(s, dirfd(o, c->fd), arg(o, c->path), 0);
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

	walk_user(s, dirfd(o, c->fd2), arg(o, c->path2), 0);
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

static __noinline int on_sync(struct op *o)
{
	send(o, BODY);
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

/* At the entry: what cannot be known afterwards. */
static __always_inline void before(struct op *o)
{
	u32 end = 0;
	u64 file;

	switch (o->c->shape) {
	case SHAPE_DUP:
		if (arg(o, 0) == arg(o, 1))
			break;
	case SHAPE_CLOSE:
		file = fd_file(o->task, arg(o, o->c->fd));
		if (file)
			end = put_open_file(o->s, file, BODY);
		break;
	case SHAPE_CLOSE_RANGE:
		on_close_range(o);
		break;
	case SHAPE_DELETE:
		end = delete_body(o);
		/* Not cached, or not readable yet: the exit tries again. */
		if (o->s->w.status != WALK_FOUND)
			end = 0;
		break;
	case SHAPE_RENAME:
		end = rename_body(o, false);
		if (o->s->w.status == WALK_FAULT ||
		    o->s->flags & (VEXJ_F_OBJECT_UNKNOWN | VEXJ_F_PATH_UNRESOLVED |
				   VEXJ_F_PATH2_UNRESOLVED)) {
			o->held->has_target = TARGET_NONE;
			end = 0;
		}
		break;
	}
	if (end > BODY && save_body(o, end))
		lose(VEXJ_LOST_STATE);
}

/* The record of a call whose result is known. */
static __always_inline int after(struct op *o)
{
	switch (o->c->shape) {
	case SHAPE_IO: return on_io(o);
	case SHAPE_FD:
		if (o->s->ev.type == VEXJ_FS_FALLOCATE)
			o->s->ev.subtype = VEXJ_SUBTYPE(o->via, arg(o, o->c->mode));
		return on_fd(o);
	case SHAPE_PATH:
		/* mknod makes regular files too. */
		if (o->s->ev.type == VEXJ_FS_MKNOD) {
			u32 kind = arg(o, o->c->mode) & S_IFMT;

			if (!kind || kind == S_IFREG)
				o->s->ev.type = VEXJ_FS_CREATE;
			if (!wanted(o->s->ev.type))
				return 0;
		}
		return on_path(o);
	case SHAPE_BIND: return on_bind(o);
	case SHAPE_OPEN: return on_open(o);
	case SHAPE_DELETE:
		if (o->flags & AT_REMOVEDIR)
			o->s->ev.type = VEXJ_FS_RMDIR;
		if (!wanted(o->s->ev.type))
			return 0;
		return on_delete(o);
	case SHAPE_DUP:
		if (o->s->ev.result > 0)
			o->s->ev.result = 0;
		return on_close(o);
	case SHAPE_CLOSE: return on_close(o);
	case SHAPE_RENAME: return on_rename(o);
	case SHAPE_LINK: return on_link(o);
	case SHAPE_SYMLINK: return on_symlink(o);
	case SHAPE_COPY: return on_copy(o);
	case SHAPE_MMAP: return on_mmap(o);
	case SHAPE_FCNTL:
	case SHAPE_FLOCK: return on_lock(o);
	case SHAPE_IOCTL: return on_ioctl(o);
	case SHAPE_MOUNT: return on_mount(o);
	case SHAPE_SYNC: return on_sync(o);
	case SHAPE_EXEC: return o->s->ev.result < 0 ? on_path(o) : 0;
	}
	return 0;
}

static __always_inline bool is_compat(struct task_struct *task)
{
	return get(task, thread_info.status) & TS_COMPAT;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(vexj_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_state *st;
	struct op o = {};
	u32 nr = id;
	u8 shape;

	if (nr >= NR_CALLS)
		return 0;
	barrier_var(nr);
	if (nr >= NR_CALLS)
		return 0;
	o.c = &calls[nr];
	if (!o.c->type || get(task, tgid) == cfg.self)
		return 0;
	if (is_compat(task)) {
		struct counts *c = this_counters();

		if (c)
			c->blind++;
		return 0;
	}
	st = bpf_task_storage_get(&states, (void *)task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!st) {
		if (!(cfg.filters & FILTER_TREE))
			lose(VEXJ_LOST_STATE);
		return 0;
	}
	if (!task_selected(task, st)) {
		count_filtered();
		return 0;
	}
	st->nr = nr + 1;
	st->recorded = 0;
	st->held.len = 0;
	st->held.has_target = TARGET_NONE;
	shape = o.c->shape;
	if (shape >= SHAPE_DELETE && shape <= SHAPE_RENAME && !(shown >> shape & 1)) {
		o.s = scratch_of(SCRATCH_ENTER);
		if (o.s) {
			o.task = task;
			o.held = &st->held;
			load_args(&o, regs);
			o.flags = arg(&o, o.c->flags);
			begin(o.s);
			o.s->ev.result = 0;
			before(&o);
		}
	}
	st->entered = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(vexj_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_state *st;
	struct op o = {};
	u32 nr = regs->orig_ax;

	if (nr >= NR_CALLS)
		return 0;
	barrier_var(nr);
	if (nr >= NR_CALLS)
		return 0;
	o.c = &calls[nr];
	if (!o.c->type)
		return 0;
	st = bpf_task_storage_get(&states, (void *)task, NULL, 0);
	if (!st || st->nr != nr + 1)
		return 0;
	st->nr = 0;
	if (st->recorded)
		return 0;
	if (ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK)
		return 0;
	if (ret < 0 && !(cfg.filters & FILTER_FAILED)) {
		count_filtered();
		return 0;
	}
	o.s = scratch_of(SCRATCH_EXIT);
	if (!o.s)
		return 0;
	begin(o.s);
	o.task = task;
	o.held = &st->held;
	load_args(&o, regs);
	o.flags = arg(&o, o.c->flags);
	o.via = o.c->via;
	o.s->ev.type = o.c->type;
	o.s->ev.subtype = VEXJ_SUBTYPE(o.via, o.c->kind);
	o.s->ev.offset = o.c->off == NOARG ? -1 : (s64)arg(&o, o.c->off);
	o.s->ev.length = arg(&o, o.c->len);
	o.s->ev.result = ret;
	o.s->ev.parent = 0;
	o.s->ev.now = bpf_ktime_get_boot_ns();
	o.s->ev.duration = o.s->ev.now - st->entered;

	return after(&o);
}

#include "uring.h"

/*
 * Run by the loader on a path that it knows, in its own context: whether the
 * walk finds on this kernel what the kernel itself finds.
 */
struct walked {
	u64 inode;
	u32 status;
	u32 reserved;
};

struct walked found;

SEC("raw_tp")
int vexj_walk(struct bpf_raw_tracepoint_args *ctx)
{
	struct scratch *s = scratch_of(SCRATCH_PROCESS);

	if (!s)
		return 0;
	walk_user(s, AT_FDCWD, ctx->args[0], WALK_FOLLOW);
	found.status = s->w.status;
	found.inode = get(at(struct dentry, s->w.dentry), d_inode, i_ino);
	return 0;
}
