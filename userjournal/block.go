// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"math"

	"vexj/uapi"
)

// Offsets in the header of a block.
const (
	blkMagic      = 0
	blkHeaderCRC  = 8
	blkDataCRC    = 12
	blkFixed      = 16 // u16: size of the header without the filter
	blkFilter     = 18 // u16: size of the filter behind it
	blkStored     = 20
	blkRaw        = 24
	blkCodec      = 28 // u8, three zeroes
	blkRecords    = 32
	blkFlags      = 36
	blkSalt       = 40
	blkFirst      = 48
	blkMinKtime   = 56
	blkMaxKtime   = 64
	blkMinID      = 72
	blkMaxID      = 80
	blkMinSeq     = 88
	blkMaxSeq     = 96
	blkMinPID     = 104
	blkMaxPID     = 108
	blkVisibility = 112
	blkPIDs       = 120
	blkTypes      = 152
	blkDigest     = 216 // of the records
	blkBefore     = 248 // value of the chain before the block
	blkFixedSize  = 280

	blkHeaderMax = math.MaxUint16 // of both parts together
	// blkHeaderRoom is what ours have at most.
	blkHeaderRoom = blkFixedSize + maxFilter
)

// A block is the header of one, decoded.
type block struct {
	zone      ZoneMap
	digest    Digest
	before    Digest
	codec     Codec
	headerCRC uint32
	dataCRC   uint32
	header    int // bytes
	stored    int // bytes, without padding
	raw       int // bytes
	records   int
}

// size is that of the whole block with its padding.
func (b *block) size() int64 { return int64(b.header) + align(int64(b.stored)) }

// after is the value of the chain behind the block.
func (b *block) after() Digest { return b.before.after(b.zone.First, uint64(b.records), b.digest) }

// encodeBlockHeader writes what does not depend on where the block stands.
func encodeBlockHeader(dst []byte, z *ZoneMap, codec Codec, stored, raw int, digest Digest) {
	copy(dst[blkMagic:], blockMagic[:])
	le.PutUint16(dst[blkFixed:], blkFixedSize)
	le.PutUint16(dst[blkFilter:], uint16(len(z.filter)))
	le.PutUint32(dst[blkStored:], uint32(stored))
	le.PutUint32(dst[blkRaw:], uint32(raw))
	le.PutUint32(dst[blkCodec:], uint32(codec))
	le.PutUint32(dst[blkRecords:], uint32(z.Records()))
	le.PutUint32(dst[blkFlags:], uint32(z.Flags))
	le.PutUint64(dst[blkFirst:], z.First)
	le.PutUint64(dst[blkMinKtime:], z.MinKtime)
	le.PutUint64(dst[blkMaxKtime:], z.MaxKtime)
	le.PutUint64(dst[blkMinID:], z.MinID)
	le.PutUint64(dst[blkMaxID:], z.MaxID)
	le.PutUint64(dst[blkMinSeq:], z.MinSequence)
	le.PutUint64(dst[blkMaxSeq:], z.MaxSequence)
	le.PutUint32(dst[blkMinPID:], z.MinPID)
	le.PutUint32(dst[blkMaxPID:], z.MaxPID)
	le.PutUint64(dst[blkVisibility:], z.Visibility)
	for i, w := range z.pids {
		le.PutUint64(dst[blkPIDs+8*i:], w)
	}
	for i, w := range z.types {
		le.PutUint64(dst[blkTypes+8*i:], w)
	}
	copy(dst[blkDigest:], digest[:])
	copy(dst[blkFixedSize:], z.filter)
}

// chainBlock says in the header that dst is which segment the block is in, and
// what is before it there.
func chainBlock(dst []byte, salt uint64, before Digest) {
	le.PutUint64(dst[blkSalt:], salt)
	copy(dst[blkBefore:], before[:])
}

// sealBlock fills in the checksums of a block of which all else stands in b:
// header, stored bytes and padding.
func sealBlock(b []byte, header int) (headerCRC uint32) {
	sealData(b, header)
	return sealHeader(b, header)
}

