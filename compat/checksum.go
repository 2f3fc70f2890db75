// SPDX-License-Identifier: Apache-2.0

package compat

import "hash/crc32"

// crcKernel is crc32(0, data, len) of Linux: the polynomial of everybody's
// CRC-32, but no inversion before and after.
func crcKernel(b []byte) uint32 { return crcKernelMore(0, b) }

// crcKernelMore goes on from the checksum of what comes before b. Go inverts on
// the way in and on the way out: inverting both back leaves the bare division.
func crcKernelMore(crc uint32, b []byte) uint32 {
	return ^crc32.Update(^crc, crc32.IEEETable, b)
}

// sumEntry is the checksum of a USJL entry: c = c*31 + byte, wrapping. It goes on
// from c.
func sumEntry(c uint32, b []byte) uint32 {
	// Eight bytes a turn: the multiplications of one turn do not wait for
	// each other.
	const (
		p1 = 31
		p2 = p1 * 31
		p3 = p2 * 31
		p4 = p3 * 31
		p5 = p4 * 31
		p6 = p5 * 31 % (1 << 32)
		p7 = p6 * 31 % (1 << 32)
		p8 = p7 * 31 % (1 << 32)
	)
	for ; len(b) >= 8; b = b[8:] {
		c = c*p8 + uint32(b[0])*p7 + uint32(b[1])*p6 + uint32(b[2])*p5 + uint32(b[3])*p4 +
			uint32(b[4])*p3 + uint32(b[5])*p2 + uint32(b[6])*p1 + uint32(b[7])
	}
	for _, x := range b {
		c = c*31 + uint32(x)
	}
	return c
}
