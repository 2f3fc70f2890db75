// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// route says which way a file's data takes. All handles of a file that the kernel
// serves by itself must name the same backing file. A write that the kernel does by
// itself would leave set-user-ID and set-group-ID standing: it leaves that to the
// server (FUSE_HANDLE_KILLPRIV_V2), which does not hear of the write.
func (fs *FS) route(h *handle, st *unix.Statx_t, out *fuse.OpenOut) {
	killsSetID := setID(st) != 0 && h.flags&unix.O_ACCMODE != unix.O_RDONLY
	if fs.direct && (h.mode == DataAll || killsSetID) {
		// Each read and write reaches this process as it was asked for. Writes to
		// different places of a file do not wait for each other.
		out.OpenFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_PARALLEL_DIRECT_WRITES
		if id := fs.table.backingOf(h.node); id != 0 {
			// A file that is passed by is opened for that each time. This has precedence.
			out.OpenFlags |= fuse.FOPEN_PASSTHROUGH
			out.BackingID = id
		}
		return
	}
	if h.mode != DataAll {
		if id, ok := fs.backing(h); ok {
			out.OpenFlags, out.BackingID = fuse.FOPEN_PASSTHROUGH, id
			return
		}
	}
	// The kernel drops its cache where the file has another time than it knows.
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
}

// backingOf is the kernel's number for the file behind an open node; 0: it has none.
func (t *table) backingOf(n *node) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return n.open.backing
}

// backing returns the kernel's number for the file behind h.
func (fs *FS) backing(h *handle) (int32, bool) {
	if !fs.modes.passthrough {
		return 0, false
	}
	t := fs.table
	t.mu.Lock()
	defer t.mu.Unlock()
	o := h.node.open
	if o.backing != 0 {
		return o.backing, true
	}
	if len(o.handles) > 1 {
		return 0, false // the others go the other way
	}
	// The lock is held over a system call that does not sleep, so that two opens
	// do not make two backing files.
	id, errno := fs.server.RegisterBackingFd(&fuse.BackingMap{Fd: int32(h.fd)})
	if errno != 0 {
		fs.refused(errno)
		return 0, false
	}
	o.backing = id
	return id, true
}

// refused takes the kernel's no for an answer.
func (fs *FS) refused(errno unix.Errno) {
	if fs.passthroughRefused.CompareAndSwap(false, true) {
		fs.say("the kernel does not pass data by on this filesystem (" + errno.Error() + "); it takes the way through this process")
	}
}

// tellWritten records that a file whose data passes by was written to since it was
// opened, or since this was told last. Which bytes is not known: the range is the
// smallest that has them for certain.
func (fs *FS) tellWritten(o operation, h *handle) {
	if h.mode != DataClose || h.flags&unix.O_ACCMODE == unix.O_RDONLY {
		return
	}
	var st unix.Statx_t
	if stat(h.fd, "", &st) != nil {
		return
	}
	t := fs.table
	now := glimpseOf(&st)
	t.mu.Lock()
	before := h.opened
	h.opened = now
	t.mu.Unlock()
	if before == now || !o.wants(uapi.FSWrite) {
		return
	}
	x := fact{typ: uapi.FSWrite, at: spot{handle: h}, file: &st, flags: uapi.FlagCoalesced}
	first := int64(0)
	if h.flags&unix.O_APPEND != 0 && now.size >= before.size {
		first = int64(before.size)
	}
	x.io = uapi.IO{Offset: first, Length: uint64(max(0, int64(st.Size)-first)), Result: max(0, int64(st.Size)-first)}
	o.record(false, &x)
}
