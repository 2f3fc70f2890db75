/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hooks know of each other. A probe is a function of the kernel that is
 * hooked; a hit is one time that it was come upon; an entry is what a hit at the
 * function's entry leaves for its exit.
 *
 * A task's entries are a stack, so that at the exit of one the functions that it
 * was called by are known: an operation inside another one on the same object is
 * part of it, on another object it is the kernel's own.
 *
 * All of it runs where nothing may sleep, under RCU: what a hooked function is
 * given it also holds, until it returns. Whatever is found by other ways is read
 * under RCU alone.
 */
#ifndef VEXJ_HOOKS_H
#define VEXJ_HOOKS_H

#include <linux/dcache.h>
#include <linux/kprobes.h>
#include <linux/mount.h>
#include <linux/path.h>
#include "core.h"

#define VEXJ_ARGS	6
#define VEXJ_ABSENT	0xff	/* as a place: the function has no such parameter */
#define VEXJ_MOUNTS	4	/* that a task writes to at a time */

struct vexj_call;
struct vexj_state;

enum vexj_returns {
	VEXJ_RETURNS_LONG,
	VEXJ_RETURNS_INT,	/* or a long that would fit */
	VEXJ_RETURNS_POINTER,	/* or an error in its place */
};

struct vexj_entry {
	struct vexj_entry *outer;
	struct vexj_state *st;
	u64 time;		/* ns, CLOCK_BOOTTIME */
	u64 run;		/* in which it was made: see vexj_hooks_disarm() */
	const struct inode *inode[2];	/* that the function works on; only compared */
	unsigned long arg[VEXJ_ARGS];
	unsigned long note[2];	/* of the body's */
	struct vexj_held *held;	/* of the body's: freed with the entry */
	struct vexj_attr_file before;	/* the object as it was, if has_before */
	bool has_before;
};

/* A function in hand. */
struct vexj_hit {
	struct vexj_state *st;
	struct vexj_entry *in;	/* NULL if the function leaves none */
	unsigned long *arg;	/* VEXJ_ARGS of them */
	void *object;		/* that was returned */
	long result;
	u32 via;		/* set by vexj_claim() */
	bool kernel;		/* who asked is the kernel, whatever else is known */
};

struct vexj_probe {
	const char *function;
	const char *other;	/* what it is called by other kernels; NULL: the same */
	const char *operation;
	u8 at[VEXJ_ARGS];	/* place of each parameter that the bodies take */
	u8 returns;		/* enum vexj_returns */
	u16 instances;		/* at a time; 0: as many as is usual */
	bool any_task;		/* `current` has nothing to do with it: no state */
	bool optional;		/* other kernels have it: its absence is no news */
	bool aside;		/* it is no operation: what it calls is not its part */

	/* Fills h->in. False: nothing is to be known at the exit. */
	bool (*enter)(struct vexj_hit *h);

	/* NULL: the function is hooked at its entry alone, and leaves no entry. */
	void (*leave)(struct vexj_hit *h);

	const char *unfit;	/* why its prototype does not do; NULL: it does */
	/* ---- hooks.c's */
	u8 args;		/* how many are taken */
	u8 in[VEXJ_ARGS];	/* where, in bytes of struct pt_regs */
	struct kretprobe rp;	/* rp.kp alone, without `leave` */
	struct vexj_hook *report;
	unsigned long settled;	/* misses that have been counted */
};

/* A group of probes, one for each hook_*.c; the last of a list has no function. */
extern struct vexj_probe vexj_name_probes[], vexj_data_probes[], vexj_copy_probes[], vexj_open_probes[],
	vexj_attribute_probes[], vexj_memory_probes[], vexj_mount_probes[], vexj_path_probes[],
	vexj_aio_probes[], vexj_uring_probes[];

/* What is known of a kind of tracepoint's hook. */
struct vexj_trace {
	const char *name;
	const char *operation;
	void *probe;
	/* ---- hooks.c's */
	struct tracepoint *tp;
	bool registered;
	struct vexj_hook *report;
};

extern struct vexj_trace vexj_call_traces[], vexj_process_traces[], vexj_uring_traces[];

/* ---- state.c: what a task carries from one hook to the next ---- */

struct vexj_noted {
	const struct vfsmount *mnt;
	const struct super_block *sb;
};

/* What a transfer is called by whoever will be told of its end (async.h). */
struct vexj_async_name {
	const void *ring;
	u64 id;
};

/* The request of io_uring that was submitted last, where its completion does not say which it is of. */
struct vexj_submitted {
	const void *req;
	struct vexj_async_name name;
	u8 opcode;
};

