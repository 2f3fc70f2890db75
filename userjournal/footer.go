// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"sort"
)

// Offsets in the footer and in the trailer that ends it.
const (
	ftrMagic    = 0
	ftrHead     = 8  // u32: bytes before the entries
	ftrEntry    = 12 // u32: bytes of an entry
	ftrCount    = 16 // u32: entries
	ftrFlags    = 20
	ftrRecords  = 24
	ftrRaw      = 32
	ftrMinKtime = 40
	ftrMaxKtime = 48
	ftrMinID    = 56
	ftrMaxID    = 64
	ftrMinSeq   = 72
	ftrMaxSeq   = 80
	ftrHeader   = 88 // the first hdrCopy bytes of the segment
	ftrSignTime = 600
	ftrSignKey  = 608
	ftrSign     = 640
	ftrHeadSize = 704

	entOffset    = 0
	entFirst     = 8
	entRecords   = 16
	entHeader    = 20
	entStored    = 24
	entHeaderCRC = 28
	entMinKtime  = 32
	entMaxKtime  = 40
	entMinID     = 48
	entMaxID     = 56
	entDigest    = 64
	entSize      = 96

	trlChain  = 0
	trlFooter = 32 // u64: offset of the footer
	trlSize   = 40 // u32: bytes of the trailer
	trlCRC    = 44
	trlSalt   = 48
	trlMagic  = 56
	trailer   = 64
)

// Flags of a footer.
const (
	sealedClosed    = 1 << 0 // by Close: the writer had nothing more
	sealedRecovered = 1 << 1 // by the next writer, after a crash
	sealedDamaged   = 1 << 2 // with a hole between its blocks
	sealedGuessed   = 1 << 3 // the header was lost: what is repeated of it was made up
)

// An entry is what the footer says of one block. A reader keeps one for each
// block of a segment that it looks into.
type entry struct {
	offset             int64
	first              uint64
	records            uint32
	header             uint32 // bytes
	stored             uint32 // bytes, without padding
	headerCRC          uint32
	minKtime, maxKtime uint64
	minID, maxID       uint64
}

func (e *entry) last() uint64 { return e.first + uint64(e.records) - 1 }
func (e *entry) size() int64  { return int64(e.header) + align(int64(e.stored)) }
func (e *entry) end() int64   { return e.offset + e.size() }

func (b *block) entry(offset int64) entry {
	z := &b.zone
	return entry{offset: offset, first: z.First, records: uint32(b.records), header: uint32(b.header),
		stored: uint32(b.stored), headerCRC: b.headerCRC,
		minKtime: z.MinKtime, maxKtime: z.MaxKtime, minID: z.MinID, maxID: z.MaxID}
}

// A footer is what a sealed segment holds besides its blocks.
type footer struct {
	flags    uint32
	records  uint64
	raw      uint64
	extremes extremes
	header   segmentHeader // as the copy has it
	next     uint64        // ordinal behind the last block
	chain    Digest        // value there
	sign     signature
	offset   int64
	entries  []entry
	digests  []Digest // of the records of each block; kept with the entries if asked for
}

// extremes are those of a segment.
type extremes struct {
	minKtime, maxKtime uint64
	minID, maxID       uint64
	minSeq, maxSeq     uint64
}

func noExtremes() extremes {
	return extremes{minKtime: math.MaxUint64, minID: math.MaxUint64, minSeq: math.MaxUint64}
}

func (x *extremes) add(z *ZoneMap) {
	x.minKtime, x.maxKtime = min(x.minKtime, z.MinKtime), max(x.maxKtime, z.MaxKtime)
	x.minID, x.maxID = min(x.minID, z.MinID), max(x.maxID, z.MaxID)
	x.minSeq, x.maxSeq = min(x.minSeq, z.MinSequence), max(x.maxSeq, z.MaxSequence)
}

