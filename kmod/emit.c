// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records that others make: a process by write(2), kernel code by vexj_emit(). They
 * get their number, clock and writer here, and stand in the order of all others.
 */
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/timekeeping.h>
#include "emission.h"
#include "record.h"
#include "ringfd.h"
#include "vexj_emit.h"

struct task_part {
	struct vexj_attr head;
	struct vexj_attr_task task;
} VEXJ_PACKED;

/* Of a context, what the record does not say itself. */
static u32 missing_attrs(const struct vexj_emission *e, const struct vexj_context *c, const u8 **attrs)
{
	u32 agent;

	if (!c)
		return 0;
	*attrs = c->attrs;
	agent = c->agent_id_len ? sizeof(struct vexj_attr) + round_up(c->agent_id_len, VEXJ_RECORD_ALIGN) : 0;
	if (e->has_agent && e->has_session)
		return 0;
	if (e->has_agent) {
		*attrs += agent;
		return c->attrs_len - agent;
	}
	return e->has_session ? agent : c->attrs_len;
}

static void stamp(struct vexj_record *h, const struct vexj_emission *e, const struct vexj_run *run,
		  const struct vexj_number *n, const struct vexj_context *c)
{
	*h = e->h;
	h->event_id = run->id_base + n->global;
	h->ktime = ktime_get_boot_fast_ns();
	h->sequence = n->sequence;
	h->cpu_id = n->cpu;
	h->process_id = in_task() ? current->tgid : 0;
	h->global_sequence = n->global;
	if (!h->event_priority)
		h->event_priority = VEXJ_PRIORITY_NORMAL;
	if (!h->agent_visibility_mask)
		h->agent_visibility_mask = run->visibility;
	if (c) {
		h->agent_visibility_mask &= c->visibility;
		if (!h->parent_event_id) {
			h->parent_event_id = c->parent;
			if (!h->root_cause_event_id)
				h->root_cause_event_id = c->root;
		}
	}
	if (!h->root_cause_event_id)
		h->root_cause_event_id = h->parent_event_id ? h->parent_event_id : h->event_id;
}

/* Preemption is off. */
static int put(const struct vexj_emission *e, struct vexj_run *run, const struct vexj_context *c)
{
	u32 task_len = in_task() ? sizeof(struct task_part) : 0, more_len, size;
	struct vexj_number n;
	struct vexj_ring *ring;
	const u8 *more = NULL;
	u8 *rec, *at;

	more_len = missing_attrs(e, c, &more);
	size = e->h.event_size + task_len + more_len;
	ring = &run->rings[smp_processor_id()]->ring;
	if (size > VEXJ_RECORD_MAX || size > vexj_ring_longest(ring))
		return -EMSGSIZE;
	n = vexj_number(run);
	rec = vexj_ring_reserve(ring, size);
	if (!rec) {
		vexj_number_lost(run, VEXJ_LOST_FULL);
		return -ENOBUFS;
	}
	stamp((struct vexj_record *)rec, e, run, &n, c);
	((struct vexj_record *)rec)->event_size = size;
	((struct vexj_record *)rec)->context_size += task_len + more_len;
	at = rec + sizeof(struct vexj_record);
	if (task_len) {
		struct task_part *t = (void *)at;

		t->head = (struct vexj_attr){ VEXJ_ATTR_TASK, sizeof(t->task) };
		vexj_fill_task(&t->task, current);
		at += task_len;
	}
	memcpy(at, e->attrs, e->attrs_len);
	at += e->attrs_len;
	if (more_len)
		memcpy(at, more, more_len);
	memcpy(at + more_len, e->rest, e->rest_len);
	vexj_ring_commit(ring);
	this_cpu_inc(run->counts->emitted);
	return 0;
}

static ssize_t emit_one(const u8 *text, size_t len, bool trusted)
{
	const struct vexj_context *c;
	struct vexj_emission e;
	struct vexj_run *run;
	ssize_t size;
	int err = 0;

	preempt_disable();
	rcu_read_lock();
	/* In an interrupt the current task is nobody's. */
	c = in_task() ? vexj_context_of(current) : NULL;
	size = vexj_emission_check(&e, text, len, trusted, c);
	if (size < 0)
		goto out;
	run = rcu_dereference_sched(vexj_run);
	if (!run)
		err = -ENOTCONN;
	else if (!vexj_wanted(e.h.event_type))
		vexj_count_filtered();
	else
		err = put(&e, run, c);
out:
	rcu_read_unlock();
	preempt_enable();
	return err ? err : size;
}

ssize_t vexj_emit_text(const u8 *text, size_t len, bool trusted)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = emit_one(text + done, len - done, trusted);

		if (n < 0)
			return done ? done : n;
		done += n;
	}
	return done;
}

int vexj_emit(const void *record, size_t size)
{
	ssize_t n;

	/* One record, and nothing behind it. */
	if (size < sizeof(struct vexj_record) || ((const struct vexj_record *)record)->event_size != size)
		return -EINVAL;
	n = emit_one(record, size, true);
	return n < 0 ? n : 0;
}
EXPORT_SYMBOL_GPL(vexj_emit);
