// SPDX-License-Identifier: Apache-2.0

package compat

import "bytes"

// A fix says where bytes are not as they were predicted: a run of
//
//	offset u32 | len u32 | len bytes | 0 to 3 zeroes
//
// in ascending order.
const fixHead = 8

// appendFix appends the fix that turns got into want; both have one length.
func appendFix(dst, got, want []byte) []byte {
	if bytes.Equal(got, want) {
		return dst // as nearly always
	}
	for off := 0; off < len(want); {
		if got[off] == want[off] {
			off++
			continue
		}
		end, same := off+1, 0
		// What is alike in less than a head's length is not worth one.
		for i := end; i < len(want) && same < fixHead; i++ {
			if got[i] != want[i] {
				end, same = i+1, 0
			} else {
				same++
			}
		}
		dst = le.AppendUint32(dst, uint32(off))
		dst = le.AppendUint32(dst, uint32(end-off))
		dst = append(dst, want[off:end]...)
		for len(dst)%4 != 0 {
			dst = append(dst, 0)
		}
		off = end
	}
	return dst
}

// applyFix changes b in place; ok is false if the fix is malformed or reaches
// out of b.
func applyFix(b, fix []byte) (ok bool) {
	for len(fix) > 0 {
		if len(fix) < fixHead {
			return false
		}
		off, n := uint64(le.Uint32(fix)), uint64(le.Uint32(fix[4:]))
		fix = fix[fixHead:]
		if n == 0 || off+n > uint64(len(b)) || (n+3)&^3 > uint64(len(fix)) {
			return false
		}
		copy(b[off:], fix[:n])
		fix = fix[(n+3)&^3:]
	}
	return true
}
