// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a string of the caller's down to a dentry, for calls that came upon no
 * function with the object in hand: mostly those that failed. It does on cached
 * names what the kernel's own lookup does in its fast mode (fs/namei.c): find the
 * child by its hash, follow symbolic links and mounts, stop at the caller's root.
 *
 * No reference is taken, as none could be given back here: all is read under RCU.
 * A walk that raced with a rename ends at a dentry that is not there, which is
 * said and not guessed.
 */
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/list_bl.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/stringhash.h>
#include <linux/uaccess.h>
#include "hooks.h"

#define START		4096	/* in the text: room before it for links' texts */
#define MAX_NAMES	256	/* of one path, links included */
#define MAX_LINKS	40	/* as the kernel */
#define MAX_CHAIN	64	/* dentries in a hash bucket */
#define MAX_MOUNTED	8	/* mounts on top of each other */

static_assert(VEXJ_WORK_SIZE >= START + PATH_MAX);

/* The kernel's table of names (fs/dcache.c). */
static struct hlist_bl_head *table __ro_after_init;
static unsigned int shift __ro_after_init;

/* The child that the walk's name, of len bytes at pos, means; NULL: not cached. */
static const struct dentry *child_of(const struct vexj_walk *w, u32 len)
{
	const struct dentry *parent = w->dentry, *d;
	const u8 *name = w->text + w->pos;
	struct hlist_bl_node *node;
	u32 hash, i = 0;

	/* Its filesystem folds names in its own way. */
	if (!table || parent->d_flags & (DCACHE_OP_HASH | DCACHE_OP_COMPARE))
		return NULL;
	hash = full_name_hash(parent, name, len);
	/* As hlist_bl_for_each_entry_rcu(): bit 0 of the first is the bucket's lock. */
	node = (void *)((unsigned long)READ_ONCE(table[hash >> shift].first) & ~LIST_BL_LOCKMASK);
	for (; node && i < MAX_CHAIN; node = READ_ONCE(node->next), i++) {
		d = hlist_bl_entry(node, struct dentry, d_hash);
		if (READ_ONCE(d->d_parent) != parent || READ_ONCE(d->d_name.hash) != hash ||
		    READ_ONCE(d->d_name.len) != len || d_unhashed(d))
			continue;
		/* Names end with a NUL, so strncmp() stays within them. */
		if (!strncmp(smp_load_acquire(&d->d_name.name), name, len))
			return d;
	}
	return NULL;
}

/* Steps from a mountpoint onto what is mounted there, in this namespace. */
static void cross_mounts(struct vexj_walk *w)
{
	const struct vfsmount *on;
	int i;

	for (i = 0; i < MAX_MOUNTED && d_mountpoint(w->dentry); i++) {
		on = vexj_mount_on(w->mnt, w->dentry);
		if (!on)
			return;
		w->mnt = on;
		w->dentry = on->mnt_root;
	}
}

/* `..`, through mounts, not above the caller's root. */
static void step_up(struct vexj_walk *w)
{
	const struct vfsmount *up;
	int i;

	for (i = 0; i < MAX_MOUNTED; i++) {
		if (w->dentry == w->root && w->mnt == w->root_mnt)
			return;
		if (w->dentry != w->mnt->mnt_root)
			break;
		up = vexj_mount_parent(w->mnt);
		if (up == w->mnt)
			return;
		w->dentry = vexj_mount_point(w->mnt);
		w->mnt = up;
	}
	w->dentry = READ_ONCE(w->dentry->d_parent);
	cross_mounts(w);
}

static const struct file *file_at(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct fdtable *fdt;

	if (!files)
		return NULL;
	fdt = rcu_dereference(files->fdt);
	return fd < fdt->max_fds ? rcu_dereference(fdt->fd[fd]) : NULL;
}

/* Puts a text in front of what is left of the path. */
static bool prepend(struct vexj_walk *w, const char *text, u32 len)
{
	if (!len || len > w->pos)
		return false;
	w->pos -= len;
	memcpy(w->text + w->pos, text, len);
	if (*text == '/') {
		w->mnt = w->root_mnt;
		w->dentry = w->root;
	}
	return true;
}

