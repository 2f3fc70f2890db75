// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"fmt"
	"time"

	"vexj/uapi"
)

// A usjlEntry is what precedes and follows the data of an entry.
//
//	0 entry_size u32 | 4 event_id u64 | 12 event_type u32 | 16 timestamp u64
//	24 format u8 | 25 compression u8 | 26 flags u16 | 28 data_len u64
//	36 data | 36+n checksum u32
type usjlEntry struct {
	size        uint32
	id          uint64
	kind        uint32
	timestamp   uint64 // seconds since 1970
	format      uint8
	compression uint8
	flags       uint16
	dataLen     uint64
	checksum    uint32
}

const (
	entryHead  = 36
	entryFrame = entryHead + 4 // all but the data

	formatJSON        = 0
	formatJSONCompact = 1
	formatBincode     = 4

	entryLZ4 = 1
)

func (e *usjlEntry) get(b []byte) {
	e.size, e.id, e.kind = le.Uint32(b), le.Uint64(b[4:]), le.Uint32(b[12:])
	e.timestamp, e.format, e.compression = le.Uint64(b[16:]), b[24], b[25]
	e.flags, e.dataLen = le.Uint16(b[26:]), le.Uint64(b[28:])
}

// frame is the bytes of the entry without the data.
func (e *usjlEntry) frame() []byte {
	b := make([]byte, entryFrame)
	le.PutUint32(b, e.size)
	le.PutUint64(b[4:], e.id)
	le.PutUint32(b[12:], e.kind)
	le.PutUint64(b[16:], e.timestamp)
	b[24], b[25] = e.format, e.compression
	le.PutUint16(b[26:], e.flags)
	le.PutUint64(b[28:], e.dataLen)
	le.PutUint32(b[entryHead:], e.checksum)
	return b
}

// check takes both ways of counting entry_size: the legacy writer counted its
// header in memory, which has 4 bytes less than header and length on disk.
func (e *usjlEntry) check(left int64) (short bool, err error) {
	if left < entryFrame || e.dataLen > uint64(left-entryFrame) {
		return false, fmt.Errorf("data_len %d, but %d bytes are left", e.dataLen, max(0, left-entryFrame))
	}
	switch uint64(e.size) {
	case e.dataLen + entryFrame:
		return false, nil
	case e.dataLen + entryHead:
		return true, nil
	}
	return false, fmt.Errorf("entry_size %d is neither %d nor %d, which data_len makes", e.size, e.dataLen+entryFrame, e.dataLen+entryHead)
}

// entryOf is the entry that a record would have come from.
func entryOf(rec uapi.Record, l *uapi.Legacy, dataLen uint64, checksum uint32) usjlEntry {
	e := usjlEntry{
		size: uint32(dataLen + entryFrame), id: rec.EventID(), kind: uint32(rec.Type()),
		timestamp: rec.Ktime() / uint64(time.Second),
		format:    uint8(l.Encoding), compression: uint8(l.Compression), flags: uint16(l.Flags),
		dataLen: dataLen, checksum: checksum,
	}
	if l.Layout&layoutShort != 0 {
		e.size = uint32(dataLen + entryHead)
	}
	return e
}
