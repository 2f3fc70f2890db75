// SPDX-License-Identifier: GPL-2.0-only
/*
 * For whom a process acts, and whether its tree is followed. Both are known of
 * processes one by one: a table has each that is attributed or followed, a fork
 * copies the parent's entry, and the entry goes with the process.
 *
 * Readers are hooks, under RCU. Writers hold kin_lock: ioctls, and the tracepoints
 * of fork and of the freeing of a task. A process is known by its tgid and its
 * start, as the number can be taken again before the old one is freed.
 */
#include <linux/cgroup.h>
#include <linux/hashtable.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "core.h"

struct kin {
	struct hlist_node node;
	struct rcu_head rcu;
	pid_t tgid;
	pid_t followed;		/* tgid of the tree's first process; 0: not followed */
	u64 start;
	struct vexj_context __rcu *context;
};

static DEFINE_SPINLOCK(kin_lock);
static DEFINE_HASHTABLE(kins, 10);
static DEFINE_HASHTABLE(groups, 6);
static LIST_HEAD(contexts);
/* Hooks look at these first: mostly there is nothing to look up. */
static unsigned int kins_len, groups_len, contexts_len, followed_len;

static struct kin *find(pid_t tgid, u64 start)
{
	struct kin *k;

	hash_for_each_possible_rcu(kins, k, node, tgid, lockdep_is_held(&kin_lock))
		if (k->tgid == tgid && k->start == start)
			return k;
	return NULL;
}

static struct kin *find_task(struct task_struct *task)
{
	return find(task->tgid, task->group_leader->start_boottime);
}

static struct vexj_context *context_in(const struct kin *k)
{
	return rcu_dereference_protected(k->context, lockdep_is_held(&kin_lock));
}

/* The entry of a process, new if need be. NULL without memory. */
static struct kin *obtain(struct task_struct *task)
{
	struct kin *k = find_task(task);

	if (k)
		return k;
	k = kzalloc(sizeof(*k), GFP_ATOMIC | __GFP_NOWARN);
	if (!k)
		return NULL;
	k->tgid = task->tgid;
	k->start = task->group_leader->start_boottime;
	hash_add_rcu(kins, &k->node, k->tgid);
	WRITE_ONCE(kins_len, kins_len + 1);
	return k;
}

/* Contexts that lay over `old` lie over `new`. */
static void relay(const struct vexj_context *old, struct vexj_context *new)
{
	struct vexj_context *c;

	list_for_each_entry(c, &contexts, list)
		if (c->outer == old)
			c->outer = new;
}

static void drop_context(struct vexj_context *c)
{
	relay(c, c->outer);
	list_del(&c->list);
	if (c->kind == VEXJ_DEV_CONTEXT_CGROUP) {
		hash_del_rcu(&c->by_cgroup);
		WRITE_ONCE(groups_len, groups_len - 1);
	}
	WRITE_ONCE(contexts_len, contexts_len - 1);
	kfree_rcu(c, rcu);
}

static void attribute(struct kin *k, struct vexj_context *c)
{
	struct vexj_context *old = context_in(k);

	if (old == c)
		return;
	rcu_assign_pointer(k->context, c);
	if (c)
		c->processes++;
	/* A tree's context ends with the tree. */
	if (old && !--old->processes)
		drop_context(old);
}

static void follow(struct kin *k, pid_t root)
{
	if (!k->followed != !root)
		WRITE_ONCE(followed_len, root ? followed_len + 1 : followed_len - 1);
	WRITE_ONCE(k->followed, root);
}

/* Forgets an entry that says nothing any more. */
static void tidy(struct kin *k)
{
	if (k->followed || context_in(k))
		return;
	hash_del_rcu(&k->node);
	WRITE_ONCE(kins_len, kins_len - 1);
	kfree_rcu(k, rcu);
}

static const struct vexj_context *of_group(u64 id)
{
	const struct vexj_context *c;

	hash_for_each_possible_rcu(groups, c, by_cgroup, id)
		if (c->id == id)
			return c;
	return NULL;
}

