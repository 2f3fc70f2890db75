// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxIovecs is how many pieces go out by one call.
const maxIovecs = 256

// iovecs are the pieces of one write.
type iovecs struct {
	v     [maxIovecs]unix.Iovec
	n     int
	bytes int
}

func (v *iovecs) reset() { v.n, v.bytes = 0, 0 }

// add appends a piece; it is false if there is no room for it. The bytes must not
// move until they are written.
func (v *iovecs) add(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if v.n == len(v.v) {
		return false
	}
	v.v[v.n].Base = &b[0]
	v.v[v.n].SetLen(len(b))
	v.n++
	v.bytes += len(b)
	return true
}

// write sends all pieces without waiting, as far as the socket takes them. The call
// is a short one, so that the scheduler is not told of it.
func (v *iovecs) write(fd int) (n int, err error) {
	m := unix.Msghdr{Iov: &v.v[0]}
	m.SetIovlen(v.n)
	for {
		r, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		switch errno {
		case 0:
			return int(r), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}
