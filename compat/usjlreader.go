// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"fmt"
	"io"
	"time"

	"vexj/uapi"
)

// A usjlReader makes records of a USJL version 1 file, from which the file can
// be made again.
type usjlReader struct {
	*parts
	src    *source
	o      *Options
	report *Report
	end    int64 // of the entries
	find   finder
	data   []byte
}

// maxLook bounds the data that is looked into for what it says.
const maxLook = 1 << 20

func (r *usjlReader) fail(off int64, part string, code Code, err error) *FormatError {
	return &FormatError{r.format, off, part, err.Error(), code}
}

func (r *usjlReader) run() error {
	if err := r.header(); err != nil {
		return err
	}
	for r.src.off < r.end {
		if err := r.entry(); err != nil {
			return err
		}
		r.o.progress(r.src)
	}
	// What an index was, the format does not say.
	if off, left := r.src.off, r.src.left(); left > 0 {
		r.report.fact("index", "records of type legacy, as bytes")
		return r.stream(r.src, uapi.Legacy{Part: uapi.PartBytes, Offset: uint64(off)}, left)
	}
	return nil
}

func (r *usjlReader) header() error {
	b := make([]byte, min(usjlHeaderSize, r.src.size))
	if err := r.src.read(b); err != nil {
		return err
	}
	if len(b) < usjlHeaderSize {
		return r.fail(0, "header", CodeInvalidEvent, fmt.Errorf("%d bytes are too few for the %d of a header", len(b), usjlHeaderSize))
	}
	r.end = r.src.size
	var h FileHeader
	h.get(b)
	r.ktime = h.CreatedAt * uint64(time.Second)
	if bad := checkFileHeader(r.format, b, r.src.size); bad != nil {
		if err := r.o.keep(r.report, bad); err != nil {
			return err
		}
	} else if h.IndexOffset != 0 {
		r.end = int64(h.IndexOffset)
	}
	return r.add(uapi.Legacy{Part: uapi.PartHeader, Size: usjlHeaderSize}, b)
}

func (r *usjlReader) entry() error {
	off := r.src.off
	head, err := r.src.peek(int(min(entryHead, r.end-off)))
	if err != nil {
		return err
	}
	bad := r.fail(off, "entry", CodeInvalidEvent, fmt.Errorf("%d bytes are too few for the %d of an entry", len(head), entryFrame))
	if len(head) == entryHead {
		var e usjlEntry
		e.get(head)
		short, err := e.check(r.end - off)
		if err == nil {
			return r.convert(off, &e, short)
		}
		bad = r.fail(off, "entry", CodeInvalidEvent, err)
	}
	if n, err := zeroRun(r.src, r.end); n > 0 || err != nil {
		if err != nil {
			return err
		}
		return r.skipZeroes(r.src, n)
	}
	if err := r.o.keep(r.report, bad); err != nil {
		return err
	}
	next, err := r.find.next(off+1, r.end)
	if err != nil {
		return err
	}
	return r.stream(r.src, uapi.Legacy{Part: uapi.PartBytes, Offset: uint64(off)}, next-off)
}

// soundEntry reports whether an entry begins at b for certain. One without data
// has nothing to be certain by.
func soundEntry(b []byte) bool {
	if len(b) < entryFrame {
		return false
	}
	// Asked at every byte of what is damaged: without making an error of it.
	size, n := uint64(le.Uint32(b)), le.Uint64(b[28:])
	if n == 0 || n > uint64(len(b)-entryFrame) || size != n+entryFrame && size != n+entryHead {
		return false
	}
	return le.Uint32(b[entryHead+n:]) == sumEntry(0, b[entryHead:][:n])
}

// sum reads the data of an entry ahead: its checksum stands behind it, and the
// record says whether that is right before the records of the data follow. It
// keeps the data if that is to be looked into.
func (r *usjlReader) sum(off int64, n uint64) (sum, said uint32, err error) {
	r.data = r.data[:0]
	in := io.NewSectionReader(r.src.file, off+entryHead, int64(n)+4)
	if n <= maxLook {
		if uint64(cap(r.data)) < n {
			r.data = make([]byte, n)
		}
		r.data = r.data[:n]
		if _, err := io.ReadFull(in, r.data); err != nil {
			return 0, 0, err
		}
		sum = sumEntry(0, r.data)
	} else {
		buf := make([]byte, maxLook)
		for left := int64(n); left > 0; {
			b := buf[:min(left, maxLook)]
			if _, err := io.ReadFull(in, b); err != nil {
				return 0, 0, err
			}
			sum = sumEntry(sum, b)
			left -= int64(len(b))
		}
	}
	var tail [4]byte
	_, err = io.ReadFull(in, tail[:])
	return sum, le.Uint32(tail[:]), err
}

