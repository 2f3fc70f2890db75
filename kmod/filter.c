// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is recorded. A filter is never changed: a new one takes its place, and
 * hooks that are under way finish with the old. What its conditions mean is said
 * at struct vexj_dev_filter.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/kdev_t.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include "core.h"
#include "params.h"

struct vexj_filter __rcu *vexj_filter;
static DEFINE_MUTEX(filter_lock);

#define PREFIXES_MAX (VEXJ_DEV_PREFIXES * VEXJ_PATH_MAX)

static const u16 lookups[] = {
	VEXJ_FS_STAT, VEXJ_FS_ACCESS, VEXJ_FS_READLINK, VEXJ_FS_GETXATTR, VEXJ_FS_LISTXATTR, VEXJ_FS_STATFS,
};

static const u16 modifications[] = {
	VEXJ_FS_CREATE, VEXJ_FS_DELETE, VEXJ_FS_WRITE, VEXJ_FS_RENAME, VEXJ_FS_CHMOD, VEXJ_FS_CHOWN,
	VEXJ_FS_TRUNCATE, VEXJ_FS_MKDIR, VEXJ_FS_RMDIR, VEXJ_FS_SYMLINK, VEXJ_FS_HARDLINK, VEXJ_FS_MKNOD,
	VEXJ_FS_SETXATTR, VEXJ_FS_REMOVEXATTR, VEXJ_FS_UTIMES, VEXJ_FS_FALLOCATE, VEXJ_FS_MMAP_WRITE,
	VEXJ_FS_IOCTL, VEXJ_SYS_MOUNT, VEXJ_SYS_UNMOUNT,
};

static bool in_cgroup(struct task_struct *task, u64 id)
{
	struct cgroup *c;

	for (c = task_dfl_cgroup(task); c; c = cgroup_parent(c))
		if (cgroup_id(c) == id)
			return true;
	return false;
}

static bool user_among(const struct vexj_filter *f, struct task_struct *task)
{
	const struct cred *cred = task == current ? current_cred() : __task_cred(task);
	u32 i;

	for (i = 0; i < f->uids_len; i++)
		if (f->uids[i] == __kuid_val(cred->fsuid))
			return true;
	return false;
}

static bool task_passes(const struct vexj_filter *f, struct task_struct *task)
{
	if (f->everybody)
		return true;
	if (f->flags & VEXJ_DEV_FILTER_TREE && !vexj_followed(task))
		return false;
	if (f->cgroup && !in_cgroup(task, f->cgroup))
		return false;
	return !f->uids_len || user_among(f, task);
}

static bool by_consumer(const struct task_struct *task)
{
	const struct vexj_run *run = rcu_dereference_check(vexj_run, rcu_read_lock_sched_held());

	return !run || task->tgid == run->self;
}

bool vexj_task_selected(struct task_struct *task)
{
	return !by_consumer(task) && task_passes(vexj_current_filter(), task);
}

bool vexj_process_selected(struct task_struct *task)
{
	const struct vexj_filter *f;
	bool selected;

	rcu_read_lock();
	f = vexj_current_filter();
	selected = !f->prefixes_len && !f->devs_len && !by_consumer(task) && task_passes(f, task);
	rcu_read_unlock();
	return selected;
}

bool vexj_dev_among(const struct vexj_filter *f, dev_t dev)
{
	u32 i;

	for (i = 0; i < f->devs_len; i++)
		if (f->devs[i] == dev)
			return true;
	return false;
}

/* At the end of a component, or of the path. */
static bool begins_with(const u8 *path, u32 len, const struct vexj_prefix *p)
{
	return len >= p->len && !memcmp(path, p->bytes, p->len) && (len == p->len || path[p->len] == '/');
}

bool vexj_path_among(const struct vexj_filter *f, const u8 *path, u32 len, const u8 *path2, u32 len2)
{
	u32 i;

	for (i = 0; i < f->prefixes_len; i++)
		if (begins_with(path, len, &f->prefixes[i]) || begins_with(path2, len2, &f->prefixes[i]))
			return true;
	return false;
}

void vexj_count_filtered(void)
{
	struct vexj_run *run;

	preempt_disable();
	run = rcu_dereference_sched(vexj_run);
	if (run)
		this_cpu_inc(run->counts->filtered);
	preempt_enable();
}

void vexj_count_blind(void)
{
	struct vexj_run *run;

	preempt_disable();
	run = rcu_dereference_sched(vexj_run);
	if (run)
		this_cpu_inc(run->counts->blind);
	preempt_enable();
}

static void set_wanted(struct vexj_filter *f, const u64 *asked)
{
	u64 kept[VEXJ_DEV_WANTED] = {};
	unsigned int i;

	memcpy(f->asked, asked, sizeof(f->asked));
	memcpy(f->wanted, asked, sizeof(f->wanted));
	if (!memchr_inv(asked, 0, sizeof(f->asked))) {
		memset(f->wanted, 0xff, sizeof(f->wanted));
		for (i = 0; i < ARRAY_SIZE(lookups); i++)
			f->wanted[VEXJ_DEV_WORD(lookups[i])] &= ~VEXJ_DEV_BIT(lookups[i]);
	}
	if (!(f->flags & VEXJ_DEV_FILTER_MODIFY))
		return;
	for (i = 0; i < ARRAY_SIZE(modifications); i++)
		kept[VEXJ_DEV_WORD(modifications[i])] |= VEXJ_DEV_BIT(modifications[i]);
	for (i = 0; i < VEXJ_DEV_WANTED; i++)
		f->wanted[i] &= kept[i];
}

