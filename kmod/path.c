// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a dentry up through mounts to a string: once to measure, once to write it
 * from its end. Names may change in between, which the kernel's own rename_lock
 * tells; then it is done again. Nobody waits for that lock, as an interrupt may
 * have come upon its holder.
 */
#include <linux/seqlock.h>
#include "hooks.h"
#include "compat/unaligned.h"

#define ROOM	(VEXJ_PATH_MAX - 8)	/* bytes, less what "..." takes */
#define MAX_STEPS (ROOM / 2 + 256)	/* names and mounts */
#define ATTEMPTS 3

#define ONES	0x0101010101010101ull
#define HIGHS	0x8080808080808080ull

struct climb {
	const struct vfsmount *mnt;
	const struct dentry *dentry;
};

enum step {
	STEP_NAME,	/* there is a name to take, and to go up from */
	STEP_MOUNT,	/* it went through a mount */
	STEP_TOP,	/* there is nothing above */
	STEP_LOST,	/* nothing is known of what is above */
};

static enum step step(struct climb *c)
{
	const struct vfsmount *up;

	if (!c->mnt || c->dentry != c->mnt->mnt_root)
		return IS_ROOT(c->dentry) ? STEP_LOST : STEP_NAME;
	up = vexj_mount_parent(c->mnt);
	if (up == c->mnt)
		return STEP_TOP;
	c->dentry = vexj_mount_point(c->mnt);
	c->mnt = up;
	return STEP_MOUNT;
}

struct measure {
	u32 bytes;	/* of names and slashes, the rest's too */
	u32 names;
	bool cut;	/* what is above does not fit */
	bool whole;
};

static struct measure measure(const struct vexj_where *w)
{
	struct climb c = { w->mnt, w->dentry };
	struct measure m = { .bytes = w->rest_len ? w->rest_len + 1 : 0 };
	u32 i, len;

	for (i = 0; i < MAX_STEPS; i++) {
		switch (step(&c)) {
		case STEP_MOUNT:
			continue;
		case STEP_TOP:
			m.whole = true;
			return m;
		case STEP_LOST:
			return m;
		case STEP_NAME:
			break;
		}
		len = READ_ONCE(c.dentry->d_name.len);
		if (m.bytes + len + 1 > ROOM) {
			m.cut = true;
			return m;
		}
		m.bytes += len + 1;
		m.names++;
		c.dentry = READ_ONCE(c.dentry->d_parent);
	}
	return m;
}

/*
 * By words where there are some. The length and the bytes may be of two names:
 * the end of the bytes stops it, as names end with a NUL.
 */
static void copy_name(u8 *to, const u8 *name, u32 len)
{
	u64 word;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		word = read_word_at_a_time(name);
		if (unlikely((word - ONES) & ~word & HIGHS))
			break;
		put_unaligned(word, (u64 *)to);
		to += sizeof(word);
		name += sizeof(word);
	}
	for (; len; len--) {
		*to = READ_ONCE(*name);
		if (!*to++)
			break;
		name++;
	}
}

/* Writes what was measured so that it ends at `end`. Returns where it begins. */
static u8 *write(const struct vexj_where *w, const struct measure *m, u8 *start, u8 *end)
{
	struct climb c = { w->mnt, w->dentry };
	u32 i, len, names = 0;

	if (w->rest_len) {
		end -= w->rest_len;
		memcpy(end, w->rest, w->rest_len);
		*--end = '/';
	}
	for (i = 0; i < MAX_STEPS && names < m->names; i++) {
		switch (step(&c)) {
		case STEP_MOUNT:
			continue;
		case STEP_TOP:
		case STEP_LOST:
			return end;
		case STEP_NAME:
			break;
		}
		len = READ_ONCE(c.dentry->d_name.len);
		if (len + 1 > end - start)
			return end;
		end -= len;
		/* Pairs with the release of the dcache when it gives a dentry its name. */
		copy_name(end, smp_load_acquire(&c.dentry->d_name.name), len);
		*--end = '/';
		names++;
		c.dentry = READ_ONCE(c.dentry->d_parent);
	}
	return end;
}

static bool names_changed(unsigned int seq)
{
	return seq & 1 || read_seqcount_retry(&rename_lock.seqcount, seq);
}

static void flag(struct vexj_build *b, u16 tag, u32 path, u32 path2)
{
	b->flags |= tag == VEXJ_ATTR_PATH ? path : path2;
}

void vexj_put_path(struct vexj_build *b, u16 tag, const struct vexj_where *w)
{
	u8 *to = vexj_attr(b, tag, VEXJ_PATH_MAX), *start, *at;
	struct measure m;
	unsigned int seq;
	bool changed;
	u32 i, len;

	if (!to)
		return;
	for (i = 0; i < ATTEMPTS; i++) {
		seq = raw_read_seqcount(&rename_lock.seqcount);
		m = measure(w);
		start = to + (m.cut ? 3 : 0);
		at = write(w, &m, start, start + m.bytes);
		changed = names_changed(seq);
		if (!changed)
			break;
	}
	len = start + m.bytes - at;
	if (at != start)
		memmove(start, at, len);
	if (m.cut) {
		memcpy(to, "...", 3);
		len += 3;
		flag(b, tag, VEXJ_F_PATH_TRUNCATED, VEXJ_F_PATH2_TRUNCATED);
	} else if (!m.whole || changed) {
		flag(b, tag, VEXJ_F_PATH_UNRESOLVED, VEXJ_F_PATH2_UNRESOLVED);
	}
	if (!len) {
		*to = '/';
		len = 1;
	}
	vexj_attr_shrink(b, len);
}

void vexj_put_dentry(struct vexj_build *b, u16 tag, const struct vexj_state *st, const struct dentry *dentry)
{
	struct vexj_where w = { .dentry = dentry };
	bool guess;

	w.mnt = vexj_mount_for(st, dentry, &guess);
	if (guess)
		flag(b, tag, VEXJ_F_PATH_UNRESOLVED, VEXJ_F_PATH2_UNRESOLVED);
	vexj_put_path(b, tag, &w);
}
