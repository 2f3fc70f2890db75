// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"vexj/uapi"
)

// RetainOptions say what a journal may hold. Limits that are 0 are none.
type RetainOptions struct {
	// MaxBytes is for segments and indexes, archived ones included.
	MaxBytes int64
	// MaxAge is for the newest record of a segment, by the time of day.
	MaxAge time.Duration
	// Force removes also what consumers have not acknowledged.
	Force bool
	// Now is time.Now() if zero.
	Now time.Time
}

// A RetainReport says what Retain did.
type RetainReport struct {
	Removed  uapi.Removed // Last is 0 if nothing was
	Segments int
	// Owed are the consumers whose unacknowledged records were removed or, if
	// that was not forced, because of whom Kept bytes that are over a limit
	// were not.
	Owed []Consumer
	Kept int64
}

// Retain removes the oldest sealed segments while the journal is above one of
// the limits. It may run beside a writer and readers, and never touches the
// newest segment. What consumers have not acknowledged stays, unless it is told
// otherwise.
//
// What is removed is noted in the file REMOVED first, and is to be told in the
// journal by [Writer.TellRemoved]; a reader that comes too late gets
// ErrRemoved.
func Retain(dir string, o RetainOptions) (RetainReport, error) { return RetainFS(OSFS, dir, o) }

