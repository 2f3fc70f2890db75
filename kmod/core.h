/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the module know of each other.
 *
 *	hook_*.c -> filter.c -> record.c -> ring.c -> dev.c
 *	              context.c ----^
 *
 * A hook's way to a record:
 *
 *	if (!vexj_armed() || !vexj_task_selected(current))
 *		return;				not recorded, not counted
 *	if (!vexj_wanted(type) || !vexj_sb_selected(sb))
 *		return;
 *	if (result < 0 && !vexj_failed_wanted())
 *		return vexj_count_filtered();
 *	b = vexj_begin(type, via);		NULL: counted already
 *	if (!b)
 *		return;
 *	b->result = result;
 *	vexj_put_file(b, VEXJ_ATTR_FILE, inode);
 *	vexj_put(b, VEXJ_ATTR_PATH, path, len);
 *	id = vexj_commit(b);
 *
 * Between vexj_begin() and vexj_commit() or vexj_abort() the CPU is kept, and
 * nothing may sleep.
 *
 * Locks, outermost first: run_lock (dev.c; begin and end of a run, calls
 * vexj_hooks_arm), filter_lock, kin_lock (context.c, without softirqs: it is
 * taken by the tracepoints of fork and of the freeing of tasks). No hook takes any.
 */
#ifndef VEXJ_CORE_H
#define VEXJ_CORE_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include "../uapi/vexj.h"

#define VEXJ_REC_SIZE	16384	/* bytes: of the longest record that a hook makes */
#define VEXJ_WORK_SIZE	8192	/* bytes */

/* ---- hooks.c: what the hooks do for the core ---- */

/* Finds what there is to hook, and tells vexj_hook_report() of each. May sleep. */
int vexj_hooks_init(void);
void vexj_hooks_exit(void);

/*
 * Called at the begin and the end of a run. After vexj_hooks_disarm() has
 * returned no hook runs, nor begins a record. May sleep.
 */
int vexj_hooks_arm(void);
void vexj_hooks_disarm(void);

/*
 * Turns what hooks have missed since the last call (a kretprobe's nmissed) into
 * losses, by vexj_lose(). Called before counters are read, and after disarming.
 * Any number of callers; may sleep.
 */
void vexj_hooks_settle(void);

/* ---- hook.c: what is known of hooks ---- */

struct vexj_hook {
	struct list_head list;
	const char *name;	/* of the function or tracepoint */
	const char *operation;	/* that is not seen without it */
	bool placed;
	char why[VEXJ_DEV_WHY];	/* it is not */
	atomic64_t missed;	/* times that it could not run */
};

/*
 * Registers a hook, which then belongs to the list until the module goes. `why`
 * is NULL if it is placed. Strings `name` and `operation` must stay. Returns NULL
 * without memory. May sleep.
 */
struct vexj_hook *vexj_hook_report(const char *name, const char *operation, const char *why, ...) __printf(3, 4);
int vexj_hook_get(struct vexj_dev_hook *h);
void vexj_hook_count(u32 *placed, u32 *missing);
void vexj_hooks_forget(void);

/* A tracepoint by name, NULL if the kernel has none. May sleep. */
struct tracepoint *vexj_tracepoint(const char *name);

/* ---- dev.c: the run ---- */

DECLARE_STATIC_KEY_FALSE(vexj_armed_key);

/* Whether there is a consumer, that is, whether anything is recorded. */
static inline bool vexj_armed(void)
{
	return static_branch_unlikely(&vexj_armed_key);
}

struct vexj_counts {
	u64 attempted;		/* the CPU's sequence */
	u64 filtered;
	u64 blind;
	u64 emitted;
	u64 lost[VEXJ_LOST_CAUSES];
};

struct vexj_ringfd;
struct vexj_scratch;

/* From one VEXJ_IOC_CONSUME to the next. What it points to lives as long. */
struct vexj_run {
	atomic64_t global_sequence ____cacheline_aligned;
	struct vexj_counts __percpu *counts ____cacheline_aligned;
	struct vexj_ringfd **rings;	/* by CPU */
	struct vexj_scratch __percpu *scratch;
	u64 id_base;
	u64 visibility;
	pid_t self;		/* tgid of the consumer, which is never recorded */
	bool stopped;		/* under run_lock */
	struct pid *consumer;
	char comm[TASK_COMM_LEN];
	u64 ring_bytes;
	u32 watermark;
	u32 deadline_ms;
};

/*
 * The run that records go into; NULL unless armed. For callers that cannot be
 * preempted: who ends a run waits for them by synchronize_rcu().
 */
extern struct vexj_run __rcu *vexj_run;

