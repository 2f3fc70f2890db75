// SPDX-License-Identifier: Apache-2.0
//
// hnswlib as bench/ann runs it.

#include "common.h"

#include <hnswlib/hnswlib.h>

#include <atomic>
#include <thread>

int main(int argc, char **argv)
{
	Task t = parse(argc, argv);
	Mapped base(t.base), queries(t.queries);
	long before = field("RssAnon:");
	hnswlib::L2Space space(t.dims);

	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	hnswlib::HierarchicalNSW<float> index(&space, t.n, t.m, t.efc, 42);
	index.addPoint(base.data, 0);
	std::atomic<size_t> next{1};
	auto work = [&] {
		for (size_t i; (i = next++) < t.n;)
			index.addPoint(base.data + i * t.dims, i);
	};
	std::vector<std::thread> others;
	for (size_t i = 1; i < t.threads; i++)
		others.emplace_back(work);
	work();
	for (auto &o : others)
		o.join();
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	base.drop();
	say_built(wall, cpu, before);

	for (size_t ef : t.efs) {
		index.setEf(ef);
		std::vector<int64_t> ids(t.nq * t.k, -1);
		double best = 1e9, best_cpu = 1e9;
		for (size_t r = 0; r < t.rounds; r++) {
			wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
			for (size_t q = 0; q < t.nq; q++) {
				auto found = index.searchKnn(queries.data + q * t.dims, t.k);
				for (size_t i = found.size(); i-- > 0; found.pop())
					ids[q * t.k + i] = found.top().second;
			}
			best = std::min(best, seconds(CLOCK_MONOTONIC) - wall);
			best_cpu = std::min(best_cpu, seconds(CLOCK_THREAD_CPUTIME_ID) - cpu);
		}
		say_ef(ef, best, best_cpu, ids);
	}
	return 0;
}
