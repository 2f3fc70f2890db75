/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asynchronous I/O: what is known where it is submitted is kept until its
 * completion, which may come in whatever task or interrupt.
 */
#ifndef VEXJ_BPF_VFS_AIO_H
#define VEXJ_BPF_VFS_AIO_H

struct aio {
	u64 time;
	u64 length;
	u32 type;
	u32 pid;
	u64 group;
	struct vexj_attr_task who;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct aio);
} aios SEC(".maps");

static __noinline int aio_begins(struct hook *h, u32 type)
{
	struct iocb *block = at(struct iocb, param(h, 1));
	u64 key = param(h, 0);
	struct aio a = { .time = h->in->time, .type = type };

	h->in->inode[0] = (u64)get(at(struct kiocb, key), ki_filp, f_inode);
	if (!wanted(type))
		return 0;
	a.length = get(block, aio_nbytes);
	if (param(h, 2) & 1)
		a.length = asked_by(h, get(block, aio_buf), a.length);
	a.pid = get(h->o.task, tgid);
	a.group = group_of(h->o.task);
	fill_task(&a.who, h->o.task);
	if (bpf_map_update_elem(&aios, &key, &a, BPF_ANY))
		lose(VEXJ_LOST_STATE);
	return 0;
}

/* The record of a request that is done with, in whichever context that is. */
static __noinline int aio_ended(struct hook *h, u64 key, s64 result)
{
	struct kiocb *k = at(struct kiocb, key);
	struct aio *a = bpf_map_lookup_elem(&aios, &key);
	u64 file = (u64)get(k, ki_filp);
	struct scratch *s;
	struct event *e;
	u32 off;

	if (!a)
		return 0;
	s = h->o.s ? h->o.s : take_scratch();
	h->o.s = s;
	if (result < 0 && !(cfg.filters & FILTER_FAILED)) {
		count_filtered();
	} else if (!s) {
		lose(VEXJ_LOST_NESTED);
	} else {
		begin(s);
		e = &s->ev;
		e->type = a->type;
		e->subtype = VEXJ_SUBTYPE(VEXJ_VIA_AIO, 0);
		e->length = a->length;
		e->result = result;
		e->offset = began((u64)get(k, ki_filp, f_inode), get(k, ki_pos), result);
		e->parent = 0;
		e->now = bpf_ktime_get_boot_ns();
		e->duration = e->now - a->time;
		s->as_pid = a->pid;
		s->as_group = a->group;
		s->as = a->who;
		/* A map's value is a plain number, which the function wants. */
		file = plain(&a->time, file);
		off = put_open_file(s, file, BODY);
		if (off)
			send(&h->o, off);
	}
	bpf_map_delete_elem(&aios, &key);
	return 0;
}

DECLARE(aio_read);
ENTER(aio_read) { return aio_begins(h, VEXJ_FS_READ); }
EXIT(aio_read) { return h->result < 0 ? aio_ended(h, param(h, 0), h->result) : 0; }

DECLARE(aio_write);
ENTER(aio_write) { return aio_begins(h, VEXJ_FS_WRITE); }
EXIT(aio_write) { return h->result < 0 ? aio_ended(h, param(h, 0), h->result) : 0; }

DECLARE(aio_complete_rw);
SEC_ENTER(aio_complete_rw)
int enter_aio_complete_rw(void *ctx)
{
	struct hook h = { .ctx = ctx, .p = &params_aio_complete_rw };

	aio_ended(&h, param(&h, 0), param(&h, 1));
	give_back(&h);
	return 0;
}

#endif
