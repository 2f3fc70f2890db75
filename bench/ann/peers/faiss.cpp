// SPDX-License-Identifier: Apache-2.0
//
// FAISS' HNSW as bench/ann runs it, over floats or, with -DSQ8, over bytes. Queries
// come in one batch, which is what FAISS likes best.

#include "common.h"

#include <faiss/IndexHNSW.h>
#include <omp.h>

int main(int argc, char **argv)
{
	Task t = parse(argc, argv);
	Mapped base(t.base), queries(t.queries);
	long before = field("RssAnon:");
	omp_set_num_threads(t.threads);

	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
#ifdef SQ8
	faiss::IndexHNSWSQ index(t.dims, faiss::ScalarQuantizer::QT_8bit, t.m);
#else
	faiss::IndexHNSWFlat index(t.dims, t.m);
#endif
	index.hnsw.efConstruction = t.efc;
	index.train(t.n, base.data);
	index.add(t.n, base.data);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	base.drop();
	say_built(wall, cpu, before);

	omp_set_num_threads(1);
	std::vector<float> far(t.nq * t.k);
	for (size_t ef : t.efs) {
		index.hnsw.efSearch = ef;
		std::vector<faiss::Index::idx_t> found(t.nq * t.k, -1);
		double best = 1e9, best_cpu = 1e9;
		for (size_t r = 0; r < t.rounds; r++) {
			wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
			index.search(t.nq, queries.data, t.k, far.data(), found.data());
			best = std::min(best, seconds(CLOCK_MONOTONIC) - wall);
			best_cpu = std::min(best_cpu, seconds(CLOCK_THREAD_CPUTIME_ID) - cpu);
		}
		say_ef(ef, best, best_cpu, std::vector<int64_t>(found.begin(), found.end()));
	}
	return 0;
}