// sealData is the part of sealBlock that does not depend on the header.
func sealData(b []byte, header int) {
	le.PutUint32(b[blkDataCRC:], checksum(0, b[header:]))
}

func sealHeader(b []byte, header int) (headerCRC uint32) {
	headerCRC = checksum(0, b[blkDataCRC:header])
	le.PutUint32(b[blkHeaderCRC:], headerCRC)
	return headerCRC
}

// blockHeaderSize is how long the header is of which the first blkFixedSize
// bytes are in b, or 0 if that is no block of the segment with the salt.
func blockHeaderSize(b []byte, salt uint64) int {
	if len(b) < blkFixedSize || !bytes.Equal(b[:8], blockMagic[:]) || le.Uint64(b[blkSalt:]) != salt {
		return 0
	}
	fixed, filter := int(le.Uint16(b[blkFixed:])), int(le.Uint16(b[blkFilter:]))
	if fixed < blkFixedSize || fixed%blockAlign != 0 ||
		filter < minFilter || filter%blockAlign != 0 || fixed+filter > blkHeaderMax {
		return 0
	}
	return fixed + filter
}

// decodeBlockHeader verifies and reads the header that b is. The filter shares
// memory with b.
func decodeBlockHeader(b []byte, salt uint64, blk *block) error {
	if n := blockHeaderSize(b, salt); n == 0 || n != len(b) {
		return damaged("no block")
	}
	if blk.headerCRC = le.Uint32(b[blkHeaderCRC:]); blk.headerCRC != checksum(0, b[blkDataCRC:]) {
		return damaged("block header: checksum differs")
	}
	blk.header = len(b)
	blk.dataCRC = le.Uint32(b[blkDataCRC:])
	blk.stored = int(le.Uint32(b[blkStored:]))
	blk.raw = int(le.Uint32(b[blkRaw:]))
	blk.codec = Codec(b[blkCodec])
	blk.records = int(le.Uint32(b[blkRecords:]))
	z := &blk.zone
	z.Flags = uapi.Flags(le.Uint32(b[blkFlags:]))
	z.First = le.Uint64(b[blkFirst:])
	z.Last = z.First + uint64(blk.records) - 1
	z.MinKtime, z.MaxKtime = le.Uint64(b[blkMinKtime:]), le.Uint64(b[blkMaxKtime:])
	z.MinID, z.MaxID = le.Uint64(b[blkMinID:]), le.Uint64(b[blkMaxID:])
	z.MinSequence, z.MaxSequence = le.Uint64(b[blkMinSeq:]), le.Uint64(b[blkMaxSeq:])
	z.MinPID, z.MaxPID = le.Uint32(b[blkMinPID:]), le.Uint32(b[blkMaxPID:])
	z.Visibility = le.Uint64(b[blkVisibility:])
	for i := range z.pids {
		z.pids[i] = le.Uint64(b[blkPIDs+8*i:])
	}
	for i := range z.types {
		z.types[i] = le.Uint64(b[blkTypes+8*i:])
	}
	copy(blk.digest[:], b[blkDigest:])
	copy(blk.before[:], b[blkBefore:])
	z.filter = b[le.Uint16(b[blkFixed:]):]

	// A correct checksum does not make a header harmless: these bound what a
	// reader allocates for it.
	if blk.raw > MaxBlockSize || blk.stored > blk.raw || blk.stored == 0 ||
		blk.records == 0 || blk.records > blk.raw/recHeader ||
		z.First == 0 || z.First > maxOrdinal {
		return damaged("block header: impossible sizes: %d stored, %d raw, %d records from %d",
			blk.stored, blk.raw, blk.records, z.First)
	}
	return nil
}

// verifyData checks the stored bytes with their padding, which data is.
func (b *block) verifyData(data []byte) error {
	if checksum(0, data) != b.dataCRC {
		return damaged("block data: checksum differs")
	}
	return nil
}
