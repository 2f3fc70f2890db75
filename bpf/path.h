/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths, both ways: from a dentry up through mounts to a string, and from a
 * string of the caller's down to a dentry.
 *
 * The way down is what the kernel's own lookup does in its fast mode (fs/namei.c,
 * fs/dcache.c): hash a component, find the child in the dentry hash table,
 * follow symbolic links and mounts. It works on what is cached. After a call
 * that succeeded that is all of its path, since the call itself has just walked
 * it. Every read is guarded, every loop is bounded; a lookup that raced with a
 * rename ends in a dentry that is not there, which is said and not guessed.
 */
#ifndef VEXJ_BPF_PATH_H
#define VEXJ_BPF_PATH_H

#include "record.h"

#define MAX_STEPS	192	/* components and mounts of one path, upwards */
#define MAX_WALK	256	/* components of one path, downwards, links included */
#define MAX_LINKS	40	/* as the kernel */
#define MAX_CHAIN	64	/* dentries in a hash bucket */
#define MAX_CHILDREN	256	/* mounts on a mount */
#define MAX_OVERMOUNTS	4

#define WALK_FOLLOW	1	/* follow a symbolic link at the end */
#define WALK_NAME	2	/* end at the name itself, not at what is mounted on it */

#define GOLDEN_RATIO_64	0x61C8864680B583EBull
#define ONES		0x0101010101010101ull
#define HIGHS		0x8080808080808080ull
#define SLASHES		0x2f2f2f2f2f2f2f2full

