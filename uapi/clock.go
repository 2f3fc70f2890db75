// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Clock is struct vexj_attr_clock: two clocks at one instant, and
// which boot it was.
type Clock struct {
	Boottime uint64
	Realtime uint64
	BootID   [16]byte
}

const clockSize = 32

func (c *Clock) get(b []byte) {
	_ = b[clockSize-1]
	c.Boottime = binary.LittleEndian.Uint64(b[0:])
	c.Realtime = binary.LittleEndian.Uint64(b[8:])
	copy(c.BootID[:], b[16:])
}

func (c *Clock) put(b []byte) {
	_ = b[clockSize-1]
	binary.LittleEndian.PutUint64(b[0:], c.Boottime)
	binary.LittleEndian.PutUint64(b[8:], c.Realtime)
	copy(b[16:], c.BootID[:])
}

// Clock returns the pair of clocks that a PRODUCER_START or CLOCK record bears.
func (r Record) Clock() (c Clock, ok bool) {
	b := r.fixed(AttrClock, clockSize)
	if b == nil {
		return c, false
	}
	c.get(b)
	return c, true
}

// AddClock appends a pair of clocks.
func (b *Builder) AddClock(c Clock) {
	if dst := b.add(AttrClock, clockSize); dst != nil {
		c.put(dst)
	}
}
