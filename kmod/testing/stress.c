// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core of the ring under a sanitizer: one producer that interrupts itself, by
 * calls and by signals, to a depth of four; a reader or someone who scribbles
 * over the reader's position; and someone who copies the last samples all the time.
 *
 * usage: stress honest|hostile RING_BYTES SAMPLES SEED
 *
 * Every sample bears a number and bytes that follow from it. An honest reader
 * must see each number that was committed once, in an order in which only
 * interrupts go back, and nothing of those that found no room. With a hostile one
 * no two reservations under way may overlap. A copied sample must be whole,
 * whoever reads. Exit status 1 and a line if not.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../ring.c"

#define DEPTH	4
#define PAGE	4096ul

struct sample {
	u64 number;
	u32 len;	/* of the sample */
	u32 sum;
	u8 bytes[];
};

static struct vexj_ring ring;
static unsigned long size;
static u64 limit, seed;

/* The producer's thread alone. */
static u64 attempted, committed, refused;
static unsigned int depth;
static struct span {
	unsigned long begin, end;
} under_way[DEPTH];

/* A bit for each number: 1, it was committed. */
static u8 *went_in, *came_out;
static int done;

static void fail(const char *what, u64 a, u64 b)
{
	fprintf(stderr, "%s: %llu, %llu\n", what, (unsigned long long)a, (unsigned long long)b);
	_exit(1);
}

static u64 next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static u32 sum_of(const struct sample *s)
{
	return (u32)(s->number * 2654435761u) ^ s->len;
}

static void fill(struct sample *s, u64 number, u32 len)
{
	s->number = number;
	s->len = len;
	s->sum = sum_of(s);
	memset(s->bytes, (u8)number, len - sizeof(*s));
}

static const char *flaw(const struct sample *s, u32 len)
{
	u32 i;

	if (s->len != len || s->sum != sum_of(s))
		return "a sample's head is not what was written";
	for (i = 0; i < len - sizeof(*s); i++)
		if (s->bytes[i] != (u8)s->number)
			return "a sample's bytes are not what was written";
	return NULL;
}

static unsigned int kicks;

void vexj_ring_kick(struct vexj_ring *r)
{
	kicks++;
	r->wake = 0;
	/* As if the deadline had come at once. */
	if (kicks % 3 == 0)
		vexj_ring_rearm(r);
}

/* Where a reservation stands, whichever lap: its place in the data is enough. */
static void check_apart(unsigned long begin, unsigned long end)
{
	unsigned int i;

	for (i = 0; i + 1 < depth; i++)
		/* One that was interrupted before it had room has none. */
		if (under_way[i].end &&
		    ((begin < under_way[i].end && under_way[i].begin < end) ||
		    (begin + size < under_way[i].end && under_way[i].begin < end + size) ||
		    (begin < under_way[i].end + size && under_way[i].begin + size < end)))
			fail("two reservations overlap", begin, under_way[i].begin);
}

static void produce(u64 *rng)
{
	u64 r = next(rng), number;
	u32 len = sizeof(struct sample) + r % 200;
	struct sample *s;
	unsigned long begin;

	if (depth == DEPTH)
		return;
	if (r >> 60 == 0)
		len += (r >> 20) % (vexj_ring_longest(&ring) - len + 1);
	depth++;
	barrier();
	number = __atomic_fetch_add(&attempted, 1, __ATOMIC_RELAXED);
	s = number < limit ? vexj_ring_reserve(&ring, len) : NULL;
	if (s) {
		begin = (u8 *)s - ring.data;
		if (begin + len > 2 * size)
			fail("a reservation beyond the data", begin, len);
		/* An interrupt sees it whole or not at all. */
		under_way[depth - 1].begin = begin;
		barrier();
		under_way[depth - 1].end = begin + len;
		barrier();
		check_apart(begin, begin + len);
		fill(s, number, len);
		/* An interrupt while it is under way. */
		if ((r >> 40) % 4 == 0)
			produce(rng);
		if (flaw(s, len))
			fail("written over while it was under way", number, len);
		under_way[depth - 1].end = 0;
		barrier();
		went_in[number] = 1;
		committed++;
		vexj_ring_commit(&ring);
	} else if (number < limit) {
		refused++;
	}
	barrier();
	depth--;
	/* On a machine with few processors the others would hardly run. */
	if (!s && !depth)
		sched_yield();
}

/* Of the signals: state of its own, as a call under way may be changing the other. */
static u64 signal_rng;

static void on_signal(int sig)
{
	(void)sig;
	produce(&signal_rng);
}

static void *run_producer(void *unused)
{
	u64 rng = seed | 1;

	while (__atomic_load_n(&attempted, __ATOMIC_RELAXED) < limit)
		produce(&rng);
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	return unused;
}

static bool stopped(void) { return __atomic_load_n(&done, __ATOMIC_ACQUIRE); }

