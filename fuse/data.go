// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// done records a read, a write or the like of a handle.
func (o *operation) done(t uapi.Type, via uapi.Via, kind uint16, h *handle, io uapi.IO) {
	if h.mode != DataAll && (t == uapi.FSRead || t == uapi.FSWrite) || !o.wants(t) {
		return
	}
	var st unix.Statx_t
	x := fact{typ: t, via: via, kind: kind, io: io, at: spot{handle: h}}
	if stat(h.fd, "", &st) == nil {
		x.file = &st
	}
	o.record(false, &x)
}

// Read reads into buf.
func (fs *FS) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	o := fs.begin(&in.InHeader)
	h := fs.handles.get(in.Fh)
	if h == nil {
		return nil, fuse.EBADF
	}
	n, err := readFull(h.fd, buf[:min(len(buf), int(in.Size))], int64(in.Offset))
	// Without an owner it is for pages of a mapping. Nobody has called read.
	if !fs.direct || in.ReadFlags&fuse.READ_LOCKOWNER != 0 {
		o.done(uapi.FSRead, uapi.ViaCall, 0, h, uapi.IO{
			Offset: int64(in.Offset), Length: uint64(in.Size), Result: result(status(err), int64(n)),
		})
	}
	if err != nil {
		return nil, status(err)
	}
	return fuse.ReadResultData(buf[:n]), fuse.OK
}

// readFull reads until buf is full or the file ends: a short read is taken by the
// kernel for the end of the file.
func readFull(fd int, buf []byte, off int64) (int, error) {
	done := 0
	for {
		n, err := unix.Pread(fd, buf[done:], off+int64(done))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil && done == 0:
			return 0, err
		case err != nil || n == 0:
			return done, nil
		}
		if done += n; done == len(buf) {
			return done, nil
		}
	}
}

// Writev writes the pieces of data one behind the other.
func (fs *FS) Writev(_ <-chan struct{}, in *fuse.WriteIn, data [][]byte) (uint32, fuse.Status) {
	o := fs.begin(&in.InHeader)
	h := fs.handles.get(in.Fh)
	if h == nil {
		return 0, fuse.EBADF
	}
	n, err := writeOnce(h.fd, data, int64(in.Offset))
	if err == nil && in.WriteFlags&fuse.WRITE_KILL_SUIDGID != 0 {
		err = fs.killSetID(h.node, h.fd)
	}
	via := uapi.ViaCall
	if in.WriteFlags&fuse.WRITE_CACHE != 0 {
		via = uapi.ViaMmap // pages of a mapping that the kernel writes back
	}
	o.done(uapi.FSWrite, via, 0, h, uapi.IO{
		Offset: int64(in.Offset), Length: uint64(in.Size), Result: result(status(err), int64(n)),
	})
	return uint32(n), status(err)
}

// Write writes data.
func (fs *FS) Write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	return fs.Writev(cancel, in, [][]byte{data})
}

func writeOnce(fd int, data [][]byte, off int64) (n int, err error) {
	for {
		if len(data) == 1 {
			n, err = unix.Pwrite(fd, data[0], off)
		} else {
			n, err = unix.Pwritev(fd, data, off)
		}
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// mostCopied keeps a copy within what its answer can tell.
const mostCopied = 1 << 30

// CopyFileRange copies within the backing filesystem.
func (fs *FS) CopyFileRange(_ <-chan struct{}, in *fuse.CopyFileRangeIn) (uint32, fuse.Status) {
	o := fs.begin(&in.InHeader)
	from, to := fs.handles.get(in.FhIn), fs.handles.get(in.FhOut)
	if from == nil || to == nil {
		return 0, fuse.EBADF
	}
	src, dst := int64(in.OffIn), int64(in.OffOut)
	n, err := unix.CopyFileRange(from.fd, &src, to.fd, &dst, int(min(in.Len, mostCopied)), int(in.Flags))
	n = max(n, 0)
	if !o.wants(uapi.FSWrite) {
		return uint32(n), status(err)
	}
	var st, st2 unix.Statx_t
	x := fact{typ: uapi.FSWrite, via: uapi.ViaCopyRange, at: spot{handle: to}, at2: spot{handle: from}}
	x.io = uapi.IO{Offset: int64(in.OffOut), Length: in.Len, Result: result(status(err), int64(n))}
	if stat(to.fd, "", &st) == nil {
		x.file = &st
	}
	if stat(from.fd, "", &st2) == nil {
		x.file2 = &st2
	}
	o.record(false, &x)
	return uint32(n), status(err)
}

// Lseek finds data and holes. It is nothing that is recorded.
func (fs *FS) Lseek(_ <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	h := fs.handles.get(in.Fh)
	if h == nil {
		return fuse.EBADF
	}
	off, err := unix.Seek(h.fd, int64(in.Offset), int(in.Whence))
	out.Offset = uint64(off)
	return status(err)
}

// Fallocate reserves, empties or moves a part of a file.
func (fs *FS) Fallocate(_ <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	o := fs.begin(&in.InHeader)
	h := fs.handles.get(in.Fh)
	if h == nil {
		return fuse.EBADF
	}
	err := unix.Fallocate(h.fd, in.Mode, int64(in.Offset), int64(in.Length))
	o.done(uapi.FSFallocate, uapi.ViaCall, uint16(in.Mode), h, uapi.IO{
		Offset: int64(in.Offset), Length: in.Length, Result: result(status(err), 0),
	})
	return status(err)
}

// Fsync brings a file to the disk.
func (fs *FS) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return fs.fsync(in)
}

// FsyncDir brings a directory to the disk.
func (fs *FS) FsyncDir(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return fs.fsync(in)
}

func (fs *FS) fsync(in *fuse.FsyncIn) fuse.Status {
	o := fs.begin(&in.InHeader)
	h := fs.handles.get(in.Fh)
	if h == nil {
		return fuse.EBADF
	}
	const dataOnly = 1
	var err error
	kind := uint16(uapi.FsyncAll)
	if in.FsyncFlags&dataOnly != 0 {
		kind, err = uapi.FsyncData, unix.Fdatasync(h.fd)
	} else {
		err = unix.Fsync(h.fd)
	}
	o.done(uapi.FSFsync, uapi.ViaCall, kind, h, uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)})
	return status(err)
}
