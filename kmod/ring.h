/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of one CPU, as its producer has it. See ring.c for how it works, and
 * ringfd.c for its pages, its descriptor and how its reader is woken.
 */
#ifndef VEXJ_RING_H
#define VEXJ_RING_H

#define VEXJ_RING_HEAD	8	/* bytes before a sample: its length, and a word that is 0 */
#define VEXJ_RING_MARKS	64

struct vexj_ring {
	/* The producer's own CPU's alone, but where it says otherwise. */
	unsigned long reserved;	/* where the next sample goes; read by vexj_ring_copy() */
	unsigned long seen;	/* the last position of the reader's that was believed */
	unsigned long due;	/* from here on a commit asks for the reader to be woken */
	unsigned long woken;	/* where the reader was last woken */
	unsigned long mask;
	unsigned long watermark;
	unsigned int nest;	/* reservations under way */
	unsigned int wake;	/* 1: the watermark was reached; taken by the waker */

	unsigned long *consumer; /* written by userspace: any value, at any time */
	unsigned long *producer; /* what the reader is told; it cannot write there */
	unsigned char *data;	/* mapped twice in a row */

	/* For each part of the ring where a sample begins in it; old laps' too. */
	unsigned long part;	/* bytes, a power of two */
	unsigned long marks[VEXJ_RING_MARKS];
};

/* size: a power of two, at least VEXJ_RING_MARKS * 8. */
void vexj_ring_init(struct vexj_ring *r, unsigned long size, unsigned long watermark);

/* The longest sample that a ring can ever hold. */
static inline unsigned long vexj_ring_longest(const struct vexj_ring *r)
{
	return r->mask + 1 - 2 * VEXJ_RING_HEAD;
}

/*
 * Returns room for len bytes, at most vexj_ring_longest(), or NULL if the ring is
 * full. Any context, NMI included, if it is on the ring's CPU and stays there until
 * vexj_ring_commit(), which every reservation must come to.
 */
void *vexj_ring_reserve(struct vexj_ring *r, unsigned int len);
void vexj_ring_commit(struct vexj_ring *r);

/*
 * Called to have the reader woken: at once if `wake` is 1, else at the deadline.
 * It comes once for each watermark and, after vexj_ring_rearm(), for the next
 * commit, whichever is first.
 */
void vexj_ring_kick(struct vexj_ring *r);

/*
 * The deadline has come: from here on a commit asks for another one. On the ring's
 * CPU, not interrupting a reservation; look whether something is waiting after it.
 */
void vexj_ring_rearm(struct vexj_ring *r);

/* Whether there is something to read. Any CPU. */
_Bool vexj_ring_waiting(const struct vexj_ring *r);

/*
 * Copies the last samples to buf, without their heads: as many whole ones as fit
 * into size bytes, oldest first. `work` has as many bytes as the ring or as many
 * as size, if those are fewer. Any CPU, while the producer goes on. Returns
 * the bytes copied.
 */
unsigned long vexj_ring_copy(const struct vexj_ring *r, void *buf, unsigned long size,
			     void *work, unsigned long *samples);

#endif