// encode makes the footer for offset f.offset without its trailer; header is
// the segment's.
func (f *footer) encode(header []byte) []byte {
	b := make([]byte, ftrHeadSize+len(f.entries)*entSize, ftrHeadSize+len(f.entries)*entSize+trailer)
	copy(b[ftrMagic:], footerMagic[:])
	le.PutUint32(b[ftrHead:], ftrHeadSize)
	le.PutUint32(b[ftrEntry:], entSize)
	le.PutUint32(b[ftrCount:], uint32(len(f.entries)))
	le.PutUint32(b[ftrFlags:], f.flags)
	le.PutUint64(b[ftrRecords:], f.records)
	le.PutUint64(b[ftrRaw:], f.raw)
	le.PutUint64(b[ftrMinKtime:], f.extremes.minKtime)
	le.PutUint64(b[ftrMaxKtime:], f.extremes.maxKtime)
	le.PutUint64(b[ftrMinID:], f.extremes.minID)
	le.PutUint64(b[ftrMaxID:], f.extremes.maxID)
	le.PutUint64(b[ftrMinSeq:], f.extremes.minSeq)
	le.PutUint64(b[ftrMaxSeq:], f.extremes.maxSeq)
	copy(b[ftrHeader:], header[:hdrCopy])
	le.PutUint64(b[ftrSignTime:], uint64(f.sign.time))
	copy(b[ftrSignKey:], f.sign.key[:])
	copy(b[ftrSign:], f.sign.sign[:])
	for i := range f.entries {
		e, d := &f.entries[i], b[ftrHeadSize+i*entSize:]
		le.PutUint64(d[entOffset:], uint64(e.offset))
		le.PutUint64(d[entFirst:], e.first)
		le.PutUint32(d[entRecords:], e.records)
		le.PutUint32(d[entHeader:], e.header)
		le.PutUint32(d[entStored:], e.stored)
		le.PutUint32(d[entHeaderCRC:], e.headerCRC)
		le.PutUint64(d[entMinKtime:], e.minKtime)
		le.PutUint64(d[entMaxKtime:], e.maxKtime)
		le.PutUint64(d[entMinID:], e.minID)
		le.PutUint64(d[entMaxID:], e.maxID)
		copy(d[entDigest:], f.digests[i][:])
	}
	return b
}

// appendTrailer ends an encoded footer.
func appendTrailer(b []byte, offset int64, chain Digest, salt uint64) []byte {
	b = append(b, chain[:]...)
	b = le.AppendUint64(b, uint64(offset))
	b = le.AppendUint32(b, trailer)
	b = le.AppendUint32(b, checksum(0, b))
	b = le.AppendUint64(b, salt)
	return append(b, trailerMagic[:]...)
}

// errNoFooter: the file does not end in a trailer, which is no fault while it
// is written to.
var errNoFooter = fmt.Errorf("%w: no footer", ErrDamaged)

// What to keep of a footer's entries, which are verified in any case.
type footerDetail int

const (
	footerHead footerDetail = iota
	footerEntries
	footerDigests // and the entries
)

// readFooter reads the footer that ends a file of the size.
func readFooter(r io.ReaderAt, size int64, detail footerDetail) (*footer, error) {
	if size < HeaderSize+ftrHeadSize+trailer {
		return nil, errNoFooter
	}
	var t [trailer]byte
	if err := readFull(r, t[:], size-trailer); err != nil {
		return nil, err
	}
	offset := int64(le.Uint64(t[trlFooter:]))
	length := size - offset
	if !bytes.Equal(t[trlMagic:], trailerMagic[:]) || le.Uint32(t[trlSize:]) != trailer ||
		offset < HeaderSize || offset%blockAlign != 0 ||
		length < ftrHeadSize+trailer || length > ftrHeadSize+maxBlocks*entSize+trailer {
		return nil, errNoFooter
	}
	b := make([]byte, length)
	if err := readFull(r, b, offset); err != nil {
		return nil, err
	}
	return decodeFooter(b, offset, detail)
}

