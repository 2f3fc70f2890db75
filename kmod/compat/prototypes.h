/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in the hooked functions' prototypes the parameters are that hooks take,
 * as the compiler finds them in this kernel's headers. A prototype that is not
 * known here leaves the place out, and its hook is then reported as missing.
 *
 * Functions that no header declares are in prototypes.c: their prototypes are
 * compared with the types of the running kernel when the module is loaded.
 */
#ifndef VEXJ_COMPAT_PROTOTYPES_H
#define VEXJ_COMPAT_PROTOTYPES_H

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/security.h>
#include <linux/splice.h>
#include <linux/xattr.h>

struct delegated_inode;		/* 6.19 and newer: was struct inode * */
struct mmu_gather;
struct mnt_idmap;		/* 6.3 and newer: was the next one */
struct user_namespace;
struct vma_iterator;

#define VEXJ_NO_PLACE 0xff

#define VEXJ_IS(function, returns, ...) \
	__builtin_types_compatible_p(typeof(&function), returns (*)(__VA_ARGS__))

/* One that takes who maps ids before (2) or not at all (1): as struct or as another. */
#define VEXJ_MAPPED(function, returns, ...) \
	(VEXJ_IS(function, returns, struct mnt_idmap *, __VA_ARGS__) || \
	 VEXJ_IS(function, returns, struct user_namespace *, __VA_ARGS__))

#define VEXJ_SHIFTED(function, returns, place, ...) \
	(VEXJ_IS(function, returns, __VA_ARGS__) ? (place) : \
	 VEXJ_MAPPED(function, returns, __VA_ARGS__) ? (place) + 1 : VEXJ_NO_PLACE)

/* The same, with what breaks a lease at its end. */
#define VEXJ_LEASED(function, returns, place, ...) \
	(VEXJ_IS(function, returns, __VA_ARGS__, struct inode **) ? (place) : \
	 VEXJ_MAPPED(function, returns, __VA_ARGS__, struct inode **) || \
	 VEXJ_IS(function, returns, struct mnt_idmap *, __VA_ARGS__, struct delegated_inode *) ? (place) + 1 : VEXJ_NO_PLACE)

#define VEXJ_FIRST(a, b) ((a) != VEXJ_NO_PLACE ? (a) : (b))

#define VEXJ_CREATE_DENTRY \
	VEXJ_FIRST(VEXJ_SHIFTED(vfs_create, int, 1, struct inode *, struct dentry *, umode_t, bool), \
		   VEXJ_LEASED(vfs_create, int, 0, struct dentry *, umode_t))
#define VEXJ_MKNOD_DENTRY \
	VEXJ_FIRST(VEXJ_SHIFTED(vfs_mknod, int, 1, struct inode *, struct dentry *, umode_t, dev_t), \
		   VEXJ_LEASED(vfs_mknod, int, 1, struct inode *, struct dentry *, umode_t, dev_t))
#define VEXJ_MKDIR_DENTRY \
	VEXJ_FIRST(VEXJ_SHIFTED(vfs_mkdir, int, 1, struct inode *, struct dentry *, umode_t), VEXJ_MKDIR_RETURNING)

/* 6.15 and newer: it returns the directory, which may be another dentry. */
#define VEXJ_MKDIR_RETURNING \
	VEXJ_FIRST(VEXJ_SHIFTED(vfs_mkdir, struct dentry *, 1, struct inode *, struct dentry *, umode_t), \
		   VEXJ_LEASED(vfs_mkdir, struct dentry *, 1, struct inode *, struct dentry *, umode_t))
#define VEXJ_SYMLINK_DENTRY \
	VEXJ_FIRST(VEXJ_SHIFTED(vfs_symlink, int, 1, struct inode *, struct dentry *, const char *), \
		   VEXJ_LEASED(vfs_symlink, int, 1, struct inode *, struct dentry *, const char *))
#define VEXJ_UNLINK_DENTRY \
	VEXJ_LEASED(vfs_unlink, int, 1, struct inode *, struct dentry *)
#define VEXJ_RMDIR_DENTRY \
	VEXJ_FIRST(VEXJ_SHIFTED(vfs_rmdir, int, 1, struct inode *, struct dentry *), \
		   VEXJ_LEASED(vfs_rmdir, int, 1, struct inode *, struct dentry *))
#define VEXJ_MAY_RMDIR_DENTRY \
	(VEXJ_IS(security_inode_rmdir, int, struct inode *, struct dentry *) ? 1 : VEXJ_NO_PLACE)
#define VEXJ_LINK_NEW \
	(VEXJ_IS(vfs_link, int, struct dentry *, struct inode *, struct dentry *, struct inode **) ? 2 : \
	 VEXJ_IS(vfs_link, int, struct dentry *, struct user_namespace *, struct inode *, struct dentry *, struct inode **) || \
	 VEXJ_IS(vfs_link, int, struct dentry *, struct mnt_idmap *, struct inode *, struct dentry *, struct inode **) || \
	 VEXJ_IS(vfs_link, int, struct dentry *, struct mnt_idmap *, struct inode *, struct dentry *, struct delegated_inode *) ? 3 : VEXJ_NO_PLACE)

/* 5.12 and newer, and late 5.10: all of it in a struct. */
#define VEXJ_RENAME_DATA \
	(VEXJ_IS(vfs_rename, int, struct renamedata *) ? 0 : VEXJ_NO_PLACE)

