// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"encoding/binary"
	"fmt"
	"io"

	"vexj/uapi"
)

var le = binary.LittleEndian

// The first words of the files.
const (
	MagicSEMJ  = 0x53454D4A
	MagicUSJL  = 0x55534A4C
	magicBlock = 0x53544F52 // "STOR": a storage block of SEMJ

	versionMajor = 1
)

// Sizes of parts, in bytes.
const (
	semjHeaderSize = 52
	usjlHeaderSize = 132
	indexEntrySize = 52
	blockHeadSize  = 104
	contextSize    = 5280
	eventHeadSize  = uapi.HeaderSize + contextSize
)

// Limits of a SEMJ event, in bytes but for the links.
const (
	maxPayload  = 65536
	maxMetadata = 2048
	maxLinks    = 256
	maxEvent    = eventHeadSize + maxPayload + maxMetadata + maxLinks*uapi.LinkSize + 3*uapi.Align

	// maxBlock bounds the data of a storage block, on disk and off: it has to
	// be in memory as a whole.
	maxBlock = 16 << 20
)

// Detect tells which legacy format a file has by its first bytes.
func Detect(r io.ReaderAt) (uapi.LegacyFormat, error) {
	var b [12]byte
	if n, err := r.ReadAt(b[:], 0); n < len(b) {
		if err == nil || err == io.EOF {
			err = fmt.Errorf("%w: it has %d bytes", ErrFormat, n)
		}
		return 0, err
	}
	magic, major := le.Uint32(b[:]), le.Uint32(b[4:])
	switch {
	case major != versionMajor:
	case magic == MagicSEMJ:
		return uapi.LegacySemj1, nil
	case magic == MagicUSJL:
		return uapi.LegacyUsjl1, nil
	}
	return 0, fmt.Errorf("%w, but with 0x%08x, version %d", ErrFormat, magic, major)
}

func align(n int) int { return (n + uapi.Align - 1) &^ (uapi.Align - 1) }

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
