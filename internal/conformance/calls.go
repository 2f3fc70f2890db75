// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Open opens a name in Dir, which must succeed, and notes the descriptor for
// Want.FD under that name.
func (e *Env) Open(name string, flags int, mode uint32) int {
	fd, err := unix.Open(e.P(name), flags, mode)
	e.Must(err)
	return e.NoteFD(name, fd)
}

// NoteFD notes the descriptor that an open of name returned.
func (e *Env) NoteFD(name string, fd int) int {
	e.Note(fdKey(name), int64(fd))
	return fd
}

// fdKey is the fact's name. Facts travel as JSON, which holds text only.
func fdKey(name string) string { return "fd:" + strconv.QuoteToASCII(name) }

// FD returns the descriptor noted for name.
func (e *Env) FD(name string) int64 { return e.Fact(fdKey(name)) }

// Close closes fd, which must succeed.
func (e *Env) Close(fd int) { e.Must(unix.Close(fd)) }

// File makes a file with the given content and mode. For Setup.
func (e *Env) File(name, content string, mode uint32) {
	fd, err := unix.Open(e.P(name), unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, mode)
	e.Must(err)
	n, err := unix.Write(fd, []byte(content))
	e.N(n, err, len(content))
	e.Must(unix.Fchmod(fd, mode))
	e.Must(unix.Close(fd))
}

// Mkdir makes a directory. For Setup.
func (e *Env) Mkdir(names ...string) {
	for _, name := range names {
		e.Must(unix.Mkdirat(unix.AT_FDCWD, e.P(name), 0o755))
	}
}

// Symlink makes a symbolic link. For Setup.
func (e *Env) Symlink(target, name string) {
	e.Must(unix.Symlinkat(target, unix.AT_FDCWD, e.P(name)))
}

// Held opens a name in Setup, so that Do finds the descriptor as e.FD(name)
// without an OPEN.
func (e *Env) Held(name string, flags int) {
	fd := e.Open(name, flags, 0)
	e.Cleanup(func() { unix.Close(fd) })
}

// Dirfd opens a directory in Setup as a base of *at calls.
func (e *Env) Dirfd(name string) { e.Held(name, unix.O_RDONLY|unix.O_DIRECTORY) }

// Mount mounts in Setup, and unmounts after the capture.
func (e *Env) Mount(source, name, fstype string, flags uintptr, data string) {
	e.Must(unix.Mount(source, e.P(name), fstype, flags, data))
	e.Cleanup(func() { unix.Unmount(e.P(name), unix.MNT_DETACH) })
}

// syscall3 makes a call that golang.org/x/sys has no plain wrapper for.
func syscall3(trap, a, b, c uintptr) (int, error) {
	r, _, errno := unix.Syscall(trap, a, b, c)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

func syscall6(trap, a, b, c, d, e, f uintptr) (int, error) {
	r, _, errno := unix.Syscall6(trap, a, b, c, d, e, f)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// ptr returns the address of b for a raw call. The scenario keeps b alive: heap
// objects do not move.
func (e *Env) ptr(b []byte) uintptr {
	e.keep = append(e.keep, b)
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

// cstr is ptr of a NUL-terminated copy of s.
func (e *Env) cstr(s string) uintptr {
	return e.ptr(append([]byte(s), 0))
}

// times is ptr of the two times of utimensat.
func (e *Env) times(ts []unix.Timespec) uintptr {
	return e.ptr(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(ts))), len(ts)*int(unsafe.Sizeof(ts[0]))))
}
