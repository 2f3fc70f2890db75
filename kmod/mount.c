// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel knows of a mount lies around its struct vfsmount in a struct
 * mount, which no header has. Where the members are is learnt from what the
 * exported follow_up() says of mounts that every machine has, and believed only
 * if all of them agree.
 *
 * A struct mount is freed by RCU, so its members may be read under that; what
 * several say may be of several moments. Lists are read without their lock: by
 * reads that may fail, and for a bounded number of steps.
 */
#include <linux/list.h>
#include <linux/mnt_namespace.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/uaccess.h>
#include "hooks.h"
#include "compat/inode.h"

#define REACH		64	/* bytes: of struct mount before its vfsmount */
#define SCAN		384	/* bytes: behind it */
#define MAX_SEEN	512	/* mounts of one filesystem, or on one mount */

struct vexj_mount_at vexj_mount_at __ro_after_init;

static bool peek(const void *from, const void **v)
{
	return !copy_from_kernel_nofault(v, from, sizeof(*v));
}

bool vexj_mount_in(const struct vfsmount *mnt, const struct mnt_namespace *ns)
{
	return vexj_mount_member(mnt, vexj_mount_at.ns) == ns;
}

const struct vfsmount *vexj_mount_on(const struct vfsmount *mnt, const struct dentry *dentry)
{
	const void *head = (const u8 *)mnt + vexj_mount_at.children, *node = head, *point;
	int i;

	for (i = 0; i < MAX_SEEN; i++) {
		if (!peek(node, &node) || node == head)
			return NULL;
		mnt = node - vexj_mount_at.child;
		if (!peek((const u8 *)mnt + vexj_mount_at.point, &point))
			return NULL;
		if (point == dentry)
			return mnt;
	}
	return NULL;
}

const struct vfsmount *vexj_mount_of(const struct super_block *sb)
{
	const struct mnt_namespace *ns = current->nsproxy ? current->nsproxy->mnt_ns : NULL;
	const void *head = &sb->s_mounts, *node = head, *in;
	int i;

	for (i = 0; i < MAX_SEEN && ns; i++) {
		if (!peek(node, &node) || node == head || !node)
			return NULL;
		/* A node is the member itself, or since 6.18 the struct mount. */
		if (!VEXJ_MOUNTS_LISTED)
			node += vexj_mount_at.instance - vexj_mount_at.self;
		if (!peek(node - vexj_mount_at.instance + vexj_mount_at.ns, &in))
			return NULL;
		if (in == ns)
			return node - vexj_mount_at.instance;
	}
	return NULL;
}

/* A mount on another. */
struct lesson {
	struct path above, below;
};

static bool learn_parent(const struct lesson *l)
{
	const void *v;
	int off;

	for (off = -REACH; off < 0; off += sizeof(v)) {
		if (!peek((const u8 *)l->above.mnt + off, &v) || v != l->below.dentry)
			continue;
		vexj_mount_at.point = off;
		vexj_mount_at.parent = off - (int)sizeof(v);
		if (!peek((const u8 *)l->above.mnt + vexj_mount_at.parent, &v))
			return false;
		vexj_mount_at.self = v - (const void *)l->below.mnt;
		return vexj_mount_at.self < 0 && vexj_mount_at.self >= -REACH;
	}
	return false;
}

static bool learn_ns(const struct lesson *l, int n)
{
	const struct mnt_namespace *ns = current->nsproxy->mnt_ns;
	const void *above, *below;
	int i;

	for (vexj_mount_at.ns = sizeof(struct vfsmount); vexj_mount_at.ns < SCAN; vexj_mount_at.ns += sizeof(above)) {
		for (i = 0; i < n; i++) {
			if (!peek((const u8 *)l[i].above.mnt + vexj_mount_at.ns, &above) || above != ns ||
			    !peek((const u8 *)l[i].below.mnt + vexj_mount_at.ns, &below) || below != ns)
				break;
		}
		if (i == n)
			return true;
	}
	return false;
}