/* proc's links have no text. Those that lead to the caller itself are known. */
static bool follow_proc(struct vexj_walk *w, const struct dentry *link)
{
	const struct dentry *dir = READ_ONCE(link->d_parent);
	const struct file *f;
	unsigned int fd;
	char text[24];

	if (!strncmp(link->d_name.name, "self", 5))
		return prepend(w, text, scnprintf(text, sizeof(text), "%d", task_tgid_nr(current)));
	if (!strncmp(link->d_name.name, "thread-self", 12))
		return prepend(w, text, scnprintf(text, sizeof(text), "%d/task/%d", task_tgid_nr(current), task_pid_nr(current)));
	if (strncmp(dir->d_name.name, "fd", 3) || kstrtouint(link->d_name.name, 10, &fd))
		return false;
	f = file_at(fd);
	if (!f)
		return false;
	w->mnt = f->f_path.mnt;
	w->dentry = f->f_path.dentry;
	return true;
}

/* The text of a link that is kept as a file's would be, if its page is in memory. */
static bool follow_text_page(struct vexj_walk *w, struct inode *inode)
{
	struct page *page;
	bool done = false;
	const char *text;
	u32 len;

	if (!inode->i_mapping || !inode->i_op || inode->i_op->get_link != page_get_link)
		return false;
	page = find_get_page(inode->i_mapping, 0);
	if (!page)
		return false;
	if (PageUptodate(page)) {
		text = page_address(page);
		len = min_t(loff_t, i_size_read(inode), PAGE_SIZE);
		done = prepend(w, text, strnlen(text, len));
	}
	put_page(page);
	return done;
}

static bool follow_link(struct vexj_walk *w, const struct dentry *link, struct inode *inode)
{
	const char *text;

	if (w->links++ == MAX_LINKS)
		return false;
	if (inode->i_sb->s_magic == PROC_SUPER_MAGIC)
		return follow_proc(w, link);
	text = READ_ONCE(inode->i_link);
	return text ? prepend(w, text, strnlen(text, PATH_MAX)) : follow_text_page(w, inode);
}

static void set_rest(struct vexj_walk *w)
{
	w->rest = w->pos;
	w->rest_len = w->end - w->pos;
}

/* One name of a walk. Returns false when it has ended, and how is in w. */
static bool step(struct vexj_walk *w, bool follow)
{
	const struct dentry *child;
	struct inode *inode;
	const u8 *name;
	u32 len;

	while (w->pos < w->end && w->text[w->pos] == '/')
		w->pos++;
	name = w->text + w->pos;
	for (len = 0; w->pos + len < w->end && name[len] != '/'; len++)
		;
	if (!len)
		return false;
	if (len == 1 && name[0] == '.') {
		w->pos += len;
		return true;
	}
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		step_up(w);
		w->pos += len;
		return true;
	}
	child = len > NAME_MAX ? NULL : child_of(w, len);
	inode = child ? READ_ONCE(child->d_inode) : NULL;
	if (!inode) {
		w->status = VEXJ_WALK_MISSING;
		set_rest(w);
		return false;
	}
	if (S_ISLNK(inode->i_mode) && (follow || w->pos + len < w->end)) {
		u32 pos = w->pos;

		w->pos += len;
		if (follow_link(w, child, inode))
			return true;
		w->pos = pos;
		w->status = VEXJ_WALK_BLOCKED;
		set_rest(w);
		return false;
	}
	w->pos += len;
	w->dentry = child;
	cross_mounts(w);
	return true;
}

/* Where the walk of a text begins that is at START already. */
static bool begin(struct vexj_walk *w, int dfd)
{
	struct fs_struct *fs = current->fs;
	const struct file *f;

	w->links = 0;
	w->rest = START;
	w->rest_len = 0;
	w->status = VEXJ_WALK_FOUND;
	if (!fs)
		return false;
	w->root_mnt = READ_ONCE(fs->root.mnt);
	w->root = READ_ONCE(fs->root.dentry);
	if (w->text[START] == '/') {
		w->mnt = w->root_mnt;
		w->dentry = w->root;
	} else if (dfd == AT_FDCWD) {
		w->mnt = READ_ONCE(fs->pwd.mnt);
		w->dentry = READ_ONCE(fs->pwd.dentry);
	} else {
		f = file_at(dfd);
		if (!f)
			return false;
		w->mnt = f->f_path.mnt;
		w->dentry = f->f_path.dentry;
	}
	return true;
}

