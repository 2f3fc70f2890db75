// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// A segmentHeader is what the first 4,096 bytes of a segment say. They are
// written once and never changed: what is known only at the end is in the
// footer.
type segmentHeader struct {
	Journal    [16]byte
	Boot       [16]byte
	WallOffset int64
	First      uint64 // ordinal of the first record
	Created    int64  // ns since 1970
	Index      uint64 // of the segment in the journal, from 1
	Salt       uint64
	Records    uint64 // in the segments before this one, dropped ones too
	Raw        uint64 // bytes of those records
	BlockSize  uint32
	Previous   Digest // chain value of the segment before; zero for the first
	ClockBack  uint64 // ns that the wall clock had gone back since the segment before

	Origin [16]byte // the journal that this one was made from by Repair, or zero

	span timeSpan // of the segments before this one

	start Digest // of the chain; decode and encode set it
}

// Offsets. The first 132 bytes are the legacy header.
const (
	hdrMagic      = 0
	hdrMajor      = 4
	hdrMinor      = 8
	hdrCreated    = 52 // seconds
	hdrModified   = 60
	hdrSize       = 132
	hdrBlockSize  = 136
	hdrJournal    = 144
	hdrBoot       = 160
	hdrWallOffset = 176
	hdrFirst      = 184
	hdrCreatedNs  = 192
	hdrIndex      = 200
	hdrSalt       = 208
	hdrRecords    = 216
	hdrRaw        = 224
	hdrPrevious   = 232
	hdrClockBack  = 264
	hdrOrigin     = 272
	hdrNewest     = 288
	hdrLag        = 296
	hdrUsed       = 304 // the rest is zero
	hdrFieldsCRC  = hdrCopy - 4
	hdrAgain      = 2048 // the first hdrCopy bytes once more
	hdrCRC        = HeaderSize - 4

	// hdrCopy is how much is repeated, further down and in the footer.
	hdrCopy = 512
)

// encode also sets h.start.
func (h *segmentHeader) encode() []byte {
	b := make([]byte, HeaderSize)
	le.PutUint32(b[hdrMagic:], Magic)
	le.PutUint32(b[hdrMajor:], VersionMajor)
	le.PutUint32(b[hdrMinor:], VersionMinor)
	seconds := uint64(h.Created / int64(time.Second))
	le.PutUint64(b[hdrCreated:], seconds)
	le.PutUint64(b[hdrModified:], seconds)
	le.PutUint32(b[hdrSize:], HeaderSize)
	le.PutUint32(b[hdrBlockSize:], h.BlockSize)
	copy(b[hdrJournal:], h.Journal[:])
	copy(b[hdrBoot:], h.Boot[:])
	le.PutUint64(b[hdrWallOffset:], uint64(h.WallOffset))
	le.PutUint64(b[hdrFirst:], h.First)
	le.PutUint64(b[hdrCreatedNs:], uint64(h.Created))
	le.PutUint64(b[hdrIndex:], h.Index)
	le.PutUint64(b[hdrSalt:], h.Salt)
	le.PutUint64(b[hdrRecords:], h.Records)
	le.PutUint64(b[hdrRaw:], h.Raw)
	copy(b[hdrPrevious:], h.Previous[:])
	le.PutUint64(b[hdrClockBack:], h.ClockBack)
	copy(b[hdrOrigin:], h.Origin[:])
	le.PutUint64(b[hdrNewest:], uint64(h.span.newest))
	le.PutUint64(b[hdrLag:], uint64(h.span.lag))
	le.PutUint32(b[hdrFieldsCRC:], checksum(0, b[:hdrFieldsCRC]))
	copy(b[hdrAgain:], b[:hdrCopy])
	le.PutUint32(b[hdrCRC:], checksum(0, b[:hdrCRC]))
	h.start = chainStart(b[:hdrCopy])
	return b
}

