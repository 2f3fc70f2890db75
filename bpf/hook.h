/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the vfs set hooks a function of the kernel: ENTER and EXIT make a program
 * each of a body, for a trampoline (fentry, fexit) or, with VEXJ_KPROBE, for a
 * kprobe and kretprobe. Bodies take parameters by their place in a list of the
 * loader's, which looks the function's prototype up in the kernel's types: where
 * a parameter is, and how wide the result is, differs from kernel to kernel.
 *
 * What a function was entered with lies on a stack of its task's, so that at its
 * exit the functions that it was called by are known: an operation inside
 * another one on another object is the kernel's own.
 */
#ifndef VEXJ_BPF_HOOK_H
#define VEXJ_BPF_HOOK_H

#define PARAMS	6
#define ABSENT	0xff

enum returns {
	RETURNS_LONG	= 0,
	RETURNS_INT	= 1,
	RETURNS_POINTER	= 2,	/* or an error in its place */
};

struct params {
	u8 at[PARAMS];		/* index in the prototype, ABSENT */
	u8 returns;		/* enum returns */
	u8 reserved;
};

#define DEPTH	8

/* A function that has been entered and not left. */
struct entered {
	u64 sp;			/* where: what is above it has been left */
	u64 time;		/* ns, boottime */
	u64 inode[2];		/* that it works on; a function below it on one of them is part of it */
	u64 note[2];		/* of the body's */
	u32 id;
	u32 has_before;
	struct vexj_attr_file before;
#ifdef VEXJ_KPROBE
	u64 a[PARAMS];
#endif
};

#define MOUNTS	4

struct frame {
	u64 call;		/* when the call began that the rest is about */
	u64 request;		/* of io_uring, under way */
	u64 opened;		/* file that was opened and has no number yet */
	u32 open_flags;
	u32 open_mode;
	u64 mounts[MOUNTS];	/* that were last written to, one of a filesystem */
	u64 word;		/* for plain() */
	u32 next_mount;
	u32 depth;
	struct entered stack[DEPTH];
	struct held held;	/* of a rename inside another operation */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct frame);
} frames SEC(".maps");

/* A hooked function in hand. */
struct hook {
	struct op o;
	void *ctx;
	const volatile struct params *p;
	struct task_state *st;
	struct frame *f;
	struct entered *in;
	u64 object;		/* that was returned */
	s64 result;
	u32 depth;		/* of functions that this one is called by */
	bool kernel;		/* who asked is the kernel */
};

#ifdef VEXJ_KPROBE
/*
 * A parameter at the function's entry. By reads of memory: the context itself
 * takes no offset that is not a constant.
 */
static __always_inline u64 register_of(struct pt_regs *regs, u8 i)
{
	u64 v = 0;

	switch (i) {
	case 0: return BPF_CORE_READ(regs, di);
	case 1: return BPF_CORE_READ(regs, si);
	case 2: return BPF_CORE_READ(regs, dx);
	case 3: return BPF_CORE_READ(regs, cx);
	case 4: return BPF_CORE_READ(regs, r8);
	case 5: return BPF_CORE_READ(regs, r9);
	case ABSENT: return 0;
	}
	/* The others are behind the return address. */
	bpf_probe_read_kernel(&v, sizeof(v), (void *)(BPF_CORE_READ(regs, sp) + 8 * (i - 5)));
	return v;
}

static __always_inline u64 param(struct hook *h, u32 i)
{
	return h->in ? h->in->a[i] : register_of(h->ctx, h->p->at[i]);
}

static __always_inline u64 result_of(struct hook *h)
{
	return ((struct pt_regs *)h->ctx)->ax;
}

static __always_inline u64 place(void *ctx)
{
	return ((struct pt_regs *)ctx)->sp;
}

/* Of the stack that a probe's own return takes. */
#define SLACK 64
#define SEC_ENTER(function)	SEC("kprobe/" #function)
#define SEC_EXIT(function)	SEC("kretprobe/" #function)
#else
static __always_inline u64 param(struct hook *h, u32 i)
{
	u8 at = h->p->at[i];
	u64 v = 0;

	if (at != ABSENT)
		bpf_get_func_arg(h->ctx, at, &v);
	return v;
}

static __always_inline u64 result_of(struct hook *h)
{
	u64 v = 0;

	bpf_get_func_ret(h->ctx, &v);
	return v;
}

/* Entry and exit of one trampoline have their arguments in one place. */
static __always_inline u64 place(void *ctx)
{
	return (u64)ctx;
}

#define SLACK 0
#define SEC_ENTER(function)	SEC("fentry/" #function)
#define SEC_EXIT(function)	SEC("fexit/" #function)
#endif

