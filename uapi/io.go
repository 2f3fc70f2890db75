// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// IO is struct vexj_attr_io: where, how much, with what outcome.
type IO struct {
	Offset   int64
	Length   uint64
	Result   int64
	Duration uint64
}

const ioSize = 32

func (o *IO) get(b []byte) {
	_ = b[ioSize-1]
	o.Offset = int64(binary.LittleEndian.Uint64(b[0:]))
	o.Length = binary.LittleEndian.Uint64(b[8:])
	o.Result = int64(binary.LittleEndian.Uint64(b[16:]))
	o.Duration = binary.LittleEndian.Uint64(b[24:])
}

func (o *IO) put(b []byte) {
	_ = b[ioSize-1]
	binary.LittleEndian.PutUint64(b[0:], uint64(o.Offset))
	binary.LittleEndian.PutUint64(b[8:], o.Length)
	binary.LittleEndian.PutUint64(b[16:], uint64(o.Result))
	binary.LittleEndian.PutUint64(b[24:], o.Duration)
}

// IO returns the operation's extent and outcome.
func (r Record) IO() (o IO, ok bool) {
	b := r.fixed(AttrIO, ioSize)
	if b == nil {
		return o, false
	}
	o.get(b)
	return o, true
}

// AddIO appends the operation's extent and outcome.
func (b *Builder) AddIO(o IO) {
	if dst := b.add(AttrIO, ioSize); dst != nil {
		o.put(dst)
	}
}

// NoOffset is the Offset of an operation that has none.
const NoOffset = -1

// Errno returns the error that Result stands for, 0 if the operation succeeded.
func (o *IO) Errno() Errno {
	if o.Result >= 0 {
		return 0
	}
	return Errno(-o.Result)
}
