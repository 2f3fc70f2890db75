// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Child is struct vexj_attr_child: what a fork made.
type Child struct {
	PID    uint32
	TID    uint32
	Thread uint32
}

const childSize = 12

func (c *Child) get(b []byte) {
	_ = b[childSize-1]
	c.PID = binary.LittleEndian.Uint32(b[0:])
	c.TID = binary.LittleEndian.Uint32(b[4:])
	c.Thread = binary.LittleEndian.Uint32(b[8:])
}

func (c *Child) put(b []byte) {
	_ = b[childSize-1]
	binary.LittleEndian.PutUint32(b[0:], c.PID)
	binary.LittleEndian.PutUint32(b[4:], c.TID)
	binary.LittleEndian.PutUint32(b[8:], c.Thread)
}

// Child returns the process or thread that a fork made.
func (r Record) Child() (c Child, ok bool) {
	b := r.fixed(AttrChild, childSize)
	if b == nil {
		return c, false
	}
	c.get(b)
	return c, true
}

// AddChild appends the process or thread that a fork made.
func (b *Builder) AddChild(c Child) {
	if dst := b.add(AttrChild, childSize); dst != nil {
		c.put(dst)
	}
}
