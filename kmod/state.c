// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a task carries from one hook to the next, found by its task_struct. Only
 * the task itself uses its state; the table is read under RCU and written under
 * the bucket's lock, with interrupts off, as states are made in whichever
 * context a hook is in.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "hooks.h"

#define BITS 12

struct bucket {
	struct hlist_head head;
	raw_spinlock_t lock;
};

static struct bucket table[1 << BITS];
static struct kmem_cache *cache;

static __always_inline struct bucket *bucket_of(const struct task_struct *task)
{
	return &table[hash_ptr((void *)task, BITS)];
}

struct vexj_state *vexj_state_find(const struct task_struct *task)
{
	struct vexj_state *st;

	hlist_for_each_entry_rcu(st, &bucket_of(task)->head, node) {
		if (st->task == task)
			return st;
	}
	return NULL;
}

static struct vexj_state *make(struct task_struct *task)
{
	struct vexj_state *st = kmem_cache_zalloc(cache, GFP_ATOMIC | __GFP_NOWARN);
	struct bucket *bucket = bucket_of(task);
	unsigned long flags;

	if (!st) {
		vexj_lose(VEXJ_LOST_STATE, 1);
		return NULL;
	}
	st->task = task;
	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_add_head_rcu(&st->node, &bucket->head);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return st;
}

struct vexj_state *vexj_state_here(bool create)
{
	struct vexj_state *st = vexj_state_find(current);

	/* Within a call it has been asked. */
	if (st && st->call)
		return st->selected ? st : NULL;
	if (!vexj_task_selected(current))
		return NULL;
	return st || !create ? st : make(current);
}

static void free_state(struct rcu_head *rcu)
{
	struct vexj_state *st = container_of(rcu, struct vexj_state, rcu);

	kfree(st->held);
	kmem_cache_free(cache, st);
}

void vexj_state_drop(struct task_struct *task)
{
	struct bucket *bucket = bucket_of(task);
	struct vexj_state *st;
	unsigned long flags;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_for_each_entry(st, &bucket->head, node) {
		if (st->task == task) {
			hlist_del_rcu(&st->node);
			call_rcu(&st->rcu, free_state);
			break;
		}
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
}

void vexj_states_drop(void)
{
	struct vexj_state *st;
	struct hlist_node *next;
	int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		hlist_for_each_entry_safe(st, next, &table[i].head, node) {
			hlist_del_rcu(&st->node);
			call_rcu(&st->rcu, free_state);
		}
		cond_resched();
	}
}

int vexj_states_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		raw_spin_lock_init(&table[i].lock);
	cache = KMEM_CACHE(vexj_state, 0);
	return cache ? 0 : -ENOMEM;
}

void vexj_states_exit(void)
{
	vexj_states_drop();
	rcu_barrier();
	kmem_cache_destroy(cache);
}
