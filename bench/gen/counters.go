// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"sync/atomic"
	"unsafe"

	"vexj/uapi"
)

// Counters returns what the program counted on all CPUs since New. It may be
// called while Run is at work: attempted, read last, then covers the others.
func (g *Generator) Counters() uapi.Counters {
	var c uapi.Counters
	for _, cpu := range g.cpus {
		s := g.state(cpu)
		c.Recorded += atomic.LoadUint64(&s.Recorded)
		for i := range c.Lost {
			c.Lost[i] += atomic.LoadUint64(&s.Lost[i])
		}
		c.Attempted += atomic.LoadUint64(&s.Sequence)
	}
	return c
}

// Bytes returns the size of all records that found room, without the rings' own
// headers.
func (g *Generator) Bytes() uint64 {
	var sum uint64
	for _, cpu := range g.cpus {
		sum += atomic.LoadUint64(&g.state(cpu).Bytes)
	}
	return sum
}

func (g *Generator) state(cpu int) *genCpuState {
	return (*genCpuState)(unsafe.Pointer(&g.states[cpu*int(unsafe.Sizeof(genCpuState{}))]))
}