// convert makes the record of an entry, and the records of its data if there is
// no room in one.
func (r *usjlReader) convert(off int64, e *usjlEntry, short bool) error {
	sum, said, err := r.sum(off, e.dataLen)
	if err != nil {
		return err
	}
	e.checksum = said
	if sum != said {
		err := r.o.keep(r.report, r.fail(off, "entry", CodeConsistency, fmt.Errorf("the checksum is 0x%08x, that of the data 0x%08x", said, sum)))
		if err != nil {
			return err
		}
	}
	facts, err := r.look(off, e)
	if err != nil {
		return err
	}
	l := uapi.Legacy{
		Format: r.format, Part: uapi.PartEvent, Offset: uint64(off), Size: e.dataLen + entryFrame,
		Encoding: uint32(e.format), Compression: uint32(e.compression), Flags: uint32(e.flags),
	}
	if short {
		l.Layout = layoutShort
	}
	const room = 32 << 10
	inline := e.dataLen <= room
	if !inline {
		l.At = e.dataLen
	}
	rec, err := r.record(e, facts, &l, sum, inline)
	if err != nil {
		return fmt.Errorf("usjl1: entry at offset %d: %w", off, err)
	}
	r.report.Events++
	r.ktime = rec.Ktime()
	if err := r.sink.Append(rec); err != nil {
		return err
	}
	return r.consume(off, e.dataLen, inline)
}

// consume reads over the entry, and makes the records of its data.
func (r *usjlReader) consume(off int64, n uint64, inline bool) error {
	var frame [entryHead]byte
	if err := r.src.read(frame[:]); err != nil {
		return err
	}
	var err error
	if inline {
		err = r.src.read(make([]byte, n))
	} else {
		err = r.stream(r.src, uapi.Legacy{Part: uapi.PartPayload, Offset: uint64(off)}, int64(n))
	}
	if err != nil {
		return err
	}
	return r.src.read(frame[:4])
}

func (r *usjlReader) record(e *usjlEntry, facts *semanticFacts, l *uapi.Legacy, sum uint32, inline bool) (uapi.Record, error) {
	build := func(fix []byte) (uapi.Record, error) {
		facts.begin(r.b, e)
		r.b.AddLegacy(*l)
		if len(fix) > 0 {
			r.b.AddBytes(uapi.AttrLegacyFix, fix)
		}
		if inline && e.dataLen > 0 {
			r.b.Payload(r.data)
		}
		facts.links(r.b)
		return r.b.Finish()
	}
	rec, err := build(nil)
	if err != nil {
		return nil, err
	}
	made := entryOf(rec, l, e.dataLen, sum)
	fix := appendFix(nil, made.frame(), e.frame())
	if len(fix) == 0 {
		return rec, nil
	}
	return build(fix)
}

// look reads what the data says. What cannot be read stays in the payload, as
// everything does; data that is not what its entry says is damage.
func (r *usjlReader) look(off int64, e *usjlEntry) (*semanticFacts, error) {
	facts := &semanticFacts{}
	if e.dataLen == 0 || e.dataLen > maxLook {
		return facts, nil
	}
	data, err := unpackEntry(e.compression, r.data)
	if err != nil {
		return facts, r.o.keep(r.report, r.fail(off, "entry", CodeCompression, err))
	}
	switch e.format {
	case formatJSON, formatJSONCompact:
		if err := facts.readJSON(data); err != nil {
			return &semanticFacts{}, r.o.keep(r.report, r.fail(off, "entry", CodeInvalidEvent, err))
		}
	case formatBincode:
		if !facts.readBincode(data) {
			r.report.fact("data in bincode of another structure", "the payload, as bytes")
			return &semanticFacts{}, nil
		}
	default:
		r.report.fact(fmt.Sprintf("data in format %d", e.format), "the payload, as bytes")
	}
	return facts, nil
}
