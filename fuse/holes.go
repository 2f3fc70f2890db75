// SPDX-License-Identifier: Apache-2.0

package fuse

import "sync"

// A hole is something that a mount does not see, and what of the conformance table
// differs for it: names of rows, kinds of operations, fields.
type hole struct {
	what string
	rows []string
}

var holes = []hole{
	{"what is done outside of the mount, and who changes its source: that it was changed is seen", nil},
	{"operations that the kernel refuses before the filesystem is asked: names that are not there or are there already, missing permissions, read-only mounts",
		[]string{
			"openat2", "read that fails", "write through a descriptor that cannot", "copy_file_range that fails",
			"rename with NOREPLACE", "rename that fails", "bind of a unix socket", "chmod and chown that fail",
			"extended attributes that fail", "truncate and fallocate that fail", "fsync of a directory and of a fifo",
			"queries that fail", "open: ENOENT", "open: EEXIST", "open: ENOTDIR", "open: EISDIR", "open: ELOOP",
			"open: ENAMETOOLONG", "open: ENXIO", "open: EACCES", "unlink and rmdir that fail", "mkdir that fails",
			"symlink, link and mknod that fail", "names that one may not make or remove",
			"EXDEV, EBUSY and EROFS at a mount", "mount and umount that fail", "io_uring: write that fails", "io_uring: openat that fails",
			"FICLONE", "FICLONERANGE", "fallocate COLLAPSE_RANGE", "fallocate INSERT_RANGE",
		}},
	{"stat, access, readlink and chdir, which the kernel answers from what it keeps, or asks for by itself",
		[]string{
			"newfstatat", "statx", "faccessat", "stat", "chdir", "fchdir", "readlinkat",
			"stat and access by a short link", "stat and access by a long link",
			"final symbolic link is not followed", "trailing slash", "io_uring: statx",
		}},
	{"descriptors: their numbers, O_CLOEXEC, and O_CREAT of a file that is there", []string{"field:open.fd", "field:open.result", "field:open.flags"}},
	{"descriptors without a file: O_PATH", []string{"openat.path"}},
	{"what is behind fifos, sockets and devices", []string{"open, write and read of a fifo", "open and write of a character device"}},
	{"by which call data is moved: sendfile and splice are reads and writes, io_uring and asynchronous I/O are plain calls",
		[]string{"sendfile", "splice", "io_submit", "io_uring"}},
	{"of a copy_file_range, what was asked for past the end of the source", []string{"copy_file_range"}},
	{"that reads and writes of more memory than one request takes (fs.fuse.max_pages_limit, 257 pages of it at most) were one call: each request is one", nil},
	{"reads and writes of nothing", []string{"write of nothing"}},
	{"a rename onto another name of the same file, which does nothing", []string{"rename onto another name of the same file"}},
	{"shared mappings: pages that are written to are writes, later and by nobody", []string{"mmap", "mmap.dirty", "mprotect"}},
	{"locks of open file descriptions are those of processes", []string{"locks of open file descriptions"}},
	{"sync, syncfs and sync_file_range", []string{"sync", "syncfs", "sync_file_range"}},
	{"how much of a directory one call reads", []string{"getdents64", "getdents"}},
	{"when a directory is closed: its last descriptor counts, a moment later", []string{"open of a directory"}},
	{"further mounts of the folder, or of parts of it: paths are those of its first; mounts in it",
		[]string{"mount", "mount.bind", "umount2", "move_mount", "overlay", "through mounts on mounts", "short write and ENOSPC"}},
	{"the temporary name of a file that got another", []string{"openat.tmpfile"}},
	{"processes: fork, exec, exit; of who is known, when its process began to 10 ms", []string{"fork"}},
	{"changes under the mount, for as long as the kernel keeps names and attributes", nil},
}

// Coverage is what the package's function of the name says.
func (*Producer) Coverage() []string { return Coverage() }

// Coverage says what is not seen of a mount, a line each.
func Coverage() []string {
	out := make([]string, len(holes))
	for i, h := range holes {
		out[i] = h.what
	}
	if !forksHeard() {
		out = append(out, deafness)
	}
	return out
}

const deafness = "of process trees that are followed or attributed, those whose parent had ended before they were seen: " +
	"the kernel tells of forks only in the initial namespaces, before Linux 6.6 only root"

// forksHeard says whether the kernel tells of forks.
var forksHeard = sync.OnceValue(func() bool {
	f, err := hearForks()
	if err == nil {
		f.file.Close()
	}
	return err == nil
})

// HoleRows names what of the conformance table the holes make differ.
func (*Producer) HoleRows() []string {
	var out []string
	for _, h := range holes {
		out = append(out, h.rows...)
	}
	return out
}
