// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// uring is an io_uring through which rows make one call at a time.
type uring struct {
	fd    int
	rings []byte // both queues: IORING_FEAT_SINGLE_MMAP, since Linux 5.4
	sqes  []byte
	sq    queueOffsets
	cq    queueOffsets
	poll  bool
	known []byte // what IORING_REGISTER_PROBE tells
}

// queueOffsets says where in the shared pages a queue's parts are.
type queueOffsets struct{ head, tail, mask, array uint32 }

// sqe is one call: struct io_uring_sqe as far as rows need it.
type sqe struct {
	op    uint8
	fd    int
	off   uint64
	addr  uintptr
	len   uint32
	flags uint32
	addr3 uintptr
}

// Operations, from enum io_uring_op.
const (
	opReadv     = 1
	opWritev    = 2
	opFsync     = 3
	opFallocate = 17
	opOpenat    = 18
	opClose     = 19
	opStatx     = 21
	opRead      = 22
	opWrite     = 23
	opOpenat2   = 28
	opRenameat  = 35
	opUnlinkat  = 36
	opMkdirat   = 37
	opSymlinkat = 38
	opLinkat    = 39
	opSetxattr  = 42
	opFtruncate = 55
)

const (
	uringEntries    = 4
	uringSQEs       = 0x10000000 // mmap offset
	uringProbe      = 8          // io_uring_register
	uringGetEvents  = 1          // io_uring_enter
	uringWakeUp     = 2
	uringSQPoll     = 2 // io_uring_setup
	uringSingleMmap = 1 // feature
	uringFsyncData  = 1
	sqeSize         = 64
	probeOps        = 64
)

func openURing() (*uring, error) { return openURingWith(0) }

func openURingWith(flags uint32) (*uring, error) {
	params := make([]byte, 120)
	le := binary.LittleEndian
	le.PutUint32(params[8:], flags)
	le.PutUint32(params[16:], 1000) // sq_thread_idle, ms
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uringEntries, uintptr(unsafe.Pointer(&params[0])), 0)
	if errno != 0 {
		return nil, errno
	}
	r := &uring{fd: int(fd), poll: flags&uringSQPoll != 0}
	if le.Uint32(params[20:])&uringSingleMmap == 0 {
		r.close()
		return nil, unix.EOPNOTSUPP
	}
	sq, cq := params[40:], params[80:]
	r.sq = queueOffsets{le.Uint32(sq), le.Uint32(sq[4:]), le.Uint32(sq[8:]), le.Uint32(sq[24:])}
	r.cq = queueOffsets{le.Uint32(cq), le.Uint32(cq[4:]), le.Uint32(cq[8:]), le.Uint32(cq[20:])}
	entries, cqEntries := le.Uint32(params), le.Uint32(params[4:])
	size := max(r.sq.array+4*entries, r.cq.array+16*cqEntries)
	var err error
	if r.rings, err = r.mmap(0, int(size)); err == nil {
		r.sqes, err = r.mmap(uringSQEs, int(entries)*sqeSize)
	}
	if err == nil {
		err = r.probe()
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *uring) mmap(offset int64, n int) ([]byte, error) {
	return unix.Mmap(r.fd, offset, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
}

// probe asks which operations the kernel knows.
func (r *uring) probe() error {
	p := make([]byte, 16+8*probeOps)
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), uringProbe, uintptr(unsafe.Pointer(&p[0])), probeOps, 0, 0)
	if errno != 0 {
		return errno
	}
	r.known = make([]byte, probeOps)
	for i := range probeOps {
		const supported = 1
		r.known[i] = p[16+8*i+2] & supported
	}
	return nil
}

func (r *uring) knows(op uint8) bool { return r.known[op] != 0 }

func (r *uring) close() {
	for _, m := range [][]byte{r.rings, r.sqes} {
		if m != nil {
			_ = unix.Munmap(m)
		}
	}
	_ = unix.Close(r.fd)
}

func (r *uring) word(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[off])) }

// do makes one call and waits for it.
func (r *uring) do(c sqe) (int, error) {
	tail := atomic.LoadUint32(r.word(r.sq.tail))
	slot := tail & *r.word(r.sq.mask)
	e := r.sqes[slot*sqeSize : (slot+1)*sqeSize]
	clear(e)
	le := binary.LittleEndian
	e[0] = c.op
	le.PutUint32(e[4:], uint32(int32(c.fd)))
	le.PutUint64(e[8:], c.off)
	le.PutUint64(e[16:], uint64(c.addr))
	le.PutUint32(e[24:], c.len)
	le.PutUint32(e[28:], c.flags)
	le.PutUint64(e[48:], uint64(c.addr3))
	*r.word(r.sq.array + 4*slot) = slot
	atomic.StoreUint32(r.word(r.sq.tail), tail+1)

	submit, flags := uintptr(1), uintptr(uringGetEvents)
	if r.poll {
		flags |= uringWakeUp
	}
	for {
		_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), submit, 1, flags, 0, 0)
		if errno != 0 && errno != unix.EINTR {
			return -1, fmt.Errorf("io_uring_enter: %w", errno)
		}
		head := atomic.LoadUint32(r.word(r.cq.head))
		if head != atomic.LoadUint32(r.word(r.cq.tail)) {
			cqe := r.rings[r.cq.array+16*(head&*r.word(r.cq.mask)):]
			res := int32(le.Uint32(cqe[8:]))
			atomic.StoreUint32(r.word(r.cq.head), head+1)
			if res < 0 {
				return -1, unix.Errno(-res)
			}
			return int(res), nil
		}
		submit = 0
	}
}

// URing opens a ring in Setup. Without the operations the row is skipped.
func (e *Env) URing(ops ...uint8) {
	r, err := openURing()
	e.Must(err)
	for _, op := range ops {
		if !r.knows(op) {
			r.close()
			e.Unmet(fmt.Sprintf("io_uring operation %d is not in this kernel", op))
		}
	}
	e.ring = r
	e.Cleanup(r.close)
}

// Submit makes a call through the ring, which must succeed.
func (e *Env) Submit(c sqe) int {
	n, err := e.ring.do(c)
	e.Must(err)
	return n
}
