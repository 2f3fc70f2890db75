// SPDX-License-Identifier: Apache-2.0

// Package fuse is a filesystem that shows a folder as it is, and makes records of
// what is done in it: the last rung, for machines that take neither the module nor
// eBPF programs.
//
//	a process          rename("mnt/a", "mnt/b")
//	   |
//	 the kernel        checks permissions, keeps names and attributes for a second
//	   | /dev/fuse
//	 FS                renameat2 in the source folder
//	   |
//	 fact, record      what was done, by whom, with what result
//	   |
//	 ring              a memory file with the layout of the BPF ring buffer
//	   |
//	 package ring, mirror, ...
//
// A [Producer] is a source of the mirror like the module and the eBPF programs, and
// has a ring that looks like theirs. So what is behind it is the same code, and an
// operation costs a copy into memory until the mirror comes for it. A record is in
// the ring before the kernel has the answer: who has seen an operation done, finds
// its record. Numbers are given out under the lock of the ring, one after the
// other, so that a number that is missing was lost.
//
// If the ring is full, an operation waits ([Block]), or its record is lost and
// counted ([Drop]).
//
// # Nodes
//
// A node is an inode that the kernel has a reference to. It is known by device,
// inode number and time of birth, has the names under which it was seen, and no
// open file: a million of them cost memory and no descriptors. Names are looked up
// in the open directory that they are in, so that a call follows one name and
// never a path. Each look compares what is found with the node that was meant; if
// something else has come to stand there, another name is tried, and then the
// kernel is told ESTALE, upon which it looks anew. What is about to lose its last
// name is opened before (O_PATH) and kept until the kernel forgets it.
//
// Descriptors of directories are opened when they are needed and closed, the least
// used first, when there are many.
//
// # Locks
//
// In this order; none but FS.tree is held across a system call that can wait:
//
//	FS.tree           records, and against them moves of directories
//	dirStream.mu      one listing of a directory at a time
//	lockOwners.mu     the POSIX locks of a file
//	handles.mu        numbers of handles
//	table.mu          nodes, names, descriptors
//	taskEntry.mu      what is known of a thread
//	kinship.mu        contexts and followed trees
//	Producer.mu       numbers and the ring
//
// # Whose operation
//
// The kernel tells the thread, its fsuid and fsgid. The rest comes from /proc, see
// tasks, and never waits for a process that waits for an answer, see guarded. For whom
// it acts is known of processes one by one, as in the module: the kernel tells of
// forks by its process connector, before the child runs, and a fork copies what is
// known of the parent, see kinship. Files are made with the caller's ids and umask.
// Permissions are the kernel's affair (default_permissions), with all of the caller's
// groups, ACLs and capabilities.
//
// # Data
//
// With [DataAll] every read and write comes here as it was called for, past the
// kernel's cache (FOPEN_DIRECT_IO), and is a record. Pages of mappings come when the
// kernel needs or cleans them: those that are written are records via mmap, by
// nobody, as the kernel cleans them long after.
//
// With [DataClose] and [DataNone] the kernel reads and writes the file in the source
// by itself (FUSE_PASSTHROUGH). When a file that was open for writing is closed,
// DataClose compares it with how it was: if it was changed, that is one WRITE,
// flagged as coalesced, of the smallest range that is certain to have all changes:
// what was appended to a file that was open for appending, else all of the file.
//
// # The folder .vexj
//
// A [Control] answers for files in the mount's root by which processes ask the
// recorder. Their nodes have ids of their own, and their requests are answered
// before they come to FS: see controlled.
//
// # Vectors
//
// With [Vectors], the attribute [VectorName] of a file is kept in a collection. The
// file's record is made first, as the cause of the vector's.
//
// # Under the mount
//
// Who changes the source by itself is not seen. That a file was changed is, when it
// is next looked at: a WRITE flagged as coalesced, without range, by nobody.
//
// What is not seen at all is what [Producer.Coverage] says.
package fuse