/* Finds whether the function's task is recorded, and what is known of it. */
static __always_inline bool open_hook(struct hook *h, bool create)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	h->o.task = task;
	if (get(task, tgid) == cfg.self)
		return false;
	h->st = bpf_task_storage_get(&states, (void *)task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!h->st || !task_selected(task, h->st))
		return false;
	h->f = bpf_task_storage_get(&frames, (void *)task, NULL,
				    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	return h->f || !create;
}

static __always_inline struct entered *slot_of(struct frame *f, u32 i)
{
	barrier_var(i);
	return &f->stack[i & (DEPTH - 1)];
}

/* Takes off the stack what is above sp: functions whose exit was not seen. */
static __always_inline u32 settle(struct frame *f, u64 sp)
{
	u32 depth = f->depth > DEPTH ? DEPTH : f->depth;

#pragma clang loop unroll(full)
	for (u32 i = 0; i < DEPTH; i++) {
		if (depth && slot_of(f, depth - 1)->sp < sp)
			depth--;
	}
	return depth;
}

static __always_inline bool enter(struct hook *h, u32 id)
{
	struct entered *in;
	struct frame *f;
	u32 depth;
	u64 sp = place(h->ctx);

	if (!open_hook(h, true))
		return false;
	f = h->f;
	if (f->call != h->st->entered) {
		f->call = h->st->entered;
		f->opened = 0;
	}
	depth = settle(f, sp + 1);
	h->depth = depth;
	if (depth >= DEPTH) {
		f->depth = depth;
		return false;
	}
	f->depth = depth + 1;
	in = slot_of(f, depth);
	in->sp = sp;
	in->id = id;
	in->time = bpf_ktime_get_boot_ns();
	in->inode[0] = 0;
	in->inode[1] = 0;
	in->has_before = 0;
#ifdef VEXJ_KPROBE
	for (u32 i = 0; i < PARAMS; i++)
		in->a[i] = register_of(h->ctx, h->p->at[i]);
#endif
	h->in = in;
	return true;
}

static __always_inline void set_result(struct hook *h)
{
	u64 v = result_of(h);

	switch (h->p->returns) {
	case RETURNS_INT:
		h->result = (s32)v;
		break;
	case RETURNS_POINTER:
		if (v > -4096ull) {
			h->result = v;
		} else {
			h->result = 0;
			h->object = v;
		}
		break;
	default:
		h->result = v;
	}
}

static __always_inline bool leave(struct hook *h, u32 id)
{
	struct entered *in;
	struct frame *f;
	u32 depth;
	u64 sp = place(h->ctx);

	if (!open_hook(h, false))
		return false;
	f = h->f;
	if (!f)
		return false;
	depth = settle(f, sp - SLACK);
	f->depth = depth;
	if (!depth)
		return false;
	in = slot_of(f, depth - 1);
	if (in->id != id || in->sp > sp)
		return false;
	depth--;
	f->depth = depth;
	h->depth = depth;
	h->in = in;
	set_result(h);
	return true;
}

static __always_inline void give_back(struct hook *h)
{
	drop_scratch(h->o.s);
	h->o.s = NULL;
}

#define DECLARE(function)							\
	const volatile struct params params_##function = {};			\
	enum { ID_##function = __COUNTER__ + 1 }

/* The body is run at the function's entry, for its exit to come. */
#define ENTER(function)								\
	static __noinline int on_enter_##function(struct hook *h);		\
	SEC_ENTER(function)							\
	int enter_##function(void *ctx)						\
	{									\
		struct hook h = { .ctx = ctx, .p = &params_##function };	\
										\
		if (enter(&h, ID_##function))					\
			on_enter_##function(&h);				\
		give_back(&h);							\
		return 0;							\
	}									\
	static __noinline int on_enter_##function(struct hook *h)

#define EXIT(function)								\
	static __noinline int on_exit_##function(struct hook *h);		\
	SEC_EXIT(function)							\
	int exit_##function(void *ctx)						\
	{									\
		struct hook h = { .ctx = ctx, .p = &params_##function };	\
										\
		if (leave(&h, ID_##function))					\
			on_exit_##function(&h);					\
		give_back(&h);							\
		return 0;							\
	}									\
	static __noinline int on_exit_##function(struct hook *h)

/* The body is run at the function's entry, and there is no exit. */
#define NOTE(function)								\
	static __noinline int on_enter_##function(struct hook *h);		\
	SEC_ENTER(function)							\
	int enter_##function(void *ctx)						\
	{									\
		struct hook h = { .ctx = ctx, .p = &params_##function };	\
										\
		if (open_hook(&h, true)) {					\
			h.depth = h.f->depth;					\
			on_enter_##function(&h);				\
		}								\
		give_back(&h);							\
		return 0;							\
	}									\
	static __noinline int on_enter_##function(struct hook *h)

#endif
