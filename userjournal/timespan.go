// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"sort"
	"time"
)

// A timeSpan is what a header says of the times of day in the segments before, so
// that those with a time are found without a look at all of them. It holds
// whatever the clocks did: newest never falls from one segment to the next, and
// no record is older than the newest before its segment by more than the lag.
type timeSpan struct {
	newest int64 // ns since 1970, of the newest record; 0: not known, or none
	lag    int64 // ns
}

// spanWith is what the header behind this sealed segment says. What is not known
// once stays so.
func (h *segmentHeader) spanWith(f *footer) timeSpan {
	known := h.Index == 1 || h.span.newest != 0
	newest, oldest := int64(f.extremes.maxKtime)+h.WallOffset, int64(f.extremes.minKtime)+h.WallOffset
	switch {
	case !known || f.flags&sealedGuessed != 0 || newest <= 0 || oldest > newest:
		return timeSpan{}
	case h.span.newest == 0:
		return timeSpan{newest: newest}
	}
	return timeSpan{max(h.span.newest, newest), max(h.span.lag, h.span.newest-oldest)}
}

// between narrows the segments lo to hi to those that may have a record of the
// time that is wanted, by looking at the headers of a few. The tail is the newest
// segment. The caller holds the lock.
func (r *Reader) between(lo, hi int, o *ScanOptions, tail *index) (int, int) {
	if !o.Since.IsZero() {
		// All before a segment is older than what its header says.
		lo += sort.Search(hi-lo, func(i int) bool {
			s := r.span(lo + 1 + i)
			return s.newest == 0 || !time.Unix(0, s.newest).Before(o.Since)
		})
	}
	if o.Until.IsZero() {
		return lo, hi
	}
	lag, ok := tail.lag()
	if !ok {
		return lo, hi
	}
	return lo, lo + sort.Search(hi-lo, func(i int) bool {
		s := r.span(lo + 1 + i)
		return s.newest != 0 && !time.Unix(0, s.newest-lag).Before(o.Until)
	})
}

// lag is that of all segments, the newest, which this is, included.
func (x *index) lag() (ns int64, ok bool) {
	if !x.loaded || x.header.span.newest == 0 {
		return 0, false
	}
	ns = x.header.span.lag
	for i := range x.entries {
		ns = max(ns, x.header.span.newest-int64(x.entries[i].minKtime)-x.header.WallOffset)
	}
	return ns, ns < 1<<61
}

// span reads no more of the segment than its header. If that cannot be read,
// nothing is known of those before.
func (r *Reader) span(i int) timeSpan {
	x := r.segments[i]
	if x.header != nil {
		return x.header.span
	}
	f, err := r.open(x)
	if err != nil {
		return timeSpan{}
	}
	defer f.Close()
	h, _ := readHeader(f)
	if h == nil || h.First != x.first {
		return timeSpan{}
	}
	return h.span
}
