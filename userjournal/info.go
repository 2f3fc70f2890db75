// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"slices"
	"time"
)

// Info is what can be said of a journal from a few headers and footers.
type Info struct {
	Dir     string
	Journal [16]byte // identity, the same in all segments
	Boot    [16]byte // of the last segment

	FirstOrdinal, LastOrdinal uint64 // LastOrdinal < FirstOrdinal: no records
	Records                   uint64
	Segments                  int
	RawBytes                  uint64 // of the records
	StoredBytes               uint64 // of the files

	FirstKtime, LastKtime uint64
	FirstTime, LastTime   time.Time // zero if there are no records
	WallOffset            int64     // ns, of the last segment

	// Clean: the writer closed the journal. If it did not, and none is at
	// work, the next one recovers.
	Clean  bool
	Writer int // pid of the process that writes now, 0 if none
}

// Info looks at what is there now.
func (r *Reader) Info() (Info, error) {
	if err := r.refresh(); err != nil {
		return Info{}, err
	}
	pid, err := WriterPID(r.dir)
	if err != nil {
		return Info{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Info{}, ErrClosed
	}
	first, last, err := r.ends()
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Dir: r.dir, Journal: last.header.Journal, Boot: last.header.Boot, WallOffset: last.header.WallOffset,
		FirstOrdinal: first.first, LastOrdinal: last.last(), Segments: len(r.segments), Writer: pid,
		Clean:    last.closed(),
		Records:  last.header.Records - first.header.Records,
		RawBytes: last.header.Raw - first.header.Raw,
	}
	records, raw, err := r.contents(last)
	if err != nil {
		return Info{}, err
	}
	i.Records += records
	i.RawBytes += raw
	for _, x := range r.segments {
		size, err := r.size(x)
		if err != nil {
			return Info{}, err
		}
		i.StoredBytes += uint64(size)
	}
	i.times(first, last)
	return i, nil
}

// ends are the first and the last segment that can be read.
func (r *Reader) ends() (first, last *index, err error) {
	for _, x := range r.segments {
		if err = r.load(x, true); err == nil {
			first = x
			break
		}
		if !gone(err) {
			return nil, nil, err
		}
	}
	for _, x := range slices.Backward(r.segments) {
		if err = r.load(x, true); err == nil {
			return first, x, nil
		}
		if !gone(err) {
			break
		}
	}
	return nil, nil, err
}

func (i *Info) times(first, last *index) {
	if len(first.entries) > 0 {
		i.FirstKtime = first.entries[0].minKtime
		i.FirstTime = first.header.time(i.FirstKtime)
	}
	// A new segment has no blocks at first.
	i.LastKtime, i.LastTime = i.FirstKtime, i.FirstTime
	if n := len(last.entries); n > 0 {
		i.LastKtime = last.entries[n-1].maxKtime
		i.LastTime = last.header.time(i.LastKtime)
	}
}

func (h *segmentHeader) time(ktime uint64) time.Time { return wallTime(ktime, h.WallOffset) }

func wallTime(ktime uint64, offset int64) time.Time { return time.Unix(0, int64(ktime)+offset) }

// contents are the records in a segment and their bytes.
func (r *Reader) contents(x *index) (records, raw uint64, err error) {
	if x.sealed() {
		return x.footer.records, x.footer.raw, nil
	}
	f, err := r.open(x)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	head := blockReader{r: f, salt: x.header.Salt}
	var blk block
	for _, e := range x.entries {
		if err := head.readHeader(e.offset, e.end(), &blk); err != nil {
			return 0, 0, err
		}
		records += uint64(blk.records)
		raw += uint64(blk.raw)
	}
	return records, raw, nil
}

func (r *Reader) size(x *index) (int64, error) {
	f, err := r.open(x)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Size()
}

// WallTime is the time of day at the ktime of a record with the ordinal, as the
// clock was set when its segment was begun. It is zero if that segment cannot
// be read.
func (r *Reader) WallTime(ordinal, ktime uint64) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, err := r.headed(ordinal)
	if err != nil {
		return time.Time{}
	}
	return x.header.time(ktime)
}

// Clock is what the ktime of a record with the ordinal counts from.
func (r *Reader) Clock(ordinal uint64) (Clock, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, err := r.headed(ordinal)
	if err != nil {
		return Clock{}, err
	}
	return Clock{x.header.Boot, x.header.WallOffset}, nil
}

// headed is the segment in which the ordinal would be, with its header, which
// does not change while the segment grows. The caller holds the lock.
func (r *Reader) headed(ordinal uint64) (*index, error) {
	if r.closed {
		return nil, ErrClosed
	}
	x := r.segments[r.position(ordinal)]
	if x.loaded {
		return x, nil
	}
	err := r.load(x, false)
	if notExist(err) {
		if y := r.moved(x); y != nil {
			return y, r.load(y, false)
		}
	}
	return x, err
}
