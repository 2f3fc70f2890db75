// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strconv"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Of several bits in one word those come first that hold others.
var openFlags = []struct {
	mask uint32
	word string
}{
	{unix.O_TMPFILE, "tmpfile"}, {unix.O_SYNC, "sync"}, {unix.O_CREAT, "creat"}, {unix.O_EXCL, "excl"},
	{unix.O_TRUNC, "trunc"}, {unix.O_APPEND, "append"}, {unix.O_DIRECTORY, "directory"}, {unix.O_NOFOLLOW, "nofollow"},
	{unix.O_PATH, "path"}, {unix.O_DSYNC, "dsync"}, {unix.O_DIRECT, "direct"}, {unix.O_NOATIME, "noatime"},
	{unix.O_NONBLOCK, "nonblock"}, {unix.O_NOCTTY, "noctty"}, {unix.O_CLOEXEC, "cloexec"}, {unix.O_ASYNC, "async"},
}

const largefile = 0o100000 // the kernel sets it on every open of a 64-bit task

// openWords calls f with each word for the flags of an open.
func openWords(flags uint32, f func(word string)) {
	switch flags & unix.O_ACCMODE {
	case unix.O_RDONLY:
		f("rdonly")
	case unix.O_WRONLY:
		f("wronly")
	case unix.O_RDWR:
		f("rdwr")
	default:
		f("noaccess")
	}
	flags &^= unix.O_ACCMODE | largefile
	for _, o := range openFlags {
		if flags&o.mask == o.mask {
			f(o.word)
			flags &^= o.mask
		}
	}
	if flags != 0 {
		f("0x" + strconv.FormatUint(uint64(flags), 16))
	}
}

func appendOpen(dst []byte, r uapi.Record) []byte {
	o, ok := r.Open()
	if !ok {
		return dst
	}
	sep := byte(' ')
	openWords(o.Flags, func(word string) {
		dst = append(dst, sep)
		dst = append(dst, word...)
		sep = '|'
	})
	if o.Flags&unix.O_CREAT != 0 || o.Flags&unix.O_TMPFILE == unix.O_TMPFILE {
		dst = appendOctal(dst, " mode=", o.Mode&0o7777)
	}
	return dst
}