#define VEXJ_SETXATTR_DENTRY \
	VEXJ_SHIFTED(vfs_setxattr, int, 0, struct dentry *, const char *, const void *, size_t, int)
#define VEXJ_REMOVEXATTR_DENTRY \
	VEXJ_SHIFTED(vfs_removexattr, int, 0, struct dentry *, const char *)
#define VEXJ_CHANGE_DENTRY \
	VEXJ_LEASED(notify_change, int, 0, struct dentry *, struct iattr *)
#define VEXJ_GETATTR_PATH \
	(VEXJ_IS(vfs_getattr_nosec, int, const struct path *, struct kstat *, u32, unsigned int) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_UTIMES_PATH \
	(VEXJ_IS(vfs_utimes, int, const struct path *, struct timespec64 *) ? 0 : VEXJ_NO_PLACE)

/* It came to return an int in 7.0, which is the same for what it returns. */
#define VEXJ_TRUNCATE_PATH \
	(VEXJ_IS(vfs_truncate, long, const struct path *, loff_t) || \
	 VEXJ_IS(vfs_truncate, int, const struct path *, loff_t) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_PWD_PATH \
	(VEXJ_IS(set_fs_pwd, void, struct fs_struct *, const struct path *) ? 1 : VEXJ_NO_PLACE)

#define VEXJ_READ_FILE \
	(VEXJ_IS(vfs_read, ssize_t, struct file *, char __user *, size_t, loff_t *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_WRITE_FILE \
	(VEXJ_IS(vfs_write, ssize_t, struct file *, const char __user *, size_t, loff_t *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_ITER_READ_FILE \
	(VEXJ_IS(vfs_iter_read, ssize_t, struct file *, struct iov_iter *, loff_t *, rwf_t) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_ITER_WRITE_FILE \
	(VEXJ_IS(vfs_iter_write, ssize_t, struct file *, struct iov_iter *, loff_t *, rwf_t) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_KERNEL_READ_FILE \
	(VEXJ_IS(__kernel_read, ssize_t, struct file *, void *, size_t, loff_t *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_KERNEL_WRITE_FILE \
	(VEXJ_IS(__kernel_write, ssize_t, struct file *, const void *, size_t, loff_t *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_COPY_IN \
	(VEXJ_IS(vfs_copy_file_range, ssize_t, struct file *, loff_t, struct file *, loff_t, size_t, unsigned int) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_CLONE_IN \
	(VEXJ_IS(vfs_clone_file_range, loff_t, struct file *, loff_t, struct file *, loff_t, loff_t, unsigned int) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_SPLICE_DIRECT_IN \
	(VEXJ_IS(do_splice_direct, long, struct file *, loff_t *, struct file *, loff_t *, size_t, unsigned int) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_FALLOCATE_FILE \
	(VEXJ_IS(vfs_fallocate, int, struct file *, int, loff_t, loff_t) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_FSYNC_FILE \
	(VEXJ_IS(vfs_fsync_range, int, struct file *, loff_t, loff_t, int) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_SYNC_RANGE_FILE \
	(VEXJ_IS(sync_file_range, int, struct file *, loff_t, loff_t, unsigned int) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_WANT_WRITE_MNT \
	(VEXJ_IS(mnt_want_write, int, struct vfsmount *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_WANT_WRITE_FILE \
	(VEXJ_IS(mnt_want_write_file, int, struct file *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_DROP_WRITE_MNT \
	(VEXJ_IS(mnt_drop_write, void, struct vfsmount *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_DROP_WRITE_FILE \
	(VEXJ_IS(mnt_drop_write_file, void, struct file *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_INSTALL_FD \
	(VEXJ_IS(fd_install, void, unsigned int, struct file *) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_CLOSE_FILE \
	(VEXJ_IS(filp_close, int, struct file *, fl_owner_t) ? 0 : VEXJ_NO_PLACE)
#define VEXJ_OPEN_NAME \
	(VEXJ_IS(file_open_name, struct file *, struct filename *, int, umode_t) ? 0 : VEXJ_NO_PLACE)

/* It came to take a path for a dentry and a mount when file_open_root() did. */
#define VEXJ_OPEN_ROOT_FLAGS \
	(VEXJ_IS(file_open_root, struct file *, const struct path *, const char *, int, umode_t) ? 2 : \
	 VEXJ_IS(file_open_root, struct file *, struct dentry *, struct vfsmount *, const char *, int, umode_t) ? 3 : VEXJ_NO_PLACE)

#define VEXJ_MPROTECT_VMA \
	(VEXJ_IS(mprotect_fixup, int, struct vm_area_struct *, struct vm_area_struct **, unsigned long, unsigned long, unsigned long) ? 0 : \
	 VEXJ_IS(mprotect_fixup, int, struct mmu_gather *, struct vm_area_struct *, struct vm_area_struct **, unsigned long, unsigned long, unsigned long) ? 1 : \
	 VEXJ_IS(mprotect_fixup, int, struct vma_iterator *, struct mmu_gather *, struct vm_area_struct *, struct vm_area_struct **, unsigned long, unsigned long, unsigned long) ? 2 : VEXJ_NO_PLACE)

/* For a probe's .unfit. */
#define VEXJ_FITS(place) \
	((place) == VEXJ_NO_PLACE ? "its prototype in the headers that this module was built with is not one that is known" : NULL)

#endif
