// SPDX-License-Identifier: Apache-2.0

package compat

import "vexj/uapi"

// FileHeader is the first 52 bytes of both legacy files, and the 80 more of
// USJL.
type FileHeader struct {
	Magic        uint32
	VersionMajor uint32
	VersionMinor uint32
	TotalEvents  uint64
	NextEventID  uint64
	JournalSize  uint64 // bytes: of the file, or what it may grow to
	IndexOffset  uint64 // bytes from the start of the file; 0: no index
	Flags        uint32
	Checksum     uint32 // 0: none

	// USJL alone: seconds since 1970, and what is reserved.
	CreatedAt  uint64
	ModifiedAt uint64
	Reserved   [64]byte
}

const headerChecksum = 48

func (h *FileHeader) get(b []byte) {
	h.Magic = le.Uint32(b)
	h.VersionMajor = le.Uint32(b[4:])
	h.VersionMinor = le.Uint32(b[8:])
	h.TotalEvents = le.Uint64(b[12:])
	h.NextEventID = le.Uint64(b[20:])
	h.JournalSize = le.Uint64(b[28:])
	h.IndexOffset = le.Uint64(b[36:])
	h.Flags = le.Uint32(b[44:])
	h.Checksum = le.Uint32(b[headerChecksum:])
	if len(b) >= usjlHeaderSize {
		h.CreatedAt = le.Uint64(b[52:])
		h.ModifiedAt = le.Uint64(b[60:])
		copy(h.Reserved[:], b[68:])
	}
}

// put fills b, which has the size of the format's header, and its checksum.
func (h *FileHeader) put(b []byte) {
	le.PutUint32(b, h.Magic)
	le.PutUint32(b[4:], h.VersionMajor)
	le.PutUint32(b[8:], h.VersionMinor)
	le.PutUint64(b[12:], h.TotalEvents)
	le.PutUint64(b[20:], h.NextEventID)
	le.PutUint64(b[28:], h.JournalSize)
	le.PutUint64(b[36:], h.IndexOffset)
	le.PutUint32(b[44:], h.Flags)
	le.PutUint32(b[headerChecksum:], 0)
	if len(b) >= usjlHeaderSize {
		le.PutUint64(b[52:], h.CreatedAt)
		le.PutUint64(b[60:], h.ModifiedAt)
		copy(b[68:], h.Reserved[:])
	}
	h.Checksum = crcKernel(b)
	le.PutUint32(b[headerChecksum:], h.Checksum)
}

// checkFileHeader says what is wrong with a header whose magic and version are
// right. Its totals are no promise: the legacy writers write them before the
// events, and may die between.
func checkFileHeader(f uapi.LegacyFormat, b []byte, size int64) *FormatError {
	var h FileHeader
	h.get(b)
	zeroed := append([]byte(nil), b...)
	clear(zeroed[headerChecksum : headerChecksum+4])
	// Of the longer header the shorter one's bytes may be what was summed.
	if h.Checksum != 0 && h.Checksum != crcKernel(zeroed) && h.Checksum != crcKernel(zeroed[:semjHeaderSize]) {
		return &FormatError{f, headerChecksum, "header", "the checksum differs", CodeConsistency}
	}
	if h.IndexOffset != 0 && (h.IndexOffset < uint64(len(b)) || h.IndexOffset > uint64(size)) {
		return &FormatError{f, 36, "header", "the index lies outside of the file", CodeIndex}
	}
	return nil
}
