// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxSend is how much goes out by one call, but for a line that is longer. Lines are
// copied together for it: to name each to the kernel costs more.
const maxSend = 64 << 10

// send writes to a socket without waiting, as far as it takes it. The call is a short
// one, so that the scheduler is not told of it.
func send(fd int, b []byte) (n int, err error) {
	for {
		r, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(r), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}
