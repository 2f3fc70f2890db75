// SPDX-License-Identifier: Apache-2.0

// Package compat converts between records of version 2 and the two legacy
// files: the kernel journal "SEMJ" and the userspace journal "USJL", both of
// version 1.
//
//	report, err := compat.Import(file, size, sink, compat.Options{})
//
//	x := compat.Export(uapi.LegacySemj1, file)
//	err := x.Append(record)                  // for each
//	report, err := x.Close()
//
// # Promises
//
//   - From the records of a legacy file the same file is made again, byte for
//     byte, whatever was in it: remains behind a string, padding, block layout,
//     index, wrong checksums. The SHA-256 of the file is in its last record, so
//     that a file that is not the same is never called so.
//   - From the legacy file that was made of records the same records come back,
//     byte for byte, with what their clock counts from.
//   - A malformed file is refused with a [*FormatError] that names the offset; on
//     request what is damaged is kept as it is and the rest is read.
//   - Memory does not grow with the file, nor with what its lengths claim.
//
// # SEMJ, version 1
//
// Little-endian, packed. A file is
//
//	 0 u32 magic 0x53454D4A    28 u64 journal_size
//	 4 u32 version major: 1    36 u64 index_offset, 0: no index
//	 8 u32 version minor       44 u32 flags
//	12 u64 total_events        48 u32 checksum, 0: none
//	20 u64 next_event_id       52 events and storage blocks, then the index
//
// Of an event the first 132 bytes are the header of a record (vexj.h), with
// event_version 1 and context_size 5280:
//
//	 132  the context, below
//	5412  payload, metadata, links of 160 bytes
//
// The legacy structure has nothing between these parts, a record rounds each up
// to 4 bytes: both are read, and event_size says which it is. The checksum is
// crc32(0, event, event_size) of Linux, that is the polynomial 0xEDB88320 with
// no inversion, so that "123456789" gives 0x2DFD2D88, with its own field zero.
// Limits: payload 65,536 bytes, metadata 2,048, links 256.
//
//	   0 u64 transaction_id       4164 u32 vector_element_type
//	   8 u64 session_id           4168  64 agent_id
//	  16 u64 causality_chain_id   4232 256 agent_intent
//	  24 4096 path                4488 u32 agent_confidence
//	4120 u64 inode                4492 u32 system_load
//	4128 u32 file_type            4496 u64 memory_usage
//	4132 u64 graph_node           4504 u32 io_pressure
//	4140 u64 graph_edge           4508 512 semantic_tags
//	4148 u32 graph_op             5020 256 semantic_intent
//	4152 u64 vector_id            5276 u32 semantic_confidence
//	4160 u32 vector_dimensions
//
// A storage block has a header of 104 bytes and then its data, of block_size
// bytes together, or of as many as the data has if that is more:
//
//	 0 u32 magic 0x53544F52    28 u32 compressed_size
//	 4 u32 version: 1          32 u32 uncompressed_size
//	 8 u64 block_id            36 u32 checksum, 0: none
//	16 u32 block_size          40  24 first_time
//	20 u32 event_count         64  24 last_time
//	24 u32 compression         88 u64 first_id, 96 u64 last_id
//
// The data is event_count events one after the other, as they are (0), as zlib
// (1) or as an LZ4 block (2). What the checksum covers nobody wrote down: header
// and stored data, the stored data, or the events are taken.
//
// The index goes from index_offset to the end of the file:
//
//	0 u64 event_id    12  24 timestamp         44 u32 event_size
//	8 u32 event_type  36 u64 storage_offset    48 u32 flags
//
// Zeroes where an event, or an entry of the index, would begin are room that was
// made and not used.
//
// # USJL, version 1
//
// The header has 132 bytes: the 52 above with magic 0x55534A4C, u64 created_at
// and u64 modified_at in seconds since 1970, 64 reserved. Then entries:
//
//	 0 u32 entry_size           25 u8 compression: 1 LZ4 frame
//	 4 u64 event_id             26 u16 flags
//	12 u32 event_type           28 u64 n
//	16 u64 timestamp, seconds   36  n data
//	24 u8 format                36+n u32 checksum: c = c*31 + byte over the data
//
// The legacy writer put 36+n into entry_size where its layout has 40+n: both are
// read. It also says LZ4 of small data that it leaves as it is; only what begins
// as an LZ4 frame is one. Format 0 and 1 is JSON, 4 is bincode: of both, what
// has a place in a record is read (semantic.go, bincode.go); the data stays whole
// in the payload in any case.
//
// # From a legacy file to records
//
// Each event becomes a record with the same header, an attribute for each field
// of the context that is not zero (tags 64 and up of vexj.h; the inode is that
// of the file attribute), its payload, metadata and links as they were, and the
// attribute legacy: where it was, how it was laid out, encoded and compressed.
// Its payload is not unpacked. If there is no room for it, it follows in records
// of type legacy.
//
// Then the event is made again from that record. Where the bytes differ, the
// attribute legacy-fix says how: a run of {u32 offset, u32 length, bytes,
// padding to 4}. Of a well-formed event they do not. So nothing depends on
// having thought of every field that might hold something odd. How an event is
// made of a record may never change: it is half of the fix.
//
// Everything else becomes records of type legacy, in the order of the file:
// header, index, headers of storage blocks, unused room, and last the SHA-256 of
// the whole. The data of a storage block is made again from its events where our
// compressor makes the same bytes; where not, the bytes are kept besides.
//
// The clock of SEMJ is CLOCK_MONOTONIC of a boot that the file does not name.
// ktime stays as it was, and what to add for the time of day is up to
// [Options].WallOffset. ktime of USJL is ns since 1970, and the [Origin] of
// these records says so.
//
// # From records to a legacy file
//
// The header of a record is that of its event. Attributes go to the context. The
// others, and what is cut off, are kept so that [Import] finds them: in SEMJ in
// the metadata of the event (see envelope.go) or, if that would exceed 2,048
// bytes, or another limit is, the whole record as payload of an event of type
// legacy (0x0544) before it; in USJL the whole record in the metadata of the
// JSON. The first event is of type legacy too and says what the clock counts
// from. [Report].Facts counts what a legacy reader does not see.
//
// What comes back are the records. What a journal of version 2 has besides,
// its id, its blocks and its segments' limits, is not in them.
//
// # What comes back, and what does not
//
//	v1 -> v2 -> v1   every byte
//	v2 -> v1 -> v2   every byte of every record, and the origin of their clock
//	v1 -> v2 -> other v1 -> v2 -> v1   every byte
//
// A journal that goes on after the records of a legacy file cannot become that
// file again; [Exporter.Anew] makes a new one of all of them.
//
// # Error numbers
//
// [Code] has the numbers of the legacy journal, -4001 to -4010. Every
// *FormatError wraps one, and [CodeOf] finds that of any error.
package compat
