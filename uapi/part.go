// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Part is struct vexj_attr_part: where in something larger than a record the
// payload belongs.
type Part struct {
	Offset uint32 // bytes
	Size   uint32 // bytes of the whole
}

const partSize = 8

func (p *Part) get(b []byte) {
	_ = b[partSize-1]
	p.Offset = binary.LittleEndian.Uint32(b[0:])
	p.Size = binary.LittleEndian.Uint32(b[4:])
}

func (p *Part) put(b []byte) {
	_ = b[partSize-1]
	binary.LittleEndian.PutUint32(b[0:], p.Offset)
	binary.LittleEndian.PutUint32(b[4:], p.Size)
}

// Part returns where the payload belongs.
func (r Record) Part() (p Part, ok bool) {
	b := r.fixed(AttrPart, partSize)
	if b == nil {
		return p, false
	}
	p.get(b)
	return p, true
}

// AddPart appends where the payload belongs.
func (b *Builder) AddPart(p Part) {
	if dst := b.add(AttrPart, partSize); dst != nil {
		p.put(dst)
	}
}
