// SPDX-License-Identifier: Apache-2.0

package uapi

// A RingFD is one CPU's ring, to be mapped by package ring. One that is a memory file
// cannot be polled: its producer wakes the reader.
type RingFD struct {
	FD   int
	Size int // bytes of data
}
