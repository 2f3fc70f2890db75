// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"strconv"
)

// Cause is why records were lost.
type Cause uint32

const (
	LostUnknown   Cause = 0
	LostFull      Cause = 1
	LostTooBig    Cause = 2
	LostNested    Cause = 3
	LostPath      Cause = 4
	LostFault     Cause = 5
	LostState     Cause = 6
	LostMalformed Cause = 7
	LostUnclean   Cause = 8

	// LostCauses is how many causes there are, for arrays of counters.
	LostCauses = 9
)

var causeNames = [LostCauses]string{
	LostUnknown:   "unknown",
	LostFull:      "full",
	LostTooBig:    "too-big",
	LostNested:    "nested",
	LostPath:      "path",
	LostFault:     "fault",
	LostState:     "state",
	LostMalformed: "malformed",
	LostUnclean:   "unclean",
}

// String returns the cause's word, or its number.
func (c Cause) String() string {
	if c < LostCauses {
		return causeNames[c]
	}
	return strconv.FormatUint(uint64(c), 10)
}

// SeveralCPUs is the CPU of a [Lost] that covers more than one.
const SeveralCPUs = ^uint32(0)

// Lost is struct vexj_attr_lost: the missing numbers that a LOST record
// accounts for.
type Lost struct {
	Count uint64
	First uint64
	Last  uint64
	Cause Cause
	CPU   uint32
}

const lostSize = 32

func (l *Lost) get(b []byte) {
	_ = b[lostSize-1]
	l.Count = binary.LittleEndian.Uint64(b[0:])
	l.First = binary.LittleEndian.Uint64(b[8:])
	l.Last = binary.LittleEndian.Uint64(b[16:])
	l.Cause = Cause(binary.LittleEndian.Uint32(b[24:]))
	l.CPU = binary.LittleEndian.Uint32(b[28:])
}

func (l *Lost) put(b []byte) {
	_ = b[lostSize-1]
	binary.LittleEndian.PutUint64(b[0:], l.Count)
	binary.LittleEndian.PutUint64(b[8:], l.First)
	binary.LittleEndian.PutUint64(b[16:], l.Last)
	binary.LittleEndian.PutUint32(b[24:], uint32(l.Cause))
	binary.LittleEndian.PutUint32(b[28:], l.CPU)
}

// Lost returns the attribute of a LOST record.
func (r Record) Lost() (l Lost, ok bool) {
	b := r.fixed(AttrLost, lostSize)
	if b == nil {
		return l, false
	}
	l.get(b)
	return l, true
}

// AddLost appends the lost attribute.
func (b *Builder) AddLost(l Lost) {
	if dst := b.add(AttrLost, lostSize); dst != nil {
		l.put(dst)
	}
}
