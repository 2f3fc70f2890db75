/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kmod/ring.c needs of the kernel, in userspace. A CPU is a thread, an
 * interrupt a signal handler. Under ThreadSanitizer everything that two CPUs share
 * goes through atomics that it knows; else it costs what it costs in the kernel.
 */
#ifndef VEXJ_SHIM_H
#define VEXJ_SHIM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif

#define barrier()		__asm__ __volatile__("" ::: "memory")
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define smp_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define __no_kcsan		__attribute__((no_sanitize("thread")))

#ifdef TSAN
/* It knows no fences. These two are for vexj_ring_copy(), which checks what it read. */
#define smp_wmb()		barrier()
#define smp_rmb()		barrier()
#else
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#endif

static inline unsigned long cmpxchg_local(unsigned long *p, unsigned long old, unsigned long new)
{
#if defined(__x86_64__) && !defined(TSAN)
	/* Without the lock prefix: whole as seen by an interrupt, not by other CPUs. */
	__asm__ __volatile__("cmpxchgq %2, %1" : "+a"(old), "+m"(*p) : "r"(new) : "memory");
	return old;
#else
	__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return old;
#endif
}

#endif
