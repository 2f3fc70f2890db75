// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"os"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A fakeRing is the producer's side of a ring in a memory file, written as
// kernel/bpf/ringbuf.c writes, or as it never would.
type fakeRing struct {
	data     []byte // once
	consumer *atomic.Uintptr
	producer *atomic.Uintptr
	event    int // what the reader polls
}

// newFake makes a ring of size bytes with a guard page on both sides of what the
// reader maps, so that it can't read past it unnoticed.
func newFake(tb testing.TB, size int) (*fakeRing, *Ring) {
	tb.Helper()
	page := os.Getpagesize()
	file, err := unix.MemfdCreate("ring", unix.MFD_CLOEXEC)
	must(tb, err)
	defer unix.Close(file)
	must(tb, unix.Ftruncate(file, int64(2*page+size)))

	writable, err := mapShared(file, 0, 2*page+size, unix.PROT_READ|unix.PROT_WRITE)
	must(tb, err)
	tb.Cleanup(func() { must(tb, unmap(writable)) })
	control, err := mapShared(file, 0, page, unix.PROT_READ|unix.PROT_WRITE)
	must(tb, err)

	length := page + 2*size
	guarded, err := unix.MmapPtr(-1, 0, nil, uintptr(length+2*page), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	must(tb, err)
	start := unsafe.Add(guarded, page)
	for _, part := range []struct{ at, offset, length int }{{0, page, page + size}, {page + size, 2 * page, size}} {
		_, err := unix.MmapPtr(file, int64(part.offset), unsafe.Add(start, part.at), uintptr(part.length),
			unix.PROT_READ, unix.MAP_SHARED|unix.MAP_FIXED)
		must(tb, err)
	}
	tb.Cleanup(func() {
		must(tb, unix.MunmapPtr(guarded, uintptr(page)))
		must(tb, unix.MunmapPtr(unsafe.Add(start, length), uintptr(page)))
	})

	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	must(tb, err)
	r := newRing(event, control, unsafe.Slice((*byte)(start), length))
	tb.Cleanup(func() {
		r.Release()
		must(tb, r.Close())
	})
	return &fakeRing{
		data:     writable[2*page:],
		consumer: (*atomic.Uintptr)(unsafe.Pointer(&writable[0])),
		producer: (*atomic.Uintptr)(unsafe.Pointer(&writable[page])),
		event:    event,
	}, r
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (f *fakeRing) header(at uintptr) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(&f.data[at%uintptr(len(f.data))]))
}

// reserve is bpf_ringbuf_reserve: it returns where the sample begins, or false if
// there is no room.
func (f *fakeRing) reserve(n int) (at uintptr, ok bool) {
	at = f.producer.Load()
	next := at + uintptr(stride(uint32(n)))
	if next-f.consumer.Load() > uintptr(len(f.data)-1) {
		return 0, false
	}
	f.header(at).Store(uint32(n) | busyBit)
	f.producer.Store(next)
	return at, true
}

// commit is bpf_ringbuf_submit, after having written the sample.
func (f *fakeRing) commit(at uintptr, sample []byte) {
	for i, b := range sample {
		f.data[(at+headerSize+uintptr(i))%uintptr(len(f.data))] = b
	}
	f.header(at).Store(uint32(len(sample)))
}

// discard is bpf_ringbuf_discard.
func (f *fakeRing) discard(at uintptr) {
	h := f.header(at)
	h.Store(h.Load()&^busyBit | discardBit)
}

func (f *fakeRing) output(sample []byte) bool {
	at, ok := f.reserve(len(sample))
	if ok {
		f.commit(at, sample)
	}
	return ok
}

// wake makes the reader's descriptor ready, as irq_work does.
func (f *fakeRing) wake(tb testing.TB) {
	tb.Helper()
	_, err := unix.Write(f.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	must(tb, err)
}

// pattern is a sample that can be told from any other.
func pattern(number, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(number*31 + i)
	}
	return b
}

// isPattern says whether a sample is whole, whichever it is.
func isPattern(b []byte) bool {
	for i := range b {
		if b[i] != b[0]+byte(i) {
			return false
		}
	}
	return true
}