int vexj_dev_init(void);
void vexj_dev_exit(void);

/* Of the last run, for c->cpu; the rest of c is 0. May sleep. */
void vexj_dev_count(struct vexj_dev_counters *c);

/* ---- filter.c ---- */

struct vexj_prefix {
	const u8 *bytes;	/* in the filter's text */
	u32 len;		/* without a trailing slash */
};

/* Never changed once it is published. */
struct vexj_filter {
	u32 flags;		/* VEXJ_DEV_FILTER_* */
	bool everybody;		/* no condition is on who acts */
	u32 uids_len, devs_len, prefixes_len;
	u64 cgroup;
	u64 wanted[VEXJ_DEV_WANTED];
	u64 asked[VEXJ_DEV_WANTED];	/* as it was set: what FILTER_GET answers */
	u32 uids[VEXJ_DEV_IDS];
	dev_t devs[VEXJ_DEV_IDS];
	struct vexj_prefix prefixes[VEXJ_DEV_PREFIXES];
	u32 text_len;
	u8 text[];		/* the prefixes as they were set */
};

/*
 * The hooks' questions, under rcu_read_lock() or with preemption off; each is asked
 * so often that none takes the lock itself, but the one about processes. None counts
 * anything.
 * vexj_task_selected() leaves out the consumer, and applies the conditions
 * tree, cgroup and user. vexj_process_selected() is for what has no path: not
 * wanted where there are prefixes or filesystems.
 */
extern struct vexj_filter __rcu *vexj_filter;

static inline const struct vexj_filter *vexj_current_filter(void)
{
	return rcu_dereference_check(vexj_filter, rcu_read_lock_sched_held());
}

static inline bool vexj_wanted(u32 type)
{
	return vexj_current_filter()->wanted[VEXJ_DEV_WORD(type)] & VEXJ_DEV_BIT(type);
}

static inline bool vexj_failed_wanted(void)
{
	return vexj_current_filter()->flags & VEXJ_DEV_FILTER_FAILED;
}

bool vexj_task_selected(struct task_struct *task);
bool vexj_process_selected(struct task_struct *task);
void vexj_count_filtered(void);
void vexj_count_blind(void);

bool vexj_dev_among(const struct vexj_filter *f, dev_t dev);
bool vexj_path_among(const struct vexj_filter *f, const u8 *path, u32 len, const u8 *path2, u32 len2);

static inline bool vexj_sb_selected(const struct super_block *sb)
{
	const struct vexj_filter *f = vexj_current_filter();

	return !f->devs_len || vexj_dev_among(f, sb->s_dev);
}

/* Whether a record with these paths passes; len 0: there is none. */
static inline bool vexj_path_selected(const u8 *path, u32 len, const u8 *path2, u32 len2)
{
	const struct vexj_filter *f = vexj_current_filter();

	return !f->prefixes_len || vexj_path_among(f, path, len, path2, len2);
}

int vexj_filter_set(const struct vexj_dev_filter *f, const char *prefixes);
int vexj_filter_get(struct vexj_dev_filter *f, char **prefixes);
int vexj_filter_init(void);
void vexj_filter_exit(void);

/* ---- context.c: attribution, and the followed trees ---- */

/* What hooks read of it is never changed once it is published; freed by RCU. */
struct vexj_context {
	struct rcu_head rcu;
	struct list_head list;		/* of all; under kin_lock */
	struct hlist_node by_cgroup;	/* kind CGROUP */
	u32 kind;
	u64 id;			/* cgroup id, or tgid in the initial namespace */
	u64 start;		/* of the tree's first process: ns, CLOCK_BOOTTIME */
	struct vexj_context *outer;	/* whose place it took in a tree; under kin_lock */
	u32 processes;		/* that have it; under kin_lock */
	u64 session;
	u64 parent, root;
	u64 visibility;		/* ~0: all */
	u32 agent_id_len;
	u32 attrs_len;
	u8 agent_id[VEXJ_DEV_AGENT_ID];
	u8 attrs[4 + VEXJ_DEV_AGENT_ID + 4 + 8];	/* AGENT_ID and SESSION, as in a record */
};

/* Under rcu_read_lock(): the context of a task's records, NULL if it has none. */
const struct vexj_context *vexj_context_of(struct task_struct *task);

/*
 * The same of a process that is not the current one, by what was kept of it: its
 * tgid, its start, and what vexj_group_of() said of it.
 */
const struct vexj_context *vexj_context_as(pid_t tgid, u64 start, u64 group);

