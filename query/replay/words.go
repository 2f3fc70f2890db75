// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// noKind is the word for a mode of no kind.
const noKind = "object"

func kindWord(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "directory"
	case unix.S_IFLNK:
		return "symbolic link"
	case unix.S_IFIFO:
		return "FIFO"
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "device"
	}
	return noKind
}

func berthName(n uint64) string { return strconv.FormatUint(n, 10) }
