// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// Commands of struct iocb.
const (
	aioRead  = 0
	aioWrite = 1
)

// iocb is ptr of a struct iocb.
func (e *Env) iocb(command uint16, fd int, buf []byte, offset int64) uintptr {
	b := make([]byte, 64)
	le := binary.LittleEndian
	le.PutUint16(b[16:], command)
	le.PutUint32(b[20:], uint32(fd))
	le.PutUint64(b[24:], uint64(e.ptr(buf)))
	le.PutUint64(b[32:], uint64(len(buf)))
	le.PutUint64(b[40:], uint64(offset))
	return e.ptr(b)
}

// aio submits one iocb, waits for it, and returns its outcome.
func (e *Env) aio(iocb uintptr) int64 {
	list := make([]byte, 8)
	binary.LittleEndian.PutUint64(list, uint64(iocb))
	n, err := syscall3(unix.SYS_IO_SUBMIT, uintptr(e.Fact("aio")), 1, e.ptr(list))
	e.N(n, err, 1)
	event := make([]byte, 32)
	n, err = syscall6(unix.SYS_IO_GETEVENTS, uintptr(e.Fact("aio")), 1, 1, e.ptr(event), 0, 0)
	e.N(n, err, 1)
	return int64(binary.LittleEndian.Uint64(event[16:]))
}

// iovecs is ptr of a struct iovec for each buffer.
func (e *Env) iovecs(bufs ...[]byte) uintptr {
	b := make([]byte, 16*len(bufs))
	for i, buf := range bufs {
		binary.LittleEndian.PutUint64(b[16*i:], uint64(e.ptr(buf)))
		binary.LittleEndian.PutUint64(b[16*i+8:], uint64(len(buf)))
	}
	return e.ptr(b)
}

func aioRows() []Scenario {
	return []Scenario{{
		Name: "io_submit of a write and a read", Kinds: []string{"io_submit"},
		Setup: func(e *Env) {
			digits(unix.O_RDWR)(e)
			var ctx uintptr
			_, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 8, uintptr(unsafe.Pointer(&ctx)), 0)
			if errno != 0 {
				e.Supports("io_setup", errno)
			}
			e.Note("aio", int64(ctx))
		},
		Do: func(e *Env) {
			fd := int(e.FD("a"))
			e.N(int(e.aio(e.iocb(aioWrite, fd, []byte("abcdef"), 7))), nil, 6)
			e.N(int(e.aio(e.iocb(aioRead, fd, make([]byte, 64), 5))), nil, 8)
		},
		Want: func(e *Env) []Want {
			return []Want{
				wrote(7, 6, 13).Via(uapi.ViaAIO),
				Rec(uapi.FSRead, "a").Via(uapi.ViaAIO).At(5).Len(64).Outcome(8).Size(13).Object("a"),
			}
		},
	}}
}
