// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placing hooks: functions by kretprobes, on ftrace where the kernel has it, and
 * tracepoints. All are placed disabled when the module is loaded, so that what
 * cannot be placed is known at once and what is costs nothing; a run enables them.
 */
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include "calls.h"
#include "hooks.h"

#include "compat/kretprobe.h"

#define INSTANCES 512	/* of one function at a time: each takes some 300 bytes */
#define PROBES 96	/* of all kinds */

static struct vexj_probe *const groups[] = {
	vexj_mount_probes, vexj_name_probes, vexj_data_probes, vexj_copy_probes, vexj_open_probes,
	vexj_attribute_probes, vexj_memory_probes, vexj_path_probes, vexj_aio_probes, vexj_uring_probes,
};

static struct vexj_trace *const traces[] = { vexj_call_traces, vexj_process_traces, vexj_uring_traces };

/* Counts the runs; odd while there is one. Entries of another run are stale. */
static u64 run;

#define for_each_probe(p, i) \
	for (i = 0; i < ARRAY_SIZE(groups); i++) \
		for (p = groups[i]; p->function; p++)

#define for_each_trace(t, i) \
	for (i = 0; i < ARRAY_SIZE(traces); i++) \
		for (t = traces[i]; t->name; t++)

#define ON_STACK 0xff

/* Finds out where load_args() will find each parameter. */
static void find_args(struct vexj_probe *p)
{
	static const u8 in[] = {
		offsetof(struct pt_regs, di), offsetof(struct pt_regs, si), offsetof(struct pt_regs, dx),
		offsetof(struct pt_regs, cx), offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9),
	};
	int i;

	for (i = 0; i < VEXJ_ARGS && p->at[i] != VEXJ_ABSENT; i++)
		p->in[i] = p->at[i] < ARRAY_SIZE(in) ? in[p->at[i]] : ON_STACK;
	p->args = i;
}

/* What regs_get_kernel_argument() does, in a third of the time. */
static __always_inline void load_args(unsigned long *to, const struct vexj_probe *p, struct pt_regs *regs)
{
	unsigned int i, in;

	for (i = 0; i < p->args; i++) {
		in = p->in[i];
		to[i] = likely(in != ON_STACK) ? *(const unsigned long *)((const u8 *)regs + in) :
						 regs_get_kernel_argument(regs, p->at[i]);
	}
}

static int entered(struct vexj_probe *p, struct vexj_entry *in, struct pt_regs *regs)
{
	struct vexj_state *st;
	struct vexj_hit h;

	if (!(READ_ONCE(run) & 1))
		return 1;
	st = vexj_state_here(true);
	if (!st)
		return 1;
	h = (struct vexj_hit){ .st = st, .in = in, .arg = in->arg };
	load_args(in->arg, p, regs);
	in->inode[0] = in->inode[1] = NULL;
	in->held = NULL;
	in->has_before = false;
	if (!p->enter(&h))
		return 1;
	in->st = st;
	in->run = run;
	/* What a call does begins with it; and the clock takes its time. */
	in->time = st->call && !st->top ? st->entered : ktime_get_boot_fast_ns();
	in->outer = NULL;
	if (!p->aside) {
		in->outer = st->top;
		st->top = in;
	}
	return 0;
}

/*
 * A kretprobe's entry. Not 0: its exit is of no interest. Probes are not preempted,
 * which is RCU too, but the kernel's own helpers want to be told.
 */
static int on_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	int err;

	rcu_read_lock();
	err = entered(container_of(get_kretprobe(ri), struct vexj_probe, rp), (struct vexj_entry *)ri->data, regs);
	rcu_read_unlock();
	return err;
}

static void set_result(struct vexj_hit *h, u8 returns, unsigned long v)
{
	switch (returns) {
	case VEXJ_RETURNS_INT:
		h->result = (int)v;
		break;
	case VEXJ_RETURNS_POINTER:
		if (IS_ERR((void *)v))
			h->result = v;
		else
			h->object = (void *)v;
		break;
	default:
		h->result = v;
	}
}

