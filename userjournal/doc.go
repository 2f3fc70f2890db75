// SPDX-License-Identifier: Apache-2.0

// Package userjournal keeps records on disk: USJL, version 2.
//
//	w, err := userjournal.Create(dir, userjournal.Options{})
//	ordinal, err := w.Append(record)
//	err = w.Sync()               // everything before is safe now
//	err = w.Close()
//
//	r, err := userjournal.Open(dir)
//	err = r.Scan(userjournal.ScanOptions{}, func(ordinal uint64, rec uapi.Record) error { ... })
//
// # Promises
//
//   - A record comes out as it went in, byte for byte. The journal looks at its
//     header, and takes hints for the zone map from attributes that it knows; a
//     new attribute changes nothing here.
//   - Records have ordinals, from 1, without gaps, across restarts.
//   - What Sync returned for, or what the durability acknowledged, is there after
//     any crash: data and size of the file were synced, and the directory.
//     Nothing appears that was not appended.
//   - A damaged block costs the records in that block. No damage goes unnoticed.
//   - Readers take no lock and never see half a block.
//
// # The directory
//
//	LOCK                         locked by the writer, whose pid is in it
//	00000000000000000001.usjl    a segment, named after its first ordinal
//	00000000000000000001.usji    its index
//	00000000000001334021.usjl    the next one
//	NAME.consumer                who is owed every record
//	REMOVED                      what was taken out on purpose
//	ARCHIVE                      directories that old segments were moved to
//	SHARD                        which of a set of journals this is
//	SHARDS                       alone: the directory is that of a set
//
// What ends in .tmp was left by a process that was killed.
//
// Each writer begins a segment of its own and each is sealed once. A sealed file
// is never written again, so that one value stands for it, and a header tells
// one boot and one offset to wall time for all records behind it. A segment that
// got no records is replaced by the next writer's.
//
// # Consumers
//
// NAME.consumer is the file of a consumer, who is owed every record:
//
//	usjl consumer 1
//	journal 6c1f9a0e52f34f0b8f2d1a9c04be7713
//	acknowledged 1334020
//	created 2026-03-01T12:00:00.5Z
//	updated 2026-03-01T12:00:07Z
//	crc32c 1b9e22aa
//
// The last line is the CRC-32C of those before. The file is never changed, but
// replaced by a synced one, under the lock of the file CONSUMERS.LOCK. Before an
// acknowledgement is written the records are made durable that it is of,
// whoever is writing them: otherwise a power cut could take records away that a
// consumer has seen, and others would get their ordinals.
//
// # Removal
//
// [Retain] removes the oldest sealed segments, above a size or an age, and none
// that a consumer is owed unless forced. The file REMOVED is written before that,
// as one of a consumer is: up to which ordinal records were taken out, and a line
// "untold" with first, last, records, bytes and reason of those of which no record
// in the journal tells yet, with a line "owed" for each consumer who was. The
// writer, which may be another process, appends that record, of type REMOVED:
// [Writer.TellRemoved]. Then it takes these lines out. A crash in between makes it
// tell again, and Retain go on with what it had noted. Segments go one after the
// other, each durably, so that what is left is never without its middle. A reader
// that wants what is gone gets [ErrRemoved] with the ordinals. Verify wants such a
// record in a journal that begins behind ordinal 1, also where an archive was
// forgotten, so that nobody can take the oldest segments away unnoticed; only one
// that [Repair] made begins where the old one did, which its first header says.
//
// # Archives
//
// [Archive] makes a copy of a sealed segment in another directory, in which the
// blocks have codec 4, and removes the original. Header, block headers but for
// size, codec and checksums, records, digests, chain, signature and index are the
// same: chain values do not depend on how records are stored. The file ARCHIVE has
// a line "directory" for each such directory, quoted as Go does, and is there
// before anything is moved. A reader takes the segments of all of them together; of
// one that is in two, which a crash can leave, the journal's own. If a directory
// is not there the journal is not opened: [ErrArchive].
//
// # Shards
//
// [CreateSet] spreads what is appended over several journals, on as many disks:
// 256 KiB to one, then to the next. Each is a journal by itself, with its own
// ordinals, lock and chain, and has a file SHARD with lines "set", an id that all
// have, "shard", its number from 0, and "of", how many there are. The directory of
// the set has no segments but a LOCK, and a file SHARDS with lines "set" and
// "directory", one for each shard, quoted as Go does, relative to that directory
// if inside it; it is written when all shards are there. [OpenSet] reads a set, or
// a journal that is none, as a set of one. If a shard is not there, or another is in
// its place, nothing is opened: [ErrShards].
//
// Nothing in a record says in which order it was given to the writer. The merged
// order is that in which things happened, as far as it is known: for the records of
// one run of a producer, whose event_id less global_sequence is the same, by
// global_sequence; otherwise by the time of day. A record is named by
// (ordinal - 1) * shards + number of the shard + 1. After a crash the shards may
// end at different times; what was acknowledged is in each.
//
// A place in a set is a [Position], an ordinal for each shard. A consumer of a set
// has its file in each, so that each keeps by itself what is owed, and a cursor
// names the ordinals of all:
//
//	"vexj1s." base64url( id of the set, 16 bytes | event_id u64 | number of the
//	shard, varint | ordinals, a varint for each shard | CRC-32C of that, u32 )
//
// # A segment
//
// Little-endian throughout. All offsets of parts are multiples of 8.
//
//	+-------------------+ 0
//	| header            | 4,096 bytes, written once
//	+-------------------+ 4096
//	| block             | header, stored bytes, 0 to 7 zeroes
//	| block             |
//	| ...               |
//	+-------------------+
//	| footer            | what is above, listed; only in a sealed segment
//	| trailer           | 64 bytes: where the footer is
//	+-------------------+
//
// # Header
//
//	offset size
//	     0    4  magic 0x55534A4C: "USJL" as a number
//	     4    4  version major: 2
//	     8    4  version minor: 0
//	    12   40  zero: total_events, next_event_id, journal_size, index_offset,
//	             flags, checksum of the legacy header
//	    52    8  created_at, seconds since 1970
//	    60    8  modified_at: the same
//	    68   64  zero
//	   132    4  bytes before the first block: 4096
//	   136    4  uncompressed bytes that the writer put into a block
//	   140    4  zero
//	   144   16  journal id, random, the same in all segments
//	   160   16  boot id, /proc/sys/kernel/random/boot_id
//	   176    8  wall-clock offset: CLOCK_REALTIME - CLOCK_BOOTTIME in ns
//	   184    8  ordinal of the first record
//	   192    8  created, ns since 1970
//	   200    8  number of the segment in the journal, from 1
//	   208    8  salt, random
//	   216    8  records in the segments before
//	   224    8  uncompressed bytes of these
//	   232   32  chain value of the segment before, zero in the first
//	   264    8  ns by which the wall clock was behind that of the segment before
//	   272   16  journal id of the journal that this one was repaired from, or zero
//	   288    8  newest record of the segments before, ns since 1970; 0: not known
//	   296    8  most ns by which the oldest record of one of them is older than
//	             the newest of those before it
//	   304  204  zero
//	   508    4  CRC-32C of the bytes before
//	   512 1536  zero
//	  2048  512  the first 512 bytes again
//	  2560 1532  zero
//	  4092    4  CRC-32C of the bytes before
//
// The first 132 bytes are the legacy header, so that whatever knows that one
// recognises the file. Its totals stay zero: they would have to be written again
// at the end, and a header that is being overwritten is one that a crash can
// tear. What is known only at the end is in the footer. The counts of what came
// before are here so that a reader has the totals from the last segment alone.
//
// By the newest record before, which never falls from one segment to the next, the
// segments from a time on are found in O(log n), and by the lag those up to one,
// however the clock was set meanwhile.
//
// The fields are there twice, in sectors that no single torn write or bad sector
// takes both of, and a third time in the footer. If all are lost, the first block
// still tells salt, first ordinal and where the chain begins; if that is lost too,
// the salt is the one of most blocks, and the name has the first ordinal.
//
// # Block
//
//	offset size
//	     0    8  magic 8f 55 53 4a 62 6c 6b 0a: "\x8fUSJblk\n"
//	     8    4  CRC-32C of the header from offset 12 on, the filter included
//	    12    4  CRC-32C of the stored bytes and the zeroes behind them
//	    16    2  bytes of the header without the filter: 280
//	    18    2  bytes of the filter
//	    20    4  bytes stored
//	    24    4  bytes of the records
//	    28    1  codec: 1 none, 2 LZ4, 3 delta, 4 zstd
//	    29    3  zero
//	    32    4  number of records
//	    36    4  event_flags of all records, joined by or
//	    40    8  salt of the segment
//	    48    8  ordinal of the first record
//	    56   16  ktime, lowest and highest
//	    72   16  event_id, lowest and highest
//	    88   16  global_sequence, lowest and highest
//	   104    8  process_id, lowest and highest (u32 each)
//	   112    8  agent_visibility_mask of all records, joined by or
//	   120   32  processes: one bit of 256 for each process_id
//	   152   64  types: one bit of 512 for each event_type
//	   216   32  BLAKE3 of the records, uncompressed
//	   248   32  chain value before the block
//	   280    n  filter
//	     .    .  stored bytes
//	     .  0-7  zeroes
//
// A block holds up to [Options].BlockSize bytes of whole records, and fewer if
// someone wanted to see or to have safe what there was. The last ordinal is not
// stored: it follows from the first and the number. Of ktime, lowest and highest
// say more than first and last, because records are ordered by sequence and the
// clock of one CPU may run ahead of another's.
//
// The magic begins with a byte that is neither ASCII nor the first of a UTF-8
// sequence. But a payload may hold whatever its writer likes, also a complete
// block; uncompressed it would stand in the file like one of ours. Therefore the
// salt, which nobody who writes records can know. It also tells a block from one
// that a reused part of the disk still held.
//
// The header has its own checksum so that it can be trusted without reading the
// data: that is what skipping blocks is for. It covers the checksum of the data
// and so all of the block. A reader accepts a longer header than 280 bytes, from
// a later minor version, and ignores the rest of it.
//
// Process bits: h = pid * 0x9e3779b1 mod 2^32; the bit is h >> 24, so that bits
// 30 and 31 of h pick one of four u64. Type bits: category 1 to 8 picks one of
// eight u64, modulo 8; bit (type & 0x1f | type >> 1 & 0x20) of it: operations 0
// to 0x1f and 0x40 to 0x5f have one each.
//
// # The filter
//
// A Bloom filter of keys of 64 bits, a byte for each key, between 8 and 8,192
// bytes. A key sets 4 bits: with a = its low 32 bits, s = its high 32 bits | 1,
// m = the bits of the filter, bit (a + i*s mod 2^32) * m >> 32 for i = 0 to 3.
//
// Keys are made with fold(h, v) = high ^ low half of the 128-bit product of h^v
// and 0xa0761d6478bd642f; bytes are folded in as little-endian u64, then the last
// 0 to 7 of them, filled up with zeroes, ^ their total number << 56.
//
//	path, path2  and each directory above: fold the components one by one, each
//	             with the slash before it, from 0x9e3779b97f4a7c15
//	inode        of file and file2: fold the number into 0xc2b2ae3d27d4eb4f
//	agent id     fold the bytes into 0x165667b19e3779f9
//	session      fold the number into 0xd6e8feb86659fd93
//
// That a path's key is made on the way from the root costs nothing more for the
// directories above it, and lets a query for everything below a directory skip
// blocks too. The inode goes without its device: who asks has seldom more, and
// two devices with the same number cost a block that is read in vain.
//
// # Codecs
//
// Codec 1 stores the records as they are, one after the other. A block that does
// not get smaller with the codec of the writer is stored so.
//
// Codec 2 is one LZ4 block of that.
//
// Codec 3, delta, stores each record as its difference from an earlier one of
// the block. Records of one process agree in most of their words: what is left
// is a quarter of the bytes, in streams that are one Snappy block.
// Both together take half the time of LZ4 alone and make half the size.
//
//	streams:
//	     0    4  bytes of the control stream
//	     4    4  bytes of the counter stream
//	     8    .  control stream, counter stream, word stream
//
// For each record in turn, with "before" the record before it (all zero, of 132
// bytes, at first):
//
//   - control: a byte, the slot, one of 256. The reference is the last record of
//     the block that was put into it, or if there is none the record before. A
//     record goes into two: with p = process_id * 0x9e3779b1 mod 2^32, into p >> 25
//     and into 128 + ((p + event_type * 0x85ebca6b) mod 2^32 >> 25). A writer may
//     name any slot: ours takes the first, the last record of the process, if that
//     ends in the same 8 bytes, for then it is about the same file, and otherwise
//     the second, the last record of that type from the process, if there is one.
//   - control: a byte, the flags of what is not as predicted.
//   - control, if flag 16: a bitmap of the 33 header words of 4 bytes that differ
//     from the reference's; bit 0 stands for word 32. Words: each of these, in
//     order. Not among them are those of the five counters below.
//   - counters: ktime - before.ktime; if flag 1, event_id - (before.event_id + 1);
//     if flag 2, global_sequence - (before.global_sequence + 1); if flag 4,
//     sequence - (the sequence of the last record in the block whose cpu_id is the
//     same modulo 64, or 0, + 1); if flag 8, root_cause_event_id - (the event_id if
//     the reference's equals the reference's event_id, else the reference's). Each
//     is modulo 2^64, in zigzag form, as a varint of 7 bits a byte, lowest first.
//   - control, if record and reference differ in size: u16, how many words behind
//     the header are compared from the front. Of the shorter one the rest is
//     compared from the back, so that an attribute more or less, or a path of
//     another length, leaves what is around it where it was.
//   - control, if flag 32: for each 128 bytes compared from the front, and then for
//     each 128 compared from the back, a bitmap of the words that differ. Words:
//     each of these. Without the flag none differs.
//   - words: what of the record was not compared.
//
// Codec 4 is codec 3 with one Zstandard frame, which says the size of its content,
// in the place of the Snappy block.
//
// # Footer
//
//	offset size
//	     0    8  magic "\x8fUSJftr\n"
//	     8    4  bytes before the entries: 704
//	    12    4  bytes of an entry: 96
//	    16    4  number of entries
//	    20    4  flags: 1 closed by its writer, 2 sealed by the next one after a
//	             crash, 4 blocks are missing between those listed, 8 the header
//	             was lost: in what is repeated of it only first ordinal and salt
//	             are certain
//	    24    8  number of records
//	    32    8  bytes of the records
//	    40   16  ktime, lowest and highest
//	    56   16  event_id, lowest and highest
//	    72   16  global_sequence, lowest and highest
//	    88  512  the first 512 bytes of the segment
//	   600    8  time of the signature, seconds since 1970; zero if there is none
//	   608   32  public key, ed25519
//	   640   64  signature of the checkpoint at the end of the segment
//	   704 96*n  an entry for each block
//
//	entry:
//	     0    8  offset of the block
//	     8    8  ordinal of its first record
//	    16    4  number of records
//	    20    4  bytes of its header
//	    24    4  bytes stored
//	    28    4  CRC-32C of the header, as the block has it
//	    32   16  ktime, lowest and highest
//	    48   16  event_id, lowest and highest
//	    64   32  BLAKE3 of the records
//
//	trailer, the last 64 bytes of the file:
//	     0   32  chain value behind the last block
//	    32    8  offset of the footer
//	    40    4  bytes of the trailer: 64
//	    44    4  CRC-32C of the footer up to here
//	    48    8  salt of the segment
//	    56    8  magic "\x8fUSJend\n"
//
// The entries have what is needed to go to an ordinal, a time or an event id in
// O(log n) without touching a block. The header is repeated so that the loss of
// its sector costs nothing.
//
// # The index
//
// A sealed segment has an index beside it, which says for each key in which of
// its blocks there are records with it. It is derived: whoever deletes it loses
// time only. The writer makes it from the keys of its blocks when it seals a
// segment, off the way of those who append, and makes those that it finds missing
// when it continues a journal, unless [Options].NoIndex is set; [Reindex] makes the
// rest. A reader that cannot
// use one, because it is missing, of another segment or damaged, goes over the
// headers of the blocks.
//
// Its keys are those of the filters and some more, of each of which the highest
// 40 bits are kept:
//
//	event id     fold the id, shifted right by 10, into 0x27d4eb2f165667c5
//	type         fold the number of the bit of the zone map, 0 to 511, into
//	             0x85ebca77c2b2ae63
//	process      the same, 0 to 255, into 0xff51afd7ed558ccd
//	flag         fold it into 0xc4ceb9fe1a85ec53; 0 is of a block of which the
//	             keys do not tell all: it could not be read, or has paths whose
//	             root side was cut off
//	parent       fold parent_event_id, unless it is 0, into 0x94d049bb133111eb
//	root cause   fold root_cause_event_id, unless it is 0 or the record's own,
//	             into 0xbf58476d1ce4e5b9
//	begun        fold the process of an exec, or that which a fork made, into
//	             0xd1b54a32d192ed03
//	moved        as an agent, path and path2 of a rename whose file is a directory
//	             or not known, 0xaef17502108ef2d9
//
//	+-------------------+ 0
//	| pages             | of 8 KiB or a little more
//	| directory         | 16 bytes for each page
//	| tail              | 112 bytes
//	+-------------------+
//
//	page, an entry for each key, in their order:
//	     .  varint: key less the key before; the first of a page is in the directory
//	     .  varint: number of blocks * 2, + 1 if they are a bitmap
//	     .  varints: block less the one before + 1, in their order, from 0; or a
//	        bitmap with a bit for each block of the segment, lowest first
//
//	directory, for each page:
//	     0    8  first key
//	     8    4  bytes
//	    12    4  CRC-32C of the page
//
//	tail:
//	     0    8  salt of the segment
//	     8    8  ordinal of its first record
//	    16   32  chain value at its end
//	    48    8  number of its records
//	    56   16  ktime, lowest and highest
//	    72    8  wall-clock offset
//	    80    4  number of its blocks
//	    84    4  number of pages
//	    88    4  number of keys
//	    92    4  flags: 4 as in the footer
//	    96    4  version: 2; 1 had no causes, beginnings and moves
//	   100    4  CRC-32C of directory and tail up to here
//	   104    8  magic "\x8fUSJidx\n"
//
// Blocks have their number in the footer, from 0. Two reads answer for a key: the
// end of the file and one page, however large the segment.
//
// # The chain
//
// Checksums find what breaks. The chain finds what somebody changes, who can
// compute checksums as well. Its values are SHA-256:
//
//	at the start of a segment   of the first 512 bytes of its header, which have
//	                            the value at the end of the segment before
//	behind a block              of the value before it, u64 ordinal of its first
//	                            record, u64 number of records, and the BLAKE3
//	                            of the records
//
// So a value stands for all records up to there, their order and number, and the
// segments that they are in; who knows one that cannot be changed with the
// journal knows all of that. It does not depend on how the records are stored:
// when a segment is compressed anew, its values stay. What else is in a block
// header or a footer follows from the records, and Verify makes it again.
//
// A block has the value before it and the digest of its records, so that its own
// value follows from the header alone. The footer has the digests too: a block
// that is lost breaks no chain then, and nobody can hide a change of earlier
// records behind damage done to a later one.
//
// # Checkpoints and signatures
//
// Whoever may write to the journal can make all of the chain again. What he cannot
// change is what was kept elsewhere: a [Checkpoint], one line of text that has the
// value behind one record, signed if there is a key for it.
//
//	vexj-checkpoint-1 journal=HEX ordinal=N chain=HEX time=RFC3339 key=BASE64 sig=BASE64
//
// The signature is ed25519, of the line before " sig=". A writer with
// [Options].Key signs the checkpoint at the end of each segment that it seals;
// journal id, last ordinal and value are those of the segment, and time, key and
// signature are in its footer, so that the line can be made again. A signature
// also stands for all segments before, by the chain. A segment without records has
// none. The key is to be kept where who may write to the journal cannot read it;
// on one machine, root can do both, and only what left the machine counts.
//
// [Reader.VerifyAgainst] holds a journal against such [Evidence]. Between the last
// that holds and the first that does not is where something was changed.
//
// # Writing
//
// Append reserves room in a buffer with one compare-and-swap, copies the record
// and adds to the count of what was copied: any number of goroutines do so at the
// same time. A full buffer is made into a block by whoever has nothing better to do:
// by a goroutine, the committer, which writes the blocks in order; by who appends and
// finds no room, instead of waiting for it; by two more goroutines where there are more
// than two processors. Another one, the syncer, makes blocks durable, so that a slow
// sync holds up none. A
// buffer that is not full is handed over when somebody wants to see or to have
// safe what there is: by the clock, Flush or Sync. Who calls these, or has made a block
// that is due, does the
// committer's work himself, if it is nobody else's turn: to wake another would
// take longer. All who ask for a sync at the
// same time share one, and what they have appended is in the same blocks. There
// are eight buffers. When they are full, and the block of each is made or being made,
// Append waits. WriterStats counts as stalls when it waits and when it makes a block.
//
// Room on the disk is reserved, 8 MiB at a time and never more than the segment may
// have, and what is left of it is given back when the segment is sealed. With
// [DurabilityInterval] the disk is told to begin with each half of a MiB that was
// written, so that the sync at the end of the interval has little left to wait for.
//
// Where those who append wait for the disk, the end of the file is filled with
// zeroes, 1 MiB at a time, and blocks are written over them, their magic last: to
// sync them changes neither size nor extents. Zeroes behind the last block are cut off when the
// segment is sealed, and are no torn tail.
//
// If a write fails, what is in the file is synced if possible, and the writer
// stops. If a sync fails it stops at once and nothing is tried again: the kernel
// may have dropped the pages and would call the next sync good. Every later call
// returns the *[StoppedError], which says up to which ordinal records are safe.
//
// # Memory
//
// A writer keeps eight buffers of BlockSize and, where records come faster than blocks
// are written, two to three times as much for the blocks that it makes, 7 MiB in all,
// 96 bytes for each block of the open segment, and
// for the index four lists of 2 MiB: what does not fit is put aside in a file
// until the index is made. A
// reader keeps at most 65,536 of these entries, 4 MiB, and 8 MiB of decoded
// blocks; a scan has a few blocks under way. None of it grows with the journal.
//
// # Recovery
//
// [Create] seals what the writer before left without a footer. It reads the
// blocks of the segment from the start; what follows the last good one is a torn
// tail, was never acknowledged, and is cut off. A bad block with a good one behind
// it is damage, not a tail: nothing is cut off there, the footer lists the good
// blocks, and reader, Verify and [RecoveryReport] name the ordinals in the hole.
// A reader of such a segment does the same without changing anything, and so does
// [Recover] with DryRun. [Repair] writes what can be read into another journal,
// which has no hole; while it does, a file UNFINISHED is in its directory, and
// nobody opens it.
//
// A power cut may leave a hole of what was never acknowledged: blocks of which a
// later one reached the disk and an earlier one did not. That cannot be told from
// damage, and is reported like it. Options.Ordered leaves none.
//
// The next good block behind damage is the next one at a multiple of 8 with magic,
// salt and a right checksum whose ordinals can follow.
package userjournal
