// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of one CPU. To its reader it is a BPF ring buffer, byte for byte
 * (kernel/bpf/ringbuf.c; package ring has the layout). Its producer differs.
 *
 * A BPF ring has any number of producers, hence a lock. This one is written by
 * its CPU alone, so those who write at the same time interrupt each other:
 * task, softirq, hardirq, NMI. Who came last is done first. Room is taken by a
 * compare-and-exchange that needs no bus lock, and the position is published by
 * whoever was interrupted by all others, once it is done (as kernel/events/
 * ring_buffer.c does it). So all that a reader can reach is committed, and no sample
 * is ever seen busy or discarded.
 *
 * Memory order:
 *
 *	smp_store_release(producer)	pairs with the reader's load of it: the
 *					samples below it are there
 *	smp_load_acquire(consumer)	pairs with the reader's store: it is done
 *					with the bytes below it
 *	smp_wmb() in reserve		pairs with smp_rmb() in vexj_ring_copy(): who
 *					sees new bytes, sees that they were reserved
 *
 * The reader's position is userspace's to scribble on. It is believed only if it
 * lies between the last one believed and what was published; else the last one
 * stays. So whatever is written there, room is never given out twice, and the
 * worst to happen is that the reader loses what it did not read, or that its ring
 * stays full.
 *
 * This file is compiled in userspace too: bench/ringcore.
 */
#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/string.h>
#include <asm/local.h>
#else
#include "shim.h"
#endif
#include "ring.h"

void vexj_ring_init(struct vexj_ring *r, unsigned long size, unsigned long watermark)
{
	r->mask = size - 1;
	r->watermark = watermark;
	r->part = size / VEXJ_RING_MARKS;
}

/* What a sample takes: no sample is longer than a ring, so this cannot wrap. */
static unsigned long footprint(unsigned int len)
{
	return ((unsigned long)len + VEXJ_RING_HEAD + 7) & ~7ul;
}

/* Whether there is room up to `end`. The strict bound is the BPF ring's. */
static bool fits(struct vexj_ring *r, unsigned long end)
{
	unsigned long seen = READ_ONCE(r->seen), consumer;

	if (end - seen <= r->mask)
		return true;
	consumer = smp_load_acquire(r->consumer);
	/*
	 * An interrupt may have moved seen on since it was read; going back
	 * from that is going back to a position that was believed too.
	 */
	if (consumer - seen > READ_ONCE(*r->producer) - seen)
		return false;
	WRITE_ONCE(r->seen, consumer);
	return end - consumer <= r->mask;
}

/* Notes where the sample after the one that ends at `end` begins. */
static void mark(struct vexj_ring *r, unsigned long begin, unsigned long end)
{
	if ((begin ^ end) >= r->part)
		WRITE_ONCE(r->marks[end / r->part % VEXJ_RING_MARKS], end);
}

static void enter(struct vexj_ring *r)
{
	/* An interrupt in between puts back what it found. */
	WRITE_ONCE(r->nest, READ_ONCE(r->nest) + 1);
	barrier();
}

/*
 * Asks for the reader to be woken, at once for a watermark, else at the deadline,
 * which is then under way until vexj_ring_rearm(). Between the two nothing is due.
 */
static void notify(struct vexj_ring *r, unsigned long end)
{
	if ((long)(end - READ_ONCE(r->due)) < 0)
		return;
	if (end - READ_ONCE(r->woken) >= r->watermark) {
		WRITE_ONCE(r->woken, end);
		WRITE_ONCE(r->wake, 1);
	}
	WRITE_ONCE(r->due, READ_ONCE(r->woken) + r->watermark);
	vexj_ring_kick(r);
}

/* Takes one reservation off; the last one publishes. */
static void leave(struct vexj_ring *r)
{
	unsigned int nest = READ_ONCE(r->nest);
	unsigned long end;

	barrier();
	if (nest > 1) {
		WRITE_ONCE(r->nest, nest - 1);
		return;
	}
	for (;;) {
		end = READ_ONCE(r->reserved);
		smp_store_release(r->producer, end);
		barrier();
		WRITE_ONCE(r->nest, 0);
		barrier();
		/* Who came while nest was 1 has left it to this one to publish. */
		if (READ_ONCE(r->reserved) == end)
			break;
		WRITE_ONCE(r->nest, 1);
		barrier();
	}
	notify(r, end);
}

