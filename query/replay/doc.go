// SPDX-License-Identifier: Apache-2.0

// Package replay does again what a journal tells.
//
// A [Player] takes the records of a journal one after the other, asks a [Target]
// for the [Step] of each, and does the steps: in the order of the journal, at the
// same time where they do not depend on each other, or causes before effects (see
// [Mode]). It stops at what goes wrong or goes on, as asked, and tells of it by a
// [Problem] either way.
//
// # The tree
//
// A [Tree] is a directory tree as the journal tells it, in memory: names, types,
// modes, owners, sizes, hard links, targets of symbolic links, devices, extended
// attributes and times. It is the whole of a dry run, and what a [Directory] target
// plans by. An object is found by what the record says of it, device, inode and
// generation, and of its directory; by its path only when neither was seen before.
// So a file that is written to under a name that it had is found, as is one that
// has two names or none yet.
//
// What the tree below the prefix held before the journal begins is not in the
// journal. An object that is first met when something is done to it is taken in
// with what the record says of it, and counted as adopted.
//
// # The directory
//
// A [Directory] does to a directory what the tree plans. Each name is reached from
// the file descriptor of its directory, and that from the root by openat2 with
// RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_XDEV: whatever a journal
// says, nothing outside of the root is touched. Device nodes are not made unless
// asked for; whiteouts (character device 0:0) are.
//
// Names are made and moved at once. Sizes, modes, owners and extended attributes
// are set once, to what they are in the end, at each checkpoint and at the end of
// the replay, and times at the end alone, since making a name changes them. Sizes
// are holes but where a record of a write has the bytes as its payload.
//
// # Vectors and graphs
//
// [Records] hands the records of a vector store and of a graph to what redoes them, one
// after the other. What was done is known there: after a crash all records behind the
// checkpoint come again, and those that were done are passed over.
//
// # Going on after a crash
//
// A checkpoint is a file, replaced atomically: the cursor of the last record, the
// tree, and the digest of it. Beside it a page of shared memory counts the steps
// that were done since; it survives whatever ends the process but not the machine.
// Who resumes loads the tree, lets it take the records up to the last step that
// was begun, does over those that were under way, each of which can be done twice,
// and holds the result to the digest of the tree before it goes on. After the
// machine has crashed the digest decides alone: a directory that is not the one of
// the checkpoint is refused.
package replay
