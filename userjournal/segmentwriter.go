// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
)

// A segmentWriter appends to one segment and knows what its footer will say.
type segmentWriter struct {
	file   File
	path   string
	header segmentHeader
	first  []byte // of the file: the header as written
	size   int64
	footer footer
	keys   postings    // for the index
	signer *SigningKey // nil: the segment is not signed

	// limit is what the segment may grow to, and reserved up to where there is room
	// for it on the disk.
	limit, reserved int64

	// clocked: a clock syncs, and the disk is told to begin before that, which it was
	// up to begun.
	clocked bool
	begun   int64

	// zeroed is up to where the file was filled with zeroes before blocks are
	// written there; 0 if it is not.
	zeroed int64
}

// reserveStep is how much room is asked for at once. In room that is there a write
// takes a third less of the processor than where the filesystem has to account for
// each page.
const reserveStep = 8 << 20

// reserve makes room for n bytes more. That a disk has none for more than is
// needed, or cannot reserve any, is no error.
func (s *segmentWriter) reserve(n int) {
	end := s.size + int64(n)
	if end <= s.reserved || s.limit == 0 {
		return
	}
	s.reserved = max(end, min(end+reserveStep, s.limit))
	if err := s.file.Reserve(s.reserved); err != nil {
		_ = s.file.Truncate(s.size)
		s.reserved = math.MaxInt64
	}
}

// zeroes are written to the end of a segment of which each block is waited for.
// A sync of bytes that were there before has no size and no extents to write to
// the filesystem's own journal, and takes half the time. Not more than these at a
// time: what is written at once is one folio in the page cache, all of which each
// sync goes over.
var zeroes [64 << 10]byte

// zeroStep is how far ahead is zeroed.
const zeroStep = 1 << 20

// extend makes sure that n bytes more are over zeroes. That a disk has no room
// for more than is needed is no error.
func (s *segmentWriter) extend(n int) {
	end := s.size + int64(n)
	if s.zeroed == 0 || end <= s.zeroed {
		return
	}
	s.zeroed = max(s.zeroed, s.size)
	for to := max(end, min(s.zeroed+zeroStep, s.limit)); s.zeroed < to; {
		m, err := s.file.WriteAt(zeroes[:min(int64(len(zeroes)), to-s.zeroed)], s.zeroed)
		if s.zeroed += int64(m); err != nil {
			_ = s.file.Truncate(s.size)
			s.zeroed = 0
			return
		}
	}
}

// The disk is told of so much at once, in whole pages: the next block changes the last.
const (
	beginStep = 512 << 10
	beginPage = 4 << 10
)

// begin has the disk begin with what is there, if a clock syncs. Left to the sync, that
// is the work of a whole interval and may take longer than one. Meanwhile whoever
// reserves or truncates waits, and so does what would run on the processor that the
// syncing goroutine keeps until the runtime takes it away; and after it the disk has
// nothing to do until the next.
func (s *segmentWriter) begin() {
	if end := s.size &^ (beginPage - 1); s.clocked && end >= s.begun+beginStep {
		s.file.WriteBack(s.begun, end-s.begun)
		s.begun = end
	}
}

func createSegment(fsys FS, dir string, h segmentHeader) (*segmentWriter, error) {
	return newSegment(fsys, filepath.Join(dir, SegmentName(h.First)), h)
}

// replaceSegment is createSegment in the place of one that has no records.
func replaceSegment(fsys FS, dir string, h segmentHeader) (*segmentWriter, error) {
	path := filepath.Join(dir, SegmentName(h.First))
	temp := tempName(path, "")
	_ = fsys.Remove(temp) // of a process that had this pid
	s, err := newSegment(fsys, temp, h)
	if err != nil {
		return nil, err
	}
	if err := fsys.Rename(temp, path); err != nil {
		return nil, errors.Join(err, s.file.Close(), fsys.Remove(temp))
	}
	s.path = path
	return s, nil
}

