// SPDX-License-Identifier: GPL-2.0-only
/* The table of transfers under way. Completion comes in whatever task or interrupt. */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "async.h"
#include "compat/task.h"

#define BITS	8
#define MOST	65536	/* transfers: more are lost, and counted */

struct transfer {
	struct hlist_node node;
	const struct kiocb *k;
	u64 time;		/* ns, CLOCK_BOOTTIME */
	u64 length;
	u32 type;
	u32 via;
	u32 pid;
	struct vexj_async_name name;
	bool named;
	bool appends;
	s64 from;		/* where it begins, if it is named and does not append */
	struct vexj_attr_task who;
	u64 group;		/* of whom it is for: see vexj_group_of() */
};

static struct hlist_head table[1 << BITS];
static DEFINE_RAW_SPINLOCK(lock);	/* taken in interrupts */
static unsigned int count;

/* Under the lock. */
static struct transfer *find(const struct kiocb *k)
{
	struct transfer *t;

	hlist_for_each_entry(t, &table[hash_ptr((void *)k, BITS)], node) {
		if (t->k == k)
			return t;
	}
	return NULL;
}

static void hlist_replace(struct hlist_node *old, struct hlist_node *new)
{
	hlist_add_behind(new, old);
	hlist_del(old);
}

static struct transfer *take(const struct kiocb *k)
{
	struct transfer *t;
	unsigned long flags;

	/* Mostly there is none; one that was begun here is seen here. */
	if (!READ_ONCE(count))
		return NULL;
	raw_spin_lock_irqsave(&lock, flags);
	t = find(k);
	if (t) {
		hlist_del(&t->node);
		count--;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return t;
}

void vexj_async_begin(const struct kiocb *k, u32 type, u32 via, u64 length)
{
	struct transfer *t = kmalloc(sizeof(*t), GFP_ATOMIC | __GFP_NOWARN), *old;
	unsigned long flags;
	bool full = false;

	if (!t) {
		vexj_lose(VEXJ_LOST_STATE, 1);
		return;
	}
	t->k = k;
	t->time = ktime_get_boot_fast_ns();
	t->length = length;
	t->type = type;
	t->via = via;
	t->pid = current->tgid;
	t->name = (struct vexj_async_name){};
	t->named = false;
	t->group = vexj_group_of(current);
	vexj_fill_task(&t->who, current);
	raw_spin_lock_irqsave(&lock, flags);
	old = find(k);
	if (old && current->flags & VEXJ_PF_IO_WORKER) {
		/* It was begun by whom it is for. */
	} else if (old) {
		hlist_replace(&old->node, &t->node);
		t = old;
	} else if (count < MOST) {
		hlist_add_head(&t->node, &table[hash_ptr((void *)k, BITS)]);
		count++;
		t = NULL;
	} else {
		full = true;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	if (full)
		vexj_lose(VEXJ_LOST_STATE, 1);
	kfree(t);
}

static s64 began(const struct transfer *t, s64 result)
{
	const struct inode *inode = file_inode(t->k->ki_filp);

	if (!t->named)
		return vexj_began(inode, t->k->ki_pos, result);
	return t->appends ? vexj_began(inode, i_size_read(inode), result) : vexj_began(inode, t->from, 0);
}

void vexj_async_end(const struct kiocb *k, s64 result)
{
	struct transfer *t = take(k);
	struct vexj_build *b;

	if (!t)
		return;
	if (result < 0 && !vexj_failed_wanted()) {
		vexj_count_filtered();
		goto out;
	}
	b = vexj_begin(t->type, t->via);
	if (!b)
		goto out;
	b->as = &t->who;
	b->as_pid = t->pid;
	b->as_group = t->group;
	b->length = t->length;
	b->result = result;
	b->duration = b->now - t->time;
	b->offset = began(t, result);
	vexj_put_open_file(b, k->ki_filp);
	vexj_commit(b);
out:
	kfree(t);
}

void vexj_async_name(const struct kiocb *k, const struct vexj_async_name *name, s64 from)
{
	struct transfer *t;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	t = find(k);
	/* One that is issued again keeps what it was first: it may be half done. */
	if (t && !t->named) {
		t->name = *name;
		t->named = true;
		t->appends = t->type == VEXJ_FS_WRITE && k->ki_flags & IOCB_APPEND;
		t->from = from;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}

const struct kiocb *vexj_async_named(const struct vexj_async_name *name)
{
	const struct kiocb *k = NULL;
	struct transfer *t;
	unsigned long flags;
	int i;

	if (!READ_ONCE(count))
		return NULL;
	raw_spin_lock_irqsave(&lock, flags);
	for (i = 0; i < ARRAY_SIZE(table) && !k; i++) {
		hlist_for_each_entry(t, &table[i], node) {
			if (t->name.ring == name->ring && t->name.id == name->id)
				k = t->k;
		}
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return k;
}

void vexj_async_forget(void)
{
	struct hlist_node *next;
	struct transfer *t;
	int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		hlist_for_each_entry_safe(t, next, &table[i], node) {
			hlist_del(&t->node);
			kfree(t);
		}
	}
	count = 0;
}