// decodeFooter reads a footer with its trailer, which b is.
func decodeFooter(b []byte, offset int64, detail footerDetail) (*footer, error) {
	t := b[len(b)-trailer:]
	if le.Uint32(t[trlCRC:]) != checksum(0, b[:len(b)-trailer+trlCRC]) || !bytes.Equal(b[:8], footerMagic[:]) {
		return nil, damaged("footer: checksum differs")
	}
	count := int(le.Uint32(b[ftrCount:]))
	if le.Uint32(b[ftrHead:]) != ftrHeadSize || le.Uint32(b[ftrEntry:]) != entSize ||
		len(b) != ftrHeadSize+count*entSize+trailer {
		return nil, damaged("footer: impossible sizes")
	}
	f := &footer{flags: le.Uint32(b[ftrFlags:]), records: le.Uint64(b[ftrRecords:]), raw: le.Uint64(b[ftrRaw:]),
		offset: offset, chain: Digest(t[trlChain:])}
	f.extremes = extremes{
		minKtime: le.Uint64(b[ftrMinKtime:]), maxKtime: le.Uint64(b[ftrMaxKtime:]),
		minID: le.Uint64(b[ftrMinID:]), maxID: le.Uint64(b[ftrMaxID:]),
		minSeq: le.Uint64(b[ftrMinSeq:]), maxSeq: le.Uint64(b[ftrMaxSeq:]),
	}
	f.sign.time = int64(le.Uint64(b[ftrSignTime:]))
	copy(f.sign.key[:], b[ftrSignKey:])
	copy(f.sign.sign[:], b[ftrSign:])
	if err := f.header.decode(b[ftrHeader : ftrHeader+hdrCopy]); err != nil {
		return nil, err
	}
	if le.Uint64(t[trlSalt:]) != f.header.Salt {
		return nil, damaged("footer: of another segment")
	}
	return f, f.decodeEntries(b[ftrHeadSize:len(b)-trailer], detail)
}

func (f *footer) decodeEntries(b []byte, detail footerDetail) error {
	if detail >= footerEntries {
		f.entries = make([]entry, 0, len(b)/entSize)
	}
	if detail >= footerDigests {
		f.digests = make([]Digest, 0, len(b)/entSize)
	}
	end, next, records := int64(HeaderSize), f.header.First, uint64(0)
	for ; len(b) > 0; b = b[entSize:] {
		e := entry{
			offset: int64(le.Uint64(b[entOffset:])), first: le.Uint64(b[entFirst:]),
			records: le.Uint32(b[entRecords:]), header: le.Uint32(b[entHeader:]),
			stored: le.Uint32(b[entStored:]), headerCRC: le.Uint32(b[entHeaderCRC:]),
			minKtime: le.Uint64(b[entMinKtime:]), maxKtime: le.Uint64(b[entMaxKtime:]),
			minID: le.Uint64(b[entMinID:]), maxID: le.Uint64(b[entMaxID:]),
		}
		if e.offset < end || e.offset%blockAlign != 0 || e.offset > f.offset || e.first < next || e.first > maxOrdinal || e.records == 0 ||
			e.header < blkFixedSize || e.header > blkHeaderMax || e.stored > MaxBlockSize || e.end() > f.offset {
			return damaged("footer: impossible entry for block at %d", e.offset)
		}
		end, next = e.end(), e.first+uint64(e.records)
		records += uint64(e.records)
		if detail >= footerEntries {
			f.entries = append(f.entries, e)
		}
		if detail >= footerDigests {
			f.digests = append(f.digests, Digest(b[entDigest:]))
		}
	}
	if records != f.records {
		return damaged("footer: %d records, its blocks have %d", f.records, records)
	}
	f.next = next
	return nil
}

// findOrdinal is the index of the first entry that ends at or after the
// ordinal.
func findOrdinal(entries []entry, ordinal uint64) int {
	return sort.Search(len(entries), func(i int) bool { return entries[i].last() >= ordinal })
}

// readFull reads all of b, and says where a file that ends too early does.
func readFull(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		return damaged("%w at %d", ErrTruncated, offset+int64(n))
	}
	return err
}