func newSegment(fsys FS, path string, h segmentHeader) (*segmentWriter, error) {
	f, err := fsys.Create(path)
	if err != nil {
		return nil, err
	}
	s := &segmentWriter{file: f, path: path, first: h.encode()}
	s.header = h
	s.footer.extremes, s.footer.chain, s.footer.next = noExtremes(), h.start, h.First
	if err := s.append(s.first); err != nil {
		// A name without a header would only be in the next writer's way.
		return nil, errors.Join(err, f.Close(), fsys.Remove(path))
	}
	return s, nil
}

// append writes b at the end. After an error the file ends where it did before,
// or, if the disk refuses even that, in a torn block.
func (s *segmentWriter) append(b []byte) error {
	s.reserve(len(b))
	s.extend(len(b))
	err := s.write(b)
	if err != nil {
		_ = s.file.Truncate(s.size)
		s.zeroed = 0
		return err
	}
	s.size += int64(len(b))
	return nil
}

// write puts b at the end of what is there. Over zeroes the size of the file does
// not tell a reader how much of it has been written: there the magic comes last.
func (s *segmentWriter) write(b []byte) error {
	if s.zeroed == 0 {
		return writeFull(s.file, b, s.size)
	}
	const magic = len(blockMagic)
	if err := writeFull(s.file, b[magic:], s.size+int64(magic)); err != nil {
		return err
	}
	return writeFull(s.file, b[:magic], s.size)
}

func writeFull(f File, b []byte, offset int64) error {
	n, err := f.WriteAt(b, offset)
	if err == nil && n < len(b) {
		return io.ErrShortWrite
	}
	return err
}

// put appends a block with its header.
func (s *segmentWriter) put(b []byte, blk *block) error {
	offset := s.size
	if err := s.append(b); err != nil {
		return err
	}
	s.footer.add(offset, blk)
	s.begin()
	return nil
}

func (f *footer) add(offset int64, blk *block) {
	f.entries = append(f.entries, blk.entry(offset))
	f.digests = append(f.digests, blk.digest)
	f.chain = blk.after()
	f.next = blk.zone.Last + 1
	f.records += uint64(blk.records)
	f.raw += uint64(blk.raw)
	f.extremes.add(&blk.zone)
}

// full: a block of n bytes and the footer would not fit.
func (s *segmentWriter) full(n int, limit int64) bool {
	blocks := len(s.footer.entries)
	end := s.size + int64(n) + ftrHeadSize + int64(blocks+1)*entSize + trailer
	return blocks > 0 && (end > limit || blocks == maxBlocks)
}

// seal writes the footer. The file is to be synced and closed then.
func (s *segmentWriter) seal(flags uint32) error {
	f := &s.footer
	f.flags, f.offset = flags, s.size
	if s.signer != nil {
		s.signer.signFooter(f, &s.header)
	}
	b := f.encode(s.first)
	b = appendTrailer(b, f.offset, f.chain, s.header.Salt)
	if s.zeroed > s.size {
		if err := s.file.Truncate(s.size); err != nil {
			return fmt.Errorf("cut off zeroes: %w", err)
		}
	}
	s.zeroed = 0
	if err := writeFull(s.file, b, s.size); err != nil {
		_ = s.file.Truncate(s.size)
		return fmt.Errorf("footer: %w", err)
	}
	s.size += int64(len(b))
	if s.reserved > s.size {
		_ = s.file.Truncate(s.size) // it costs room, and no more
	}
	return nil
}

// following is the header of the segment after this sealed one.
func (h *segmentHeader) following(f *footer, first uint64) segmentHeader {
	next := *h
	next.First, next.Index = first, h.Index+1
	next.Records, next.Raw = h.Records+f.records, h.Raw+f.raw
	next.Previous, next.ClockBack = f.chain, 0
	next.span = h.spanWith(f)
	return next
}
