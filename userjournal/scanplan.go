// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"math"
	"slices"
)

// A scanPlan is the segments that a scan passes, in its order.
type scanPlan struct {
	reader   *Reader
	options  ScanOptions
	from, to uint64
	segments []*index
	tail     *index // the last segment, with the entries that it had
	expect   uint64 // the ordinal that comes next if none is lost
}

func (r *Reader) plan(o ScanOptions) (*scanPlan, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	p := &scanPlan{reader: r, options: o, from: o.From, to: o.To}
	if o.From == 0 {
		p.from = r.segments[0].first
	}
	lastSegment := r.segments[len(r.segments)-1]
	if err := r.load(lastSegment, true); err != nil && !gone(err) {
		return nil, err
	}
	// What is written from now on is for the next scan.
	tail := *lastSegment
	p.tail = &tail
	last := uint64(math.MaxUint64)
	if tail.loaded {
		last = tail.last()
	}
	if p.to == 0 || p.to > last {
		p.to = last
	}
	if p.from > p.to {
		return p, nil
	}
	lo, hi := r.position(p.from), r.position(p.to)
	since, until := r.between(lo, hi, &o, &tail)
	if since > lo {
		lo, p.from = since, r.segments[since].first
	}
	if until < hi {
		hi, p.to = until, r.segments[until+1].first-1
	}
	p.segments = slices.Clone(r.segments[lo : hi+1])
	p.expect = p.from
	if o.Reverse {
		slices.Reverse(p.segments)
		p.expect = p.to
	}
	return p, nil
}

// entries are the blocks of the segment, oldest first, with its header.
func (p *scanPlan) entries(x *index) ([]entry, *segmentHeader, error) {
	if x.first == p.tail.first && x.dir == p.tail.dir && p.tail.loaded {
		return p.tail.entries, p.tail.header, nil
	}
	r := p.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(x, true); err != nil {
		return nil, nil, err
	}
	return x.entries, x.header, nil
}

// wanted is the range of the entries that the scan passes.
func (p *scanPlan) wanted(entries []entry) (lo, hi int) {
	lo = findOrdinal(entries, p.from)
	hi = lo
	for hi < len(entries) && entries[hi].first <= p.to {
		hi++
	}
	return lo, hi
}

// narrow asks the index of a sealed segment which of its blocks are
// worth a look: nil is all of them. If none is, and all that it should hold is
// there, last is its last ordinal, and otherwise 0.
func (p *scanPlan) narrow(x *index) (blocks blockSet, last uint64, err error) {
	o := &p.options
	if len(o.Keys) == 0 && o.Since.IsZero() && o.Until.IsZero() {
		return nil, 0, nil
	}
	// What was sealed since the scan began is scanned as it was then.
	if x.first == p.tail.first && !p.tail.sealed() {
		return nil, 0, nil
	}
	r := p.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.openIndex(x)
	if err != nil {
		if noIndex(err) {
			err = nil
		}
		return nil, 0, err
	}
	defer k.close()
	if !k.damaged && k.records > 0 {
		last = x.first + k.records - 1
	}
	if !p.timely(k.minKtime, k.maxKtime, k.wallOffset) {
		return blockSet{}, last, nil
	}
	if len(o.Keys) == 0 {
		return nil, 0, nil
	}
	if blocks, err = k.candidates(o.Keys); noIndex(err) {
		return nil, 0, nil
	}
	if err != nil || !blocks.empty() {
		last = 0
	}
	return blocks, last, err
}

// timely: a record with one of the ktimes may be in the time that is wanted.
func (p *scanPlan) timely(minKtime, maxKtime uint64, wallOffset int64) bool {
	o := &p.options
	return (o.Since.IsZero() || !wallTime(maxKtime, wallOffset).Before(o.Since)) &&
		(o.Until.IsZero() || wallTime(minKtime, wallOffset).Before(o.Until))
}

// missing is the damage between what was expected and the records first to
// last, which come next, or nil.
func (p *scanPlan) missing(segment string, first, last uint64) *DamageError {
	d := &DamageError{Segment: segment, Err: errMissing}
	if p.options.Reverse {
		d.First, d.Last = last+1, p.expect
		p.expect = first - 1
	} else {
		d.First, d.Last = p.expect, first-1
		p.expect = last + 1
	}
	if d.Last < d.First || d.Last == math.MaxUint64 {
		return nil
	}
	if err := p.reader.removed(d.First, d.Last); err != nil {
		d.Err = err
	}
	return d
}

var errMissing = errors.New("blocks are missing")