/* The nodes follow the list's head, and the filesystem's node follows those. */
static bool learn_children(const struct lesson *l, int n)
{
	int i;

	for (vexj_mount_at.children = sizeof(struct vfsmount); vexj_mount_at.children < SCAN; vexj_mount_at.children += sizeof(void *)) {
		vexj_mount_at.child = vexj_mount_at.children + sizeof(struct list_head);
		vexj_mount_at.instance = vexj_mount_at.child + sizeof(struct list_head);
		for (i = 0; i < n && vexj_mount_on(l[i].below.mnt, l[i].below.dentry) == l[i].above.mnt; i++)
			;
		if (i == n)
			return true;
	}
	return false;
}

static bool agrees(const struct lesson *l)
{
	return vexj_mount_parent(l->above.mnt) == l->below.mnt &&
	       vexj_mount_point(l->above.mnt) == l->below.dentry &&
	       vexj_mount_of(l->above.mnt->mnt_sb);
}

static bool learn(const struct lesson *l, int n)
{
	int i;

	if (!n || !learn_parent(&l[0]) || !learn_ns(l, n) || !learn_children(l, n))
		return false;
	for (i = 0; i < n; i++) {
		if (!agrees(&l[i]))
			return false;
	}
	return true;
}

static bool begin_lesson(struct lesson *l, const char *name)
{
	if (kern_path(name, LOOKUP_FOLLOW, &l->above))
		return false;
	l->below = l->above;
	path_get(&l->below);
	if (l->above.dentry == l->above.mnt->mnt_root && follow_up(&l->below))
		return true;
	path_put(&l->below);
	path_put(&l->above);
	return false;
}

int vexj_mount_init(void)
{
	static const char *const names[] = { "/", "/proc", "/sys", "/dev", "/run", "/tmp" };
	struct lesson lessons[ARRAY_SIZE(names)];
	bool learnt;
	int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (begin_lesson(&lessons[n], names[i]))
			n++;
	}
	rcu_read_lock();
	learnt = learn(lessons, n);
	rcu_read_unlock();
	for (i = 0; i < n; i++) {
		path_put(&lessons[i].below);
		path_put(&lessons[i].above);
	}
	if (learnt)
		return 0;
	pr_err("vexj: %s\n", n ? "this kernel's struct mount is not one that is known: please report it" :
				 "no mount to learn from: mount /proc or /sys, then load again");
	return -EOPNOTSUPP;
}

/*
 * A function that changes a name is told a dentry and not through which mount.
 * Who calls it has got write access to the mount just before, and gives it up
 * afterwards; in between the mount is there. Only addresses are compared.
 */
void vexj_wants_write(struct vexj_state *st, const struct vfsmount *mnt)
{
	int i, slot = st->next_mount;

	for (i = 0; i < VEXJ_MOUNTS; i++) {
		if (st->mounts[i].sb == mnt->mnt_sb)
			slot = i;
	}
	if (slot == st->next_mount)
		st->next_mount = (slot + 1) % VEXJ_MOUNTS;
	st->mounts[slot].mnt = mnt;
	st->mounts[slot].sb = mnt->mnt_sb;
	st->writes = true;
}

void vexj_wrote(struct vexj_state *st, const struct vfsmount *mnt)
{
	int i;

	for (i = 0; i < VEXJ_MOUNTS; i++) {
		if (st->mounts[i].mnt == mnt)
			memset(&st->mounts[i], 0, sizeof(st->mounts[i]));
	}
}

/* The mount that a dentry is most likely seen through, NULL if it has none here. */
const struct vfsmount *vexj_mount_for(const struct vexj_state *st, const struct dentry *dentry, bool *guess)
{
	const struct mnt_namespace *ns = current->nsproxy ? current->nsproxy->mnt_ns : NULL;
	int i;

	*guess = false;
	for (i = 0; i < VEXJ_MOUNTS; i++) {
		if (st->mounts[i].sb == dentry->d_sb && vexj_mount_in(st->mounts[i].mnt, ns))
			return st->mounts[i].mnt;
	}
	*guess = true;
	return vexj_mount_of(dentry->d_sb);
}
