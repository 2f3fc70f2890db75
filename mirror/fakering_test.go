// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/ring"
)

// fakeRing is the kernel's side of a ring, in a memory file. The kernel maps the
// data pages twice; here everything is written twice.
type fakeRing struct {
	mu   sync.Mutex
	mem  []byte
	size uint64
	head uint64 // the producer's position
}

const (
	busy    = 1 << 31
	discard = 1 << 30
)

func newFakeRing(t testing.TB, size int) (*fakeRing, *ring.Ring) {
	t.Helper()
	fd, err := unix.MemfdCreate("ring", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	total := 2*os.Getpagesize() + 2*size
	if err := unix.Ftruncate(fd, int64(total)); err != nil {
		t.Fatal(err)
	}
	mem, err := unix.Mmap(fd, 0, total, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ring.Open(fd, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Release()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := unix.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	return &fakeRing{mem: mem, size: uint64(size)}, r
}

func (f *fakeRing) word(off int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&f.mem[off]))
}

func (f *fakeRing) header(pos uint64, copy int) *atomic.Uint32 {
	off := 2*uint64(os.Getpagesize()) + pos%f.size + uint64(copy)*f.size
	return (*atomic.Uint32)(unsafe.Pointer(&f.mem[off]))
}

// reserve takes room for a sample and leaves it busy, or returns false.
func (f *fakeRing) reserve(sample []byte) (pos uint64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := (uint64(len(sample)) + 8 + 7) &^ 7
	pos = f.head
	if pos+n-f.word(0).Load() >= f.size {
		return 0, false
	}
	data := f.mem[2*os.Getpagesize():]
	for i, b := range sample {
		at := (pos + 8 + uint64(i)) % f.size
		data[at], data[at+f.size] = b, b
	}
	f.setHeader(pos, uint32(len(sample))|busy)
	f.head = pos + n
	f.word(os.Getpagesize()).Store(f.head)
	return pos, true
}

func (f *fakeRing) setHeader(pos uint64, word uint32) {
	f.header(pos, 1).Store(word)
	f.header(pos, 0).Store(word)
}

// commit makes a reserved sample readable, or skipped.
func (f *fakeRing) commit(pos uint64, skip bool) {
	word := f.header(pos, 0).Load() &^ busy
	if skip {
		word |= discard
	}
	f.setHeader(pos, word)
}

func (f *fakeRing) output(sample []byte) bool {
	pos, ok := f.reserve(sample)
	if ok {
		f.commit(pos, false)
	}
	return ok
}

// corrupt writes a header that no kernel writes.
func (f *fakeRing) corrupt() {
	pos, ok := f.reserve(make([]byte, 64))
	if !ok {
		panic("no room")
	}
	f.setHeader(pos, uint32(f.size))
}
