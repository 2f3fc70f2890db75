// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// A format break gets a new major version, for ever; an addition that an older
// reader can leave unread gets a new minor one.
const (
	Magic        = 0x55534A4C // "USJL", as in the legacy header
	VersionMajor = 2
	VersionMinor = 0
)

const (
	// HeaderSize is what precedes the first block of a segment.
	HeaderSize = 4096
	// MaxRecord is the largest record that a journal takes, in bytes. It is
	// twice the largest version 2 record, so that a converted legacy one fits.
	MaxRecord = 128 << 10

	// MinBlockSize and MaxBlockSize bound the uncompressed bytes in a block.
	// A block holds whole records, so it must have room for the largest.
	MinBlockSize = MaxRecord
	MaxBlockSize = 1 << 20

	// maxOrdinal is out of reach, so that no sum of ordinals wraps.
	maxOrdinal = 1 << 62

	// maxBlocks bounds the footer, and what reader and writer must keep of
	// an open segment, when every record is a block of its own.
	maxBlocks = 1 << 16

	blockAlign  = 8
	fileSuffix  = ".usjl"
	nameDigits  = 20
	lockName    = "LOCK"
	asideSuffix = ".damaged"
)

// The first byte is no ASCII, nor does it begin a UTF-8 sequence; what makes a
// match certain is the salt and the CRC behind it.
var (
	blockMagic   = [8]byte{0x8f, 'U', 'S', 'J', 'b', 'l', 'k', '\n'}
	footerMagic  = [8]byte{0x8f, 'U', 'S', 'J', 'f', 't', 'r', '\n'}
	trailerMagic = [8]byte{0x8f, 'U', 'S', 'J', 'e', 'n', 'd', '\n'}
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(crc uint32, b []byte) uint32 { return crc32.Update(crc, castagnoli, b) }

var le = binary.LittleEndian

func align(n int64) int64 { return (n + blockAlign - 1) &^ (blockAlign - 1) }

// SegmentName is the file name of the segment whose first record has the
// ordinal.
func SegmentName(first uint64) string {
	return fmt.Sprintf("%0*d%s", nameDigits, first, fileSuffix)
}

// ParseSegmentName is the inverse of SegmentName.
func ParseSegmentName(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, fileSuffix)
	if !ok || len(digits) != nameDigits {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && first > 0 && first <= maxOrdinal && SegmentName(first) == name
}