void *vexj_ring_reserve(struct vexj_ring *r, unsigned int len)
{
	unsigned long pos, end, size = footprint(len);
	u32 *head;

	enter(r);
	do {
		pos = READ_ONCE(r->reserved);
		end = pos + size;
		if (!fits(r, end)) {
			leave(r);
			return NULL;
		}
	} while (cmpxchg_local(&r->reserved, pos, end) != pos);
	smp_wmb();

	mark(r, pos, end);
	head = (u32 *)(r->data + (pos & r->mask));
	WRITE_ONCE(head[0], len);
	WRITE_ONCE(head[1], 0);
	return head + 2;
}

void vexj_ring_commit(struct vexj_ring *r)
{
	leave(r);
}

void vexj_ring_rearm(struct vexj_ring *r)
{
	WRITE_ONCE(r->due, READ_ONCE(*r->producer));
	barrier();
}

bool vexj_ring_waiting(const struct vexj_ring *r)
{
	return READ_ONCE(*r->consumer) != smp_load_acquire(r->producer);
}

/* The lowest position, from `low` up, where a sample is known to begin. */
static unsigned long lowest_mark(const struct vexj_ring *r, unsigned long low, unsigned long end)
{
	unsigned long best = end;
	unsigned int i;

	for (i = 0; i < VEXJ_RING_MARKS; i++) {
		unsigned long pos = READ_ONCE(r->marks[i]);

		if (pos - low < best - low)
			best = pos;
	}
	return best;
}

/* The highest one from `low` to `high`; `high` + 1 if there is none. */
static unsigned long highest_mark(const struct vexj_ring *r, unsigned long low, unsigned long high)
{
	unsigned long best = high + 1;
	unsigned int i;

	for (i = 0; i < VEXJ_RING_MARKS; i++) {
		unsigned long pos = READ_ONCE(r->marks[i]);

		if (pos - low <= high - low && (best > high || pos > best))
			best = pos;
	}
	return best;
}

/* The length of a sample that the producer may be writing over: perhaps nonsense. */
static __no_kcsan u32 length_at(const struct vexj_ring *r, unsigned long pos)
{
	return *(const volatile u32 *)(r->data + (pos & r->mask));
}

/*
 * The first sample from `low` up. Marks are far apart, so there is a walk from the
 * last one before it, over heads that the producer may have come to again: then
 * the next mark has to do.
 */
static unsigned long first_sample(const struct vexj_ring *r, unsigned long low, unsigned long end)
{
	unsigned long length = r->mask + 1, oldest = end < length ? 0 : end - length;
	unsigned long pos = highest_mark(r, oldest, low), begin = pos;

	if (pos > low)
		return lowest_mark(r, low, end);
	while (pos < low) {
		unsigned long size = footprint(length_at(r, pos));

		if (size > end - pos)
			return lowest_mark(r, low, end);
		pos += size;
	}
	smp_rmb();
	return READ_ONCE(r->reserved) - begin <= length ? pos : lowest_mark(r, low, end);
}

/* Reads what the producer may be writing over: the caller finds out whether it was. */
static __no_kcsan void snapshot(unsigned long *to, const unsigned long *from, unsigned long bytes)
{
	for (; bytes; bytes -= sizeof(*to))
		*to++ = *(const volatile unsigned long *)from++;
}

unsigned long vexj_ring_copy(const struct vexj_ring *r, void *buf, unsigned long size,
			     void *work, unsigned long *samples)
{
	unsigned long end = smp_load_acquire(r->producer), length = r->mask + 1;
	unsigned long low, begin, now, room = (size < length ? size : length) & ~7ul, done = 0;
	u32 head;

	*samples = 0;
	begin = first_sample(r, end < room ? 0 : end - room, end);
	snapshot(work, (const unsigned long *)(r->data + (begin & r->mask)), end - begin);
	/* What has been reserved by now was perhaps written to while it was copied. */
	smp_rmb();
	now = READ_ONCE(r->reserved);
	low = begin;
	if (now - begin > length)
		low = now - end >= length ? end : lowest_mark(r, now - length, end);
	while (low != end) {
		memcpy(&head, (u8 *)work + (low - begin), sizeof(head));
		if (footprint(head) > end - low)
			break;
		memcpy((u8 *)buf + done, (u8 *)work + (low - begin) + VEXJ_RING_HEAD, head);
		done += head;
		low += footprint(head);
		++*samples;
	}
	return done;
}