static __always_inline u64 mount_of(u64 vfsmount)
{
	return vfsmount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline u64 vfsmount_of(u64 mount)
{
	return mount + bpf_core_field_offset(struct mount, mnt);
}

struct path_args {
	u64 mnt;
	u64 dentry;
	u32 off;
	u32 rest;		/* what follows the dentry, in s->walk */
	u32 rest_len;
	u32 second;		/* 1: this is path2 */
};

/* One turn of a climb: a name, or a mount. Returns 1 at its end. */
static long climb_step(u32 i, struct scratch **sp)
{
	struct scratch *s = *sp;
	u64 dentry = s->up.dentry, parent, hash_len;
	struct component *c;
	struct dentry *d;
	u32 len;

	if (dentry == s->up.root && s->up.mnt) {
		u64 m = mount_of(s->up.mnt);
		u64 up = (u64)get(at(struct mount, m), mnt_parent);

		if (up == m) {
			s->up.whole = 1;
			return 1;
		}
		s->up.dentry = (u64)get(at(struct mount, m), mnt_mountpoint);
		s->up.mnt = vfsmount_of(up);
		s->up.root = (u64)get(at(struct vfsmount, s->up.mnt), mnt_root);
		return 0;
	}
	d = at(struct dentry, dentry);
	parent = (u64)get(d, d_parent);
	if (parent == dentry || !parent)
		return 1;
	hash_len = get(d, d_name.hash_len);
	len = hash_len >> 32 & 255;
	if (s->up.n >= MAX_COMPONENTS || s->up.total + len + 1 > VEXJ_PATH_MAX - 8) {
		s->up.cut = 1;
		return 1;
	}
	c = &s->comps[s->up.n & (MAX_COMPONENTS - 1)];
	c->name = (u64)get(d, d_name.name);
	c->len = len;
	s->up.n++;
	s->up.total += len + 1;
	s->up.dentry = parent;
	return 0;
}

/* Writes the topmost name that is left at s->up.off. Returns 1 if there is none. */
static long descend_step(u32 i, struct scratch **sp)
{
	struct scratch *s = *sp;
	struct component *c;
	u32 len, off = s->up.off;

	if (!s->up.n)
		return 1;
	s->up.n--;
	c = &s->comps[s->up.n & (MAX_COMPONENTS - 1)];
	len = c->len & 255;
	*(u8 *)rec_at(s, off) = '/';
	off++;
	bpf_probe_read_kernel(rec_at(s, off), len, (void *)c->name);
	s->up.off = off + len;
	return 0;
}

/* A name to rec. Most are short: whole words, past the end too, beat a call. */
static __always_inline void copy_name(struct scratch *s, u32 off, u64 name, u32 len)
{
	u64 *to = rec_at(s, off);

	if (len > 24) {
		bpf_probe_read_kernel(to, len, (void *)name);
		return;
	}
	to[0] = word_at(name);
	to[1] = word_at(name + 8);
	to[2] = word_at(name + 16);
}

/*
 * Writes the path of a->dentry on a->mnt, plus the rest, as an attribute at
 * a->off. Returns the offset behind it.
 */
__noinline int put_path(struct scratch *s, struct path_args *a)
{
	u32 rest_len, off, start;

	if (!s || !a)
		return 0;
	rest_len = a->rest_len & (CHUNK - 1);
	s->up.mnt = a->mnt;
	s->up.dentry = a->dentry;
	s->up.root = a->mnt ? (u64)get(at(struct vfsmount, a->mnt), mnt_root) : 0;
	s->up.n = 0;
	s->up.total = rest_len ? rest_len + 1 : 0;
	s->up.whole = 0;
	s->up.cut = 0;
	repeat(MAX_STEPS, climb_step, &s);

	off = a->off + 4;
	start = off;
	if (s->up.cut || !s->up.whole) {
		bool cut = s->up.cut;

		if (cut) {
			*(u32 *)rec_at(s, off) = 0x002e2e2e;	/* "..." */
			off += 3;
		}
		s->flags |= a->second ? (cut ? VEXJ_F_PATH2_TRUNCATED : VEXJ_F_PATH2_UNRESOLVED)
				      : (cut ? VEXJ_F_PATH_TRUNCATED : VEXJ_F_PATH_UNRESOLVED);
	}
	s->up.off = off;
	repeat(MAX_COMPONENTS, descend_step, &s);
	off = s->up.off;
	if (rest_len) {
		u32 from = a->rest & (WALK_SIZE - 1);

		barrier_var(from);
		*(u8 *)rec_at(s, off) = '/';
		off++;
		bpf_probe_read_kernel(rec_at(s, off), rest_len, &s->walk[from]);
		off += rest_len;
	}
	if (off == start) {
		*(u8 *)rec_at(s, off) = '/';
		off++;
	}
	if (a->second) {
		s->path2_off = start;
		s->path2_len = off - start;
		put_head(s, a->off, VEXJ_ATTR_PATH2, off - start);
	} else {
		s->path_off = start;
		s->path_len = off - start;
		put_head(s, a->off, VEXJ_ATTR_PATH, off - start);
	}
	return pad(s, off);
}

/* Where a byte of the word that is zero begins: as the kernel's word-at-a-time.h. */
static __always_inline u64 zero_bytes(u64 a)
{
	return (a - ONES) & ~a & HIGHS;
}

static __always_inline u64 rol64(u64 v, u32 n)
{
	return v << n | v >> (64 - n);
}

static __always_inline u64 walk_word(struct scratch *s, u32 pos)
{
	pos &= WALK_SIZE - 1;
	barrier_var(pos);
	return *(u64 *)&s->walk[pos];
}

static __always_inline u8 walk_byte(struct scratch *s, u32 pos)
{
	pos &= WALK_SIZE - 1;
	barrier_var(pos);
	return s->walk[pos];
}

/*
 * The next component: skips slashes, hashes up to the next slash or the end
 * (hash_name() of fs/namei.c, salted by the directory). Returns its length, 0
 * at the end, negative if it is too long.
 */
__noinline int next_component(struct scratch *s)
{
	u64 x = 0, y, a, mask, bytes;
	u32 pos, len = 0;

	if (!s)
		return 0;
	pos = s->w.pos;
	for (u32 i = 0; i < 128 && walk_byte(s, pos) == '/'; i++)
		pos++;
	s->w.pos = pos;
	s->w.rest = pos;
	y = s->w.dentry;
	for (u32 i = 0; i < 33; i++) {
		a = walk_word(s, pos + len);
		mask = zero_bytes(a) | zero_bytes(a ^ SLASHES);
		if (mask) {
			mask = (mask - 1) & ~mask;
			mask >>= 7;	/* 0xff in each byte before the hit */
			bytes = mask * 0x0001020304050608ull >> 56;
			len += bytes;
			x ^= a & mask;
			y ^= x * GOLDEN_RATIO_64;
			y *= GOLDEN_RATIO_64;
			s->w.hash_len = y >> 32 | (u64)len << 32;
			s->w.clen = len;
			s->w.pos = pos + len;
			return len;
		}
		x ^= a;
		y ^= x;
		x = rol64(x, 12);
		x += y;
		y = rol64(y, 45);
		y *= 9;
		len += 8;
	}
	return -1;
}

/*
 * Puts the cached child of s->w.dentry that the component in hand names into
 * s->w.hit. Returns 1 if there is one.
 */
__noinline int lookup(struct scratch *s)
{
	u64 parent, hash_len, node, name;
	u32 len, from;

	if (!s || !cfg.dentry_hashtable)
		return 0;
	s->w.hit = 0;
	parent = s->w.dentry;
	hash_len = s->w.hash_len;
	node = cfg.dentry_hashtable + ((hash_len & 0xffffffff) >> cfg.d_hash_shift) * 8;
	node = word_at(node) & ~1ull;	/* bit 0 is the bucket's lock */
	for (u32 i = 0; i < MAX_CHAIN && node; i++) {
		u64 dentry = node - bpf_core_field_offset(struct dentry, d_hash);
		struct dentry *d = at(struct dentry, dentry);

		if ((u64)get(d, d_parent) == parent && get(d, d_name.hash_len) == hash_len) {
			s->w.hit = dentry;
			break;
		}
		node = (u64)get(at(struct hlist_bl_node, node), next);
	}
	if (!s->w.hit)
		return 0;

	/* Two names may share a hash, and somebody may have made them to. */
	len = hash_len >> 32 & 255;
	name = (u64)get(at(struct dentry, s->w.hit), d_name.name);
	from = s->w.rest & (WALK_SIZE - 1);
	barrier_var(from);
	for (u32 i = 0; i < 32; i++) {
		u64 mask = ~0ull;

		if (i * 8 >= len)
			break;
		if (len - i * 8 < 8)
			mask = (1ull << (len - i * 8) * 8) - 1;
		if ((word_at(name + i * 8) ^ *(u64 *)&s->walk[from + i * 8]) & mask)
			return 0;
	}
	return 1;
}

static __always_inline u32 mounted_flag(void)
{
	if (bpf_core_enum_value_exists(enum dentry_flags, DCACHE_MOUNTED))
		return bpf_core_enum_value(enum dentry_flags, DCACHE_MOUNTED);
	return 0x10000;
}

/*
 * Puts what is mounted on s->w.dentry in s->w.mnt into s->w.hit. Returns 1 if
 * there is such a thing. (A global function returns no pointer.)
 */
__noinline int find_mount(struct scratch *s)
{
	u64 head, node;

	if (!s)
		return 0;
	head = mount_of(s->w.mnt) + bpf_core_field_offset(struct mount, mnt_mounts);
	node = (u64)get(at(struct list_head, head), next);
	for (u32 i = 0; i < MAX_CHILDREN && node && node != head; i++) {
		u64 child = node - bpf_core_field_offset(struct mount, mnt_child);

		if ((u64)get(at(struct mount, child), mnt_mountpoint) == s->w.dentry) {
			s->w.hit = child;
			return 1;
		}
		node = (u64)get(at(struct list_head, node), next);
	}
	return 0;
}

/*
 * Steps from a mountpoint onto what is mounted there. Another namespace may
 * have a mount where this one has none: then there is nothing to step on.
 */
__noinline int cross_mounts(struct scratch *s)
{
	if (!s)
		return 0;
	for (u32 over = 0; over < MAX_OVERMOUNTS; over++) {
		if (!(get(at(struct dentry, s->w.dentry), d_flags) & mounted_flag()))
			return 0;
		if (!find_mount(s))
			return 0;
		s->w.mnt = vfsmount_of(s->w.hit);
		s->w.dentry = (u64)get(at(struct vfsmount, s->w.mnt), mnt_root);
	}
	return 0;
}

/* `..`, through mounts, not above the caller's root. */
__noinline int step_up(struct scratch *s)
{
	u64 mnt, dentry;

	if (!s)
		return 0;
	mnt = s->w.mnt;
	dentry = s->w.dentry;
	for (u32 i = 0; i < 32; i++) {
		u64 m = mount_of(mnt), up;

		if (dentry == s->w.root_dentry && mnt == s->w.root_mnt)
			return 0;
		if (dentry != (u64)get(at(struct vfsmount, mnt), mnt_root))
			break;
		up = (u64)get(at(struct mount, m), mnt_parent);
		if (up == m)
			return 0;
		dentry = (u64)get(at(struct mount, m), mnt_mountpoint);
		mnt = vfsmount_of(up);
	}
	s->w.mnt = mnt;
	s->w.dentry = (u64)get(at(struct dentry, dentry), d_parent);
	return cross_mounts(s);
}

static __always_inline u64 fd_file(struct task_struct *task, u32 fd)
{
	struct fdtable *fdt = get(task, files, fdt);

	if (fd >= get(fdt, max_fds))
		return 0;
	return word_at((u64)get(fdt, fd) + 8ull * fd);
}

/*
 * Puts what a symbolic link says in front of what is left of the path. Returns
 * 0, or -1 if the link's text is not in memory.
 */
__noinline int follow_link(struct scratch *s, u64 dentry)
{
	struct inode *inode;
	u64 text, sb_magic;
	u32 len, to, pos;
	long n;

	if (!s)
		return 0;
	inode = at(struct inode, get(at(struct dentry, dentry), d_inode));
	sb_magic = get(inode, i_sb, s_magic);
	pos = s->w.pos;
	if (sb_magic == PROC_SUPER_MAGIC) {
		/* Magic links have no text; those of the caller itself are known. */
		struct task_struct *task = (void *)bpf_get_current_task_btf();
		u64 parent = (u64)get(at(struct dentry, dentry), d_parent);
		u64 word = walk_word(s, s->w.rest);
		u64 name = (u64)get(at(struct dentry, parent), d_name.name), up = 0;
		u32 fd = 0, digits = s->w.clen;

		if (digits == 4 && (word & 0xffffffff) == 0x666c6573) {	/* "self" */
			u32 tgid = get(task, tgid), at_pos = pos;

			for (u32 i = 0; i < 10 && tgid; i++) {
				at_pos--;
				to = at_pos & (WALK_SIZE - 1);
				barrier_var(to);
				s->walk[to] = '0' + tgid % 10;
				tgid /= 10;
			}
			s->w.pos = at_pos;
			return 0;
		}
		bpf_probe_read_kernel(&up, 3, (void *)name);
		if (up == 0x6466 && digits && digits < 8) {		/* "fd" */
			struct file *file;
			u64 f;

#pragma clang loop unroll(full)
			for (u32 i = 0; i < 7; i++) {
				u8 c = word >> i * 8;

				if (i < digits)
					fd = fd * 10 + (c - '0');
			}
			/* What is not all digits makes some number that is not open. */
			f = fd_file(task, fd);
			if (!f)
				return -1;
			file = at(struct file, f);
			s->w.mnt = (u64)get(file, f_path.mnt);
			s->w.dentry = (u64)get(file, f_path.dentry);
			return 1;
		}
		return -1;
	}
	text = (u64)get(inode, i_link);
	if (!text)
		return -1;
	n = bpf_probe_read_kernel_str(s->name, CHUNK, (void *)text);
	if (n <= 1)
		return -1;
	len = (n - 1) & (CHUNK - 1);
	if (len > pos)
		return -1;
	to = (pos - len) & (WALK_SIZE - 1);
	barrier_var(to);
	bpf_probe_read_kernel(&s->walk[to], len, s->name);
	s->w.pos = pos - len;
	if (s->name[0] == '/') {
		s->w.mnt = s->w.root_mnt;
		s->w.dentry = s->w.root_dentry;
	}
	return 0;
}

static __always_inline void set_rest(struct scratch *s, u32 end)
{
	s->w.rest_len = end > s->w.rest ? (end - s->w.rest) & (CHUNK - 1) : 0;
}

/* One component of a walk. Returns 1 when the walk has ended, and how is in s->w. */
__noinline int walk_step(struct scratch *s, u32 end, u32 flags)
{
	struct dentry *d;
	struct inode *inode;
	u64 word, child;
	bool last;
	int len, r;

	if (!s)
		return 1;
	len = next_component(s);
	if (len <= 0) {
		s->w.status = len ? WALK_MISSING : WALK_FOUND;
		if (len)
			set_rest(s, end);
		else
			s->w.rest_len = 0;
		return 1;
	}
	word = walk_word(s, s->w.rest);
	if (len == 1 && (word & 0xff) == '.')
		return 0;
	if (len == 2 && (word & 0xffff) == 0x2e2e) {
		step_up(s);
		return 0;
	}
	if (!lookup(s))
		goto missing;
	child = s->w.hit;
	d = at(struct dentry, child);
	inode = get(d, d_inode);
	if (!inode)
		goto missing;
	last = !walk_byte(s, s->w.pos);
	if ((get(inode, i_mode) & S_IFMT) == S_IFLNK && (!last || flags & WALK_FOLLOW)) {
		r = s->w.links++ >= MAX_LINKS ? -1 : follow_link(s, child);
		if (r < 0) {
			s->w.status = WALK_BLOCKED;
			set_rest(s, end);
			return 1;
		}
		return 0;
	}
	s->w.dentry = child;
	if (get(d, d_flags) & mounted_flag() && !(last && flags & WALK_NAME))
		cross_mounts(s);
	return 0;
missing:
	s->w.status = WALK_MISSING;
	set_rest(s, end);
	return 1;
}

/* As if the caller's working directory had been walked to. */
static __always_inline void walk_here(struct scratch *s)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct fs_struct *fs = get(task, fs);

	s->w.mnt = (u64)get(fs, pwd.mnt);
	s->w.dentry = (u64)get(fs, pwd.dentry);
	s->w.rest_len = 0;
	s->w.status = WALK_FOUND;
}

