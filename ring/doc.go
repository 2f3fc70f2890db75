// SPDX-License-Identifier: Apache-2.0

// Package ring reads the kernel's BPF ring buffer, and the module's ring of the
// same layout, where it stands: samples are slices of the mapped pages.
//
// # Layout
//
//	file offset 0        page            file offset 2 pages
//	+--------------------+---------------+------------------+------------------+
//	| consumer_pos       | producer_pos  | data, size bytes | the same data    |
//	| one page, writable | one page, r/o | read-only        | mapped again     |
//	+--------------------+---------------+------------------+------------------+
//
// Both positions are unsigned long and only grow; position & (size-1) is an
// offset into the data. A sample is
//
//	+---------+------------+-----------+---------------+
//	| len u32 | pgoff u32  | len bytes | padding to 8  |
//	+---------+------------+-----------+---------------+
//
// where bit 31 of len says that the producer still writes to it (busy), and bit
// 30 that it gave it up (discard). As the data is mapped twice in a row, a
// sample that wraps around the end is contiguous all the same.
//
// # Memory order
//
// Every access to a word that the kernel shares goes through sync/atomic, whose
// operations are sequentially consistent: at least as strong as what
// kernel/bpf/ringbuf.c counts on. The pairs are
//
//	here                          kernel/bpf/ringbuf.c
//	load of producer_pos          __bpf_ringbuf_reserve: smp_store_release(&rb->producer_pos)
//	load of a sample's len        bpf_ringbuf_commit: xchg(&hdr->len)
//	store of consumer_pos         __bpf_ringbuf_reserve: smp_load_acquire(&rb->consumer_pos)
//	store of consumer_pos,        bpf_ringbuf_commit: xchg(&hdr->len),
//	then load of len                then smp_load_acquire(&rb->consumer_pos)
//
// The first makes the busy bit of a sample visible before the position that
// covers it: a len below producer_pos is never one left over from the previous
// lap. The second makes the sample's bytes visible before the busy bit goes.
// The third keeps the kernel from writing over bytes that are still being read.
// The last is store-then-load on both sides, for which release and acquire do
// not suffice: either the reader sees the committed sample, or the kernel sees
// that the reader had caught up, and wakes it. That is why consumer_pos is
// stored with sync/atomic's full order although a release would do for the
// bytes.
//
// # Speed
//
// A record costs one load of its header and a few compares: no lock, no system
// call, no allocation, no interface call. producer_pos, a cache line that the
// producer writes all the time, is read only when everything up to its last
// known value was taken, and consumer_pos is written once a batch, by Release.
//
// What remains is the memory. Each header says where the next one is, which makes
// a walk over samples that another CPU wrote a chain of cache misses; the reader
// therefore asks for memory some samples ahead of their use. Without that, a walk
// by Fill over a full ring of 4 MiB took 90 ns a record, and by Next 30; now
// both take less than 20. bench/ring measures it, next to another reader.
//
// Next and Fill cost the same. Next suits whoever is done with a sample before
// taking another one: the use of one then overlaps the fetching of those after
// it. Fill is for what takes many samples at a time, such as the appending of a
// batch to a journal.
//
// # Trust
//
// A producer's memory is checked, never believed: an impossible position or
// length ends in ErrCorrupt, and no value makes the reader touch a byte outside
// the mapping. Nothing here looks into samples. Who parses one that an
// untrusted producer could still be writing to, copies it first.
//
// # Waking
//
// The producers wake a reader when the fill of a ring crosses a watermark, not
// for each record. Reader.Wait therefore takes a deadline, after which whatever
// is in the rings is worth draining:
//
//	for {
//		for _, r := range rd.Rings() {
//			for {
//				n, err := r.Fill(batch)
//				if err != nil {
//					return err
//				}
//				if n == 0 {
//					break
//				}
//				use(batch[:n])
//				r.Release()
//			}
//		}
//		if err := rd.Wait(100 * time.Millisecond); err != nil {
//			return err
//		}
//	}
package ring
