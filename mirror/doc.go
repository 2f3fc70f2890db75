// SPDX-License-Identifier: Apache-2.0

// Package mirror copies records from a producer's rings to a journal: in order,
// byte for byte, and with a LOST record wherever one is missing.
//
//	CPU 0 ring  2 4 5 9 ...  \                 START 2 3 4 5 6 7 LOST(8) 9 ... STOP
//	CPU 1 ring  3 7 6 ...    /  global_sequence
//
// # One pass
//
// Run sleeps until a producer wakes it or Options.Latency is over, and then makes
// a pass:
//
//	drain    read samples, where they stand in the rings, into slots
//	settle   decide which missing numbers are lost
//	emit     journal the slots that are next, and LOST records
//	hold     copy out of the rings what has to wait
//	release  give the rings back to the kernel
//
// A record is copied once, by the journal, from the ring into the block that is
// compressed next. Nothing is allocated, locked or called through an interface
// for each record. If the journal cannot take more, because its disk is slow,
// the pass waits and the rings fill: this is told by NoticeBehind and by Stats,
// and what then finds its ring full is lost and counted by the producer. The
// kernel never waits for anything here.
//
// # Order
//
// Numbers are dense: a record's global_sequence, less the number that is next, is
// its place among 65,536 slots. So records of all rings come together without a
// comparison, whatever their order within a ring. (A probe takes a number before
// it asks for room. One that is interrupted in between has its number in the ring
// after a higher one, and for a moment it is nowhere.)
//
// What waits for a missing number is copied to memory of Options.Hold bytes, so
// that the rings do not fill meanwhile; on a busy machine that are the last few
// records of each pass. When that memory or the slots are full the order gives
// way, as the alternative is loss: what waits is journaled, and the number that
// was missing is entered in a ledger. If its record comes after all it is
// journaled then, out of order, and counted in Stats.Late. The ledger is a bitmap
// of the last million numbers.
//
// A run that neither loses records nor stops a probe for long is in strict order.
//
// # Loss
//
// A missing number may be lost or be on its way. The kernel counts its losses
// but does not name them, and it counts on while it is asked. A pass therefore
// reads the counters of losses first, then the count of numbers given out, the
// limit, and then the rings to their ends. Whatever number up to the limit is
// missing after that was lost before, or was lost since, or is on its way. When no
// more are missing than losses were counted before, nothing is left for the
// second and the third: all of them are lost, for certain. Otherwise the next
// pass asks again.
//
// A number that stays missing for Options.Grace though no counter explains it is
// called lost too, with the cause "unknown"; or "malformed", if the rings held
// samples that are no records. Should its record come after that, it is dropped
// (Stats.Stray), for the journal already says that it was lost.
//
// All gaps that are known to be losses make one LOST record, in the place of the
// highest of them, with its number and event_id, the lowest and the highest
// missing number, how many there are, and what caused most. It is written when
// 256 records or Options.Window have come since the first gap. So a ring that
// fills again and again adds a LOST record to 256 others or twenty in a second,
// whichever is more.
//
// # Emitted records
//
// Emit takes records that come from no ring, such as an agent's intent, and numbers
// them from the producer's counter. They wait in a queue that the pass empties behind
// the rings; so to settle they are what a ring's records are to it: a number up to
// the limit is missing, or it is here. Nothing that was emitted can be lost but with
// the run, as what does not fit the queue is refused before it has a number.
//
// # One run
//
// A journal has a run from PRODUCER_START to PRODUCER_STOP. Both take a number
// from the producer's own counter. The start is the first record, even if the
// producer numbered others before. The stop is written after the producer was
// stopped, the rings were drained, and everything below its number is accounted
// for. Its counts are the producer's, but for "attempted", which is its own
// number; so
//
//	attempted == records + sum of lost.count
//
// where records include start and stop, and LOST records are not counted.
//
// If the run before has no stop, its recorder was killed. The new run then first
// writes a LOST record with the cause "unclean" and the count 0, which stands for
// "unknown". It belongs to the old run: its event_id and its global_sequence,
// which is also its first and last, are one above the highest of that run in the
// journal. These are the first of which nothing is known, and no other record has
// them.
//
// # Producers without global numbers
//
// Where BPF has no atomic operation that returns a value, before Linux 5.12,
// global_sequence is 0 in all records. They are then ordered by time, 2 ms after
// it, and gaps are found in the sequence of each CPU. LOST records bear the
// CPU, the last missing sequence, and the event_id of global_sequence 0. What a
// CPU lost after its last record is told at the end, for no particular CPU.
//
// # Bad input
//
// A sample that is no record, or whose event_id does not belong to its
// global_sequence, is counted, told and left out; its number, if it had one, then
// is missing. A ring whose headers are impossible is read on from the producer's
// position. An error of the journal ends Run after the producer was stopped.
package mirror
