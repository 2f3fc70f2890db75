// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxSize keeps every length with the busy or the discard bit above every
// possible size; the kernel's longest sample has the same bound.
const maxSize = discardBit

// A mapping is the memory of a ring and the count of who uses it, so that Close
// in one goroutine never pulls pages from under another.
type mapping struct {
	fd       int // a duplicate, to poll
	control  []byte
	readOnly []byte
	state    atomic.Uint32 // closedBit, and the number of users
}

const closedBit = 1 << 31

// Open maps the ring behind fd, whose data has size bytes: the max_entries of a
// BPF_MAP_TYPE_RINGBUF. The kernel refuses a larger size than that; a smaller one
// can't be noticed here, and makes nonsense of what is read. The caller keeps fd
// and may close it right away.
//
// Reading starts where the ring's last reader released, so samples which that
// one took and did not release are seen again.
func Open(fd, size int) (*Ring, error) {
	page := os.Getpagesize()
	if size < page || size > maxSize || bits.OnesCount(uint(size)) != 1 {
		return nil, fmt.Errorf("%w: %d bytes is not a power of two from %d to %d: pass the map's max_entries",
			ErrSize, size, page, maxSize)
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("ring: duplicate descriptor %d: %w", fd, err)
	}
	control, err := mapShared(dup, 0, page, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return nil, errors.Join(mapError("consumer page", err), unix.Close(dup))
	}
	readOnly, err := mapShared(dup, int64(page), page+2*size, unix.PROT_READ)
	if err != nil {
		return nil, errors.Join(mapError("data pages", err), unmap(control), unix.Close(dup))
	}
	return newRing(dup, control, readOnly), nil
}

func mapError(what string, err error) error {
	return fmt.Errorf("ring: map %s: %w: is the descriptor that of a ring buffer of this size?", what, err)
}

func mapShared(fd int, offset int64, length, protection int) ([]byte, error) {
	p, err := unix.MmapPtr(fd, offset, nil, uintptr(length), protection, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), length), nil
}

func unmap(b []byte) error {
	return unix.MunmapPtr(unsafe.Pointer(&b[0]), uintptr(len(b)))
}

// newRing takes over fd and both mappings.
func newRing(fd int, control, readOnly []byte) *Ring {
	page := os.Getpagesize()
	r := &Ring{
		data:     unsafe.Pointer(&readOnly[page]),
		mask:     uintptr(len(readOnly)-page)/2 - 1,
		consumer: (*atomic.Uintptr)(unsafe.Pointer(&control[0])),
		producer: (*atomic.Uintptr)(unsafe.Pointer(&readOnly[0])),
		mapping:  mapping{fd: fd, control: control, readOnly: readOnly},
	}
	r.pos = r.consumer.Load()
	r.limit, r.given = r.pos, r.pos
	r.marks.start(r.pos)
	return r
}

// Close ends the use of the ring; it may be called from any goroutine, and more
// than once. Next, Fill and Resync return ErrClosed from then on. Samples that
// were handed out stay valid until Release, which then frees the mapping.
func (r *Ring) Close() error {
	if old := r.state.Or(closedBit); old != 0 {
		return nil
	}
	return r.free()
}

func (m *mapping) closed() bool { return m.state.Load()&closedBit != 0 }

// enter counts a user in, or returns false if the mapping is going or gone.
func (m *mapping) enter() bool {
	for {
		old := m.state.Load()
		if old&closedBit != 0 {
			return false
		}
		if m.state.CompareAndSwap(old, old+1) {
			return true
		}
	}
}

// leave counts a user out. The last one out after Close frees the mapping; an
// error of munmap then has nobody to go to, and no cause but a bug here.
func (m *mapping) leave() {
	if m.state.Add(^uint32(0)) == closedBit {
		_ = m.free()
	}
}

func (m *mapping) free() error {
	return errors.Join(unmap(m.control), unmap(m.readOnly), unix.Close(m.fd))
}
