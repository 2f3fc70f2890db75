// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"slices"
)

// An index is a segment with the list of its blocks. All but the name and the
// first ordinal is guarded by the reader's mutex. The list comes from the
// footer or, if there is none, from a walk that goes on where it was each time
// the reader looks again.
type index struct {
	segment
	dir     string
	loaded  bool
	walked  int64 // offset up to which the blocks are known
	next    uint64
	entries []entry // only ever appended to
}

// maxEntries is how many entries a reader keeps, of all segments together.
const maxEntries = maxBlocks

// load brings the index up to date. The entries of a sealed segment are read
// only if asked for.
func (r *Reader) load(x *index, withEntries bool) error {
	// Another segment may have taken the place of one without records.
	if x.loaded && x.sealed() && x.footer.records > 0 && (!withEntries || x.entries != nil) {
		r.use(x)
		return nil
	}
	f, err := r.open(x)
	if err != nil {
		return err
	}
	defer f.Close()
	detail := footerHead
	if withEntries {
		detail = footerEntries
	}
	s, err := loadSegment(f, x.name, detail)
	if err != nil {
		return fmt.Errorf("%s: %w", x.name, err)
	}
	if x.header != nil && x.header.Salt != s.header.Salt {
		// A segment without records was replaced by the next writer.
		x.walked, x.next, x.entries = 0, 0, nil
	}
	x.header, x.headerErr, x.footer, x.footerErr = s.header, s.headerErr, s.footer, s.footerErr
	x.loaded = true
	if x.sealed() {
		// Those of a walk end where it was before the segment was sealed.
		x.entries, x.footer.entries = x.footer.entries, nil
		r.use(x)
		return nil
	}
	return x.extend(f)
}

// extend walks on to the end of what is visible now.
func (x *index) extend(f File) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	w := x.walk(f)
	if x.walked > 0 {
		w.offset, w.next = x.walked, x.next
	}
	known := len(x.entries)
	var last block
	w.block = func(offset int64, blk *block) error {
		x.entries = append(x.entries, blk.entry(offset))
		last = *blk
		return nil
	}
	if err := w.run(size); err != nil {
		return err
	}
	x.walked, x.next = w.offset, w.next
	if len(x.entries) == known {
		return nil
	}
	// A header can be on the disk and the data not, after a power cut: what
	// ends so was never acknowledged and is not there.
	e := x.entries[len(x.entries)-1]
	if _, err := w.blocks.readData(e.offset, &last); errors.Is(err, ErrDamaged) {
		x.entries = x.entries[: len(x.entries)-1 : len(x.entries)-1]
		x.walked, x.next = e.offset, e.first
	} else if err != nil {
		return err
	}
	return nil
}

// use marks the index as used now, and lets go of the entries that were not
// used for longest if they are too many.
func (r *Reader) use(x *index) {
	if i := slices.Index(r.recent, x); i >= 0 {
		r.recent = append(slices.Delete(r.recent, i, i+1), x)
		return
	}
	if x.entries == nil {
		return
	}
	r.recent = append(r.recent, x)
	total := 0
	for _, y := range r.recent {
		total += len(y.entries)
	}
	for total > maxEntries && len(r.recent) > 1 {
		total -= len(r.recent[0].entries)
		r.recent[0].entries = nil
		r.recent = slices.Delete(r.recent, 0, 1)
	}
}

// last is the last ordinal in the segment, first - 1 if it has none.
func (x *index) last() uint64 {
	if n := len(x.entries); n > 0 {
		return x.entries[n-1].last()
	}
	return x.first - 1
}