/* Of the groups that a task is in. */
static const struct vexj_context *of_groups(struct task_struct *task)
{
	const struct vexj_context *c = NULL;
	struct cgroup *group;

	if (!READ_ONCE(groups_len))
		return NULL;
	for (group = task_dfl_cgroup(task); group && !c; group = cgroup_parent(group))
		c = of_group(cgroup_id(group));
	return c;
}

static const struct vexj_context *of_tree(pid_t tgid, u64 start)
{
	struct kin *k;

	if (!READ_ONCE(kins_len))
		return NULL;
	k = find(tgid, start);
	return k ? rcu_dereference_check(k->context, lockdep_is_held(&kin_lock)) : NULL;
}

/* Under rcu_read_lock(). */
const struct vexj_context *vexj_context_of(struct task_struct *task)
{
	const struct vexj_context *c = of_tree(task->tgid, task->group_leader->start_boottime);

	return c ? c : of_groups(task);
}

const struct vexj_context *vexj_context_as(pid_t tgid, u64 start, u64 group)
{
	const struct vexj_context *c = of_tree(tgid, start);

	return c || !group ? c : of_group(group);
}

u64 vexj_group_of(struct task_struct *task)
{
	const struct vexj_context *c;
	u64 id;

	rcu_read_lock();
	c = of_groups(task);
	id = c ? c->id : 0;
	rcu_read_unlock();
	return id;
}

bool vexj_followed(struct task_struct *task)
{
	struct kin *k;

	if (!READ_ONCE(followed_len))
		return false;
	k = find_task(task);
	return k && READ_ONCE(k->followed);
}

u32 vexj_followed_count(void)
{
	return READ_ONCE(followed_len);
}

u32 vexj_context_count(void)
{
	return READ_ONCE(contexts_len);
}

/* A process as the caller sees it, to be put back by put_task_struct(). */
static struct task_struct *process(u64 tgid)
{
	struct task_struct *task;

