// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a reserve and a commit cost: the module's ring, and the algorithm of the
 * kernel's BPF ring buffer beside it, on the same memory, in the same run.
 *
 * Each line of the output: name, threads, ns for a record as the median, the
 * lowest and the highest of ROUNDS. Time is that of the thread, so a busy machine
 * matters little. A record is of 240 bytes, of which the first 8 are written:
 * the copying of a record costs both rings the same. The reader gives all room
 * back each 64 records, on the same CPU: nothing is contended but the lock where
 * two threads share one BPF ring.
 *
 * usage: bench [RECORDS]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "../ring.c"

#define ROUNDS	15
#define PAGE	4096ul
#define SIZE	(1ul << 20)
#define LEN	240
#define BATCH	64

/*
 * The BPF ring buffer as described in Documentation/bpf/ringbuf.rst: any CPU
 * reserves under a spinlock, marks the record busy, publishes its position, and
 * commits by an exchange of the length. (The kernel also switches interrupts off
 * for the lock, which is left out here, in its favour.)
 */
struct bpf_ring {
	unsigned int lock __attribute__((aligned(64)));
	unsigned long *consumer, *producer;
	u8 *data;
	unsigned long mask;
};

#define BUSY (1u << 31)

static void *bpf_reserve(struct bpf_ring *r, u32 len)
{
	unsigned long size = (len + 15ul) & ~7ul, consumer, pos;
	u32 *head;

	consumer = smp_load_acquire(r->consumer);
	while (__atomic_exchange_n(&r->lock, 1, __ATOMIC_ACQUIRE))
		while (READ_ONCE(r->lock))
			barrier();
	pos = READ_ONCE(*r->producer);
	if (pos + size - consumer > r->mask) {
		smp_store_release(&r->lock, 0);
		return NULL;
	}
	head = (u32 *)(r->data + (pos & r->mask));
	WRITE_ONCE(head[0], len | BUSY);
	WRITE_ONCE(head[1], 0);
	smp_store_release(r->producer, pos + size);
	smp_store_release(&r->lock, 0);
	return head + 2;
}

/* Returns whether the reader is to be woken: it had come to this record. */
static bool bpf_commit(struct bpf_ring *r, void *sample)
{
	u32 *head = (u32 *)sample - 2;
	unsigned long pos = (u8 *)head - r->data;

	__atomic_exchange_n(&head[0], head[0] & ~BUSY, __ATOMIC_SEQ_CST);
	return (smp_load_acquire(r->consumer) & r->mask) == pos;
}

static unsigned int kicks;

/* Woken, and the deadline begins anew. */
void vexj_ring_kick(struct vexj_ring *r)
{
	r->wake = 0;
	__atomic_fetch_add(&kicks, 1, __ATOMIC_RELAXED);
}

