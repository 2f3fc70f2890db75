// SPDX-License-Identifier: Apache-2.0

package uapi

// Counters are what a producer counted since it started, summed over CPUs.
type Counters struct {
	Attempted uint64 // records numbered
	Recorded  uint64 // of these, put into a ring
	Filtered  uint64 // operations seen, not wanted, not numbered
	Lost      [LostCauses]uint64
}

// Sum adds up the counters of all CPUs.
func Sum(cpus []Counters) Counters {
	var sum Counters
	for _, c := range cpus {
		sum.Attempted += c.Attempted
		sum.Recorded += c.Recorded
		sum.Filtered += c.Filtered
		for i, n := range c.Lost {
			sum.Lost[i] += n
		}
	}
	return sum
}

// Join adds others.
func (c *Counters) Join(o *Counters) {
	c.Attempted += o.Attempted
	c.Recorded += o.Recorded
	c.Filtered += o.Filtered
	for i, n := range o.Lost {
		c.Lost[i] += n
	}
}
