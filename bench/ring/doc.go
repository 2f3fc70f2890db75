// SPDX-License-Identifier: Apache-2.0

// Command ring compares vexj's ring reader with cilium/ebpf's ringbuf.Reader: the
// same program fills the same rings, with records of 256 bytes in the mean, and
// each reader in turn drains them. It prints one table of medians.
//
// Two uses of a record are measured. "take" reads its global_sequence, the least
// that a merge of rings needs: it is what the readers themselves cost. "append"
// also copies the record to the end of a block of 256 KiB, as a journal does; this
// copy costs both the same, and vexj has no other.
//
// Only the draining is timed, in processor time of the one thread that does it, so
// that a busy machine matters little. It is of rings filled to where a
// producer wakes its reader, a quarter, or full. They are filled on their own
// CPUs and read on the first, so that all but one come from another CPU's cache
// or from memory, as they do in earnest.
package main
