// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ringFD opens a CPU's ring of the run of fd.
func ringFD(t *testing.T, fd, cpu int) int {
	t.Helper()
	arg := uint32(cpu)
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), iocRing, uintptr(unsafe.Pointer(&arg)))
	if errno != 0 {
		t.Fatal(errno)
	}
	t.Cleanup(func() { unix.Close(int(n)) })
	return int(n)
}

const ringSize = 1 << 16

// newRing is a run's first ring.
func newRing(t *testing.T) int {
	t.Helper()
	fd := openDevice(t, unix.O_RDWR)
	if err := ioctl(fd, iocConsume, goodConsume()); err != nil {
		t.Fatal(err)
	}
	return ringFD(t, fd, 0)
}

func TestMappings(t *testing.T) {
	page := os.Getpagesize()
	const r, rw, rx = unix.PROT_READ, unix.PROT_READ | unix.PROT_WRITE, unix.PROT_READ | unix.PROT_EXEC
	fd := newRing(t)
	for _, c := range []struct {
		name              string
		offset, length    int
		protection, flags int
		want              error
	}{
		{"consumer page", 0, page, rw, unix.MAP_SHARED, nil},
		{"all to read", 0, 2*page + 2*ringSize, r, unix.MAP_SHARED, nil},
		{"what the reader maps", page, page + 2*ringSize, r, unix.MAP_SHARED, nil},
		{"the last page", page + 2*ringSize, page, r, unix.MAP_SHARED, nil},
		{"producer page to write", page, page, rw, unix.MAP_SHARED, unix.EPERM},
		{"data to write", 2 * page, page, rw, unix.MAP_SHARED, unix.EPERM},
		{"second data to write", 2*page + ringSize, page, rw, unix.MAP_SHARED, unix.EPERM},
		{"consumer and producer page to write", 0, 2 * page, rw, unix.MAP_SHARED, unix.EPERM},
		{"consumer page to execute", 0, page, rx, unix.MAP_SHARED, unix.EPERM},
		{"data to execute", 2 * page, page, rx, unix.MAP_SHARED, unix.EPERM},
		{"consumer page for oneself", 0, page, rw, unix.MAP_PRIVATE, unix.EINVAL},
		{"data for oneself", 2 * page, page, rw, unix.MAP_PRIVATE, unix.EINVAL},
		{"a page too much", 0, 3*page + 2*ringSize, r, unix.MAP_SHARED, unix.EINVAL},
		{"beyond the end", 2*page + 2*ringSize, page, r, unix.MAP_SHARED, unix.EINVAL},
		{"at the end of all offsets", -page, page, r, unix.MAP_SHARED, unix.EINVAL},
	} {
		p, err := unix.MmapPtr(fd, int64(c.offset), nil, uintptr(c.length), c.protection, c.flags)
		if err == nil {
			err = unix.MunmapPtr(p, uintptr(c.length))
		}
		if err != c.want && !(c.want == unix.EINVAL && err == unix.EOVERFLOW) {
			t.Errorf("%s: %v, not %v", c.name, err, c.want)
		}
	}
}

// Nothing makes a read-only page writable, nor a mapping longer, nor a child have it.
func TestMappingStaysAsItIs(t *testing.T) {
	page := os.Getpagesize()
	fd := newRing(t)
	data, err := unix.Mmap(fd, int64(page), page+2*ringSize, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(data)
	control, err := unix.Mmap(fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(control)
	for _, protection := range []int{unix.PROT_WRITE, unix.PROT_READ | unix.PROT_WRITE, unix.PROT_EXEC} {
		if err := unix.Mprotect(data, protection); err != unix.EACCES {
			t.Errorf("mprotect %d: %v", protection, err)
		}
	}
	if err := unix.Mprotect(control, unix.PROT_READ|unix.PROT_EXEC); err != unix.EACCES {
		t.Errorf("mprotect of the consumer page to execute: %v", err)
	}
	for name, b := range map[string][]byte{"control": control, "data": data} {
		_, _, errno := unix.Syscall6(unix.SYS_MREMAP, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(len(b)+page), 1, 0, 0)
		if errno == 0 {
			t.Errorf("%s: the mapping grew", name)
		}
		flags := vmFlags(t, unsafe.Pointer(&b[0]))
		if !strings.Contains(flags, " dc") || !strings.Contains(flags, " de") || strings.Contains(flags, " me") {
			t.Errorf("%s: mapped with %q: dc and de are wanted, me is not", name, flags)
		}
		if name == "data" && strings.Contains(flags, " mw") {
			t.Errorf("data may become writable: %q", flags)
		}
	}
	mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	if _, err := mem.WriteAt([]byte{1}, int64(uintptr(unsafe.Pointer(&data[page])))); err == nil {
		t.Error("data was written to by force")
	}
}

// vmFlags is how the kernel describes the mapping at an address.
func vmFlags(t *testing.T, at unsafe.Pointer) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut("\n"+string(text), fmt.Sprintf("\n%08x-", uintptr(at)))
	if !ok {
		t.Fatalf("no mapping at %p", at)
	}
	_, rest, _ = strings.Cut(rest, "VmFlags:")
	flags, _, _ := strings.Cut(rest, "\n")
	return flags
}

// A mapping keeps its pages when descriptor, run and device are gone.
func TestMappingOutlivesAll(t *testing.T) {
	page := os.Getpagesize()
	fd := openDevice(t, unix.O_RDWR)
	if err := ioctl(fd, iocConsume, goodConsume()); err != nil {
		t.Fatal(err)
	}
	r := ringFD(t, fd, 0)
	control, err := unix.Mmap(r, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(control)
	unix.Close(r)
	unix.Close(fd)
	again := openDevice(t, unix.O_RDWR)
	if err := ioctl(again, iocConsume, goodConsume()); err != nil {
		t.Fatal(err)
	}
	for i := range control {
		control[i] = 0xa5
	}
}