static int on_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vexj_probe *p = container_of(get_kretprobe(ri), struct vexj_probe, rp);
	struct vexj_entry *in = (struct vexj_entry *)ri->data;
	struct vexj_hit h = { .in = in, .st = in->st, .arg = in->arg };

	/* The state that it points to went with its run. */
	if (in->run == READ_ONCE(run)) {
		if (!p->aside)
			h.st->top = in->outer;
		set_result(&h, p->returns, regs_return_value(regs));
		rcu_read_lock();
		p->leave(&h);
		rcu_read_unlock();
	}
	if (in->held) {
		kfree(in->held);
		in->held = NULL;
	}
	return 0;
}

static void noted(struct vexj_probe *p, struct pt_regs *regs)
{
	unsigned long arg[VEXJ_ARGS];
	struct vexj_hit h = { .arg = arg };

	if (!(READ_ONCE(run) & 1))
		return;
	if (!p->any_task) {
		h.st = vexj_state_here(true);
		if (!h.st)
			return;
	}
	load_args(arg, p, regs);
	p->enter(&h);
}

/* A kprobe: the entry of a function whose exit is never of interest. */
static int on_note(struct kprobe *kp, struct pt_regs *regs)
{
	rcu_read_lock();
	noted(container_of(kp, struct vexj_probe, rp.kp), regs);
	rcu_read_unlock();
	return 0;
}
NOKPROBE_SYMBOL(noted);
NOKPROBE_SYMBOL(on_note);
NOKPROBE_SYMBOL(entered);
NOKPROBE_SYMBOL(on_entry);
NOKPROBE_SYMBOL(on_return);

static int place_on(struct vexj_probe *p, const char *function)
{
	struct kretprobe *rp = &p->rp;

	find_args(p);
	memset(rp, 0, sizeof(*rp));
	rp->kp.symbol_name = function;
	rp->kp.flags = KPROBE_FLAG_DISABLED;
	if (!p->leave) {
		rp->kp.pre_handler = on_note;
		return register_kprobe(&rp->kp);
	}
	rp->entry_handler = on_entry;
	rp->handler = on_return;
	rp->data_size = sizeof(struct vexj_entry);
	rp->maxactive = p->instances ?: INSTANCES;
	return register_kretprobe(rp);
}

/* What is placed, to be taken away at once: each by itself would wait for all CPUs. */
static struct kretprobe *returns[PROBES];
static struct kprobe *entries[PROBES];
static int nreturns, nentries;

static void remember(struct vexj_probe *p)
{
	if (p->leave)
		returns[nreturns++] = &p->rp;
	else
		entries[nentries++] = &p->rp.kp;
}

static void take_away(struct vexj_probe *p)
{
	if (p->leave)
		unregister_kretprobe(&p->rp);
	else
		unregister_kprobe(&p->rp.kp);
}

static int place(struct vexj_probe *p)
{
	int err;

	if (nreturns + nentries == PROBES)
		return -ENOSPC;
	err = place_on(p, p->function);
	if (err != -ENOENT || !p->other)
		return err;
	p->function = p->other;
	return place_on(p, p->function);
}

static void place_probe(struct vexj_probe *p)
{
	const char *why = p->unfit;
	int err = 0;

	if (!why)
		err = place(p);
	if (!why && !err) {
		why = vexj_prototype_differs(p->function);
		if (why)
			take_away(p);
	}
	if (!why && !err) {
		remember(p);
		p->report = vexj_hook_report(p->function, p->operation, NULL);
		return;
	}
	if (p->optional && (why || err == -ENOENT))
		return;
	if (why)
		vexj_hook_report(p->function, p->operation, "%s", why);
	else if (err == -ENOENT)
		vexj_hook_report(p->function, p->operation, "this kernel has no such function, or has it inlined everywhere");
	else
		vexj_hook_report(p->function, p->operation, "the kernel takes no probe on it (error %d)", err);
}

