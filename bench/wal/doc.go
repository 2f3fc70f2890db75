// SPDX-License-Identifier: Apache-2.0

// Command wal appends the same records to vexj's journal and to the logs and
// stores that are used for that elsewhere, and prints what each made of them.
//
//	go run . -runs 5
//	go run . -policies none -engines usjl,tidwall,etcd -writers 1
//
// The records are made once, by [vexj/bench/gen] in the kernel and the mirror:
// two million of about 250 bytes, in a file that each run reads into memory before
// the clock starts. A run is a process
// of its own, so that its processor time and its memory are its own; the runs of
// all engines take turns, in another order each round, and the table has medians.
//
// # Policies
//
//	none    never synced; the clock stops when all was handed to the kernel
//	10ms    synced by a clock, whatever there is; the last sync counts
//	100     each writer syncs after each 100 records and waits for it
//	record  each writer syncs after each record and waits for it
//
// With "none" and "10ms" a record is a call of its own, as in a program that has
// one after the other; -batch gives more of them to a call. Stores that want a transaction get one of 1,000 records, or
// of 10 ms. With "100" the hundred are one batch or transaction. What waits for the
// disk gets fewer records: a tenth with "100", a hundredth with "record".
//
// With several writers each takes 100 records at a time, the next that nobody
// has taken, so that they are in the order of a common source, nearly.
//
// # Engines
//
//	usjl         vexj/userjournal as it is used, codec delta
//	usjl-bare    the same without the index that it makes of each segment
//	usjl-none    neither compressed nor indexed
//	buffered     length, CRC-32C, record through one buffer of 256 KiB: the limit
//	etcd         go.etcd.io/etcd/server/v3/storage/wal
//	pebble-wal   github.com/cockroachdb/pebble/v2/record, its log alone
//	pebble       github.com/cockroachdb/pebble/v2, the store
//	tidwall      github.com/tidwall/wal, which has no checksums
//	bbolt        go.etcd.io/bbolt
//	sqlite       SQLite in WAL mode, by github.com/mattn/go-sqlite3 (cgo)
//
// # Columns
//
// CPU is of the whole process in user and kernel mode, of which "kernel" is a
// part; the memory for the page cache is had before. Memory is the highest
// resident anonymous memory beyond what the process had before it opened the
// engine, read every 20 ms. Bytes are those in the directory at the end. Read-back
// is a pass over all that was written with whatever checks the engine has, from
// the page cache, in a new process. Recovery is what opening for writing takes
// after a process that appended everything and was gone without closing.
//
// # Figures
//
// Two million records, medians of two or three rounds, on two virtual cores of an EPYC
// (Zen 4) with nothing else on them, ext4 on a virtio disk:
// thousands of records a second, and in brackets ns of processor time for each.
//
//	sync    writers  usjl        usjl-none   buffered    pebble-wal  etcd        tidwall
//	none    1        3149 (627)  6351 (308)  7181 (145)  5563 (300)  325 (3300)  493 (2199)
//	none    4        3211 (598)  6590 (288)  5921 (209)  5021 (369)  301 (3952)  438 (2491)
//	10ms    1        2111 (565)  3746 (333)  4442 (210)  3568 (318)  939 (995)   451 (1961)
//	10ms    4        2074 (589)  3219 (334)  4446 (215)  2716 (361)  862 (1095)  429 (2133)
//	100     1        419                     413         376         302         261
//	100     4        928                     578         724         310         266
//	record  1        9.3                     6.6         5.7         8.6         6.1
//	record  4        22.8                    7.9         11.4        7.5         5.0
//
// The host has other guests, and its disk too: the same runs gave 6061 to 7700 (256 to
// 316) for usjl-none without syncs within two hours.
//
// Since then internal/blake3 hashes, and the disk is told to begin before the clock
// syncs. Medians of seven rounds with one writer, in turns, while no other process had
// half a percent of the processors; "before" is without both:
//
//	sync    usjl        before      usjl-none   before      buffered    pebble-wal  etcd
//	none    3971 (489)  3718 (519)  7703 (250)  7259 (266)
//	10ms    3828 (509)              5917 (289)              4972 (210)  4732 (303)  1240 (973)
//
// With 10ms usjl was 2.7 to 3.7 times as fast as etcd, by rounds, and 3.0 in the middle;
// usjl-none 0.9 to 1.6 times pebble-wal, 1.0 to 1.4 times buffered, and 1.2 times both.
// What "none" wrote was read back at 11.7 million records a second in usjl, 2.9 of the
// rate it was written at, and at 25.8 in usjl-none, 3.5.
//
// On disk a record takes 43 bytes in usjl and 257 to 288 in the others; with a sync
// for each hundred 49 to 60, for each record 231 to 584.
//
// rosedblabs/wal is missing: its module could not be had when this was written.
//
// It is a module of its own, so that what vexj is compared with is no dependency
// of vexj.
package main