static u8 *map_ring(void)
{
	int fd = memfd_create("ring", 0);
	u8 *p;

	if (fd < 0 || ftruncate(fd, 2 * PAGE + SIZE))
		exit(1);
	p = mmap(NULL, 2 * PAGE + 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED ||
	    mmap(p, 2 * PAGE + SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED ||
	    mmap(p + 2 * PAGE + SIZE, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 2 * PAGE) == MAP_FAILED)
		exit(1);
	return p;
}

struct job {
	pthread_t thread;
	int cpu;
	unsigned long records;
	struct vexj_ring own;
	struct bpf_ring *bpf;	/* NULL: own */
	unsigned long gave_up;
	double ns;
};

static double cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void run_own(struct job *j)
{
	unsigned long i;
	u64 *s;

	for (i = 0; i < j->records; i++) {
		s = vexj_ring_reserve(&j->own, LEN);
		if (s) {
			*s = i;
			vexj_ring_commit(&j->own);
		} else {
			j->gave_up++;
		}
		if (i % BATCH == 0)
			smp_store_release(j->own.consumer, *j->own.producer);
	}
}

static void run_bpf(struct job *j)
{
	unsigned long i;
	u64 *s;

	for (i = 0; i < j->records; i++) {
		s = bpf_reserve(j->bpf, LEN);
		if (s) {
			*s = i;
			if (bpf_commit(j->bpf, s))
				__atomic_fetch_add(&kicks, 1, __ATOMIC_RELAXED);
		} else {
			j->gave_up++;
		}
		if (i % BATCH == 0)
			smp_store_release(j->bpf->consumer, READ_ONCE(*j->bpf->producer));
	}
}

static pthread_barrier_t start;

static void *run(void *arg)
{
	struct job *j = arg;
	cpu_set_t set;
	double before;

	CPU_ZERO(&set);
	CPU_SET(j->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	pthread_barrier_wait(&start);
	before = cpu_time();
	if (j->bpf)
		run_bpf(j);
	else
		run_own(j);
	j->ns = (cpu_time() - before) / j->records;
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct bpf_ring *new_bpf(void)
{
	u8 *p = map_ring();
	struct bpf_ring *r = aligned_alloc(64, sizeof(*r));

	*r = (struct bpf_ring){ .consumer = (void *)p, .producer = (void *)(p + PAGE), .data = p + 2 * PAGE, .mask = SIZE - 1 };
	return r;
}

static struct variant {
	const char *name;
	int threads;
	bool bpf, shared;
	struct job jobs[2];
	double ns[ROUNDS];
} variants[] = {
	{ .name = "vexj, a ring each", .threads = 1 },
	{ .name = "bpf, a ring each", .threads = 1, .bpf = true },
	{ .name = "vexj, a ring each", .threads = 2 },
	{ .name = "bpf, a ring each", .threads = 2, .bpf = true },
	{ .name = "bpf, one ring", .threads = 2, .bpf = true, .shared = true },
};

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static void prepare(struct variant *v, unsigned long records)
{
	int i;

	for (i = 0; i < v->threads; i++) {
		struct job *j = &v->jobs[i];
		u8 *p = map_ring();

		j->cpu = i;
		j->records = records;
		j->own.consumer = (void *)p;
		j->own.producer = (void *)(p + PAGE);
		j->own.data = p + 2 * PAGE;
		vexj_ring_init(&j->own, SIZE, SIZE / 4);
		if (v->bpf)
			j->bpf = v->shared && i ? v->jobs[0].bpf : new_bpf();
	}
}

static double measure(struct variant *v)
{
	double ns = 0;
	int i;

	pthread_barrier_init(&start, NULL, v->threads);
	for (i = 0; i < v->threads; i++)
		pthread_create(&v->jobs[i].thread, NULL, run, &v->jobs[i]);
	for (i = 0; i < v->threads; i++) {
		pthread_join(v->jobs[i].thread, NULL);
		ns += v->jobs[i].ns / v->threads;
		/* Two that share a ring can fill it while one of them is not running. */
		if (v->jobs[i].gave_up && !v->shared) {
			fprintf(stderr, "%s: %lu records found no room\n", v->name, v->jobs[i].gave_up);
			exit(1);
		}
	}
	return ns;
}

int main(int argc, char **argv)
{
	unsigned long records = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;
	unsigned int round, i;

	for (i = 0; i < VARIANTS; i++)
		prepare(&variants[i], records);
	/* In turn, so that what slows the machine slows all of them. */
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < VARIANTS; i++)
			variants[i].ns[round] = measure(&variants[i]);
	for (i = 0; i < VARIANTS; i++) {
		struct variant *v = &variants[i];

		qsort(v->ns, ROUNDS, sizeof(v->ns[0]), ascending);
		printf("%s\t%d\t%.1f\t%.1f\t%.1f\n", v->name, v->threads, v->ns[ROUNDS / 2], v->ns[0], v->ns[ROUNDS - 1]);
	}
	return 0;
}