static void walk(struct vexj_walk *w, int dfd, long len, bool follow)
{
	int i;

	if (!begin(w, dfd)) {
		w->status = VEXJ_WALK_FAULT;
		return;
	}
	w->pos = START;
	w->end = START + len;
	for (i = 0; i < MAX_NAMES; i++) {
		if (!step(w, follow))
			return;
	}
	w->status = VEXJ_WALK_BLOCKED;
	set_rest(w);
}

void vexj_walk_user(struct vexj_walk *w, struct vexj_build *b, int dfd, const char __user *s, bool follow)
{
	long len = 0;

	w->text = b->work;
	w->text[START] = 0;
	if (s)
		len = vexj_user_string(w->text + START, s, PATH_MAX);
	if (len < 0)
		w->status = VEXJ_WALK_FAULT;
	else
		walk(w, dfd, len, follow);
}

void vexj_walk_name(struct vexj_walk *w, struct vexj_build *b, int dfd, const char *s, bool follow)
{
	long len = strnlen(s, PATH_MAX - 1);

	w->text = b->work;
	memcpy(w->text + START, s, len);
	w->text[START + len] = 0;
	walk(w, dfd, len, follow);
}

bool vexj_walk_selected(const struct vexj_walk *w)
{
	/* Of what could not be read nothing is known that a filter could ask. */
	return w->status == VEXJ_WALK_FAULT || vexj_selected(vexj_inode_of(w->dentry));
}

const struct inode *vexj_walk_parent(const struct vexj_walk *w)
{
	if (w->status == VEXJ_WALK_FAULT)
		return NULL;
	return w->rest_len ? vexj_inode_of(w->dentry) : vexj_dir_of(w->dentry);
}

void vexj_put_walked_file(struct vexj_build *b, const struct vexj_walk *w)
{
	const struct inode *inode = w->status == VEXJ_WALK_FOUND ? vexj_inode_of(w->dentry) : NULL;

	if (inode)
		vexj_put_file(b, VEXJ_ATTR_FILE, inode);
	else if (b->result >= 0)
		b->flags |= VEXJ_F_OBJECT_UNKNOWN;
}

void vexj_put_walked(struct vexj_build *b, u16 tag, const struct vexj_walk *w)
{
	struct vexj_where where = {
		.mnt = w->mnt,
		.dentry = w->dentry,
		.rest = w->text + w->rest,
		.rest_len = w->rest_len,
	};
	bool lost = w->status == VEXJ_WALK_FAULT || w->status == VEXJ_WALK_BLOCKED;

	/* After a success only the last name may be missing: what was deleted. */
	if (b->result >= 0 && w->rest_len && memchr(where.rest, '/', w->rest_len))
		lost = true;
	if (lost)
		b->flags |= tag == VEXJ_ATTR_PATH ? VEXJ_F_PATH_UNRESOLVED : VEXJ_F_PATH2_UNRESOLVED;
	if (w->status != VEXJ_WALK_FAULT)
		vexj_put_path(b, tag, &where);
}

/* Believed only if the table leads where the kernel's own lookup leads. */
static bool table_works(void)
{
	struct vexj_walk w = { .text = (u8 *)"proc" };
	struct path path;
	bool works = false;

	if (kern_path("/proc", 0, &path))
		return true;	/* there is nothing to try it on */
	if (follow_up(&path)) {
		rcu_read_lock();
		w.dentry = path.dentry->d_parent;
		works = child_of(&w, 4) == path.dentry;
		rcu_read_unlock();
	}
	path_put(&path);
	return works;
}

int vexj_walk_init(void)
{
	const void *buckets = vexj_find_variable("dentry_hashtable");
	const void *bits = vexj_find_variable("d_hash_shift");

	if (buckets && bits && !copy_from_kernel_nofault(&table, buckets, sizeof(table)) &&
	    !copy_from_kernel_nofault(&shift, bits, sizeof(shift)) && table && shift < 32 &&
	    table_works())
		return 0;
	table = NULL;
	return -ENOENT;
}
