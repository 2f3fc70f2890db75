/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths that are looked at, entered, mounted on. The kernel looks at many for
 * itself: only what was asked for is recorded.
 */
#ifndef VEXJ_BPF_VFS_PATHS_H
#define VEXJ_BPF_VFS_PATHS_H

/* vfs_getattr() itself is inlined where it counts. */
DECLARE(vfs_getattr_nosec);
ENTER(vfs_getattr_nosec) { return changes(h, dentry_of(param(h, 0))); }
EXIT(vfs_getattr_nosec)
{
	return asked(h, VEXJ_FS_STAT) ? changed(h, VEXJ_FS_STAT, param(h, 0)) : 0;
}

DECLARE(set_fs_pwd);
NOTE(set_fs_pwd)
{
	return asked(h, VEXJ_FS_CHDIR) ? changed(h, VEXJ_FS_CHDIR, param(h, 0)) : 0;
}

DECLARE(path_mount);
ENTER(path_mount) { return 0; }
EXIT(path_mount)
{
	u64 path = param(h, 1), source = param(h, 0);
	struct path_args p = {
		.mnt = (u64)get(at(struct path, path), mnt), .dentry = dentry_of(path),
	};
	struct scratch *s;

	if (!claim(h, 0, VEXJ_SYS_MOUNT))
		return 0;
	s = h->o.s;
	p.off = put_file(s, BODY, VEXJ_ATTR_FILE, at(struct inode, inode_of(p.dentry)));
	p.off = put_path(s, &p);
	s->kernel_strings = 1;
	if (source)
		p.off = put_user_string(s, p.off, VEXJ_ATTR_PATH2, source, CHUNK);
	send(&h->o, p.off);
	return 0;
}

/* It gives the path up, and maybe the mount: the record is built before. */
DECLARE(path_umount);
ENTER(path_umount)
{
	u64 path = param(h, 0);
	struct path_args p = {
		.mnt = (u64)get(at(struct path, path), mnt), .dentry = dentry_of(path),
	};
	struct scratch *s = take_scratch();

	h->o.held = held_for(h);
	h->o.held->len = 0;
	h->o.s = s;
	if (!s)
		return 0;
	begin(s);
	p.off = put_file(s, BODY, VEXJ_ATTR_FILE, at(struct inode, inode_of(p.dentry)));
	if (save_body(&h->o, put_path(s, &p)))
		lose(VEXJ_LOST_STATE);
	return 0;
}
EXIT(path_umount)
{
	u32 end;

	h->o.held = held_for(h);
	if (!h->o.held->len || !claim(h, 0, VEXJ_SYS_UNMOUNT))
		return 0;
	end = restore_body(&h->o);
	if (end)
		send(&h->o, end);
	return 0;
}

#endif
