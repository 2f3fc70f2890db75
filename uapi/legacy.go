// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"strconv"
)

// LegacyFormat is the file format that a converted record comes from.
type LegacyFormat uint32

const (
	LegacySemj1 LegacyFormat = 1
	LegacyUsjl1 LegacyFormat = 2
)

// String returns the format's word, or its number.
func (f LegacyFormat) String() string {
	switch f {
	case LegacySemj1:
		return "semj1"
	case LegacyUsjl1:
		return "usjl1"
	}
	return strconv.FormatUint(uint64(f), 10)
}

// LegacyPart is what of a legacy file a converted record is.
type LegacyPart uint32

const (
	PartEvent   LegacyPart = 1
	PartHeader  LegacyPart = 2
	PartPayload LegacyPart = 3
	PartBlock   LegacyPart = 4
	PartIndex   LegacyPart = 5
	PartBytes   LegacyPart = 6
	PartZeroes  LegacyPart = 7
	PartEnd     LegacyPart = 8
)

var partNames = [...]string{
	PartEvent:   "event",
	PartHeader:  "header",
	PartPayload: "payload",
	PartBlock:   "block",
	PartIndex:   "index",
	PartBytes:   "bytes",
	PartZeroes:  "zeroes",
	PartEnd:     "end",
}

// String returns the part's word, or its number.
func (p LegacyPart) String() string {
	if int64(p) < int64(len(partNames)) && partNames[p] != "" {
		return partNames[p]
	}
	return strconv.FormatUint(uint64(p), 10)
}

// Legacy is struct vexj_attr_legacy: where in a legacy file a converted record
// comes from, and what it said there. Offsets and sizes are in bytes.
type Legacy struct {
	Format      LegacyFormat
	Part        LegacyPart
	Offset      uint64
	Size        uint64
	At          uint64
	Layout      uint32
	Encoding    uint32
	Compression uint32
	Flags       uint32
}

const legacySize = 48

func (l *Legacy) get(b []byte) {
	_ = b[legacySize-1]
	l.Format = LegacyFormat(binary.LittleEndian.Uint32(b[0:]))
	l.Part = LegacyPart(binary.LittleEndian.Uint32(b[4:]))
	l.Offset = binary.LittleEndian.Uint64(b[8:])
	l.Size = binary.LittleEndian.Uint64(b[16:])
	l.At = binary.LittleEndian.Uint64(b[24:])
	l.Layout = binary.LittleEndian.Uint32(b[32:])
	l.Encoding = binary.LittleEndian.Uint32(b[36:])
	l.Compression = binary.LittleEndian.Uint32(b[40:])
	l.Flags = binary.LittleEndian.Uint32(b[44:])
}

func (l *Legacy) put(b []byte) {
	_ = b[legacySize-1]
	binary.LittleEndian.PutUint32(b[0:], uint32(l.Format))
	binary.LittleEndian.PutUint32(b[4:], uint32(l.Part))
	binary.LittleEndian.PutUint64(b[8:], l.Offset)
	binary.LittleEndian.PutUint64(b[16:], l.Size)
	binary.LittleEndian.PutUint64(b[24:], l.At)
	binary.LittleEndian.PutUint32(b[32:], l.Layout)
	binary.LittleEndian.PutUint32(b[36:], l.Encoding)
	binary.LittleEndian.PutUint32(b[40:], l.Compression)
	binary.LittleEndian.PutUint32(b[44:], l.Flags)
}

// Legacy returns where a converted record comes from.
func (r Record) Legacy() (l Legacy, ok bool) {
	b := r.fixed(AttrLegacy, legacySize)
	if b == nil {
		return l, false
	}
	l.get(b)
	return l, true
}

// AddLegacy appends where a converted record comes from.
func (b *Builder) AddLegacy(l Legacy) {
	if dst := b.add(AttrLegacy, legacySize); dst != nil {
		l.put(dst)
	}
}
