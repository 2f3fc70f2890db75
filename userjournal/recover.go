// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// RecoveryStatus sums up what a writer found when it continued a journal.
type RecoveryStatus int

const (
	// RecoveryNone: the journal is new, or the writer before closed it.
	RecoveryNone RecoveryStatus = iota
	// RecoveryTail: the writer before ended without Close. All blocks that it
	// wrote whole are kept; what it had not finished was cut off.
	RecoveryTail
	// RecoveryPartial: blocks are missing between good ones.
	RecoveryPartial
)

func (s RecoveryStatus) String() string {
	return [...]string{"clean", "recovered", "partial"}[s]
}

// A RecoveryReport is what Create did to continue a journal.
type RecoveryReport struct {
	Status RecoveryStatus
	// Segments that had no footer, and got one.
	Segments []string
	// CutBytes were at the end of the last one and no whole block.
	CutBytes int64
	// Removed is a segment that had no records, SetAside a file that was not
	// empty and in which no block could be found, under its new name.
	Removed, SetAside string
	// Damage are the holes between good blocks; they stay in the file.
	Damage []*DamageError
	// Next is the ordinal of the first record appended.
	Next uint64
}

// A recovery finds the end of a journal and makes it ready to be continued.
type recovery struct {
	fs     FS
	dir    string
	report RecoveryReport
}

// run returns the header of the segment to create. It changes nothing in a
// segment that has a footer.
func (r *recovery) run() (segmentHeader, error) {
	next := segmentHeader{Journal: newID(), First: 1, Index: 1}
	names, foreign, err := listSegments(r.fs, r.dir)
	if err != nil {
		return next, err
	}
	if len(names) == 0 && foreign != "" {
		return next, foreignError(r.dir, foreign)
	}
	// A power cut can leave more than the last one without a footer.
	start, clean := len(names), len(names) == 0
	for start > 0 {
		start--
		s, err := r.load(names[start])
		if err != nil && !gone(err) {
			return next, err
		}
		if err == nil && s.sealed() {
			clean = start == len(names)-1 && s.footer.flags&sealedClosed != 0
			break
		}
	}
	if len(names) > 0 {
		next.First, _ = ParseSegmentName(names[start])
	}
	for _, name := range names[start:] {
		if err := r.segment(name, &next); err != nil {
			return next, fmt.Errorf("recover %s: %w", filepath.Join(r.dir, name), err)
		}
	}
	r.report.Next = next.First
	if !clean {
		err = r.settle()
	}
	return next, err
}

// settle makes durable what the writer before may have written and not synced:
// from now on it counts as acknowledged.
func (r *recovery) settle() error {
	r.report.Status = max(r.report.Status, RecoveryTail)
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
func (r *recovery) segment(name string, next *segmentHeader) error {
	f, err := r.fs.OpenWrite(filepath.Join(r.dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := loadSegment(f, name, footerEntries)
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
	entries := s.footer.entries
	if len(entries) == 0 {
		*next = *s.header
		return r.remove(name)
	}
	*next = s.header.following(s.footer, entries[len(entries)-1].last()+1)
	return nil
}

func (r *recovery) remove(name string) error {
	r.report.Removed = name
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
	ft := footer{flags: sealedRecovered, extremes: noExtremes(), chain: s.header.start}
	var holes []*DamageError
	good, inside := int64(HeaderSize), 0
	w := s.walk(f)
	w.hole = func(d *DamageError) { holes = append(holes, d) }
	w.block = func(offset int64, blk *block) error {
		_, err := w.blocks.readData(offset, blk)
		if errors.Is(err, ErrDamaged) {
			holes = append(holes, &DamageError{Segment: s.name, Offset: offset, Bytes: blk.size(),
				First: blk.zone.First, Last: blk.zone.Last, Err: err})
			return nil
		}
		if err == nil {
			ft.add(offset, blk)
			good, inside = offset+blk.size(), len(holes)
		}
		return err
	}
	if err := w.run(size); err != nil {
		return err
	}
	r.report.Segments = append(r.report.Segments, s.name)
	r.report.CutBytes += size - good
	// Only what has a good block behind it is damage inside.
	if holes = holes[:inside]; len(holes) > 0 {
		r.report.Status = RecoveryPartial
		r.report.Damage = append(r.report.Damage, holes...)
		ft.flags |= sealedDamaged
	}
	if err := f.Truncate(good); err != nil {
		return err
	}
	sw := segmentWriter{file: f, path: s.name, header: *s.header, size: good, footer: ft}
	if s.guessed {
		h := *s.header
		sw.first, sw.footer.flags = h.encode(), ft.flags|sealedGuessed
	} else if sw.first, err = readHeaderFields(f); sw.first == nil {
		return err
	}
	if err := sw.seal(sw.footer.flags); err != nil {
		return err
	}
	s.footer, s.footerErr = &sw.footer, nil
	return nil
}
