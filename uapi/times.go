// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Times is struct vexj_attr_times: the times after the operation,
// in nanoseconds since 1970.
type Times struct {
	Atime int64
	Mtime int64
}

const timesSize = 16

func (t *Times) get(b []byte) {
	_ = b[timesSize-1]
	t.Atime = int64(binary.LittleEndian.Uint64(b[0:]))
	t.Mtime = int64(binary.LittleEndian.Uint64(b[8:]))
}

func (t *Times) put(b []byte) {
	_ = b[timesSize-1]
	binary.LittleEndian.PutUint64(b[0:], uint64(t.Atime))
	binary.LittleEndian.PutUint64(b[8:], uint64(t.Mtime))
}

// Times returns the times that a utimes left.
func (r Record) Times() (t Times, ok bool) {
	b := r.fixed(AttrTimes, timesSize)
	if b == nil {
		return t, false
	}
	t.get(b)
	return t, true
}

// AddTimes appends the times that a utimes left.
func (b *Builder) AddTimes(t Times) {
	if dst := b.add(AttrTimes, timesSize); dst != nil {
		t.put(dst)
	}
}
