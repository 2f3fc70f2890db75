// SPDX-License-Identifier: Apache-2.0

// Package conformance is the contract between the operations of a machine and
// the records that a producer makes of them, as code.
//
// [Table] is a list of scenarios. Each runs real operations in a fresh
// directory and states which records must come out: type, path, result, sizes,
// who and in which order, and none besides. The same table runs against every
// producer, on every kernel and filesystem; [Run] takes the producer as a
// [Capture]. A producer that cannot see something says so in Holes, and a row
// that then differs is reported as a hole instead of a failure.
//
// # How a row runs
//
// The operations of a row run in a child process, a copy of the running binary
// (which therefore calls [Hook] first thing in main or TestMain), on a locked
// thread with its own working directory:
//
//	parent                          child
//	mkdir BASE, BASE/w         ->   Setup in BASE/w, facts about itself
//	Capture.Start(child, BASE) <-   ready
//	                           ->   mkdir BASE/begin; Do; mkdir BASE/end
//	Capture.Stop               <-   done, facts found on the way
//	Want, Compare              ->   exit
//
// What counts is a record between the two mkdir, made by the child or one of
// its descendants, with a path or second path under BASE (or one that the row
// declares as its own). Everything that the Go runtime does besides lies
// outside of BASE and so is not matched.
//
// # What the table decides
//
// uapi/vexj.h says what a record holds. Where it leaves a choice, the rows take
// one:
//
//   - One record for one call, with the result of that call. A read that meets
//     the end of the file is a record with result 0. A write that was cut short
//     has the bytes asked for in length and those done in result.
//   - Only objects on a filesystem that a path reaches are recorded. Pipes,
//     sockets, memfd, eventfd and the like leave nothing.
//   - A path has its symbolic links followed, whatever the call and wherever the
//     filesystem keeps the links. A producer that cannot read some declares the
//     kinds "symlink" or "symlink.long".
//   - An open that creates is CREATE (via OPEN) and then OPEN. One that
//     truncates an existing file is TRUNCATE (via OPEN, length 0), also if the
//     file was empty, and then OPEN. O_TMPFILE is CREATE (via TMPFILE) and then
//     OPEN, named DIR/#INODE as the kernel does, flagged UNLINKED.
//   - CREATE and TRUNCATE made by an open through io_uring are via OPEN; the
//     OPEN that follows is via URING.
//   - mknod(S_IFREG) is CREATE, of any other type MKNOD. So is bind of a unix
//     socket to a path.
//   - The offset of a read or write is the place in the file where it took
//     place, for O_APPEND the end of the file before it; of a failed one it is
//     not compared.
//   - A copy from file to file (copy_file_range, sendfile, splice, FICLONE) is
//     one WRITE of the destination, whose path2 and file2 are the source. A
//     transfer between a file and a pipe or socket is the one READ or WRITE of
//     the file.
//   - Each descriptor that a call closes is a CLOSE: close, close_range, and
//     dup2 onto an open one. Those that an exec or exit closes are not. An
//     O_PATH descriptor has OPEN and CLOSE too.
//   - RENAME has path and path2, the moved object as file, the renameat2 flags
//     as kind. What it replaced is a DELETE (RMDIR for a directory) via RENAME,
//     whose parent_event_id is the RENAME. Onto another name of the same inode
//     nothing happens but RENAME.
//   - A DELETE has the object as it was before, link count included.
//   - A call that fails because of what the path names is a record of the call
//     (open OPEN, unlink DELETE, mkdir MKDIR ...) with -errno; whether its path
//     could be followed to a dentry is up to the producer (PATH_UNRESOLVED and
//     OBJECT_UNKNOWN are both fine). open of a missing name with O_CREAT that
//     fails is one failed OPEN.
//   - truncate and ftruncate that the kernel turns into nothing are still
//     TRUNCATE. F_GETLK, FS_IOC_GETFLAGS and lseek are nothing.
//   - An exec is one EXEC, without OPEN or READ of the program. FORK, EXEC and
//     EXIT are of processes; records of threads are not compared.
//   - What the kernel does to a layer on behalf of overlayfs is via KERNEL, and
//     neither it nor what it caused (the delete of what a rename replaced) is
//     compared.
package conformance
