/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that change names are told a dentry and not through which mount. Who
 * calls them has asked for write access to the mount just before.
 */
#ifndef VEXJ_BPF_VFS_MOUNTS_H
#define VEXJ_BPF_VFS_MOUNTS_H

#define MAX_MOUNTS 512

static __always_inline void wants_write(struct frame *f, u64 mnt)
{
	u64 sb = (u64)get(at(struct vfsmount, mnt), mnt_sb);
	u32 slot = f->next_mount;

#pragma clang loop unroll(full)
	for (u32 i = 0; i < MOUNTS; i++) {
		u64 old = f->mounts[i];

		if (old && (u64)get(at(struct vfsmount, old), mnt_sb) == sb)
			slot = i;
	}
	if (slot == f->next_mount)
		f->next_mount = slot + 1;
	f->mounts[slot & (MOUNTS - 1)] = mnt;
}

DECLARE(mnt_want_write);
NOTE(mnt_want_write)
{
	wants_write(h->f, param(h, 0));
	return 0;
}

DECLARE(mnt_want_write_file);
NOTE(mnt_want_write_file)
{
	struct file *file = at(struct file, param(h, 0));

	wants_write(h->f, (u64)get(file, f_path.mnt));
	return 0;
}

static __always_inline bool in_namespace(u64 mnt, u64 ns)
{
	return (u64)get(at(struct mount, mount_of(mnt)), mnt_ns) == ns;
}

struct mounts_args {
	struct scratch *s;
	u64 head;
	u64 ns;
};

/* Looks at one mount of a filesystem. Returns 1 at the end or if it fits. */
static long mounts_step(u32 i, struct mounts_args *a)
{
	struct scratch *s = a->s;
	u64 m = s->w.mnt;

	if (!m || m == a->head)
		return 1;
	if (bpf_core_field_exists(struct mount, mnt_instance)) {
		m -= bpf_core_field_offset(struct mount, mnt_instance);
		s->w.mnt = (u64)get(at(struct mount, m), mnt_instance.next);
	} else {
		s->w.mnt = (u64)BPF_CORE_READ((struct mount___618 *)m, mnt_next_for_sb);
	}
	if (in_namespace(vfsmount_of(m), a->ns)) {
		s->w.hit = vfsmount_of(m);
		return 1;
	}
	return 0;
}

/* Some mount of a filesystem in the task's namespace; 0 if it has none there. */
static __noinline u64 some_mount(struct hook *h, u64 sb)
{
	struct scratch *s = h->o.s;
	struct mounts_args a = {
		.s = s, .ns = (u64)get(h->o.task, nsproxy, mnt_ns),
	};

	s->w.hit = 0;
	if (bpf_core_field_exists(struct mount, mnt_instance)) {
		a.head = sb + bpf_core_field_offset(struct super_block, s_mounts);
		s->w.mnt = (u64)get(at(struct super_block, sb), s_mounts.next);
	} else {
		s->w.mnt = (u64)BPF_CORE_READ((struct super_block___618 *)sb, s_mounts);
	}
	repeat(MAX_MOUNTS, mounts_step, &a);
	return s->w.hit;
}

/* The mount that a dentry is most likely seen through; flags it if it is a guess. */
static __noinline u64 mount_for(struct hook *h, u64 dentry, u32 second)
{
	u64 sb = (u64)get(at(struct dentry, dentry), d_sb);
	u64 ns = (u64)get(h->o.task, nsproxy, mnt_ns);

	if (h->f) {
#pragma clang loop unroll(full)
		for (u32 i = 0; i < MOUNTS; i++) {
			u64 mnt = h->f->mounts[i];

			if (mnt && (u64)get(at(struct vfsmount, mnt), mnt_sb) == sb &&
			    in_namespace(mnt, ns))
				return mnt;
		}
	}
	h->o.s->flags |= second ? VEXJ_F_PATH2_UNRESOLVED : VEXJ_F_PATH_UNRESOLVED;
	return some_mount(h, sb);
}

/* Appends the path of a dentry that came without its mount. */
static __noinline u32 put_dentry(struct hook *h, u64 dentry, u32 off, u32 second)
{
	struct path_args p = {
		.dentry = dentry, .off = off, .second = second,
	};

	p.mnt = mount_for(h, dentry, second);
	return put_path(h->o.s, &p);
}

#endif
