// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// A recovery finds the end of a journal and makes it ready to be continued.
type recovery struct {
	fs     FS
	dir    string
	dry    bool // change nothing
	key    *SigningKey
	report RecoveryReport

	// alone is a segment without records that is the only one. It stays until
	// the next one takes its place: a journal, or a shard, is never without any.
	alone string
}

// run returns the header of the segment to create. It changes nothing in a
// segment that has a footer.
func (r *recovery) run() (segmentHeader, error) {
	next := segmentHeader{Journal: newID(), First: 1, Index: 1}
	names, foreign, err := listSegments(r.fs, r.dir)
	if err != nil {
		return next, err
	}
	if len(names) == 0 && len(foreign) > 0 {
		return next, foreignError(r.dir, foreign[0])
	}
	// A power cut can leave more than the last one without a footer.
	start, done, closed := len(names), len(names) == 0, len(names) == 0
	for start > 0 {
		start--
		s, err := r.load(names[start])
		if err != nil && !gone(err) {
			return next, err
		}
		if err == nil && s.sealed() {
			done = start == len(names)-1 && s.closed()
			closed = done && s.footer.flags&sealedClosed != 0
			break
		}
	}
	if len(names) > 0 {
		next.First, _ = ParseSegmentName(names[start])
	}
	for _, name := range names[start:] {
		if err := r.segment(name, &next, len(names) == 1); err != nil {
			return next, fmt.Errorf("recover %s: %w", filepath.Join(r.dir, name), err)
		}
	}
	r.report.Next = next.First
	if !done {
		r.report.Status = max(r.report.Status, RecoveryComplete)
	}
	if closed || r.dry {
		return next, nil
	}
	// A recovery before this one may not have come so far.
	return next, r.settle()
}

// settle makes durable what the writer before may have written and not synced:
// from now on it counts as acknowledged.
func (r *recovery) settle() error {
	names, _, err := listSegments(r.fs, r.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := r.fs.OpenWrite(filepath.Join(r.dir, name))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return r.fs.SyncDir(r.dir)
}

func (r *recovery) load(name string) (*segment, error) {
	f, err := r.fs.Open(filepath.Join(r.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return loadSegment(f, name, footerHead)
}

// segment makes sure that the segment has records and a footer, or is gone.
// next is the header of the one after those before it; it becomes that of the
// one after this.
func (r *recovery) segment(name string, next *segmentHeader, only bool) error {
	open := r.fs.OpenWrite
	if r.dry {
		open = r.fs.Open
	}
	f, err := open(filepath.Join(r.dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := loadSegment(f, name, footerHead)
	if err != nil {
		if !gone(err) {
			return err
		}
		return r.drop(f, name)
	}
	if s.guessed && !s.sealed() {
		// What followed the segment before is likely, the start is certain.
		made := *next
		made.First, made.Salt, made.start = s.header.First, s.header.Salt, s.header.start
		s.header = &made
	}
	if !s.sealed() {
		if err := r.seal(f, s); err != nil {
			return err
		}
	}
	if s.footer.records == 0 {
		*next = *s.header
		if only {
			r.alone = name
			return nil
		}
		return r.remove(name)
	}
	*next = s.header.following(s.footer, s.footer.next)
	return nil
}

func (r *recovery) remove(name string) error {
	r.report.Removed = name
	if r.dry {
		return nil
	}
	return r.fs.Remove(filepath.Join(r.dir, name))
}

// drop gets a file out of the way that has neither a header nor a first block.
// That is what a crash at the creation of a segment leaves; if it may be
// something else, the file is kept.
func (r *recovery) drop(f File, name string) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	if empty, err := onlyZeroes(f, min(size, HeaderSize), size); err != nil {
		return err
	} else if empty {
		r.report.CutBytes += size
		return r.remove(name)
	}
	r.report.Status = RecoveryPartial
	r.report.SetAside = name + asideSuffix
	if r.dry {
		return nil
	}
	path := filepath.Join(r.dir, name)
	return r.fs.Rename(path, path+asideSuffix)
}

func onlyZeroes(r io.ReaderAt, from, to int64) (bool, error) {
	b := make([]byte, resyncChunk)
	for from < to {
		n := min(int64(len(b)), to-from)
		if err := readFull(r, b[:n], from); err != nil {
			return false, err
		}
		for _, c := range b[:n] {
			if c != 0 {
				return false, nil
			}
		}
		from += n
	}
	return true, nil
}

// seal finds the good blocks, cuts off what follows the last one, and appends a
// footer.
func (r *recovery) seal(f File, s *segment) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	sw := segmentWriter{file: f, path: s.name, header: *s.header, signer: r.key}
	holes, err := sw.gather(f, s, size)
	if err != nil {
		return err
	}
	flags := uint32(sealedRecovered)
	if len(holes) > 0 {
		flags |= sealedDamaged
	}
	if s.guessed {
		h := *s.header
		sw.first, flags = h.encode(), flags|sealedGuessed
	} else if sw.first, err = readHeaderFields(f); sw.first == nil {
		return err
	}
	r.report.Segments = append(r.report.Segments, s.name)
	r.report.Records += sw.footer.records
	if reserved, err := onlyZeroes(f, sw.size, size); err != nil {
		return err
	} else if !reserved {
		r.report.CutBytes += size - sw.size
	}
	r.report.damage(holes...)
	s.footer, s.footerErr = &sw.footer, nil
	if r.dry {
		return nil
	}
	if err := f.Truncate(sw.size); err != nil {
		return err
	}
	return sw.seal(flags)
}

// gather finds the good blocks of a segment that has no footer, and the holes
// that have a good block behind them.
func (s *segmentWriter) gather(f File, seg *segment, size int64) (holes []*DamageError, err error) {
	s.size = HeaderSize
	s.footer.extremes, s.footer.chain, s.footer.next = noExtremes(), seg.header.start, seg.first
	inside := 0
	w := seg.walk(f)
	w.hole = func(d *DamageError) { holes = append(holes, d) }
	w.block = func(offset int64, blk *block) error {
		_, err := w.blocks.readData(offset, blk)
		if errors.Is(err, ErrDamaged) {
			holes = append(holes, &DamageError{Segment: seg.name, Offset: offset, Bytes: blk.size(),
				First: blk.zone.First, Last: blk.zone.Last, Err: err})
			return nil
		}
		if err == nil {
			s.footer.add(offset, blk)
			s.size, inside = offset+blk.size(), len(holes)
		}
		return err
	}
	err = w.run(size)
	return holes[:inside], err
}
