// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"vexj/internal/blake3"
)

// A Problem is one thing that Verify found.
type Problem DamageError

func (p Problem) String() string {
	d := DamageError(p)
	return d.Error()
}

// A VerifyReport sums up what Verify read.
type VerifyReport struct {
	Segments, Blocks int
	Records          uint64
	FirstOrdinal     uint64
	LastOrdinal      uint64
	RawBytes         uint64
	StoredBytes      uint64 // of the files
	Problems         int
	LostRecords      uint64 // in what is damaged or missing
	Clean            bool   // the writer closed it
	TailBytes        int64  // behind the last block of one that is not: unfinished
	Attested         Attestation
	ClockSteps       []ClockStep // the last of them, if there are many
}

// OK: nothing is damaged or missing. An unfinished tail is neither.
func (v *VerifyReport) OK() bool { return v.Problems == 0 }

// Verify reads the whole journal and holds every byte of it against the
// checksums, the chain, zone maps and footers. fn, which may be nil, is called
// for each problem. The error is one of reading, not of what was read.
//
// The journal can only be held against itself so: whoever changes a record and
// makes all of the chain behind it again is found by VerifyAgainst.
func (r *Reader) Verify(fn func(Problem)) (VerifyReport, error) {
	return r.VerifyAgainst(Evidence{}, fn)
}

// VerifyAgainst is Verify with evidence that was kept elsewhere. What does not
// agree with it is a problem.
func (r *Reader) VerifyAgainst(e Evidence, fn func(Problem)) (VerifyReport, error) {
	if err := r.refresh(); err != nil {
		return VerifyReport{}, err
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return VerifyReport{}, ErrClosed
	}
	segments := r.segments
	r.mu.Unlock()

	v := verifier{reader: r, tell: fn, witness: newWitness(e, segments[0].first)}
	v.report.FirstOrdinal = segments[0].first
	v.next = segments[0].first
	for i, x := range segments {
		if err := v.segment(x, i == len(segments)-1); err != nil {
			return v.report, fmt.Errorf("verify %s: %w", x.name, err)
		}
	}
	v.report.LastOrdinal = v.next - 1
	if err := v.beginning(segments[0]); err != nil {
		return v.report, fmt.Errorf("verify %s: %w", segments[0].name, err)
	}
	v.rest()
	return v.report, nil
}

type verifier struct {
	reader *Reader
	tell   func(Problem)
	report VerifyReport
	next   uint64 // ordinal
	before *segment
	link   link

	witness *witness
	told    uint64 // last ordinal that a record says was removed
	founded bool   // the first segment of the journal is there

	name   string
	known  int // problems before this segment
	buffer blockBuffer
	sum    summary
	found  footer // what the footer should say
}

func (v *verifier) problem(offset, size int64, first, last uint64, err error) {
	p := Problem{Segment: v.name, Offset: offset, Bytes: size, First: first, Last: last, Err: err}
	v.report.Problems++
	if last >= first {
		v.report.LostRecords += last - first + 1
	}
	if v.tell != nil {
		v.tell(p)
	}
}

// fault is a problem that costs no record.
func (v *verifier) fault(offset, size int64, err error) { v.problem(offset, size, 1, 0, err) }