// RetainFS is Retain with another filesystem.
func RetainFS(fsys FS, dir string, o RetainOptions) (report RetainReport, err error) {
	if o.MaxBytes < 0 || o.MaxAge < 0 {
		return report, fmt.Errorf("retain: %w: a limit is not negative", ErrOption)
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	r, err := OpenFS(fsys, dir)
	if err != nil {
		return report, err
	}
	defer r.Close()
	err = r.lockConsumers(func() error {
		t := retention{reader: r, options: o, report: &report}
		return t.run()
	})
	if err != nil {
		err = fmt.Errorf("retain %s: %w", dir, err)
	}
	return report, err
}

type retention struct {
	reader  *Reader
	options RetainOptions
	report  *RetainReport
	total   int64 // bytes of what is left
}

// A remnant is a segment that may go.
type remnant struct {
	x      *index
	last   uint64
	bytes  int64
	reason uint32
}

func (t *retention) run() error {
	// Another process may have archived or removed meanwhile.
	if err := t.reader.refresh(); err != nil {
		return err
	}
	if err := t.finish(); err != nil {
		return err
	}
	over, err := t.over()
	if err != nil || len(over) == 0 {
		return err
	}
	consumers, err := t.reader.Consumers().List()
	if err != nil {
		return err
	}
	going := over
	for i := range over {
		if owed := owedBy(consumers, over[i].last); len(owed) > 0 {
			t.report.Owed = owed
			if !t.options.Force {
				going = over[:i]
				break
			}
		}
	}
	for _, s := range over[len(going):] {
		t.report.Kept += s.bytes
	}
	if len(going) == 0 {
		return nil
	}
	if err := t.note(going); err != nil {
		return err
	}
	for _, s := range going {
		if err := t.remove(s.x); err != nil {
			return err
		}
	}
	return nil
}

// finish removes what was noted before a crash.
func (t *retention) finish() error {
	r := t.reader
	m, err := readRemoval(r.fs, r.dir, r.journal)
	if err != nil {
		return err
	}
	n := 0
	for ; n+1 < len(r.segments) && r.segments[n+1].first-1 <= m.through; n++ {
		if err := t.remove(r.segments[n]); err != nil {
			return err
		}
	}
	if n == 0 {
		return nil
	}
	return r.refresh()
}

// owedBy are the consumers that have not acknowledged the ordinal.
func owedBy(all []Consumer, ordinal uint64) (owed []Consumer) {
	for _, c := range all {
		if c.Acknowledged < ordinal {
			owed = append(owed, c)
		}
	}
	return owed
}

// over are the oldest segments that are above a limit, up to the first that is
// not or cannot be removed.
func (t *retention) over() (list []remnant, err error) {
	segments := t.reader.segments
	sizes := make([]int64, len(segments))
	for i, x := range segments {
		if sizes[i], err = t.reader.bytes(x); err != nil {
			return nil, err
		}
		t.total += sizes[i]
	}
	left := t.total
	for i, x := range segments[:len(segments)-1] {
		s := remnant{x: x, last: segments[i+1].first - 1, bytes: sizes[i]}
		if t.options.MaxBytes > 0 && left > t.options.MaxBytes {
			s.reason |= uapi.RemovedSize
		}
		old, ended, err := t.age(i)
		if err != nil {
			return nil, err
		}
		if old {
			s.reason |= uapi.RemovedAge
		}
		if s.reason == 0 || !ended {
			break
		}
		left -= sizes[i]
		list = append(list, s)
	}
	return list, nil
}

// age: all of the segment is older than it may be, and nobody will write to it any
// more. What cannot be read is as old as the newest record up to the next segment,
// which that one's header has.
func (t *retention) age(i int) (old, ended bool, err error) {
	x, next := t.reader.segments[i], t.reader.segments[i+1]
	err = t.reader.load(x, false)
	switch {
	case err != nil && !gone(err):
		return false, false, err
	case err == nil && x.sealed():
		return x.footer.records > 0 && t.old(x.header.time(x.footer.extremes.maxKtime)), true, nil
	case err == nil:
		if passed, err := t.passed(i); err != nil || !passed {
			return false, false, err
		}
	}
	if err := t.reader.load(next, false); err != nil && !gone(err) {
		return false, false, err
	}
	if next.header == nil || next.header.span.newest == 0 {
		return false, true, nil
	}
	return t.old(time.Unix(0, next.header.span.newest)), true, nil
}

func (t *retention) old(newest time.Time) bool {
	return t.options.MaxAge > 0 && newest.Before(t.options.Now.Add(-t.options.MaxAge))
}

// passed: there is a sealed segment behind the one that has no footer. The next
// writer goes back no further than to that: a footer was there and is damaged.
func (t *retention) passed(i int) (bool, error) {
	for _, x := range slices.Backward(t.reader.segments[i+1:]) {
		err := t.reader.load(x, false)
		if err != nil && !gone(err) {
			return false, err
		}
		if err == nil && x.sealed() {
			return true, nil
		}
	}
	return false, nil
}

// note writes down what goes, before it does.
func (t *retention) note(list []remnant) error {
	r := t.reader
	m, err := readRemoval(r.fs, r.dir, r.journal)
	if err != nil {
		return err
	}
	u := uapi.Removed{First: list[0].x.first, Last: list[len(list)-1].last, Owed: uint32(len(t.report.Owed))}
	for _, s := range list {
		u.Bytes += uint64(s.bytes)
		u.Reason |= s.reason
		if s.x.footer != nil {
			u.Records += s.x.footer.records
		}
	}
	owed := t.report.Owed
	if t.options.Force && len(owed) > 0 {
		u.Reason |= uapi.RemovedForced
	} else {
		owed, u.Owed = nil, 0
	}
	t.report.Removed, t.report.Segments = u, len(list)
	m.add(u, owed)
	return replaceFile(r.fs, filepath.Join(r.dir, removedName), m.encode())
}

// remove makes each removal durable before the next one: a crash leaves no hole.
func (t *retention) remove(x *index) error {
	fsys := t.reader.fs
	if err := fsys.Remove(filepath.Join(x.dir, indexName(x.name))); err != nil && !notExist(err) {
		return err
	}
	if err := fsys.Remove(filepath.Join(x.dir, x.name)); err != nil && !notExist(err) {
		return err
	}
	return fsys.SyncDir(x.dir)
}

// bytes are those of a segment and its index.
func (r *Reader) bytes(x *index) (int64, error) {
	var sum int64
	for _, name := range []string{x.name, indexName(x.name)} {
		f, err := r.fs.Open(filepath.Join(x.dir, name))
		if notExist(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		size, err := f.Size()
		if err := errors.Join(err, f.Close()); err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}
