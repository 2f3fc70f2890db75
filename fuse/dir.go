// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// direntBytes is how much of a directory is read at a time.
const direntBytes = 32 << 10

// A dirStream reads a directory through its handle. The kernel names a place in it
// by the cookie of the entry before.
type dirStream struct {
	mu   sync.Mutex
	buf  []byte
	rest []byte // entries that were read and not handed on
	next uint64 // the cookie before rest
}

// A dirent is one entry of getdents64.
type dirent struct {
	ino    uint64
	cookie uint64
	format uint32 // S_IFMT
	name   []byte
	size   int
}

func parseDirent(b []byte) dirent {
	const head = 19
	d := dirent{
		ino:    binary.NativeEndian.Uint64(b),
		cookie: binary.NativeEndian.Uint64(b[8:]),
		size:   int(binary.NativeEndian.Uint16(b[16:])),
		format: uint32(b[18]) << 12,
	}
	d.name = b[head:d.size]
	if i := bytes.IndexByte(d.name, 0); i >= 0 {
		d.name = d.name[:i]
	}
	return d
}

// controlCookie is that of the entry .vexj, the last: no filesystem uses the place
// before the end of the largest directory.
const controlCookie = 1<<63 - 2

// at moves the stream to a cookie.
func (s *dirStream) at(fd int, cookie uint64) error {
	if s.buf != nil && s.next == cookie {
		return nil
	}
	s.rest, s.next = nil, cookie
	_, err := unix.Seek(fd, int64(cookie), unix.SEEK_SET)
	return err
}

// peek returns the next entry; ok is false at the end.
func (s *dirStream) peek(fd int) (d dirent, ok bool, err error) {
	if len(s.rest) == 0 {
		if s.buf == nil {
			s.buf = make([]byte, direntBytes)
		}
		n, err := unix.Getdents(fd, s.buf)
		if err != nil || n <= 0 {
			return d, false, err
		}
		s.rest = s.buf[:n]
	}
	return parseDirent(s.rest), true, nil
}

func (s *dirStream) take(d dirent) {
	s.rest, s.next = s.rest[d.size:], d.cookie
}

// OpenDir opens a directory to be listed.
func (fs *FS) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	o := fs.begin(&in.InHeader)
	n := fs.table.node(in.NodeId)
	if n == nil {
		return fuse.Status(unix.ESTALE)
	}
	fd := -1
	at, err := fs.table.borrow(n)
	if err == nil {
		fd, err = fs.table.openat(at, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		fs.table.giveBack(n)
	}
	var st unix.Statx_t
	x := fact{typ: uapi.FSOpen, at: spot{node: n}, open: &uapi.Open{Flags: in.Flags, FD: -1}}
	x.io = uapi.IO{Offset: uapi.NoOffset, Result: result(status(err), 0)}
	if err == nil {
		h := &handle{fd: fd, node: n, dir: &dirStream{}}
		out.Fh = fs.handles.add(h)
		fs.table.opened(h)
		if o.wants(uapi.FSOpen) && stat(fd, "", &st) == nil {
			x.file = &st
		}
	}
	o.record(false, &x)
	return status(err)
}

// ReadDir lists names.
func (fs *FS) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return fs.list(in, out, func(h *handle, e fuse.DirEntry) bool { return out.AddDirEntry(e) })
}

// ReadDirPlus lists names with what Lookup would say of each.
func (fs *FS) ReadDirPlus(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return fs.list(in, out, func(h *handle, e fuse.DirEntry) bool {
		entry := out.AddDirLookupEntry(e)
		if entry == nil {
			return false
		}
		// One that has gone meanwhile is a name without an answer.
		var st unix.Statx_t
		if e.Name != "." && e.Name != ".." && e.Off != controlCookie && stat(h.fd, e.Name, &st) == nil {
			fs.entry(h.node, h.fd, e.Name, &st, entry)
			out.FixMode(uint32(st.Mode))
		}
		return true
	})
}

func (fs *FS) list(in *fuse.ReadIn, out *fuse.DirEntryList, add func(*handle, fuse.DirEntry) bool) fuse.Status {
	o := fs.begin(&in.InHeader)
	h := fs.handles.get(in.Fh)
	if h == nil || h.dir == nil {
		return fuse.EBADF
	}
	s := h.dir
	s.mu.Lock()
	defer s.mu.Unlock()
	control := fs.control != nil && h.node == fs.table.root
	if control && in.Offset == controlCookie {
		return fuse.OK
	}
	err := s.at(h.fd, in.Offset)
	for err == nil {
		var d dirent
		var ok bool
		if d, ok, err = s.peek(h.fd); !ok {
			if err == nil && control && fs.shown {
				add(h, fuse.DirEntry{Mode: unix.S_IFDIR, Name: ControlName, Ino: fs.control.root.number(), Off: controlCookie})
			}
			break
		}
		if control && string(d.name) == ControlName {
			s.take(d)
			continue
		}
		e := fuse.DirEntry{Mode: d.format, Name: string(d.name), Ino: fs.number(inode{h.node.known.dev, d.ino}), Off: d.cookie}
		if !add(h, e) {
			break
		}
		s.take(d)
	}
	if err == unix.ENOENT {
		err = nil // a directory that was removed is empty
	}
	o.done(uapi.FSReaddir, uapi.ViaCall, 0, h, uapi.IO{
		Offset: uapi.NoOffset, Length: uint64(in.Size), Result: result(status(err), int64(len(out.Bytes()))),
	})
	return status(err)
}

// ReleaseDir ends a handle.
func (fs *FS) ReleaseDir(in *fuse.ReleaseIn) {
	o := fs.begin(&in.InHeader)
	h := fs.handles.remove(in.Fh)
	if h == nil {
		return
	}
	o.close(h)
	fs.table.closed(h)
}