/* The nearest control group of a task that has a context, by its id; 0: none. */
u64 vexj_group_of(struct task_struct *task);
bool vexj_followed(struct task_struct *task);	/* under rcu_read_lock() */
u32 vexj_followed_count(void);

int vexj_follow(pid_t tgid);
int vexj_unfollow(pid_t tgid);
void vexj_unfollow_all(void);
int vexj_context_set(const struct vexj_dev_context *c);
int vexj_context_clear(const struct vexj_dev_context *c);
int vexj_context_get(struct vexj_dev_context *c);
int vexj_context_of_process(struct vexj_dev_context *c);
u32 vexj_context_count(void);
int vexj_context_init(void);
void vexj_context_exit(void);

/* ---- record.c, task.c ---- */

/*
 * A record in the making. Who makes it sets what is said of it; the fields
 * below the line are record.c's.
 */
struct vexj_build {
	u32 type;
	u32 subtype;		/* VEXJ_SUBTYPE() */
	u32 flags;		/* VEXJ_F_*; FAILED is set by a negative result */
	s64 offset;		/* -1 */
	u64 length;
	s64 result;
	u64 duration;		/* ns */
	u64 now;		/* ns, CLOCK_BOOTTIME: of vexj_begin() */
	u64 parent;		/* event_id of the record that this one is an effect of */
	const struct vexj_attr_task *as;	/* who acted, if not current */
	u32 as_pid;		/* its tgid; set with `as` */
	u64 as_group;		/* see vexj_context_as() */
	u8 *work;		/* VEXJ_WORK_SIZE bytes, for whatever a hook likes */
	/* ---- */
	struct vexj_run *run;
	u8 *rec;		/* VEXJ_REC_SIZE bytes */
	u32 last, end;		/* offsets in rec: of the last attribute, of the next */
	u32 path_off, path_len, path2_off, path2_len;
	bool overflow;		/* an attribute did not fit */
};

/*
 * Begins a record in a scratch area of this CPU, of which there is one for each
 * level of interruption. Returns NULL where nothing records, or no area is left,
 * which is counted as a loss. Whatever is not NULL must be given to one of the
 * next two. Any context.
 */
struct vexj_build *vexj_begin(u32 type, u32 via);
void vexj_abort(struct vexj_build *b);

/*
 * Filters the record by its paths, numbers it, and puts it into the ring of this
 * CPU. Returns its event_id; 0: it was filtered out. Under rcu_read_lock().
 */
u64 vexj_commit(struct vexj_build *b);

/*
 * Appends an attribute of len bytes and returns where they go. NULL: it does not
 * fit, and the record will be counted as lost for being too big. PATH and PATH2
 * are noted for the filter, so their bytes must be there at vexj_commit().
 */
void *vexj_attr(struct vexj_build *b, u16 tag, u32 len);
void vexj_put(struct vexj_build *b, u16 tag, const void *value, u32 len);
void vexj_put_file(struct vexj_build *b, u16 tag, const struct inode *inode);

/* The last attribute has fewer bytes than vexj_attr() was asked for. */
void vexj_attr_shrink(struct vexj_build *b, u32 len);

/* What vexj_put_file() and the record's front are made of. */
void vexj_fill_file(struct vexj_attr_file *f, const struct inode *inode);
void vexj_fill_task(struct vexj_attr_task *t, struct task_struct *task);	/* under rcu_read_lock() */

/*
 * The attributes that were appended so far, to be kept from an operation's entry
 * to its exit. vexj_hold() allocates without waiting, and returns NULL without
 * memory: vexj_lose(VEXJ_LOST_STATE, 1), if at its exit the operation turns out
 * to be wanted. The build is then to be aborted as usual. vexj_held_put()
 * appends them to a record and leaves `held` as it was; free it with kfree().
 */
struct vexj_held {
	u32 flags;
	u32 path_off, path_len, path2_off, path2_len;
	u32 len;
	u8 bytes[];
};

struct vexj_held *vexj_hold(const struct vexj_build *b);
void vexj_held_put(struct vexj_build *b, const struct vexj_held *held);

/*
 * Numbers n records that were wanted and could not be made, so that they show as
 * gaps. No-op unless armed. Any context.
 */
void vexj_lose(enum vexj_lost_cause cause, u32 n);

int vexj_task_init(void);

/* ---- emit.c ---- */

/*
 * Takes the records at the start of `text` that userspace or, trusted, other
 * kernel code has made. Returns the bytes that were taken, or a negative error
 * if none were.
 */
ssize_t vexj_emit_text(const u8 *text, size_t len, bool trusted);

/* ---- sysfs.c ---- */

extern const struct attribute_group *vexj_sysfs_groups[];

#endif
