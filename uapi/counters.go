// SPDX-License-Identifier: Apache-2.0

package uapi

// Counters are what a producer counted since it started, summed over CPUs.
type Counters struct {
	Attempted uint64 // records numbered
	Recorded  uint64 // of these, put into a ring
	Filtered  uint64 // operations seen, not wanted, not numbered
	Lost      [LostCauses]uint64
}
