// SPDX-License-Identifier: Apache-2.0

//go:build !race

package hnsw

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugeFrom is the size from which memory is asked for in huge pages: rows are
// read in no order, so that small pages cost a walk of the page table for each.
const hugeFrom = 4 << 20

// resize returns size bytes that begin with those of old, which is gone. Pages
// that were never touched take no memory.
func resize(old []byte, size int) ([]byte, error) {
	size = roundUp(size, 4096)
	var p unsafe.Pointer
	var err error
	if old == nil {
		p, err = unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	} else {
		p, err = unix.MremapPtr(unsafe.Pointer(&old[0]), uintptr(len(old)), nil, uintptr(size), unix.MREMAP_MAYMOVE)
	}
	if err != nil {
		return nil, fmt.Errorf("hnsw: no memory for %d bytes: %w", size, err)
	}
	mem := unsafe.Slice((*byte)(p), size)
	if size >= hugeFrom {
		// Where the kernel has none, small pages do.
		_ = unix.Madvise(mem, unix.MADV_HUGEPAGE)
	}
	return mem, nil
}

func release(mem []byte) {
	// It cannot fail for what resize returned.
	_ = unix.MunmapPtr(unsafe.Pointer(&mem[0]), uintptr(len(mem)))
}