struct vexj_state {
	struct hlist_node node;
	struct rcu_head rcu;
	struct task_struct *task;
	u64 entered;		/* ns, CLOCK_BOOTTIME: when the call was */
	const struct vexj_call *call;	/* under way; NULL: none of the table */
	struct vexj_held *held;	/* body of the call's record, built before its end */
	struct vexj_entry *top;	/* the innermost function that has been entered */

	struct file *opened;	/* that has no number yet; only compared */
	u32 open_flags, open_mode;

	const void *request;	/* of io_uring, under way */
	struct vexj_noted mounts[VEXJ_MOUNTS];	/* that it has write access to */
	u8 next_mount;
	bool writes;		/* there are some of these */
	struct vexj_submitted submitted;
	bool selected;		/* in the call under way */
	bool recorded;		/* a function that the call ran has made its record */
	bool request_recorded;
	bool opening;		/* between the lookup of an open and its number */
	u32 exited;		/* of a group leader: the exit of the process is told */
};

/* The state of the current task if it is recorded; `make` it if need be. */
struct vexj_state *vexj_state_here(bool make);
struct vexj_state *vexj_state_find(const struct task_struct *task);
void vexj_state_drop(struct task_struct *task);
void vexj_states_drop(void);	/* of all tasks; no hook runs */
int vexj_states_init(void);
void vexj_states_exit(void);

/* ---- claim.c: whose operation it is ---- */

/*
 * Begins the record of the operation that the hook has come upon, if it is to be
 * recorded. The inode is that of the object, which tells parts of an operation
 * from operations.
 */
struct vexj_build *vexj_claim(struct vexj_hit *h, const struct inode *inode, u32 type);

/* Whether a call or a request of the task's asks for operations of a type. */
bool vexj_asked(const struct vexj_state *st, u32 type);
bool vexj_in_exec(void);

/* How it came about, for what has a way of its own where a call asked. */
static inline u32 vexj_by(const struct vexj_hit *h, u32 own)
{
	return h->via == VEXJ_VIA_CALL ? own : h->via;
}

/* ---- object.c ---- */

/* Whether an inode is one that a path can reach: no pipe, socket, memfd. */
static inline bool vexj_recordable(const struct inode *inode)
{
	return !(inode->i_sb->s_flags & (SB_KERNMOUNT | SB_NOUSER));
}

static inline bool vexj_selected(const struct inode *inode)
{
	return inode && vexj_recordable(inode) && vexj_sb_selected(inode->i_sb);
}

void vexj_put_parents(struct vexj_build *b, const struct inode *dir, const struct inode *dir2);
void vexj_put_attr_file(struct vexj_build *b, const struct vexj_attr_file *f);
void vexj_put_times(struct vexj_build *b, const struct inode *inode);
void vexj_put_owner(struct vexj_build *b, u32 uid, u32 gid);
void vexj_put_rdev(struct vexj_build *b, const struct inode *inode);
void vexj_put_open(struct vexj_build *b, u32 flags, u32 mode, s32 fd);

/* What an open file is and where. That it is to be recorded is known. */
void vexj_put_open_file(struct vexj_build *b, const struct file *f);

/* A file of an overlay's layer that the overlay works on: what the user has of it. */
const struct inode *vexj_user_inode(const struct file *f);
void vexj_put_mapped_file(struct vexj_build *b, const struct file *f);

/* Strings, of the kernel or of the caller. One that cannot be read is left out. */
void vexj_put_string(struct vexj_build *b, u16 tag, const char *s, u32 max);
void vexj_put_user_string(struct vexj_build *b, u16 tag, const char __user *s, u32 max);
long vexj_user_string(u8 *to, const char __user *from, long size);

/* Appends what kept from the operation's entry, and frees it. */
void vexj_put_held(struct vexj_build *b, struct vexj_held **held);

/* ---- path.c: from a dentry up to a string ---- */

struct vexj_where {
	const struct vfsmount *mnt;	/* NULL: not known */
	const struct dentry *dentry;
	const u8 *rest;		/* of the path, below the dentry */
	u32 rest_len;
};

/* Appends the absolute path as `tag`, PATH or PATH2; flags what is missing of it. */
void vexj_put_path(struct vexj_build *b, u16 tag, const struct vexj_where *w);

/* The same of a dentry that came without its mount. */
void vexj_put_dentry(struct vexj_build *b, u16 tag, const struct vexj_state *st, const struct dentry *dentry);

/* ---- mount.c: struct mount is the kernel's private affair ---- */

