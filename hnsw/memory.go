// SPDX-License-Identifier: Apache-2.0

package hnsw

import "unsafe"

// A table is an array of rows of one size in memory that the garbage collector
// does not look at. It grows by doubling, which moves it: only under the lock that
// stops everybody.
type table struct {
	mem    []byte // rows*stride bytes, aligned to 64
	base   unsafe.Pointer
	stride uintptr
	fixed  bool // a part of a mapped file
}

func newTable(stride int) table { return table{stride: uintptr(stride)} }

// rows is how many there is room for.
func (t *table) rows() int {
	if t.stride == 0 {
		return 0
	}
	return len(t.mem) / int(t.stride)
}

// grow makes room for n rows. What is new is zero.
func (t *table) grow(n int) error {
	size := n * int(t.stride)
	if size <= len(t.mem) {
		return nil
	}
	mem, err := resize(t.mem, size)
	if err != nil {
		return err
	}
	t.mem, t.base = mem, unsafe.Pointer(&mem[0])
	return nil
}

func (t *table) free() {
	if !t.fixed && t.mem != nil {
		release(t.mem)
	}
	t.mem, t.base = nil, nil
}

func (t *table) at(row uint32) unsafe.Pointer {
	return unsafe.Add(t.base, uintptr(row)*t.stride)
}

func (t *table) words(row uint32, n int) []uint32 {
	return unsafe.Slice((*uint32)(t.at(row)), n)
}

func (t *table) bytes(row uint32, n int) []byte {
	return unsafe.Slice((*byte)(t.at(row)), n)
}

func (t *table) floats(row uint32, n int) []float32 {
	return unsafe.Slice((*float32)(t.at(row)), n)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
