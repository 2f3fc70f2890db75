// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"

	"vexj/internal/layout"
)

// Describe calls fn for each part of a file of a journal, a segment or an index,
// from its start to its end. It verifies the parts, reads on behind damage, and
// trusts no part to find the next. A part is valid during the call. The error is
// ErrNotJournal if the file is neither, fn's, or one of the disk.
func Describe(f io.ReaderAt, size int64, fn func(layout.Part) error) error {
	var head [8]byte
	if n, err := f.ReadAt(head[:], 0); n < len(head) && err != io.EOF {
		return err
	}
	if le.Uint32(head[:]) == Magic {
		return (&describer{f, size, fn}).segment()
	}
	if size >= kixTail {
		if _, err := f.ReadAt(head[:], size-8); err != nil && err != io.EOF {
			return err
		}
		if head == keyIndexMagic {
			return (&describer{f, size, fn}).index()
		}
	}
	return fmt.Errorf("%w: it begins as no segment and ends as no index", ErrNotJournal)
}

type describer struct {
	f    io.ReaderAt
	size int64
	fn   func(layout.Part) error
}

// part describes bytes of the file; those that it lacks are a problem.
func (d *describer) part(p layout.Part, data int) error {
	p.Data = make([]byte, max(0, min(int64(data), d.size-p.Offset)))
	if _, err := d.f.ReadAt(p.Data, p.Offset); err != nil && err != io.EOF {
		return err
	}
	if len(p.Data) < data && p.Problem == nil {
		p.Problem = fmt.Errorf("%w: %d bytes of %d", ErrTruncated, len(p.Data), data)
	}
	return d.fn(p)
}

func (d *describer) segment() error {
	h, headerErr := readHeader(d.f)
	p := layout.Part{Name: "header", Size: min(HeaderSize, d.size), Fields: headerFields, Problem: headerErr}
	if err := d.part(p, HeaderSize); err != nil {
		return err
	}
	if errors.Is(headerErr, ErrVersion) {
		return d.rest(HeaderSize, d.size, headerErr)
	}
	ftr, footerErr := readFooter(d.f, d.size, footerEntries)
	if footerErr != nil && !gone(footerErr) {
		return footerErr
	}
	end := d.size
	if ftr != nil {
		end = ftr.offset
		if h == nil {
			h = &ftr.header
		}
	}
	if h == nil {
		return d.rest(HeaderSize, end, fmt.Errorf("nothing tells the salt of its blocks: %w", headerErr))
	}
	if err := d.blocks(h, end); err != nil {
		return err
	}
	if ftr == nil {
		return nil
	}
	return d.footer(ftr)
}

func (d *describer) rest(offset, end int64, problem error) error {
	if offset >= end {
		return nil
	}
	return d.part(layout.Part{Name: "unfinished", Offset: offset, Size: end - offset, Problem: problem}, 0)
}

// blocks describes what is between header and footer.
func (d *describer) blocks(h *segmentHeader, end int64) error {
	w := segmentWalk{blocks: blockReader{r: d.f, salt: h.Salt}, offset: HeaderSize, next: h.First}
	var stop error
	var last block
	number := uint64(0)
	w.hole = func(e *DamageError) {
		if stop == nil && e.Bytes > 0 {
			stop = d.part(layout.Part{Name: "damage", Offset: e.Offset, Size: e.Bytes, Problem: e.Err}, 0)
		}
	}
	w.block = func(offset int64, blk *block) error {
		if stop != nil {
			return stop
		}
		number++
		last = *blk
		return d.block(h, number, offset, blk)
	}
	if err := w.run(end); err != nil {
		return err
	}
	if stop != nil {
		return stop
	}
	if w.offset == HeaderSize && last.records == 0 && end > HeaderSize {
		return d.rest(HeaderSize, end, errors.New("no block begins here"))
	}
	return d.rest(w.offset, end, nil)
}

