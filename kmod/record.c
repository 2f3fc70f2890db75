// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a hook's record is built: attributes in a scratch area of the CPU, a number,
 * and then once, with its front, into the ring. The area is needed because the
 * filter wants to see the paths before anything is numbered.
 */
#include <linux/bitops.h>
#include <linux/kdev_t.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include "record.h"
#include "ringfd.h"
#include "compat/unaligned.h"

/* A task, a softirq, a hardirq and an NMI can each be at it on one CPU. */
#define LEVELS 4

struct vexj_scratch {
	unsigned int depth;
	struct vexj_build builds[LEVELS];
	u8 *area;
};

/* What a hook's record begins with, always. */
struct front {
	struct vexj_record h;
	struct vexj_attr task_head;
	struct vexj_attr_task task;
	struct vexj_attr io_head;
	struct vexj_attr_io io;
} VEXJ_PACKED;

void vexj_scratch_free(struct vexj_scratch __percpu *scratch)
{
	int cpu;

	if (!scratch)
		return;
	for_each_possible_cpu(cpu)
		vfree(per_cpu_ptr(scratch, cpu)->area);
	free_percpu(scratch);
}

struct vexj_scratch __percpu *vexj_scratch_new(void)
{
	struct vexj_scratch __percpu *scratch = alloc_percpu(struct vexj_scratch);
	int cpu, i;

	if (!scratch)
		return NULL;
	for_each_possible_cpu(cpu) {
		struct vexj_scratch *s = per_cpu_ptr(scratch, cpu);

		s->area = vzalloc_node(LEVELS * (VEXJ_REC_SIZE + VEXJ_WORK_SIZE), cpu_to_node(cpu));
		if (!s->area) {
			vexj_scratch_free(scratch);
			return NULL;
		}
		for (i = 0; i < LEVELS; i++) {
			s->builds[i].rec = s->area + i * (VEXJ_REC_SIZE + VEXJ_WORK_SIZE);
			s->builds[i].work = s->builds[i].rec + VEXJ_REC_SIZE;
		}
	}
	return scratch;
}

/*
 * The number is taken before there is room. attempted goes up before any loss of
 * the same record, which the reader of both counts on.
 */
struct vexj_number vexj_number(struct vexj_run *run)
{
	return (struct vexj_number){
		.global = atomic64_inc_return(&run->global_sequence),
		.sequence = this_cpu_inc_return(run->counts->attempted),
		.cpu = smp_processor_id(),
	};
}

/* Pairs with smp_rmb() in add_counts(). */
void vexj_number_lost(struct vexj_run *run, enum vexj_lost_cause cause)
{
	smp_wmb();
	this_cpu_inc(run->counts->lost[cause]);
}

void vexj_lose(enum vexj_lost_cause cause, u32 n)
{
	struct vexj_run *run;

	preempt_disable();
	run = rcu_dereference_sched(vexj_run);
	if (run && n) {
		atomic64_add(n, &run->global_sequence);
		this_cpu_add(run->counts->attempted, n);
		smp_wmb();
		this_cpu_add(run->counts->lost[cause], n);
	}
	preempt_enable();
}

struct vexj_build *vexj_begin(u32 type, u32 via)
{
	struct vexj_scratch *s;
	struct vexj_build *b;
	struct vexj_run *run;

	preempt_disable();
	run = rcu_dereference_sched(vexj_run);
	if (!run)
		goto none;
	s = this_cpu_ptr(run->scratch);
	if (s->depth == LEVELS) {
		vexj_lose(VEXJ_LOST_NESTED, 1);
		goto none;
	}
	b = &s->builds[s->depth];
	/* An interrupt from here on uses the next one, and puts depth back. */
	s->depth++;
	barrier();
	b->type = type;
	b->subtype = VEXJ_SUBTYPE(via, 0);
	b->flags = 0;
	b->offset = -1;
	b->length = 0;
	b->result = 0;
	b->duration = 0;
	b->now = ktime_get_boot_fast_ns();
	b->parent = 0;
	b->as = NULL;
	b->run = run;
	b->end = sizeof(struct front);
	b->path_len = 0;
	b->path2_len = 0;
	b->overflow = false;
	return b;
none:
	preempt_enable();
	return NULL;
}

