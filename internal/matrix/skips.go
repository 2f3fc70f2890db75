// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
)

// A lack is why a row cannot be run somewhere.
type lack struct {
	why         string
	rows        []string // names
	kernels     []string // nil: any
	filesystems []string // nil: any
}

// lacks are the rows that a kernel or filesystem cannot do. A row that is skipped
// and is not here fails.
var lacks = []lack{
	{
		why:     "io_uring has no such operations before 5.15 and 5.19",
		rows:    []string{"io_uring: mkdirat and unlinkat", "io_uring: symlinkat and linkat", "io_uring: setxattr"},
		kernels: []string{"5.10"},
	},
	{
		why:     "io_uring has no such operation before 6.9",
		rows:    []string{"io_uring: ftruncate"},
		kernels: []string{"5.10", "6.1"},
	},
	{
		why:         "tmpfs has no file flags before 6.0",
		rows:        []string{"ioctl that changes a file's flags"},
		kernels:     []string{"5.10"},
		filesystems: []string{"tmpfs"},
	},
	{
		why:         "an overlay's upper layer keeps whiteouts for itself, and its file handles are for who mounts it with nfs_export",
		rows:        []string{"rename with WHITEOUT", "open by file handle"},
		filesystems: []string{"overlayfs"},
	},
	{
		why:         "overlayfs has no O_TMPFILE before 6.2, and does not heed RWF_APPEND before 6.6",
		rows:        []string{"O_TMPFILE, then linkat by /proc/self/fd", "RWF_APPEND writes at the end"},
		kernels:     []string{"5.10", "6.1"},
		filesystems: []string{"overlayfs"},
	},
}

// known says whether a row's skip is one of them.
func known(kernel string, o outcome) bool {
	is := func(list []string, v string) bool { return list == nil || slices.Contains(list, v) }
	return kernel == native || slices.ContainsFunc(lacks, func(l lack) bool {
		return slices.Contains(l.rows, o.Row) && is(l.kernels, kernel) && is(l.filesystems, o.Filesystem)
	})
}

// refusals are the producers that a kernel need not take, by kernel: they say
// themselves what kernel they need (bpf.Remedy).
var refusals = map[string][]string{
	native: {"bpf-vfs"},
	"5.10": {"bpf-vfs", "bpf-syscall"},
}

func refused(kernel string) string { return strings.Join(refusals[kernel], ",") }
