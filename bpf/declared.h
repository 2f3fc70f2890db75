/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program declares of itself at its exec: see DECLARED IDENTITY in vexj.h. */
#ifndef VEXJ_BPF_DECLARED_H
#define VEXJ_BPF_DECLARED_H

#include "record.h"

struct declared {
	struct scratch *s;
	u64 at, end;	/* of the environment */
	u32 off;	/* of the attribute's bytes in rec */
	u32 len;
	u32 looked;
	u32 middle;	/* 1: at is inside of a variable */
};

#define WORD(a, b, c, d, e, f, g, h)						\
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 |		\
	 (u64)(e) << 32 | (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)
#define FIRST(word, bytes) ((word) & (~0ull >> (64 - 8 * (bytes))))

/* What is behind the string's NUL takes no part: no name has one in it. */
static __always_inline bool declares(const u64 *w)
{
	switch (w[0]) {
	case WORD('A', 'I', '_', 'A', 'G', 'E', 'N', 'T'):
		return FIRST(w[1], 1) == '=';
	case WORD('C', 'L', 'A', 'U', 'D', 'E', 'C', 'O'):
		return FIRST(w[1], 3) == WORD('D', 'E', '=', 0, 0, 0, 0, 0);
	case WORD('C', 'L', 'A', 'U', 'D', 'E', '_', 'C'):
		return w[1] == WORD('O', 'D', 'E', '_', 'S', 'E', 'S', 'S') &&
		       FIRST(w[2], 7) == WORD('I', 'O', 'N', '_', 'I', 'D', '=', 0);
	case WORD('C', 'O', 'D', 'E', 'X', '_', 'T', 'H'):
		return w[1] == WORD('R', 'E', 'A', 'D', '_', 'I', 'D', '=');
	case WORD('T', 'R', 'A', 'C', 'E', 'P', 'A', 'R'):
		return FIRST(w[1], 4) == WORD('E', 'N', 'T', '=', 0, 0, 0, 0);
	}
	return false;
}

static long declared_step(u32 i, struct declared *d)
{
	struct scratch *s = d->s;
	u32 len, middle = d->middle, pos = d->len;
	long n;

	if (d->at >= d->end)
		return 1;
	n = bpf_probe_read_user_str(s->name, CHUNK, (void *)d->at);
	if (n < 0)
		return 1;
	if (!n)
		n = 1;	/* older kernels do not count the NUL of an empty string */
	d->middle = n == CHUNK;
	d->at += n - d->middle;
	if (middle)
		return 0;
	if (d->looked++ >= VEXJ_DECLARED_SCAN)
		return 1;
	if (!declares((u64 *)s->name))
		return 0;
	len = n - 1;
	if (len > VEXJ_DECLARED_ONE)
		len = VEXJ_DECLARED_ONE;
	if (pos) {
		*(u8 *)rec_at(s, d->off + pos) = 0;
		pos++;
	}
	if (pos + len > VEXJ_DECLARED_MAX)
		return 1;
	barrier_var(len);
	len &= 2 * VEXJ_DECLARED_ONE - 1;
	bpf_probe_read_kernel(rec_at(s, d->off + pos), len, s->name);
	d->len = pos + len;
	return 0;
}

static __always_inline u32 put_declared(struct scratch *s, struct task_struct *task, u32 off)
{
	struct declared d = {
		.s = s,
		.at = get(task, mm, env_start),
		.end = get(task, mm, env_end),
		.off = off + 4,
	};

	/* A turn is a variable, or a part of a long one. */
	bpf_loop(2 * VEXJ_DECLARED_SCAN, declared_step, &d, 0);
	if (!d.len)
		return off;
	put_head(s, off, VEXJ_ATTR_DECLARED, d.len);
	return pad(s, off + 4 + (d.len & (2 * VEXJ_DECLARED_MAX - 1)));
}

#endif
