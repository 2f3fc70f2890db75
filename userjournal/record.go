// SPDX-License-Identifier: Apache-2.0

package userjournal

import "vexj/uapi"

// Where the header of a record has what the journal looks at. They are fixed
// for ever by vexj.h; a test holds them against the Go view.
const (
	recHeader   = uapi.HeaderSize
	recID       = 0
	recType     = 8
	recKtime    = 16
	recSequence = 24
	recCPU      = 32
	recPID      = 36
	recGlobal   = 40
	recFlags    = 56
	recSize     = 64
	recContext  = 68
	recPayload  = 72
	recMetadata = 76
	recVersion  = 80
	recLinks    = 96
	recParent   = 100
	recRoot     = 108
	recMask     = 116
)

// recordSize returns the size of the record that b begins with. It holds the
// header against itself and no more: what is in the parts is not the journal's
// business, but a reader may slice them without a check.
func recordSize(b []byte) (int, bool) {
	if len(b) < recHeader {
		return 0, false
	}
	h := b[:recHeader:recHeader]
	size := uint64(le.Uint32(h[recSize:]))
	sum := recHeader +
		(uint64(le.Uint32(h[recContext:]))+3)&^3 +
		(uint64(le.Uint32(h[recPayload:]))+3)&^3 +
		(uint64(le.Uint32(h[recMetadata:]))+3)&^3 +
		uint64(le.Uint32(h[recLinks:]))*uapi.LinkSize
	if sum != size || size > uint64(len(b)) || size > MaxRecord {
		return 0, false
	}
	return int(size), true
}