void vexj_abort(struct vexj_build *b)
{
	barrier();
	this_cpu_ptr(b->run->scratch)->depth--;
	preempt_enable();
}

void *vexj_attr(struct vexj_build *b, u16 tag, u32 len)
{
	u32 at = b->end + sizeof(struct vexj_attr), end = at + round_up(len, VEXJ_RECORD_ALIGN);
	struct vexj_attr *head = (void *)(b->rec + b->end);

	/* What a context adds must fit too. */
	if (len > VEXJ_REC_SIZE || end > VEXJ_REC_SIZE - sizeof_field(struct vexj_context, attrs)) {
		b->overflow = true;
		return NULL;
	}
	head->tag = tag;
	head->len = len;
	b->last = b->end;
	/* The padding; all that is not padding is about to be written. */
	if (end != at)
		*(u32 *)(b->rec + end - VEXJ_RECORD_ALIGN) = 0;
	b->end = end;
	if (tag == VEXJ_ATTR_PATH) {
		b->path_off = at;
		b->path_len = len;
	} else if (tag == VEXJ_ATTR_PATH2) {
		b->path2_off = at;
		b->path2_len = len;
	}
	return b->rec + at;
}

void vexj_attr_shrink(struct vexj_build *b, u32 len)
{
	struct vexj_attr *head = (void *)(b->rec + b->last);
	u32 at = b->last + sizeof(*head);

	head->len = len;
	b->end = at + round_up(len, VEXJ_RECORD_ALIGN);
	/* The padding, and what is about to be written or was given up. */
	put_unaligned(0, (u32 *)(b->rec + at + len));
	if (head->tag == VEXJ_ATTR_PATH)
		b->path_len = len;
	else if (head->tag == VEXJ_ATTR_PATH2)
		b->path2_len = len;
}

void vexj_put(struct vexj_build *b, u16 tag, const void *value, u32 len)
{
	void *to = vexj_attr(b, tag, len);

	if (to)
		memcpy(to, value, len);
}

void vexj_fill_file(struct vexj_attr_file *f, const struct inode *inode)
{
	f->dev_major = MAJOR(inode->i_sb->s_dev);
	f->dev_minor = MINOR(inode->i_sb->s_dev);
	f->inode = inode->i_ino;
	f->generation = inode->i_generation;
	f->mode = inode->i_mode;
	f->size = i_size_read(inode);
	f->nlink = inode->i_nlink;
}

void vexj_put_file(struct vexj_build *b, u16 tag, const struct inode *inode)
{
	struct vexj_attr_file *f = vexj_attr(b, tag, sizeof(*f));

	if (f)
		vexj_fill_file(f, inode);
}

struct vexj_held *vexj_hold(const struct vexj_build *b)
{
	u32 from = sizeof(struct front);
	struct vexj_held *held = kmalloc(struct_size(held, bytes, b->end - from), GFP_ATOMIC | __GFP_NOWARN);

	if (!held)
		return NULL;
	held->flags = b->flags;
	held->path_off = b->path_off - from;
	held->path_len = b->path_len;
	held->path2_off = b->path2_off - from;
	held->path2_len = b->path2_len;
	held->len = b->end - from;
	memcpy(held->bytes, b->rec + from, held->len);
	return held;
}

void vexj_held_put(struct vexj_build *b, const struct vexj_held *held)
{
	u32 at = b->end;

	if (held->len > VEXJ_REC_SIZE - sizeof_field(struct vexj_context, attrs) - at) {
		b->overflow = true;
		return;
	}
	memcpy(b->rec + at, held->bytes, held->len);
	b->end += held->len;
	b->flags |= held->flags;
	if (held->path_len) {
		b->path_off = at + held->path_off;
		b->path_len = held->path_len;
	}
	if (held->path2_len) {
		b->path2_off = at + held->path2_off;
		b->path2_len = held->path2_len;
	}
}

