// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Open is struct vexj_attr_open: what open(2) was asked for and gave.
type Open struct {
	Flags uint32
	Mode  uint32
	FD    int32
}

const openSize = 12

func (o *Open) get(b []byte) {
	_ = b[openSize-1]
	o.Flags = binary.LittleEndian.Uint32(b[0:])
	o.Mode = binary.LittleEndian.Uint32(b[4:])
	o.FD = int32(binary.LittleEndian.Uint32(b[8:]))
}

func (o *Open) put(b []byte) {
	_ = b[openSize-1]
	binary.LittleEndian.PutUint32(b[0:], o.Flags)
	binary.LittleEndian.PutUint32(b[4:], o.Mode)
	binary.LittleEndian.PutUint32(b[8:], uint32(o.FD))
}

// Open returns the arguments and the descriptor of an open.
func (r Record) Open() (o Open, ok bool) {
	b := r.fixed(AttrOpen, openSize)
	if b == nil {
		return o, false
	}
	o.get(b)
	return o, true
}

// AddOpen appends the arguments and the descriptor of an open.
func (b *Builder) AddOpen(o Open) {
	if dst := b.add(AttrOpen, openSize); dst != nil {
		o.put(dst)
	}
}
