// SPDX-License-Identifier: Apache-2.0

// Package vector keeps vectors in files that are mapped into memory, with what each
// is of, and makes a record of every change before it is made.
//
//	s, err := vector.Create(dir, vector.Config{Dims: 128}, vector.Options{})
//	id, err := s.Create(0, v, vector.Meta{Path: "/srv/a.txt"})
//	item, err := s.Get(id)
//	found, err := s.Search(q, 10, vector.SearchOptions{})
//	err = s.Sync(0)               // everything before is safe now
//	err = s.Close()
//
// # Promises
//
//   - Opening maps files and reads a few kilobytes, however many vectors there are,
//     if the store was closed. If it was not, 64 bytes of each vector are looked at.
//   - One writer, any number of readers, who take no lock: a vector is written where
//     nobody looks, and then shown. A [View] is the store at one moment, for as long
//     as it is open, whatever is changed or compacted.
//   - What [Store.Sync] returned for is there after any crash, and nothing else is:
//     not a part of a change, and no change that was not synced.
//   - A changed byte is found by Open, by the first look at what it is in, or by
//     [Store.Verify]: ErrDamaged, and never another vector than the one that was
//     written. Each vector's checksum is compared when it is first looked at after
//     the store was opened.
//   - Ids are for ever: none is given to another vector unless its owner says so.
//
// # Store and journal
//
// With a [produce.Sink] the store is a cache of the journal, which is its write-ahead
// log. The order of a change:
//
//  1. it is checked, against the store and the other changes of its batch;
//  2. CHECKPOINT says, durably, that more than it names may be in the files, unless it
//     said so before;
//  3. its record goes to the sink: what the sink has, happened;
//  4. row, text and slot are written behind all others, where nothing counts yet;
//  5. the words that end the slots of earlier versions are written;
//  6. it is shown to readers.
//
// Whoever owns the journal syncs it when a change is to be acknowledged, and the store
// seldom: Sync is a snapshot, to which [Store.Position] and [Store.LastEvent] belong.
// After a crash Open goes back to the last Sync, and [Store.Apply] of the records of
// the journal behind it leads to where the journal ends: equal by [Store.Digest] to a
// store that was never interrupted, because a record has all of a change and a change
// depends on nothing but the store. If the sink or the disk refuses something in the
// middle the store stops, rather than go on with less than the journal has.
//
// A vector that is larger than 48 KiB has several records, one for each part: it
// counts with the last one. So does a batch of changes: all of its records are flagged
// transactional and name the first one as transaction, and the last alone is flagged
// atomic.
//
// # The directory
//
//	LOCK                        locked by the writer, whose pid is in it
//	CHECKPOINT                  which bytes of the others count
//	vectors.00000001            one row for each vector that was ever written
//	slots.00000001              what each row is
//	texts.00000001              paths and tags
//	ids.00000001.00000003       finds the slot of an id
//
// The number is that of the generation: compacting writes the next one. Files that
// CHECKPOINT does not name are left from a crash, and removed by the next writer.
// All is little-endian.
//
// # CHECKPOINT
//
//	offset size
//	     0    8  magic 8f 56 58 56 63 68 6b 0a: "\x8fVXVchk\n"
//	     8    4  version: 1
//	    12    4  1: nothing was written behind it, the store was closed
//	    16   16  id of the store, random
//	    32    4  dimensions
//	    36    4  element type, enum vexj_elem
//	    40    4  metric, enum vexj_metric
//	    44    4  bytes of the name
//	    48    8  generation
//	    56    8  slots
//	    64    8  vectors that live
//	    72    8  bytes of texts
//	    80    8  number of the last change
//	    88    8  lowest id that was never used
//	    96    8  event_id of the last record that is in the store
//	   104    8  position, as Sync was told
//	   112    8  slots that are in the file of ids
//	   120    8  number of that file, 0: there is none
//	   128   64  name, then zeroes
//	   192   60  zero
//	   252    4  CRC-32C of the bytes before
//
// It is never changed but replaced by a synced file, after those that it speaks of
// were synced: so that it is the only thing that has to happen as a whole.
//
// # First pages
//
// The other files begin with a page of 4,096 bytes:
//
//	   0    8  magic "\x8fVXVdat\n"
//	   8    4  version: 1
//	  12    4  what the file has: 1 vectors, 2 slots, 3 texts, 4 ids
//	  16   16  id of the store
//	  32    8  generation
//	  40   24  ids: slots that it covers, binary logarithm of the entries,
//	           CRC-32C of the entries; zero in the others
//	  64    .  zero
//	4092    4  CRC-32C of the bytes before
//
// # Vectors
//
// Row n begins at 4096 + n * stride. The stride is the size of a vector rounded up to
// 64, or to 8 where that would waste more than a third; what it is filled up with is
// zero. Rows follow each other without anything in between, so that kernels can walk
// over them: they are the originals that a graph ranks its candidates by.
//
// # Slots
//
// Slot n, 64 bytes at 4096 + 64n, belongs to row n:
//
//	 0    8  id
//	 8    8  number of the change that wrote it
//	16    8  device of the file: major << 32 | minor
//	24    8  inode of the file
//	32    8  where path and tags are, in the texts behind their first page
//	40    2  bytes of the path
//	42    2  bytes of the tags
//	44    4  CRC-32C of the vector
//	48    4  CRC-32C of path and tags
//	52    4  CRC-32C of the bytes before
//	56    8  zero while it lives; then bits 0 to 46 the number of the change that
//	         ended it, bit 47 whether there is a later slot of the id, bits 48 to
//	         63 CRC-16/XMODEM of the six bytes before
//
// A slot is written once, but for its last word. An update writes a slot and ends the
// one before. Changes are numbered from 1, and a version of the store is a number: it
// has what began at or before it and did not end at or before it. So a view is nothing
// but a number, and going back to the last Sync is to forget all higher ones: slots
// behind those that CHECKPOINT counts, and ends that came later, which are taken back.
//
// # Ids
//
// A hash table of entries of 16 bytes: id, slot (u32), CRC-32C of these (u32); what is
// free is zero. The search for an id begins at (id ^ id >> 32) * 0x9e3779b97f4a7c15 >>
// (64 - the logarithm) and goes on to the next entry. It is written when thousands of
// ids are not in it, and has what follows from the slots alone: a reader that cannot
// use it looks at all of them instead.
//
// # What it does not find
//
// A byte that changes on the disk after it was compared, and before the system reads
// it again, is found by Verify and by the next opening only. Another process that cuts
// off a file that is mapped here ends this one with a signal: LOCK is there to be
// respected.
package vector
