// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"
	"unsafe"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

const (
	pageSize = 4096
	slotSize = 64
	deathAt  = 56 // of a slot
)

// A slot says what stands in the row of the same number. It is written once, but
// for the word that ends it.
type slot struct {
	id      uint64
	birth   uint64 // number of the change that made it
	dev     uint64
	inode   uint64
	textAt  uint64 // path, and then tags, in the file of texts
	pathLen uint16
	tagsLen uint16
	rowSum  uint32
	textSum uint32
}

func (s *slot) put(b []byte) {
	_ = b[slotSize-1]
	le := binary.LittleEndian
	le.PutUint64(b[0:], s.id)
	le.PutUint64(b[8:], s.birth)
	le.PutUint64(b[16:], s.dev)
	le.PutUint64(b[24:], s.inode)
	le.PutUint64(b[32:], s.textAt)
	le.PutUint16(b[40:], s.pathLen)
	le.PutUint16(b[42:], s.tagsLen)
	le.PutUint32(b[44:], s.rowSum)
	le.PutUint32(b[48:], s.textSum)
	le.PutUint32(b[52:], sum(b[:52]))
	le.PutUint64(b[deathAt:], 0)
}

// get reads a slot; false if it is not what was written.
func (s *slot) get(b []byte) bool {
	_ = b[slotSize-1]
	le := binary.LittleEndian
	s.id = le.Uint64(b[0:])
	s.birth = le.Uint64(b[8:])
	s.dev = le.Uint64(b[16:])
	s.inode = le.Uint64(b[24:])
	s.textAt = le.Uint64(b[32:])
	s.pathLen = le.Uint16(b[40:])
	s.tagsLen = le.Uint16(b[42:])
	s.rowSum = le.Uint32(b[44:])
	s.textSum = le.Uint32(b[48:])
	return le.Uint32(b[52:]) == sum(b[:52]) && s.id != 0
}

func (s *slot) textLen() int { return int(s.pathLen) + int(s.tagsLen) }

// A death is the last word of a slot: 0 while it lives. It is written at once, so
// that a reader sees it or does not.
//
//	bits  0 to 46  number of the change that ended it
//	bit   47       1: by an update, there is another slot of that id
//	bits 48 to 63  CRC-16/XMODEM of the six bytes before
type death uint64

const (
	maxSeq  = 1<<47 - 1
	updated = 1 << 47
)

func newDeath(seq uint64, update bool) death {
	v := seq & maxSeq
	if update {
		v |= updated
	}
	return death(v | uint64(crc16(v))<<48)
}

func (d death) seq() uint64  { return uint64(d) & maxSeq }
func (d death) update() bool { return d&updated != 0 }

// sound: a changed byte of it, also of one that is 0, makes it not.
func (d death) sound() bool {
	return uint16(d>>48) == crc16(uint64(d)&(1<<48-1)) && (d == 0 || d.seq() != 0)
}

// crc16 is CRC-16/XMODEM (polynomial 0x1021, no inversion) of six bytes, of which
// it finds every error that is not longer than two of them.
func crc16(v uint64) uint16 {
	var c uint16
	for i := 40; i >= 0; i -= 8 {
		c ^= uint16(v>>i) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x1021
			} else {
				c <<= 1
			}
		}
	}
	return c
}

// deathWord is the last word of the slot that b is of, in mapped memory.
func deathWord(b []byte) *uint64 { return (*uint64)(unsafe.Pointer(&b[deathAt])) }

func loadDeath(b []byte) death { return death(atomic.LoadUint64(deathWord(b))) }
