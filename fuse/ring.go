// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// defaultRing is the size of a ring that nobody chose one for.
const defaultRing = 8 << 20

// minRing takes the two largest records that go in together.
const minRing = 256 << 10

const sampleHead = 8

// A ring is the producer's side of a ring with the layout of the BPF ring buffer,
// in a memory file: package ring reads it like one that a kernel fills. Where the
// kernel maps the data twice in a row, so that a sample that wraps is in one
// piece, here the file has room for it behind the data: what wraps is written
// there, and only there is it read.
//
// It has one writer at a time, who holds the lock of the producer. So a sample
// is whole before the position that covers it is published, and none is ever
// seen busy.
type ring struct {
	fd   int
	mem  []byte // consumer page, producer page, data, room for what wraps
	data []byte
	size uint64
	head uint64 // the next sample; ahead of the published one while a batch is written
}

// newRing makes a ring of size bytes of data, a power of two.
func newRing(size int) (*ring, error) {
	if size == 0 {
		size = defaultRing
	}
	if size < minRing || size > 1<<30 || bits.OnesCount(uint(size)) != 1 {
		return nil, fmt.Errorf("%w: %d", ErrRingSize, size)
	}
	fd, err := unix.MemfdCreate("vexj-fuse-ring", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("fuse: memory for the ring: %w", err)
	}
	page := os.Getpagesize()
	total := 2*page + 2*size
	if err := unix.Ftruncate(fd, int64(total)); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("fuse: memory for the ring: %w", err)
	}
	mem, err := unix.Mmap(fd, 0, total, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("fuse: map the ring: %w", err)
	}
	return &ring{fd: fd, mem: mem, data: mem[2*page:], size: uint64(size)}, nil
}

func (r *ring) consumer() *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&r.mem[0])) }
func (r *ring) producer() *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&r.mem[os.Getpagesize()]))
}

// stride is what a sample of n bytes takes.
func stride(n int) uint64 { return (uint64(n) + sampleHead + 7) &^ 7 }

// used is how many bytes the reader has not given back.
func (r *ring) used() uint64 { return r.head - r.consumer().Load() }

// room says whether samples that take n bytes together fit. A ring is never quite
// full: the reader takes that for a broken one.
func (r *ring) room(n uint64) bool { return r.used()+n < r.size }

// put writes a sample and returns its bytes in the ring, to be changed until
// publish. The caller has asked for room.
func (r *ring) put(sample []byte) []byte {
	at := r.head & (r.size - 1)
	binary.NativeEndian.PutUint64(r.data[at:], uint64(len(sample)))
	body := r.data[at+sampleHead:][:len(sample)]
	copy(body, sample)
	r.head += stride(len(sample))
	return body
}

// publish hands what was put to the reader: the store is ordered behind the bytes,
// and pairs with the reader's load of the position.
func (r *ring) publish() { r.producer().Store(r.head) }

func (r *ring) rings() []uapi.RingFD { return []uapi.RingFD{{FD: r.fd, Size: int(r.size)}} }

func (r *ring) close() error {
	err := unix.Munmap(r.mem)
	if closing := unix.Close(r.fd); err == nil {
		err = closing
	}
	r.mem, r.data = nil, nil
	return err
}