func (d *describer) block(h *segmentHeader, number uint64, offset int64, blk *block) error {
	z := &blk.zone
	fields := append([]layout.Field(nil), blockFields...)
	if blk.header > blkFixedSize {
		fields = append(fields, layout.Field{Name: "filter", Offset: blkFixedSize, Size: blk.header - blkFixedSize, Form: layout.Bytes})
	}
	e := blk.entry(offset)
	p := layout.Part{
		Name: fmt.Sprintf("block %d", number), Number: number, Offset: offset, Size: int64(blk.header), Fields: fields,
		Note: fmt.Sprintf("ordinals %d to %d, %d bytes as %d, %v", z.First, z.Last, blk.raw, blk.stored, blk.codec),
	}
	if err := d.part(p, blk.header); err != nil {
		return err
	}
	var buf blockBuffer
	data := layout.Part{
		Name: fmt.Sprintf("records of block %d", number), Number: number, Offset: offset + int64(blk.header), Size: align(int64(blk.stored)),
		Note: fmt.Sprintf("%d records", blk.records),
		Records: func() ([]byte, error) {
			if err := buf.load(d.f, &e, h.Salt); err != nil {
				return nil, err
			}
			return buf.records, nil
		},
	}
	if err := buf.load(d.f, &e, h.Salt); err != nil {
		if !gone(err) {
			return err
		}
		data.Problem = err
	}
	return d.part(data, 0)
}

// footer describes the end of a sealed segment.
func (d *describer) footer(f *footer) error {
	p := layout.Part{Name: "footer", Offset: f.offset, Size: ftrHeadSize, Fields: footerFields}
	if err := d.part(p, ftrHeadSize); err != nil {
		return err
	}
	at := f.offset + ftrHeadSize
	for i := range f.entries {
		p := layout.Part{Name: fmt.Sprintf("footer entry %d", i+1), Number: uint64(i + 1), Offset: at, Size: entSize, Fields: entryFields}
		if err := d.part(p, entSize); err != nil {
			return err
		}
		at += entSize
	}
	return d.part(layout.Part{Name: "trailer", Offset: at, Size: trailer, Fields: trailerFields}, trailer)
}

// index describes an index: its pages, their directory, its tail.
func (d *describer) index() error {
	tail := make([]byte, kixTail)
	if err := readFull(d.f, tail, d.size-kixTail); err != nil {
		return err
	}
	pages := int64(le.Uint32(tail[kixPages:]))
	dir := d.size - kixTail - pages*dirSize
	if dir < 0 || pages > maxKeyPages {
		problem := damaged("%d pages do not fit into the file", pages)
		return d.part(layout.Part{Name: "index tail", Offset: d.size - kixTail, Size: kixTail, Fields: indexTailFields, Problem: problem}, kixTail)
	}
	at := int64(0)
	for i := range pages {
		var ref [dirSize]byte
		if err := readFull(d.f, ref[:], dir+i*dirSize); err != nil {
			return err
		}
		n := int64(le.Uint32(ref[dirBytes:]))
		p := layout.Part{Name: fmt.Sprintf("index page %d", i+1), Number: uint64(i + 1), Offset: at, Size: n}
		if at+n > dir || n > maxKeyPage {
			p.Problem, p.Size = damaged("%d bytes do not fit", n), dir-at
			if err := d.part(p, 0); err != nil {
				return err
			}
			break
		}
		page := make([]byte, n)
		if err := readFull(d.f, page, at); err != nil {
			return err
		}
		if checksum(0, page) != le.Uint32(ref[dirCRC:]) {
			p.Problem = damaged("page: checksum differs")
		}
		if err := d.part(p, 0); err != nil {
			return err
		}
		at += n
	}
	for i := range pages {
		p := layout.Part{Name: fmt.Sprintf("index directory %d", i+1), Number: uint64(i + 1), Offset: dir + i*dirSize, Size: dirSize, Fields: indexPageFields}
		if err := d.part(p, dirSize); err != nil {
			return err
		}
	}
	p := layout.Part{Name: "index tail", Offset: d.size - kixTail, Size: kixTail, Fields: indexTailFields}
	whole := make([]byte, d.size-dir)
	if err := readFull(d.f, whole, dir); err != nil {
		return err
	}
	if le.Uint32(tail[kixCRC:]) != checksum(0, whole[:len(whole)-kixTail+kixCRC]) {
		p.Problem = damaged("index: checksum differs")
	}
	return d.part(p, kixTail)
}