/* Offsets from a struct vfsmount, in bytes. */
struct vexj_mount_at {
	int self;		/* of the struct mount that it is in */
	int parent;
	int point;
	int ns;
	int children, child;	/* the list of what is mounted on it, and its own node of one */
	int instance;		/* its node in the list of its filesystem's */
};

extern struct vexj_mount_at vexj_mount_at;

int vexj_mount_init(void);

static inline const void *vexj_mount_member(const struct vfsmount *mnt, int off)
{
	return READ_ONCE(*(const void **)((const u8 *)mnt + off));
}

static inline const struct vfsmount *vexj_mount_parent(const struct vfsmount *mnt)
{
	return vexj_mount_member(mnt, vexj_mount_at.parent) - vexj_mount_at.self;
}

static inline const struct dentry *vexj_mount_point(const struct vfsmount *mnt)
{
	return vexj_mount_member(mnt, vexj_mount_at.point);
}

bool vexj_mount_in(const struct vfsmount *mnt, const struct mnt_namespace *ns);

/* What is mounted on a dentry of a mount; NULL: nothing. */
const struct vfsmount *vexj_mount_on(const struct vfsmount *mnt, const struct dentry *dentry);

/* Some mount of a filesystem in the current task's namespace; NULL: none. */
const struct vfsmount *vexj_mount_of(const struct super_block *sb);

void vexj_wants_write(struct vexj_state *st, const struct vfsmount *mnt);
void vexj_wrote(struct vexj_state *st, const struct vfsmount *mnt);
const struct vfsmount *vexj_mount_for(const struct vexj_state *st, const struct dentry *dentry, bool *guess);

/* ---- walk.c: from a string down to a dentry ---- */

enum vexj_walk_status {
	VEXJ_WALK_FOUND,
	VEXJ_WALK_MISSING,	/* a component is not there, or not cached */
	VEXJ_WALK_BLOCKED,	/* a symbolic link or mount could not be followed */
	VEXJ_WALK_FAULT,	/* the string could not be read, or starts nowhere */
};

struct vexj_walk {
	const struct vfsmount *mnt;	/* the deepest that was found */
	const struct dentry *dentry;
	const struct vfsmount *root_mnt;
	const struct dentry *root;
	u8 *text;		/* VEXJ_WORK_SIZE bytes */
	u32 pos, end;		/* in text: what is still to be walked */
	u32 rest, rest_len;	/* in text: what was not found */
	u32 links;
	enum vexj_walk_status status;
};

int vexj_walk_init(void);

/* Walks a string, relative to dfd, with b->work. Held by RCU, not by reference. */
void vexj_walk_user(struct vexj_walk *w, struct vexj_build *b, int dfd, const char __user *s, bool follow);
void vexj_walk_name(struct vexj_walk *w, struct vexj_build *b, int dfd, const char *s, bool follow);
void vexj_walk_here(struct vexj_walk *w);
bool vexj_walk_selected(const struct vexj_walk *w);
const struct inode *vexj_walk_parent(const struct vexj_walk *w);

/* The object that a walk ended at, and its path, of a call with this result. */
void vexj_put_walked_file(struct vexj_build *b, const struct vexj_walk *w);
void vexj_put_walked(struct vexj_build *b, u16 tag, const struct vexj_walk *w);

/* ---- shared by bodies ---- */

static inline const struct inode *vexj_inode_of(const struct dentry *dentry)
{
	return READ_ONCE(dentry->d_inode);
}

static inline const struct inode *vexj_dir_of(const struct dentry *dentry)
{
	return READ_ONCE(READ_ONCE(dentry->d_parent)->d_inode);
}

/* hook_data.c: where a transfer began whose position is now behind it; -1: no place. */
s64 vexj_began(const struct inode *inode, s64 position, s64 result);
u64 vexj_sum_iov(const void __user *vector, unsigned long count);

/* hook_open.c: the records of a file that was opened and has its number. */
void vexj_opened(struct vexj_hit *h, const struct file *f, s32 fd);

bool vexj_in_uring(const struct vexj_state *st);

/* async.c: forgets the transfers that are under way. No hook runs. */
void vexj_async_forget(void);

/*
 * prototypes.c: NULL, or how a function that no header declares differs in this
 * kernel from what its hook takes it for.
 */
const char *vexj_prototype_differs(const char *function);
void vexj_prototypes_init(void);

/* symbol.c: where a variable of the kernel's is that is not exported; NULL: not known. */
const void *vexj_find_variable(const char *name);

#endif
