// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run: rings, counters, the word that records are numbered from. It is made for a
 * consumer, and outlives it until the next one comes, so that what its rings
 * still hold can be looked at.
 */
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "record.h"
#include "ringfd.h"
#include "run.h"

DEFINE_STATIC_KEY_FALSE(vexj_armed_key);
struct vexj_run __rcu *vexj_run;

int vexj_sizes_check(const struct vexj_sizes *s)
{
	if (!is_power_of_2(s->ring_bytes) || s->ring_bytes < PAGE_SIZE ||
	    s->ring_bytes < VEXJ_DEV_RING_MIN || s->ring_bytes > VEXJ_DEV_RING_MAX)
		return -EINVAL;
	if (!s->watermark || s->watermark > s->ring_bytes / 2)
		return -EINVAL;
	if (s->deadline_ms != ~0u && (!s->deadline_ms || s->deadline_ms > VEXJ_DEV_DEADLINE_MAX))
		return -EINVAL;
	return 0;
}

void vexj_run_free(struct vexj_run *run)
{
	unsigned int cpu;

	if (!run)
		return;
	for (cpu = 0; run->rings && cpu < nr_cpu_ids; cpu++)
		if (run->rings[cpu])
			vexj_ringfd_put(run->rings[cpu]);
	kfree(run->rings);
	vexj_scratch_free(run->scratch);
	free_percpu(run->counts);
	put_pid(run->consumer);
	kfree(run);
}

static int make_rings(struct vexj_run *run)
{
	unsigned int cpu;

	run->rings = kcalloc(nr_cpu_ids, sizeof(*run->rings), GFP_KERNEL);
	if (!run->rings)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct vexj_ringfd *r = vexj_ringfd_new(cpu, run->ring_bytes, run->watermark, run->deadline_ms);

		if (IS_ERR(r))
			return PTR_ERR(r);
		run->rings[cpu] = r;
	}
	return 0;
}

static struct vexj_run *make_run(const struct vexj_sizes *sizes, u64 visibility)
{
	struct vexj_run *run = kzalloc(sizeof(*run), GFP_KERNEL);

	if (!run)
		return NULL;
	run->ring_bytes = sizes->ring_bytes;
	run->watermark = sizes->watermark;
	run->deadline_ms = sizes->deadline_ms;
	run->visibility = visibility;
	run->self = current->tgid;
	run->consumer = get_pid(task_tgid(current));
	memcpy(run->comm, current->group_leader->comm, sizeof(run->comm));
	/* The producer's number has the top byte; see ORDER AND LOSS in vexj.h. */
	run->id_base = (u64)VEXJ_PRODUCER_KMOD << 56 | (ktime_get_real_ns() >> 7 & (~0ull >> 8));
	run->counts = alloc_percpu(struct vexj_counts);
	run->scratch = vexj_scratch_new();
	if (!run->counts || !run->scratch || make_rings(run)) {
		vexj_run_free(run);
		return NULL;
	}
	return run;
}

struct vexj_run *vexj_run_begin(const struct vexj_sizes *sizes, u64 visibility)
{
	struct vexj_run *run;
	int err = vexj_sizes_check(sizes);

	if (err)
		return ERR_PTR(err);
	run = make_run(sizes, visibility);
	if (!run)
		return ERR_PTR(-ENOMEM);
	rcu_assign_pointer(vexj_run, run);
	static_branch_enable(&vexj_armed_key);
	err = vexj_hooks_arm();
	if (err) {
		vexj_run_end(run);
		vexj_run_free(run);
		return ERR_PTR(err);
	}
	return run;
}

void vexj_run_end(struct vexj_run *run)
{
	unsigned int cpu;

	if (run->stopped)
		return;
	vexj_hooks_disarm();
	/* What turned out to be missed takes its numbers while there are any. */
	vexj_hooks_settle();
	static_branch_disable(&vexj_armed_key);
	RCU_INIT_POINTER(vexj_run, NULL);
	/* Whoever is about to use the run cannot be preempted. */
	synchronize_rcu();
	for_each_possible_cpu(cpu)
		vexj_ringfd_stop(run->rings[cpu]);
	run->stopped = true;
}

static void add_counts(const struct vexj_run *run, unsigned int cpu, struct vexj_dev_counters *sum)
{
	const struct vexj_counts *c = per_cpu_ptr(run->counts, cpu);
	const struct vexj_ring *ring = &run->rings[cpu]->ring;
	unsigned long used = READ_ONCE(*ring->producer) - READ_ONCE(*ring->consumer);
	u64 attempted, lost = 0;
	int i;

	/* Losses first; pairs with the order of vexj_lose() and of its like. */
	for (i = 0; i < VEXJ_LOST_CAUSES; i++) {
		u64 n = READ_ONCE(c->lost[i]);

		sum->lost[i] += n;
		lost += n;
	}
	smp_rmb();
	attempted = READ_ONCE(c->attempted);
	sum->attempted += attempted;
	sum->recorded += attempted - lost;
	sum->filtered += READ_ONCE(c->filtered);
	sum->blind += READ_ONCE(c->blind);
	sum->emitted += READ_ONCE(c->emitted);
	/* The consumer's position may be any number. */
	sum->ring_used += min(used, ring->mask + 1);
}

void vexj_run_count(const struct vexj_run *run, struct vexj_dev_counters *c)
{
	unsigned int cpu;

	BUILD_BUG_ON(VEXJ_LOST_CAUSES > VEXJ_DEV_CAUSES);
	if (c->cpu != VEXJ_DEV_ALL_CPUS) {
		add_counts(run, c->cpu, c);
	} else {
		for_each_possible_cpu(cpu)
			add_counts(run, cpu, c);
	}
	smp_rmb();
	c->global_sequence = atomic64_read(&run->global_sequence);
}