/* Points the prefixes into the text, whose strings all end within it. */
static int set_prefixes(struct vexj_filter *f)
{
	const u8 *s, *end = f->text + f->text_len;
	bool everything = false;
	u32 n = 0, len;

	for (s = f->text; s < end; s += len + 1) {
		len = strlen(s);
		if (s[0] != '/' || len >= VEXJ_PATH_MAX || n == VEXJ_DEV_PREFIXES)
			return -EINVAL;
		f->prefixes[n].bytes = s;
		f->prefixes[n].len = len;
		while (f->prefixes[n].len && s[f->prefixes[n].len - 1] == '/')
			f->prefixes[n].len--;
		/* All is below the root: one that names it is no condition. */
		everything |= !f->prefixes[n++].len;
	}
	f->prefixes_len = everything ? 0 : n;
	return 0;
}

static bool sane(const struct vexj_dev_filter *d, const char *text)
{
	u32 i;

	if (d->flags & ~(VEXJ_DEV_FILTER_FAILED | VEXJ_DEV_FILTER_MODIFY | VEXJ_DEV_FILTER_TREE) ||
	    d->uids_len > VEXJ_DEV_IDS || d->devs_len > VEXJ_DEV_IDS || d->prefixes_len > PREFIXES_MAX ||
	    (d->prefixes_len && text[d->prefixes_len - 1]))
		return false;
	for (i = d->uids_len; i < VEXJ_DEV_IDS; i++)
		if (d->uids[i])
			return false;
	for (i = 0; i < VEXJ_DEV_IDS; i++)
		if (i < d->devs_len ? d->devs[i] >> 32 >> (32 - MINORBITS) || (u32)d->devs[i] > MINORMASK : d->devs[i])
			return false;
	return true;
}

static struct vexj_filter *make_filter(const struct vexj_dev_filter *d, const char *text)
{
	struct vexj_filter *f;
	u32 i;
	int err;

	if (!sane(d, text))
		return ERR_PTR(-EINVAL);
	f = kvzalloc(struct_size(f, text, d->prefixes_len), GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	f->flags = d->flags;
	f->cgroup = d->cgroup;
	f->uids_len = d->uids_len;
	f->everybody = !(f->flags & VEXJ_DEV_FILTER_TREE) && !f->cgroup && !f->uids_len;
	memcpy(f->uids, d->uids, sizeof(f->uids));
	f->devs_len = d->devs_len;
	for (i = 0; i < d->devs_len; i++)
		f->devs[i] = MKDEV(d->devs[i] >> 32, (u32)d->devs[i]);
	f->text_len = d->prefixes_len;
	memcpy(f->text, text, f->text_len);
	set_wanted(f, d->wanted);
	err = set_prefixes(f);
	/* A filter that lets no type through is a mistake. */
	if (!err && !memchr_inv(f->wanted, 0, sizeof(f->wanted)))
		err = -EINVAL;
	if (err) {
		kvfree(f);
		return ERR_PTR(err);
	}
	return f;
}

int vexj_filter_set(const struct vexj_dev_filter *d, const char *text)
{
	struct vexj_filter *new = make_filter(d, text), *old;

	if (IS_ERR(new))
		return PTR_ERR(new);
	mutex_lock(&filter_lock);
	old = rcu_replace_pointer(vexj_filter, new, lockdep_is_held(&filter_lock));
	mutex_unlock(&filter_lock);
	if (old) {
		synchronize_rcu();
		kvfree(old);
	}
	return 0;
}

int vexj_filter_get(struct vexj_dev_filter *d, char **text)
{
	const struct vexj_filter *f;
	u32 i;
	int err = 0;

	*text = NULL;
	mutex_lock(&filter_lock);
	f = rcu_dereference_protected(vexj_filter, lockdep_is_held(&filter_lock));
	memset(d, 0, sizeof(*d));
	d->flags = f->flags;
	d->cgroup = f->cgroup;
	d->uids_len = f->uids_len;
	memcpy(d->uids, f->uids, sizeof(d->uids));
	d->devs_len = f->devs_len;
	for (i = 0; i < f->devs_len; i++)
		d->devs[i] = (u64)MAJOR(f->devs[i]) << 32 | MINOR(f->devs[i]);
	memcpy(d->wanted, f->asked, sizeof(d->wanted));
	d->prefixes_len = f->text_len;
	if (f->text_len) {
		*text = kvmalloc(f->text_len, GFP_KERNEL);
		if (*text)
			memcpy(*text, f->text, f->text_len);
		else
			err = -ENOMEM;
	}
	mutex_unlock(&filter_lock);
	return err;
}

int vexj_filter_init(void)
{
	return vexj_params_filter(vexj_filter_set);
}

void vexj_filter_exit(void)
{
	kvfree(rcu_dereference_protected(vexj_filter, true));
}