static void place_trace(struct vexj_trace *t)
{
	t->tp = vexj_tracepoint(t->name);
	if (t->tp && t->probe) {
		t->report = vexj_hook_report(t->name, t->operation, NULL);
		return;
	}
	t->report = vexj_hook_report(t->name, t->operation, "%s",
				     t->tp ? "its arguments are not those that are known" : "this kernel has no such tracepoint");
	t->tp = NULL;
}

static bool placed(const struct vexj_probe *p)
{
	return p->report && p->report->placed;
}

int vexj_hooks_init(void)
{
	struct vexj_probe *p;
	struct vexj_trace *t;
	int i, err;

	err = vexj_mount_init();
	if (err)
		return err;
	err = vexj_states_init();
	if (err)
		return err;
	vexj_prototypes_init();
	if (vexj_walk_init())
		vexj_hook_report("dentry_hashtable", "where the names of failed calls lead", "it was not found in this kernel");
	for_each_trace(t, i)
		place_trace(t);
	for_each_probe(p, i)
		place_probe(p);
	return 0;
}

void vexj_hooks_exit(void)
{
	unregister_kretprobes(returns, nreturns);
	unregister_kprobes(entries, nentries);
	nreturns = nentries = 0;
	vexj_states_exit();
}

static unsigned long misses(const struct vexj_probe *p)
{
	return p->rp.kp.nmissed + (p->leave ? p->rp.nmissed : 0);
}

/* What was missed before a run is nobody's loss. */
static void forget_misses(void)
{
	struct vexj_probe *p;
	int i;

	for_each_probe(p, i)
		p->settled = misses(p);
}

void vexj_hooks_settle(void)
{
	static DEFINE_MUTEX(lock);
	struct vexj_probe *p;
	unsigned long n;
	int i;

	mutex_lock(&lock);
	for_each_probe(p, i) {
		n = misses(p) - p->settled;
		if (!placed(p) || !n)
			continue;
		p->settled += n;
		atomic64_add(n, &p->report->missed);
		vexj_lose(VEXJ_LOST_STATE, n);
	}
	mutex_unlock(&lock);
}

static int enable(struct vexj_probe *p)
{
	return p->leave ? enable_kretprobe(&p->rp) : enable_kprobe(&p->rp.kp);
}

static void disable(struct vexj_probe *p)
{
	if (p->leave)
		disable_kretprobe(&p->rp);
	else
		disable_kprobe(&p->rp.kp);
}

int vexj_hooks_arm(void)
{
	struct vexj_probe *p;
	struct vexj_trace *t;
	int i, err;

	forget_misses();
	WRITE_ONCE(run, run + 1);
	for_each_probe(p, i) {
		if (!placed(p))
			continue;
		err = enable(p);
		if (err)
			goto undo;
	}
	for_each_trace(t, i) {
		if (!t->tp)
			continue;
		err = tracepoint_probe_register(t->tp, t->probe, NULL);
		if (err)
			goto undo;
		t->registered = true;
	}
	return 0;
undo:
	vexj_hooks_disarm();
	return err;
}

/*
 * Entries that are left behind point to states that are about to go: the number
 * of the run, which they bear, is raised before anybody could come upon them.
 */
void vexj_hooks_disarm(void)
{
	struct vexj_probe *p;
	struct vexj_trace *t;
	int i;

	for_each_trace(t, i) {
		if (t->registered)
			tracepoint_probe_unregister(t->tp, t->probe, NULL);
		t->registered = false;
	}
	for_each_probe(p, i) {
		if (placed(p))
			disable(p);
	}
	WRITE_ONCE(run, run + 1);
	tracepoint_synchronize_unregister();
	synchronize_rcu();
	vexj_async_forget();
	vexj_states_drop();
}
