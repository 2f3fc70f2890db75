// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"vexj/ring"
	"vexj/uapi"
)

// A lane is one ring and how far it was read.
type lane struct {
	ring *ring.Ring
	key  uint64 // up to which the order was reached: the next one read is the lowest
	dry  bool   // nothing more was ready in this pass
	lent bool   // samples are in use
	err  error  // the ring broke its protocol in this pass
	cpu  cpuSequence
}

// A cpuSequence finds what is missing among the numbers of one CPU.
type cpuSequence struct {
	id      uint32 // of the CPU
	next    uint64
	missing loss
}

// see takes note of a record. Small inversions are normal: what interrupted a
// probe between its number and its ring takes a higher number to the ring first.
func (c *cpuSequence) see(r uapi.Record) {
	if n := r.Sequence(); n == c.next {
		c.next++
	} else {
		c.odd(r.CPU(), n)
	}
}

func (c *cpuSequence) odd(id uint32, n uint64) {
	c.id = id
	switch {
	case n > c.next:
		c.missing.add(c.next, n-1)
		c.next = n + 1
	case c.missing.count > 0:
		c.missing.count--
	}
}

// culprit returns the one CPU on which numbers are missing since it was last
// asked, or several.
func culprit(lanes []lane) uint32 {
	cpu, found := uapi.SeveralCPUs, 0
	for i := range lanes {
		c := &lanes[i].cpu
		if c.missing.count > 0 {
			cpu, found = c.id, found+1
			c.missing = loss{}
		}
	}
	if found != 1 {
		return uapi.SeveralCPUs
	}
	return cpu
}
