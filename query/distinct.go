// SPDX-License-Identifier: Apache-2.0

package query

import (
	"math"
	"math/bits"
)

// A distinct counts different keys by their hashes: exactly up to a few, and then
// by HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with 1,024 registers,
// which is right within some 3 %. Its zero value is ready.
type distinct struct {
	few       map[uint64]struct{}
	registers *[distinctRegisters]uint8
}

const (
	distinctBits      = 10
	distinctRegisters = 1 << distinctBits
	distinctFew       = 64
)

func (d *distinct) add(hash uint64) {
	if d.registers != nil {
		d.register(hash)
		return
	}
	if d.few == nil {
		d.few = make(map[uint64]struct{}, 1)
	}
	d.few[hash] = struct{}{}
	if len(d.few) <= distinctFew {
		return
	}
	d.registers = new([distinctRegisters]uint8)
	for h := range d.few {
		d.register(h)
	}
	d.few = nil
}

func (d *distinct) register(hash uint64) {
	r := &d.registers[hash>>(64-distinctBits)]
	*r = max(*r, uint8(bits.LeadingZeros64(hash<<distinctBits|1<<(distinctBits-1)))+1)
}

// count is the number; exact unless about.
func (d *distinct) count() (n uint64, about bool) {
	if d.registers == nil {
		return uint64(len(d.few)), false
	}
	sum, empty := 0.0, 0
	for _, r := range d.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	const m = distinctRegisters
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/float64(empty))
	}
	return uint64(estimate + 0.5), true
}