static void *run_reader(void *unused)
{
	unsigned long pos = 0;
	bool last;

	do {
		unsigned long end;

		last = stopped();
		end = smp_load_acquire(ring.producer);
		while (pos != end) {
			const u32 *head = (const u32 *)(ring.data + (pos & ring.mask));
			const struct sample *s = (const void *)(head + 2);
			const char *what;

			if (head[0] > vexj_ring_longest(&ring) || head[1])
				fail("a head that is none", head[0], head[1]);
			what = flaw(s, head[0]);
			if (what)
				fail(what, s->number, head[0]);
			if (s->number >= limit || came_out[s->number]++)
				fail("a sample came twice", s->number, pos);
			pos += (head[0] + 15ul) & ~7ul;
			__atomic_store_n(ring.consumer, pos, __ATOMIC_SEQ_CST);
		}
	} while (!last);
	return unused;
}

static void *run_scribbler(void *unused)
{
	u64 rng = seed * 3 | 1;

	while (!stopped()) {
		u64 r = next(&rng), at = smp_load_acquire(ring.producer), value;

		switch (r & 7) {
		case 0: value = at; break;
		case 1: value = at + (r >> 8) % (2 * size); break;
		case 2: value = at - (r >> 8) % (2 * size); break;
		case 3: value = r; break;
		case 4: value = ~0ull; break;
		case 5: value = at - size; break;
		case 6: value = at + size; break;
		default: value = 0;
		}
		__atomic_store_n(ring.consumer, value, __ATOMIC_SEQ_CST);
	}
	return unused;
}

static void *run_copier(void *unused)
{
	unsigned long room = size + 7, n, samples, at, i;
	u8 *copy = malloc(room), *work = malloc(room);
	u64 rng = seed * 5 | 1;

	while (!stopped()) {
		unsigned long want = 8 + next(&rng) % size;

		n = vexj_ring_copy(&ring, copy, want, work, &samples);
		for (at = 0, i = 0; i < samples; i++) {
			struct sample s;
			const char *what;

			memcpy(&s, copy + at, sizeof(s));
			if (s.len < sizeof(s) || at + s.len > n)
				fail("a copy is cut", at, n);
			memmove(work, copy + at, s.len);
			what = flaw((const void *)work, s.len);
			if (what)
				fail(what, s.number, s.len);
			at += s.len;
		}
		if (at != n)
			fail("copies have other lengths than samples", at, n);
	}
	free(copy);
	free(work);
	return unused;
}

/* The data twice in a row, as in the kernel. */
static void map_ring(void)
{
	int fd = memfd_create("ring", 0);
	u8 *p;

	if (fd < 0 || ftruncate(fd, 2 * PAGE + size))
		fail("no memory", size, 0);
	p = mmap(NULL, 2 * PAGE + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED ||
	    mmap(p, 2 * PAGE + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(p + 2 * PAGE + size, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE) == MAP_FAILED)
		fail("no mapping", size, 0);
	ring.consumer = (unsigned long *)p;
	ring.producer = (unsigned long *)(p + PAGE);
	ring.data = p + 2 * PAGE;
	vexj_ring_init(&ring, size, size / 4);
}

int main(int argc, char **argv)
{
	pthread_t producer, other, copier;
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	bool honest;
	u64 i, signals = 0;

	if (argc != 5)
		return 2;
	honest = !strcmp(argv[1], "honest");
	size = strtoul(argv[2], NULL, 0);
	limit = strtoull(argv[3], NULL, 0);
	seed = strtoull(argv[4], NULL, 0);
	signal_rng = seed * 7 | 1;
	went_in = calloc(limit, 1);
	came_out = calloc(limit, 1);
	map_ring();
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&producer, NULL, run_producer, NULL);
	pthread_create(&other, NULL, honest ? run_reader : run_scribbler, NULL);
	pthread_create(&copier, NULL, run_copier, NULL);
	/* The producer is joined only when it says that it is done, so it is there. */
	while (!stopped()) {
		pthread_kill(producer, SIGUSR1);
		signals++;
		usleep(20);
	}
	pthread_join(producer, NULL);
	pthread_join(other, NULL);
	pthread_join(copier, NULL);

	if (committed + refused != limit)
		fail("committed and refused are not what was attempted", committed, refused);
	for (i = 0; honest && i < limit; i++)
		if (went_in[i] != came_out[i])
			fail("a sample went in and did not come out, or the reverse", i, went_in[i]);
	if (honest && *ring.consumer != *ring.producer)
		fail("the ring is not empty", *ring.consumer, *ring.producer);
	printf("%s: %llu committed, %llu refused, %llu signals, %u kicks\n", argv[1], (unsigned long long)committed,
	       (unsigned long long)refused, (unsigned long long)signals, kicks);
	return 0;
}