func (v *verifier) segment(x *index, last bool) error {
	name := x.name
	v.name = name
	f, err := v.reader.open(x)
	if notExist(err) {
		v.reader.mu.Lock()
		y := v.reader.moved(x)
		v.reader.mu.Unlock()
		if y != nil {
			f, err = v.reader.open(y)
		}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	v.report.Segments++
	v.known = v.report.Problems
	v.report.StoredBytes += uint64(size)
	s, err := loadSegment(f, name, footerDigests)
	if err != nil {
		if !gone(err) {
			return err
		}
		v.fault(0, size, err)
		v.before, v.link = nil, link{}
		return nil
	}
	v.founded = v.founded || s.header.Index == 1 && !s.guessed
	before := v.link
	v.follows(s)
	if !before.known || before.value != s.header.Previous {
		v.witness.run = 0 // what comes now says nothing of what was before
	}
	if v.report.Blocks == 0 {
		v.opens(s)
	}
	if back := s.header.ClockBack; back > 0 {
		v.report.addClockStep(ClockStep{name, s.first, time.Duration(back)})
	}
	v.found = footer{extremes: noExtremes()}
	end, err := v.blocks(f, s, size)
	if err != nil {
		return err
	}
	if s.sealed() {
		v.footer(s, end)
		v.signature(s)
	} else if err := v.tail(f, end, size, last); err != nil {
		return err
	}
	v.report.Clean = s.closed()
	v.before = s
	return nil
}

// follows looks whether the segment is what comes next.
func (v *verifier) follows(s *segment) {
	v.header(s)
	switch {
	case s.first > v.next:
		v.problem(0, 0, v.next, s.first-1, errMissing)
	case s.first < v.next:
		v.fault(0, 0, fmt.Errorf("records from %d on are in the segment before as well", s.first))
	}
	if s.first != v.next {
		v.link.known = false // what is missing is reason enough for another value
	}
	v.chain(s)
}

func (v *verifier) header(s *segment) {
	switch {
	case s.headerErr != nil:
		v.fault(0, HeaderSize, s.headerErr)
	case s.sealed() && s.footer.header != *s.header:
		v.fault(0, HeaderSize, errors.New("the footer repeats another header"))
	}
}

// chain holds the segment against the one before it.
func (v *verifier) chain(s *segment) {
	b, at := v.before, v.link
	v.link = link{s.header.start, !s.guessed}
	if b == nil || s.guessed || b.guessed {
		return
	}
	h, p := s.header, b.header
	switch {
	case h.Journal != p.Journal:
		v.fault(0, HeaderSize, errors.New("of another journal"))
	case h.Index != p.Index+1:
		v.fault(0, HeaderSize, fmt.Errorf("segment %d follows segment %d", h.Index, p.Index))
	case at.known && h.Previous != at.value:
		v.fault(0, HeaderSize, errors.New("chain: the segment before has other records than it had"))
	case b.sealed() && (h.Records != p.Records+b.footer.records || h.Raw != p.Raw+b.footer.raw):
		v.fault(0, HeaderSize, errors.New("counts of the segments before differ"))
	case b.sealed() && h.span.newest != 0 && h.span != p.spanWith(b.footer):
		v.fault(0, HeaderSize, errors.New("times of the segments before differ"))
	}
}

// blocks verifies the blocks and what lies between them, and returns where the
// last one ends.
func (v *verifier) blocks(f File, s *segment, size int64) (int64, error) {
	w := s.walk(f)
	w.hole = func(d *DamageError) {
		v.problem(d.Offset, d.Bytes, d.First, d.Last, d.Err)
		v.skip(s, d.First, d.Last)
	}
	w.block = func(offset int64, blk *block) error {
		v.found.add(offset, blk)
		v.report.Blocks++
		e := blk.entry(offset)
		if err := v.buffer.read(f, &e); err != nil {
			return err
		}
		v.chained(offset, blk)
		err := v.buffer.decode(&e, s.header.Salt)
		if err == nil {
			err = v.contents(blk)
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		if err != nil {
			v.problem(offset, blk.size(), blk.zone.First, blk.zone.Last, err)
		} else {
			v.report.Records += uint64(blk.records)
			v.report.RawBytes += uint64(blk.raw)
			v.witness.run += uint64(blk.records)
			v.hear(blk)
		}
		v.reach(s, blk.zone.Last)
		return nil
	}
	limit := size
	if s.sealed() {
		limit = s.footer.offset
	}
	err := w.run(limit)
	v.next = w.next
	return w.offset, err
}

// contents makes digest and zone map again and holds them against the header. A
// header that was extended by a later minor version may say more.
func (v *verifier) contents(blk *block) error {
	b := &v.buffer
	if blake3.Sum256(b.records) != blk.digest {
		return errForged
	}
	v.sum.reset(blk.zone.First)
	v.sum.addAll(b.records)
	zone := v.sum.finish()
	got := b.file[:blk.header]
	fixed := int(le.Uint16(got[blkFixed:]))
	want := make([]byte, blkFixedSize+len(zone.filter))
	encodeBlockHeader(want, zone, blk.codec, blk.stored, blk.raw, blk.digest)
	chainBlock(want, le.Uint64(got[blkSalt:]), blk.before)
	le.PutUint16(want[blkFixed:], uint16(fixed))
	if !bytes.Equal(want[blkFixed:blkFixedSize], got[blkFixed:blkFixedSize]) ||
		!bytes.Equal(want[blkFixedSize:], got[fixed:]) {
		return damaged("zone map is not that of the records")
	}
	return nil
}

// footer holds a footer, whose checksum was right, against the blocks.
func (v *verifier) footer(s *segment, end int64) {
	f := s.footer
	if end != f.offset {
		lost := v.next
		if n := len(f.entries); n > 0 {
			lost = f.entries[n-1].last() + 1
		}
		v.problem(end, f.offset-end, v.next, lost-1, errMissing)
		v.skip(s, v.next, lost-1)
		v.next = max(v.next, lost)
	} else if v.report.Problems == v.known && !equalFooters(f, &v.found) {
		v.fault(f.offset, 0, errors.New("footer is not that of the blocks"))
	}
	if v.link.known && v.link.value != f.chain {
		v.fault(f.offset, 0, errors.New("chain: the footer is not that of the records"))
	}
}

func equalFooters(a, b *footer) bool {
	return a.records == b.records && a.raw == b.raw && a.extremes == b.extremes &&
		slices.Equal(a.entries, b.entries) && slices.Equal(a.digests, b.digests)
}

// tail looks at what follows the last block where there is no footer. What a
// writer did not finish is no fault; a footer that was finished and is damaged
// is one.
func (v *verifier) tail(f File, end, size int64, last bool) error {
	rest := size - end
	if !last {
		v.fault(end, rest, errNoFooter)
		return nil
	}
	reserved, err := onlyZeroes(f, end, size)
	if err != nil || reserved {
		return err
	}
	v.report.TailBytes = rest
	whole, err := wasFooter(f, end, size)
	if err != nil || !whole {
		return err
	}
	v.fault(end, rest, damaged("footer"))
	v.report.TailBytes = 0
	return nil
}

// wasFooter: from end to size there was once a whole footer.
func wasFooter(f File, end, size int64) (bool, error) {
	var b [8]byte
	if size-end < ftrHeadSize+trailer {
		return false, nil
	}
	if err := readFull(f, b[:], size-8); err != nil {
		return false, err
	}
	if bytes.Equal(b[:], trailerMagic[:]) {
		return true, nil
	}
	var head [ftrHeadSize]byte
	if err := readFull(f, head[:], end); err != nil {
		return false, err
	}
	length := ftrHeadSize + int64(le.Uint32(head[ftrCount:]))*entSize + trailer
	return bytes.Equal(head[:8], footerMagic[:]) && size-end >= length, nil
}
