// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"time"
)

// SegmentInfo is what a segment's header and footer say, and of one that is not
// sealed, its blocks' headers.
type SegmentInfo struct {
	Name    string // of the file
	Number  uint64 // in the journal, from 1
	First   uint64 // ordinal of its first record
	Last    uint64 // First - 1: it has no records
	Records uint64
	Blocks  int

	RawBytes    uint64 // of the records
	StoredBytes uint64 // of the file
	Codec       Codec  // of the first block; 0: there is none

	Created             time.Time
	FirstKtime          uint64 // lowest and highest
	LastKtime           uint64
	FirstTime, LastTime time.Time // zero if there are no records
	Clock               Clock

	Sealed    bool // it will not change any more
	Recovered bool // by the next writer, after a crash
	Archived  bool // it is in a directory of an archive
	Signed    bool
	Previous  Digest // value of the chain at the end of the segment before
	Chain     Digest // at its end; zero while it is not sealed

	// Err says why there is nothing but the name: the header cannot be read.
	Err error
}

// Segments calls fn for each segment that is there now, the oldest first. It
// reads headers and footers, and no records. ErrStop ends it without an error.
func (r *Reader) Segments(fn func(SegmentInfo) error) error {
	if err := r.refresh(); err != nil {
		return err
	}
	r.mu.Lock()
	segments := r.segments
	closed := r.closed
	r.mu.Unlock()
	if closed {
		return ErrClosed
	}
	for _, x := range segments {
		i, err := r.segmentInfo(x)
		if err != nil {
			return err
		}
		if err := fn(i); err != nil {
			if err == ErrStop {
				return nil
			}
			return err
		}
	}
	return nil
}

func (r *Reader) segmentInfo(x *index) (SegmentInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return SegmentInfo{}, ErrClosed
	}
	i := SegmentInfo{Name: x.name, First: x.first, Last: x.first - 1, Archived: x.dir != r.dir}
	if err := r.load(x, true); err != nil {
		if gone(err) {
			i.Err = err
			return i, nil
		}
		return i, err
	}
	h := x.header
	i.Number, i.Created, i.Previous = h.Index, time.Unix(0, h.Created), h.Previous
	i.Clock = Clock{h.Boot, h.WallOffset}
	i.Blocks, i.Last, i.Sealed = len(x.entries), x.last(), x.sealed()
	if x.sealed() {
		i.Chain, i.Recovered = x.footer.chain, x.footer.flags&sealedRecovered != 0
		i.Signed = x.footer.sign.present()
	}
	var err error
	if i.Records, i.RawBytes, err = r.contents(x); err != nil {
		return i, err
	}
	size, err := r.size(x)
	if err != nil {
		return i, err
	}
	i.StoredBytes = uint64(size)
	i.span(x)
	return i, r.firstCodec(x, &i)
}

func (i *SegmentInfo) span(x *index) {
	for n, e := range x.entries {
		if n == 0 || e.minKtime < i.FirstKtime {
			i.FirstKtime = e.minKtime
		}
		i.LastKtime = max(i.LastKtime, e.maxKtime)
	}
	if len(x.entries) > 0 {
		i.FirstTime, i.LastTime = x.header.time(i.FirstKtime), x.header.time(i.LastKtime)
	}
}

func (r *Reader) firstCodec(x *index, i *SegmentInfo) error {
	if len(x.entries) == 0 {
		return nil
	}
	f, err := r.open(x)
	if err != nil {
		return err
	}
	defer f.Close()
	head := blockReader{r: f, salt: x.header.Salt}
	var blk block
	e := x.entries[0]
	if err := head.readHeader(e.offset, e.end(), &blk); err != nil {
		if gone(err) {
			return nil // Verify tells
		}
		return err
	}
	i.Codec = blk.codec
	return nil
}
