/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that the programs look into, with just the fields they
 * look at. CO-RE relocates each access against the running kernel's BTF; a
 * field that moved, was renamed or is absent has a ___flavour below.
 */
#ifndef VEXJ_BPF_KERNEL_H
#define VEXJ_BPF_KERNEL_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#define AT_FDCWD		(-100)
#define AT_SYMLINK_NOFOLLOW	0x100
#define AT_REMOVEDIR		0x200
#define AT_SYMLINK_FOLLOW	0x400
#define AT_EMPTY_PATH		0x1000

#define O_ACCMODE		3
#define O_CREAT			0100
#define O_EXCL			0200
#define O_TRUNC			01000
#define O_APPEND		02000
#define O_NOFOLLOW		0400000
#define O_TMPFILE		020200000
#define O_CLOEXEC		02000000
#define O_PATH			010000000

#define S_IFMT			0170000
#define S_IFLNK		0120000
#define S_IFREG			0100000
#define S_IFDIR			0040000
#define S_IFCHR			0020000
#define S_IFBLK			0060000

#define FMODE_CREATED		0x100000
#define FMODE_BACKING		0x1000000	/* 6.10 and newer: before, it was a bit that is another flag since */

#define SB_KERNMOUNT		(1u << 22)
#define SB_NOUSER		(1u << 31)

#define PROC_SUPER_MAGIC	0x9fa0
#define OVERLAYFS_SUPER_MAGIC	0x794c7630

#define TS_COMPAT		0x0002
#define X32_SYSCALL_BIT		0x40000000

#define PROT_WRITE		2
#define MAP_TYPE		0x0f
#define MAP_SHARED		1
#define MAP_SHARED_VALIDATE	3
#define MAP_ANONYMOUS		0x20

#define F_SETLK			6
#define F_SETLKW		7
#define F_OFD_SETLK		37
#define F_OFD_SETLKW		38
#define F_RDLCK			0
#define F_WRLCK			1
#define F_UNLCK			2
#define LOCK_SH			1
#define LOCK_EX			2
#define LOCK_NB			4
#define LOCK_UN			8

#define RENAME_EXCHANGE		2
#define CLOSE_RANGE_UNSHARE	2
#define RWF_APPEND		0x10
#define AF_UNIX			1

#define FICLONE			0x40049409
#define FICLONERANGE		0x4020940d
#define FS_IOC_SETFLAGS		0x40086602
#define FS_IOC_FSSETXATTR	0x401c5820
#define FS_IOC_ENABLE_VERITY	0x40806685

#define SIGNAL_GROUP_EXIT	0x00000004

/* The result of an interrupted call that the kernel will restart or turn into
 * EINTR on the way out: nothing happened yet. */
#define ERESTARTSYS		512
#define ERESTART_RESTARTBLOCK	516
#define ENOENT			2
#define EEXIST			17

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_bl_node {
	struct hlist_bl_node *next;
};

struct qstr {
	u64 hash_len;
	const unsigned char *name;
};

struct super_block {
	struct list_head s_mounts;
	u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
};

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

struct inode {
	u16 i_mode;
	u32 i_flags;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	u32 i_rdev;
	s64 i_size;
	u32 i_generation;
	char *i_link;
	struct timespec64 i_atime, i_mtime;
};

struct inode___610 {		/* 6.10 and newer */
	s64 i_atime_sec, i_mtime_sec;
	u32 i_atime_nsec, i_mtime_nsec;
};

struct inode___66 {		/* 6.6: ctime alone was renamed; 6.7: all three */
	struct timespec64 __i_atime, __i_mtime;
};

struct dentry {
	unsigned int d_flags;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mnt_namespace;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct list_head mnt_mounts;
	struct list_head mnt_child;
	struct list_head mnt_instance;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

typedef struct {
	u32 val;
} kuid_t;

typedef struct {
	u32 val;
} kgid_t;

struct cred {
	kuid_t fsuid;
	kgid_t fsgid;
};

struct file {
	u32 f_mode;
	u32 f_flags;
	struct inode *f_inode;
	struct path f_path;
	s64 f_pos;
	const struct cred *f_cred;
};

/* A struct file is its beginning. */
struct backing_file {
	struct path user_path;	/* 6.8 and newer: see FMODE_BACKING */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *close_on_exec;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root, pwd;
};

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
};

struct kernfs_node {
	struct kernfs_node *parent;
	u64 id;
};

struct kernfs_node___615 {	/* 6.15 and newer */
	struct kernfs_node *__parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
};

struct thread_info {
	u32 status;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	unsigned long env_start, env_end;
};

struct task_struct {
	struct thread_info thread_info;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	u64 self_exec_id;
	struct css_set *cgroups;
	struct mm_struct *mm;
	unsigned int flags;
	void *thread_pid;
};

struct bpf_iter__task {
	void *meta;
	struct task_struct *task;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	int argc;
};

struct filename {
	const char *name;
};

/* io_uring, from 6.0 on: what a request does lies at its beginning. */
struct io_cqe {
	s32 res;
};

struct io_kiocb {
	struct file *file;
	u8 opcode;
	struct io_cqe cqe;
};

struct kiocb {
	struct file *ki_filp;
	s64 ki_pos;
};

struct io_rw {
	struct kiocb kiocb;
	u64 addr;
	u32 len;
};

struct open_how {
	u64 flags;
	u64 mode;
};

struct io_open {
	int dfd;
	u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_close {
	int fd;
	u32 file_slot;
};

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
};

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_mkdir {
	int dfd;
	u16 mode;
	struct filename *filename;
};

struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_statx {
	int dfd;
	unsigned int flags;
	struct filename *filename;
};

struct io_sync {
	s64 len;
	s64 off;
	int flags;
	int mode;
};

struct io_ftrunc {
	s64 len;
};

struct xattr_name {
	char name[256];
};

struct kernel_xattr_ctx {
	void *kvalue;
	unsigned long size;
	struct xattr_name *kname;
};

struct io_xattr {
	struct kernel_xattr_ctx ctx;
	struct filename *filename;
};

/* 7.0 and newer: a request's names are completed when it is done. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};

struct io_open___70 {
	struct delayed_filename filename;
};

struct io_unlink___70 {
	struct delayed_filename filename;
};

struct io_mkdir___70 {
	struct delayed_filename filename;
};

struct io_statx___70 {
	struct delayed_filename filename;
};

struct io_xattr___70 {
	struct delayed_filename filename;
};

struct io_rename___70 {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

struct io_link___70 {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

/* What the vfs set's functions take and return. */

struct super_block___618 {	/* 6.18 and newer: linked through mount.mnt_next_for_sb */
	struct mount *s_mounts;
};

struct mount___618 {
	struct mount *mnt_next_for_sb;
};

struct renamedata {
	struct dentry *old_dentry;
	struct dentry *new_dentry;
	unsigned int flags;
};

struct open_flags {
	int open_flag;
	u16 mode;
};

struct iattr {
	unsigned int ia_valid;
	kuid_t ia_uid;
	kgid_t ia_gid;
	s64 ia_size;
};

struct iov_iter {
	unsigned long count;
};

struct iocb {
	u64 aio_buf;
	u64 aio_nbytes;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long pgoff;
};

struct ovl_inode {
	struct inode vfs_inode;
	struct dentry *__upperdentry;
};

/* d_flags became an enum, and the bits moved, in 6.15. */
enum dentry_flags {
	DCACHE_MOUNTED		= 0x8000,
	DCACHE_ENTRY_TYPE	= 0x380000,
	DCACHE_SYMLINK_TYPE	= 0x300000,
};

#pragma clang attribute pop

#endif
