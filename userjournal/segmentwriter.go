// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
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
}

func createSegment(fsys FS, dir string, h segmentHeader) (*segmentWriter, error) {
	path := filepath.Join(dir, SegmentName(h.First))
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
	n, err := s.file.WriteAt(b, s.size)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		_ = s.file.Truncate(s.size)
		return err
	}
	s.size += int64(n)
	return nil
}

// put appends a block with its header.
func (s *segmentWriter) put(b []byte, blk *block) error {
	offset := s.size
	if err := s.append(b); err != nil {
		return err
	}
	s.footer.add(offset, blk)
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
	n, err := s.file.WriteAt(b, s.size)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		_ = s.file.Truncate(s.size)
		return fmt.Errorf("footer: %w", err)
	}
	s.size += int64(n)
	return nil
}

// following is the header of the segment after this sealed one.
func (h *segmentHeader) following(f *footer, first uint64) segmentHeader {
	next := *h
	next.First, next.Index = first, h.Index+1
	next.Records, next.Raw = h.Records+f.records, h.Raw+f.raw
	next.Previous, next.ClockBack = f.chain, 0
	return next
}
