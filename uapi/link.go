// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Link is struct vexj_link: one event caused another.
type Link struct {
	Cause       uint64
	Effect      uint64
	Type        uint32
	Strength    uint32
	Delay       uint64
	Description [128]byte
}

func (l *Link) get(b []byte) {
	_ = b[LinkSize-1]
	l.Cause = binary.LittleEndian.Uint64(b[0:])
	l.Effect = binary.LittleEndian.Uint64(b[8:])
	l.Type = binary.LittleEndian.Uint32(b[16:])
	l.Strength = binary.LittleEndian.Uint32(b[20:])
	l.Delay = binary.LittleEndian.Uint64(b[24:])
	copy(l.Description[:], b[32:])
}

func (l *Link) put(b []byte) {
	_ = b[LinkSize-1]
	binary.LittleEndian.PutUint64(b[0:], l.Cause)
	binary.LittleEndian.PutUint64(b[8:], l.Effect)
	binary.LittleEndian.PutUint32(b[16:], l.Type)
	binary.LittleEndian.PutUint32(b[20:], l.Strength)
	binary.LittleEndian.PutUint64(b[24:], l.Delay)
	copy(b[32:], l.Description[:])
}

// Text returns the description without its padding.
func (l *Link) Text() []byte { return trimNUL(l.Description[:]) }

// Link returns the i-th causality link; i is below [Record.LinkCount].
func (r Record) Link(i int) (l Link) {
	l.get(r[r.linkOffset()+i*LinkSize:])
	return l
}

// AddLink appends a causality link. Links come last.
func (b *Builder) AddLink(l Link) {
	b.closeContext()
	if !b.enter(inLinks) {
		return
	}
	l.put(b.grow(LinkSize))
	b.h.LinkCount++
}
