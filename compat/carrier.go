// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"vexj/uapi"
)

// A carrier is an event of type legacy in a file that Export makes: it holds
// what no event of version 1 can say. Its subtype says what.
type carrier uint32

const (
	// carryOrigin: boot id, wall-clock offset in ns. Of the records that
	// follow. The first event of a file is one.
	carryOrigin carrier = 1
	// carryRecord: a record that exceeds what version 1 allows. The event
	// behind it says of it what fits.
	carryRecord carrier = 2
)

const originSize = 24

func (o *Origin) append(dst []byte) []byte {
	dst = append(dst, o.Boot[:]...)
	return le.AppendUint64(dst, uint64(o.WallOffset))
}

func (o *Origin) get(b []byte) bool {
	if len(b) != originSize {
		return false
	}
	copy(o.Boot[:], b)
	o.WallOffset = int64(le.Uint64(b[16:]))
	return true
}

func carrierHeader(c carrier, ktime uint64) uapi.Header {
	return uapi.Header{
		Type: uapi.SysLegacy, Subtype: uapi.Subtype(c), Ktime: ktime,
		Priority: uapi.PriorityBackground, VisibilityMask: ^uint64(0),
	}
}