static void fill_header(struct vexj_record *h, const struct vexj_build *b, const struct vexj_context *c,
			const struct vexj_number *n, u32 size)
{
	/* Each field by itself: to clear all of them first is half of the work. */
	h->event_id = b->run->id_base + n->global;
	h->event_type = b->type;
	h->event_subtype = b->subtype;
	h->ktime = b->now;
	h->sequence = n->sequence;
	h->cpu_id = n->cpu;
	h->process_id = b->as ? b->as_pid : current->tgid;
	h->global_sequence = n->global;
	h->local_sequence = 0;
	h->event_flags = b->flags | (b->result < 0 ? VEXJ_F_FAILED : 0);
	h->event_priority = VEXJ_PRIORITY_NORMAL;
	h->event_size = size;
	h->context_size = size - sizeof(*h);
	h->payload_size = 0;
	h->metadata_size = 0;
	h->event_version = VEXJ_EVENT_VERSION;
	h->checksum = 0;
	h->compression_type = 0;
	h->encryption_type = 0;
	h->causality_link_count = 0;
	h->parent_event_id = b->parent;
	h->agent_visibility_mask = b->run->visibility;
	h->agent_relevance_score = 0;
	h->replay_priority = 0;
	h->root_cause_event_id = b->parent ? b->parent : h->event_id;
	if (!c)
		return;
	if (!b->parent)
		h->parent_event_id = c->parent;
	if (c->root)
		h->root_cause_event_id = c->root;
	h->agent_visibility_mask &= c->visibility;
}

static void fill_front(struct front *f, const struct vexj_build *b)
{
	f->task_head = (struct vexj_attr){ VEXJ_ATTR_TASK, sizeof(f->task) };
	if (b->as)
		f->task = *b->as;
	else
		vexj_fill_task(&f->task, current);
	f->io_head = (struct vexj_attr){ VEXJ_ATTR_IO, sizeof(f->io) };
	f->io = (struct vexj_attr_io){ b->offset, b->length, b->result, b->duration };
}

/* Attributes are too short for memcpy() to pay, which begins slowly. */
static void copy_attrs(u8 *to, const u8 *from, u32 len)
{
	for (; len >= 16; from += 16, to += 16, len -= 16) {
		put_unaligned(get_unaligned((const u64 *)from), (u64 *)to);
		put_unaligned(get_unaligned((const u64 *)from + 1), (u64 *)to + 1);
		barrier();	/* or the compiler makes a call of it */
	}
	for (; len; from += 4, to += 4, len -= 4) {
		*(u32 *)to = *(const u32 *)from;
		barrier();
	}
}

static u64 send(struct vexj_build *b)
{
	const struct vexj_context *c = b->as ? vexj_context_as(b->as_pid, b->as->start_time, b->as_group) :
					       vexj_context_of(current);
	u32 size = b->end + (c ? c->attrs_len : 0);
	struct vexj_ring *ring;
	struct vexj_number n;
	struct front *f;

	n = vexj_number(b->run);
	ring = &b->run->rings[n.cpu]->ring;
	if (b->overflow || size > vexj_ring_longest(ring)) {
		vexj_number_lost(b->run, VEXJ_LOST_TOO_BIG);
		return b->run->id_base + n.global;
	}
	f = vexj_ring_reserve(ring, size);
	if (!f) {
		vexj_number_lost(b->run, VEXJ_LOST_FULL);
		return b->run->id_base + n.global;
	}
	fill_header(&f->h, b, c, &n, size);
	fill_front(f, b);
	copy_attrs((u8 *)(f + 1), b->rec + sizeof(*f), b->end - sizeof(*f));
	if (c)
		copy_attrs((u8 *)f + b->end, c->attrs, c->attrs_len);
	vexj_ring_commit(ring);
	return b->run->id_base + n.global;
}

u64 vexj_commit(struct vexj_build *b)
{
	u64 id = 0;

	if (vexj_path_selected(b->rec + b->path_off, b->path_len, b->rec + b->path2_off, b->path2_len))
		id = send(b);
	else
		vexj_count_filtered();
	vexj_abort(b);
	return id;
}