// decode reads the fields, which are hdrCopy bytes whose checksum the caller has
// verified.
func (h *segmentHeader) decode(b []byte) error {
	if magic := le.Uint32(b[hdrMagic:]); magic != Magic {
		return fmt.Errorf("%w: magic 0x%08x, not 0x%08x", ErrNotJournal, magic, Magic)
	}
	if major := le.Uint32(b[hdrMajor:]); major != VersionMajor {
		return versionError(major)
	}
	copy(h.Journal[:], b[hdrJournal:])
	copy(h.Boot[:], b[hdrBoot:])
	h.BlockSize = le.Uint32(b[hdrBlockSize:])
	h.WallOffset = int64(le.Uint64(b[hdrWallOffset:]))
	h.First = le.Uint64(b[hdrFirst:])
	h.Created = int64(le.Uint64(b[hdrCreatedNs:]))
	h.Index = le.Uint64(b[hdrIndex:])
	h.Salt = le.Uint64(b[hdrSalt:])
	h.Records = le.Uint64(b[hdrRecords:])
	h.Raw = le.Uint64(b[hdrRaw:])
	copy(h.Previous[:], b[hdrPrevious:])
	h.ClockBack = le.Uint64(b[hdrClockBack:])
	copy(h.Origin[:], b[hdrOrigin:])
	h.span = timeSpan{int64(le.Uint64(b[hdrNewest:])), int64(le.Uint64(b[hdrLag:]))}
	h.start = chainStart(b[:hdrCopy])
	return nil
}

func versionError(major uint32) error {
	if major < VersionMajor {
		return fmt.Errorf("%w %d: this is a legacy journal, convert it first (vexjctl convert)", ErrVersion, major)
	}
	return fmt.Errorf("%w %d: this program reads version %d, use a newer one", ErrVersion, major, VersionMajor)
}

// readHeader reads and verifies the header of a segment. If a part of it is
// damaged, and the fields can be had all the same, they come with the error.
func readHeader(r io.ReaderAt) (*segmentHeader, error) {
	fields, err := readHeaderFields(r)
	if fields == nil {
		return nil, err
	}
	h := new(segmentHeader)
	if err := h.decode(fields); err != nil {
		return nil, err
	}
	return h, err
}

// readHeaderFields returns the first hdrCopy bytes of a header.
func readHeaderFields(r io.ReaderAt) ([]byte, error) {
	b := make([]byte, HeaderSize)
	n, err := r.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if n < hdrSize {
		return nil, fmt.Errorf("header: %w: %d bytes of %d", ErrTruncated, n, HeaderSize)
	}
	major := le.Uint32(b[hdrMajor:])
	foreign := le.Uint32(b[hdrMagic:]) == Magic && major != VersionMajor
	if n == HeaderSize && le.Uint32(b[hdrCRC:]) != checksum(0, b[:hdrCRC]) {
		return rescueHeader(b, foreign)
	}
	if foreign {
		return nil, versionError(major)
	}
	if n < HeaderSize {
		return nil, fmt.Errorf("header: %w: %d bytes of %d", ErrTruncated, n, HeaderSize)
	}
	return b[:hdrCopy], nil
}

// rescueHeader looks for the fields in a header whose checksum differs.
func rescueHeader(b []byte, foreign bool) ([]byte, error) {
	// Other versions have other checksums: only ours can say that the version is
	// what was damaged, and then nearly all the rest is ours.
	if foreign && le.Uint32(b[hdrSize:]) != HeaderSize {
		return nil, versionError(le.Uint32(b[hdrMajor:]))
	}
	err := damaged("header: checksum differs")
	for _, fields := range [][]byte{b[:hdrCopy], b[hdrAgain : hdrAgain+hdrCopy]} {
		if le.Uint32(fields[hdrFieldsCRC:]) == checksum(0, fields[:hdrFieldsCRC]) &&
			le.Uint32(fields[hdrMagic:]) == Magic && le.Uint32(fields[hdrMajor:]) == VersionMajor {
			return fields, err
		}
	}
	if le.Uint32(b[hdrMagic:]) != Magic {
		return nil, fmt.Errorf("%w: no segment header", ErrNotJournal)
	}
	return nil, err
}

// sameIdentity: both are headers of one segment.
func (h *segmentHeader) sameIdentity(o *segmentHeader) bool {
	return h.Salt == o.Salt && bytes.Equal(h.Journal[:], o.Journal[:]) && h.First == o.First
}
