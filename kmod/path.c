// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a dentry up through mounts to a string, which is written from its end. Names
 * may change meanwhile, which the kernel's own rename_lock tells; then it is done
 * again. Nobody waits for that lock, as an interrupt may
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

/* A path as it is written: from its end, where that is known, to its beginning. */
struct trail {
	u8 *start;		/* ROOM bytes before `end` */
	u8 *at, *end;
	bool cut;		/* what is above does not fit */
	bool whole;
};

/* Not 0 if a byte of a word is 0. */
static u64 nul_in(u64 word)
{
	return (word - ONES) & ~word & HIGHS;
}

/*
 * By words: a name begins at a multiple of 8 and has memory up to the next one, as
 * the kernel itself counts on. The length and the bytes may be of two names: the
 * end of the bytes stops it, as names end with a NUL. False: it did.
 */
static bool copy_name(u8 *to, const u8 *name, u32 len)
{
	u64 word, part, mask;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		word = read_word_at_a_time(name);
		if (unlikely(nul_in(word)))
			return false;
		put_unaligned(word, (u64 *)to);
		to += sizeof(word);
		name += sizeof(word);
	}
	if (!len)
		return true;
	/* What follows in `to` has been written already. */
	mask = (1ull << 8 * len) - 1;
	word = read_word_at_a_time(name);
	if (unlikely(nul_in(word | ~mask)))
		return false;
	part = get_unaligned((u64 *)to);
	put_unaligned((part & ~mask) | (word & mask), (u64 *)to);
	return true;
}

static void begin(struct trail *t, const struct vexj_where *w)
{
	u32 len = min_t(u32, w->rest_len, ROOM);

	t->at = t->end;
	t->cut = false;
	t->whole = false;
	if (!len)
		return;
	t->at -= len;
	memcpy(t->at, w->rest + w->rest_len - len, len);
	if (len == ROOM)
		t->cut = true;
	else
		*--t->at = '/';
}

/* Puts a name before what there is. False: that was it. */
static bool prepend(struct trail *t, const struct dentry *dentry)
{
	u32 len = READ_ONCE(dentry->d_name.len);

	if (len + 1 > t->at - t->start) {
		t->cut = true;
		return false;
	}
	t->at -= len;
	/* Pairs with the release of the dcache when it gives a dentry its name. */
	if (!copy_name(t->at, smp_load_acquire(&dentry->d_name.name), len)) {
		t->at += len;
		return false;
	}
	*--t->at = '/';
	return true;
}

static void climb(struct trail *t, const struct vexj_where *w)
{
	const struct dentry *dentry = w->dentry, *parent;
	const struct vfsmount *mnt = w->mnt, *up;
	u32 i;

	begin(t, w);
	for (i = 0; i < MAX_STEPS && !t->cut; i++) {
		if (mnt && dentry == mnt->mnt_root) {
			up = vexj_mount_parent(mnt);
			if (up == mnt) {
				t->whole = true;
				return;
			}
			dentry = vexj_mount_point(mnt);
			mnt = up;
			continue;
		}
		parent = READ_ONCE(dentry->d_parent);
		/* Nothing is known of what is above. */
		if (parent == dentry || !prepend(t, dentry))
			return;
		dentry = parent;
	}
}

static bool names_changed(unsigned int seq)
{
	return seq & 1 || read_seqcount_retry(&rename_lock.seqcount, seq);
}

static void flag(struct vexj_build *b, u16 tag, u32 path, u32 path2)
{
	b->flags |= tag == VEXJ_ATTR_PATH ? path : path2;
}

/* To lower memory, by words where they do not overlap; up to 7 bytes more. */
static void move_down(u8 *to, const u8 *from, u32 len)
{
	const u8 *end = from + len;

	if (from - to < sizeof(u64)) {
		memmove(to, from, len);
		return;
	}
	for (; from < end; from += sizeof(u64), to += sizeof(u64)) {
		put_unaligned(get_unaligned((const u64 *)from), (u64 *)to);
		barrier();	/* or the compiler makes a call of it */
	}
}

void vexj_put_path(struct vexj_build *b, u16 tag, const struct vexj_where *w)
{
	u8 *to = vexj_attr(b, tag, VEXJ_PATH_MAX);
	struct trail t;
	unsigned int seq;
	bool changed;
	u32 i, len;

	if (!to)
		return;
	t.start = to + 3;	/* behind "..." */
	t.end = t.start + ROOM;
	for (i = 0; i < ATTEMPTS; i++) {
		seq = raw_read_seqcount(&rename_lock.seqcount);
		climb(&t, w);
		changed = names_changed(seq);
		if (!changed)
			break;
	}
	len = t.end - t.at;
	if (t.cut) {
		memcpy(to, "...", 3);
		memmove(to + 3, t.at, len);
		len += 3;
		flag(b, tag, VEXJ_F_PATH_TRUNCATED, VEXJ_F_PATH2_TRUNCATED);
	} else {
		move_down(to, t.at, len);
		if (!t.whole || changed)
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