	if (!tgid || tgid > PID_MAX_LIMIT)
		return NULL;
	rcu_read_lock();
	task = pid_task(find_vpid(tgid), PIDTYPE_TGID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/* A tgid of the caller's as one of the initial namespace's, of the dead too; 0: not known. */
static pid_t global_tgid(u64 tgid)
{
	struct task_struct *task = process(tgid);
	pid_t found;

	if (!task)
		return task_active_pid_ns(current) == &init_pid_ns && tgid <= PID_MAX_LIMIT ? tgid : 0;
	found = task->tgid;
	put_task_struct(task);
	return found;
}

/* What a process is given, because its parent has it. */
struct gift {
	pid_t followed;			/* 0: it is a context */
	struct vexj_context *context;
	struct vexj_context *displaced;	/* what is found in its place; others stay */
};

static int give(const struct gift *g, const struct kin *parent, struct task_struct *child)
{
	struct kin *k = find_task(child);

	if (g->followed ? parent->followed != g->followed || (k && k->followed)
			: context_in(parent) != g->context || (k ? context_in(k) : NULL) != g->displaced)
		return 0;
	k = obtain(child);
	if (!k)
		return -ENOMEM;
	if (g->followed)
		follow(k, g->followed);
	else
		attribute(k, g->context);
	return 1;
}

/*
 * Brings to the descendants what the first process has just been given. Who is
 * forked meanwhile waits for the lock, then has it from the parent, or is in the
 * list of processes already; so it is done when a pass finds nobody.
 */
static int spread(const struct gift *g)
{
	struct task_struct *p, *parent;
	const struct kin *k;
	int given, err = 0;
	bool more;

	rcu_read_lock();
	do {
		more = false;
		for_each_process(p) {
			parent = rcu_dereference(p->real_parent);
			k = find_task(parent);
			given = k ? give(g, k, p) : 0;
			if (given < 0) {
				err = given;
				goto out;
			}
			more |= given;
		}
	} while (more);
out:
	rcu_read_unlock();
	return err;
}

static void unfollow(pid_t root)
{
	struct hlist_node *next;
	struct kin *k;
	int i;

	hash_for_each_safe(kins, i, next, k, node) {
		if (root ? k->followed == root : k->followed) {
			follow(k, 0);
			tidy(k);
		}
	}
}

int vexj_follow(pid_t tgid)
{
	struct task_struct *task = process(tgid);
	struct gift g = {};
	struct kin *k;
	int err;

	if (!task)
		return -ESRCH;
	g.followed = task->tgid;
	spin_lock_bh(&kin_lock);
	k = obtain(task);
	err = k ? 0 : -ENOMEM;
	if (k) {
		follow(k, g.followed);
		err = spread(&g);
		if (err)
			unfollow(g.followed);
	}
	spin_unlock_bh(&kin_lock);
	put_task_struct(task);
	return err;
}

int vexj_unfollow(pid_t tgid)
{
	pid_t root = global_tgid(tgid);

	if (!root)
		return -ESRCH;
	spin_lock_bh(&kin_lock);
	unfollow(root);
	spin_unlock_bh(&kin_lock);
	return 0;
}

void vexj_unfollow_all(void)
{
	spin_lock_bh(&kin_lock);
	unfollow(0);
	spin_unlock_bh(&kin_lock);
}

/* Gives all that have one context another, or none. */
static void reattribute(struct vexj_context *old, struct vexj_context *new)
{
	struct hlist_node *next;
	struct kin *k;
	int i;

	hash_for_each_safe(kins, i, next, k, node) {
		if (context_in(k) == old) {
			attribute(k, new);
			tidy(k);
		}
	}
}

static void put_attr(struct vexj_context *c, u16 tag, const void *value, u32 len)
{
	struct vexj_attr *head = (void *)(c->attrs + c->attrs_len);

	head->tag = tag;
	head->len = len;
	memcpy(head + 1, value, len);
	c->attrs_len += sizeof(*head) + round_up(len, VEXJ_RECORD_ALIGN);
}

static struct vexj_context *make_context(const struct vexj_dev_context *d)
{
	struct vexj_context *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->kind = d->kind;
	c->id = d->id;
	c->session = d->session;
	c->parent = d->parent;
	c->root = d->root ? d->root : d->parent;
	c->visibility = d->visibility ? d->visibility : ~0ull;
	c->agent_id_len = d->agent_id_len;
	memcpy(c->agent_id, d->agent_id, d->agent_id_len);
	if (c->agent_id_len)
		put_attr(c, VEXJ_ATTR_AGENT_ID, c->agent_id, c->agent_id_len);
	if (c->session)
		put_attr(c, VEXJ_ATTR_SESSION, &c->session, sizeof(c->session));
	return c;
}

static struct vexj_context *lookup(u32 kind, u64 id)
{
	struct vexj_context *c, *found = NULL;

	/* The last one of a number: those before are of processes that are gone. */
	list_for_each_entry(c, &contexts, list)
		if (c->kind == kind && c->id == id)
			found = c;
	return found;
}

static int set_on_tree(struct vexj_context *c, struct task_struct *task)
{
	struct gift g = { .context = c };
	struct vexj_context *old;
	struct kin *k = obtain(task);
	int err;

	if (!k)
		return -ENOMEM;
	old = context_in(k);
	if (old && old->kind == c->kind && old->id == c->id && old->start == c->start) {
		c->outer = old->outer;
		relay(old, c);
		reattribute(old, c);
		return 0;
	}
	c->outer = old;
	g.displaced = old;
	attribute(k, c);
	err = spread(&g);
	if (err)
		reattribute(c, c->outer);
	return err;
}

static int set_on_group(struct vexj_context *c)
{
	struct vexj_context *old = lookup(c->kind, c->id);

	hash_add_rcu(groups, &c->by_cgroup, c->id);
	WRITE_ONCE(groups_len, groups_len + 1);
	list_add_tail(&c->list, &contexts);
	WRITE_ONCE(contexts_len, contexts_len + 1);
	/* The new one is found first. */
	if (old)
		drop_context(old);
	return 0;
}

static bool sane(const struct vexj_dev_context *d)
{
	return !d->index && !d->processes && d->agent_id_len <= sizeof(d->agent_id) &&
	       !memchr(d->agent_id, 0, d->agent_id_len) &&
	       !memchr_inv(d->agent_id + d->agent_id_len, 0, sizeof(d->agent_id) - d->agent_id_len);
}

int vexj_context_set(const struct vexj_dev_context *d)
{
	struct task_struct *task = NULL;
	struct vexj_context *c;
	int err;

	if (!sane(d) || !d->id || (d->root && !d->parent) ||
	    (d->kind != VEXJ_DEV_CONTEXT_TREE && d->kind != VEXJ_DEV_CONTEXT_CGROUP))
		return -EINVAL;
	if (d->kind == VEXJ_DEV_CONTEXT_TREE) {
		task = process(d->id);
		if (!task)
			return -ESRCH;
	}
	c = make_context(d);
	if (!c) {
		err = -ENOMEM;
		goto out;
	}
	spin_lock_bh(&kin_lock);
	if (contexts_len >= VEXJ_DEV_CONTEXTS) {
		err = -ENOSPC;
		kfree(c);
	} else if (task) {
		c->id = task->tgid;
		c->start = task->group_leader->start_boottime;
		list_add_tail(&c->list, &contexts);
		WRITE_ONCE(contexts_len, contexts_len + 1);
		err = set_on_tree(c, task);
		/* Nobody has it, so nobody's end would end it. */
		if (err && !c->processes)
			drop_context(c);
	} else {
		err = set_on_group(c);
	}
	spin_unlock_bh(&kin_lock);
out:
	if (task)
		put_task_struct(task);
	return err;
}

int vexj_context_clear(const struct vexj_dev_context *d)
{
	struct vexj_context *c;
	u64 id = d->id;

	if (!sane(d) || d->session || d->parent || d->root || d->visibility || d->agent_id_len)
		return -EINVAL;
	if (d->kind == VEXJ_DEV_CONTEXT_TREE)
		id = global_tgid(id);
	else if (d->kind != VEXJ_DEV_CONTEXT_CGROUP)
		return -EINVAL;
	spin_lock_bh(&kin_lock);
	c = lookup(d->kind, id);
	if (c && c->kind == VEXJ_DEV_CONTEXT_TREE)
		reattribute(c, c->outer);
	else if (c)
		drop_context(c);
	spin_unlock_bh(&kin_lock);
	return c ? 0 : -ENOENT;
}

static u64 tgid_for_caller(pid_t tgid)
{
	u64 seen;

	rcu_read_lock();
	seen = task_active_pid_ns(current) == &init_pid_ns ? tgid : pid_vnr(find_pid_ns(tgid, &init_pid_ns));
	rcu_read_unlock();
	return seen;
}

/* Under kin_lock. */
static void tell(struct vexj_dev_context *d, const struct vexj_context *c)
{
	d->kind = c->kind;
	d->id = c->id;
	d->session = c->session;
	d->parent = c->parent;
	d->root = c->root;
	d->visibility = c->visibility;
	d->agent_id_len = c->agent_id_len;
	d->processes = c->processes;
	memcpy(d->agent_id, c->agent_id, sizeof(d->agent_id));
}

static void tell_ids(struct vexj_dev_context *d)
{
	if (d->kind == VEXJ_DEV_CONTEXT_TREE)
		d->id = tgid_for_caller(d->id);
}

int vexj_context_of_process(struct vexj_dev_context *d)
{
	const struct vexj_context *c;
	struct task_struct *task;

	if (!sane(d) || d->kind != VEXJ_DEV_CONTEXT_TREE || d->session || d->parent || d->root ||
	    d->visibility || d->agent_id_len)
		return -EINVAL;
	task = process(d->id);
	if (!task)
		return -ESRCH;
	memset(d, 0, sizeof(*d));
	rcu_read_lock();
	spin_lock_bh(&kin_lock);
	c = vexj_context_of(task);
	if (c)
		tell(d, c);
	spin_unlock_bh(&kin_lock);
	rcu_read_unlock();
	put_task_struct(task);
	if (!c)
		return -ENOENT;
	tell_ids(d);
	return 0;
}

int vexj_context_get(struct vexj_dev_context *d)
{
	struct vexj_context *c;
	u32 i = 0, index = d->index;
	int err = -ENOENT;

	memset(d, 0, sizeof(*d));
	d->index = index;
	spin_lock_bh(&kin_lock);
	list_for_each_entry(c, &contexts, list) {
		if (i++ != index)
			continue;
		tell(d, c);
		err = 0;
		break;
	}
	spin_unlock_bh(&kin_lock);
	if (!err)
		tell_ids(d);
	return err;
}

static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct kin *of_parent, *k;

	if (!READ_ONCE(kins_len) || child->tgid == parent->tgid)
		return;
	rcu_read_lock();
	spin_lock_bh(&kin_lock);
	of_parent = find_task(parent);
	if (of_parent) {
		k = obtain(child);
		if (k) {
			follow(k, of_parent->followed);
			attribute(k, context_in(of_parent));
		} else {
			/* What it does will be missing, or miss its attribution. */
			vexj_lose(VEXJ_LOST_STATE, 1);
		}
	}
	spin_unlock_bh(&kin_lock);
	rcu_read_unlock();
}

/*
 * Of a process's tasks the one whose number is the process's goes last: even where
 * another thread has taken it over by exec.
 */
static void on_free(void *data, struct task_struct *task)
{
	struct kin *k;

	if (task->pid != task->tgid || !READ_ONCE(kins_len))
		return;
	rcu_read_lock();
	spin_lock_bh(&kin_lock);
	k = find(task->tgid, task->start_boottime);
	if (k) {
		follow(k, 0);
		attribute(k, NULL);
		tidy(k);
	}
	spin_unlock_bh(&kin_lock);
	rcu_read_unlock();
}

static struct tracepoint *fork_point, *free_point;

int vexj_context_init(void)
{
	int err;

	fork_point = vexj_tracepoint("sched_process_fork");
	free_point = vexj_tracepoint("sched_process_free");
	if (!fork_point || !free_point) {
		pr_err("vexj: this kernel has no tracepoints of the forking and freeing of processes (CONFIG_TRACEPOINTS)\n");
		return -EOPNOTSUPP;
	}
	/* Before a hook tells of the fork. */
	err = tracepoint_probe_register_prio(fork_point, on_fork, NULL, TRACEPOINT_DEFAULT_PRIO + 10);
	if (err)
		return err;
	err = tracepoint_probe_register(free_point, on_free, NULL);
	if (err)
		tracepoint_probe_unregister(fork_point, on_fork, NULL);
	return err;
}

/* Nobody forks or sets contexts any more: the device is gone. */
void vexj_context_exit(void)
{
	struct vexj_context *c, *next_context;
	struct hlist_node *next;
	struct kin *k;
	int i;

	tracepoint_probe_unregister(fork_point, on_fork, NULL);
	tracepoint_probe_unregister(free_point, on_free, NULL);
	tracepoint_synchronize_unregister();
	spin_lock_bh(&kin_lock);
	hash_for_each_safe(kins, i, next, k, node) {
		follow(k, 0);
		attribute(k, NULL);
		tidy(k);
	}
	list_for_each_entry_safe(c, next_context, &contexts, list)
		drop_context(c);
	spin_unlock_bh(&kin_lock);
}