/*
 * Walks the caller's string at uptr, relative to dfd. What it finds, and how it
 * ended, is in s->w.
 */
__noinline int walk_user(struct scratch *s, s32 dfd, u64 uptr, u32 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct fs_struct *fs = get(task, fs);
	long n;

	if (!s)
		return 0;
	s->w.links = 0;
	s->w.rest = WALK_START;
	s->w.rest_len = 0;
	s->w.root_mnt = (u64)get(fs, root.mnt);
	s->w.root_dentry = (u64)get(fs, root.dentry);
	s->w.mnt = s->w.root_mnt;
	s->w.dentry = s->w.root_dentry;
	s->w.pos = WALK_START;
	s->walk[WALK_START] = 0;
	if (!uptr)
		n = 1;
	else if (s->kernel_strings)
		n = bpf_probe_read_kernel_str(&s->walk[WALK_START], CHUNK, (void *)uptr);
	else
		n = bpf_probe_read_user_str(&s->walk[WALK_START], CHUNK, (void *)uptr);
	if (n < 0) {
		s->w.status = WALK_FAULT;
		return 0;
	}
	if (!n)		/* an empty string, before 6.2 */
		n = 1;
	if (s->walk[WALK_START] != '/') {
		if (dfd == AT_FDCWD) {
			s->w.mnt = (u64)get(fs, pwd.mnt);
			s->w.dentry = (u64)get(fs, pwd.dentry);
		} else {
			u64 file = fd_file(task, dfd);

			if (!file) {
				s->w.status = WALK_FAULT;
				return 0;
			}
			s->w.mnt = (u64)get(at(struct file, file), f_path.mnt);
			s->w.dentry = (u64)get(at(struct file, file), f_path.dentry);
		}
	}
	for (u32 i = 0; i < MAX_WALK; i++) {
		if (walk_step(s, WALK_START + (n - 1), flags))
			return 0;
	}
	s->w.status = WALK_BLOCKED;
	s->w.rest = s->w.pos;
	set_rest(s, WALK_START + (n - 1));
	return 0;
}

#endif
