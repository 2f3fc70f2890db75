// SPDX-License-Identifier: Apache-2.0
//
// What the peers of bench/ann have in common: the files that they read, the clocks,
// and the lines of JSON that they print.

#pragma once

#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

struct Mapped {
	const float *data;
	size_t bytes;

	explicit Mapped(const char *path)
	{
		int fd = open(path, O_RDONLY);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) != 0) {
			perror(path);
			exit(1);
		}
		bytes = st.st_size;
		data = static_cast<const float *>(mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0));
		close(fd);
	}
	void drop() { munmap(const_cast<float *>(data), bytes); }
};

inline double seconds(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

// field returns a line of /proc/self/status in KiB.
inline long field(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long v = 0;
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0)
			v = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return v;
}

struct Task {
	const char *base, *queries;
	size_t dims, n, nq, k, m, efc, threads, rounds;
	std::vector<size_t> efs;
};

inline Task parse(int argc, char **argv)
{
	if (argc != 12) {
		fprintf(stderr, "usage: %s BASE QUERIES DIMS N NQ K M EFC THREADS ROUNDS EF,EF...\n", argv[0]);
		exit(2);
	}
	Task t{argv[1], argv[2]};
	size_t *to[] = {&t.dims, &t.n, &t.nq, &t.k, &t.m, &t.efc, &t.threads, &t.rounds};
	for (int i = 0; i < 8; i++)
		*to[i] = strtoul(argv[3 + i], nullptr, 10);
	for (char *p = argv[11]; *p;) {
		t.efs.push_back(strtoul(p, &p, 10));
		if (*p == ',')
			p++;
	}
	return t;
}

inline void say_built(double wall, double cpu, long before)
{
	malloc_trim(0);
	printf("{\"build\":%f,\"build_cpu\":%f,\"anon\":%ld,\"file\":%ld}\n", wall, cpu, (field("RssAnon:") - before) * 1024,
	       field("RssFile:") * 1024);
	fflush(stdout);
}

// say_ef prints the best round's time, and what was found.
inline void say_ef(size_t ef, double wall, double cpu, const std::vector<int64_t> &ids)
{
	printf("{\"ef\":%zu,\"wall\":%f,\"cpu\":%f,\"ids\":[", ef, wall, cpu);
	for (size_t i = 0; i < ids.size(); i++)
		printf(i ? ",%lld" : "%lld", static_cast<long long>(ids[i]));
	printf("]}\n");
	fflush(stdout);
}
