// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"fmt"

	"vexj/uapi"
)

// A semjReader makes records of a SEMJ file, from which the file can be made
// again.
type semjReader struct {
	*parts
	src     *source
	o       *Options
	report  *Report
	index   int64 // where it begins; the size of the file if there is none
	blocks  bool  // there are storage blocks
	find    finder
	scratch []byte
	made    []byte
}

func (r *semjReader) run() error {
	if err := r.header(); err != nil {
		return err
	}
	for r.src.off < r.index {
		if err := r.item(); err != nil {
			return err
		}
		r.o.progress(r.src)
	}
	if r.src.off < r.src.size {
		return r.entries()
	}
	return nil
}

func (r *semjReader) fail(off int64, part string, code Code, err error) *FormatError {
	return &FormatError{r.format, off, part, err.Error(), code}
}

func (r *semjReader) header() error {
	b := make([]byte, min(semjHeaderSize, r.src.size))
	if err := r.src.read(b); err != nil {
		return err
	}
	if len(b) < semjHeaderSize {
		return r.fail(0, "header", CodeInvalidEvent, fmt.Errorf("%d bytes are too few for the %d of a header", len(b), semjHeaderSize))
	}
	var h FileHeader
	h.get(b)
	r.index = r.src.size
	if bad := checkFileHeader(r.format, b, r.src.size); bad != nil {
		if err := r.o.keep(r.report, bad); err != nil {
			return err
		}
	} else if h.IndexOffset != 0 {
		r.index = int64(h.IndexOffset)
	}
	return r.add(uapi.Legacy{Part: uapi.PartHeader, Size: semjHeaderSize}, b)
}

// item reads an event, a storage block, or the zeroes of a file that was made
// larger than what was written.
func (r *semjReader) item() error {
	off := r.src.off
	head, err := r.src.peek(int(min(uapi.HeaderSize, r.index-off)))
	if err != nil {
		return err
	}
	if isBlock(head) {
		return r.block()
	}
	var bad *FormatError
	if len(head) < uapi.HeaderSize {
		bad = r.fail(off, "event", CodeInvalidEvent, fmt.Errorf("%d bytes are too few for the %d of an event", len(head), eventHeadSize))
	} else {
		s, code, err := shapeOf(head)
		switch {
		case err != nil:
			bad = r.fail(off, "event", code, err)
		case int64(s.size) > r.index-off:
			bad = r.fail(off, "event", CodeInvalidEvent, fmt.Errorf("event_size %d, but %d bytes are left", s.size, r.index-off))
		default:
			return r.event(&s)
		}
	}
	if n, err := zeroRun(r.src, r.index); n > 0 || err != nil {
		if err != nil {
			return err
		}
		return r.skipZeroes(r.src, n)
	}
	return r.salvage(off, bad)
}

// salvage keeps what cannot be read, up to the next thing that can, as bytes.
func (r *semjReader) salvage(off int64, bad *FormatError) error {
	if err := r.o.keep(r.report, bad); err != nil {
		return err
	}
	next, err := r.find.next(off+1, r.index)
	if err != nil {
		return err
	}
	return r.stream(r.src, uapi.Legacy{Part: uapi.PartBytes, Offset: uint64(off)}, next-off)
}

// soundItem reports whether an event, or the header of a storage block, begins
// at b for certain.
func soundItem(b []byte) bool {
	if isBlock(b) {
		var h blockHeader
		h.get(b)
		return h.check(maxBlock) == nil
	}
	if len(b) < eventHeadSize || le.Uint32(b[evVersion:]) != uapi.Version1 || le.Uint32(b[evContext:]) != contextSize {
		return false
	}
	s, _, err := shapeOf(b)
	return err == nil && s.size <= len(b) && le.Uint32(b[evChecksum:]) == eventChecksum(b[:s.size])
}

// event reads the next one, of known shape.
func (r *semjReader) event(s *eventShape) error {
	off := r.src.off
	ev := r.grow(s.size)
	if err := r.src.read(ev); err != nil {
		return err
	}
	if err := r.summed(ev, off); err != nil {
		return err
	}
	return r.convert(ev, s, uapi.Legacy{Offset: uint64(off)})
}

// summed checks the checksum of an event.
func (r *semjReader) summed(ev []byte, off int64) error {
	if said, is := le.Uint32(ev[evChecksum:]), eventChecksum(ev); said != is {
		return r.o.keep(r.report, r.fail(off, "event", CodeConsistency,
			fmt.Errorf("the checksum is 0x%08x, that of the bytes 0x%08x", said, is)))
	}
	return nil
}

func (r *semjReader) grow(n int) []byte {
	if cap(r.scratch) < n {
		r.scratch = make([]byte, max(n, 64<<10))
	}
	return r.scratch[:n]
}

// convert makes the record of an event, with what is needed to make the event
// of it again, and the records of its payload if there is no room in one.
func (r *semjReader) convert(ev []byte, s *eventShape, l uapi.Legacy) error {
	r.report.Events++
	r.ktime = le.Uint64(ev[16:])
	l.Format, l.Part, l.Size = r.format, uapi.PartEvent, uint64(len(ev))
	l.Compression, l.Encoding = le.Uint32(ev[evCompression:]), le.Uint32(ev[evEncryption:])
	if s.padded {
		l.Layout |= layoutPadded
	}
	fix, ok := r.fix(ev, s, howOf(&l))
	if !ok {
		l.Layout |= layoutPlain
		if fix, ok = r.fix(ev, s, howOf(&l)); !ok {
			return fmt.Errorf("semj1: event at offset %d cannot be made again from its record; please report it", l.Offset)
		}
	}
	inline := len(ev)+len(fix)+1024 <= uapi.MaxRecord
	if !inline {
		l.At = uint64(s.payload)
	}
	rec, err := decodeEvent(r.b, ev, s, l.Layout&layoutPlain != 0, inline, func(b *uapi.Builder) {
		b.AddLegacy(l)
		if len(fix) > 0 {
			b.AddBytes(uapi.AttrLegacyFix, fix)
		}
	})
	if err != nil {
		return fmt.Errorf("semj1: event at offset %d: %w", l.Offset, err)
	}
	if err := r.sink.Append(rec); err != nil || inline {
		return err
	}
	return r.cut(uapi.Legacy{Part: uapi.PartPayload, Offset: l.Offset, Layout: l.Layout & layoutDerived}, ev[s.payloadAt():][:s.payload])
}

// howOf is the reverse of what convert notes.
func howOf(l *uapi.Legacy) eventHow {
	return eventHow{
		padded: l.Layout&layoutPadded != 0, plain: l.Layout&layoutPlain != 0,
		compression: l.Compression, encryption: l.Encoding,
	}
}

// fix returns what has to be changed in what would be made of the record.
func (r *semjReader) fix(ev []byte, s *eventShape, how eventHow) (fix []byte, ok bool) {
	rec, err := decodeEvent(r.b, ev, s, how.plain, false, func(*uapi.Builder) {})
	if err != nil {
		return nil, false
	}
	made, _ := appendEvent(r.made[:0], rec, ev[s.payloadAt():][:s.payload], how, nil)
	r.made = made
	if len(made) != len(ev) {
		return nil, false
	}
	return appendFix(nil, made, ev), true
}
