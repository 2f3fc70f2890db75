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

// ArchiveOptions say what Archive moves.
type ArchiveOptions struct {
	// To is the directory, made if missing.
	To string
	// OlderThan is for the newest record of a segment, by the time of day. 0:
	// all sealed segments but the newest.
	OlderThan time.Duration
	// Now is time.Now() if zero.
	Now time.Time
}

// An ArchiveReport says what Archive did.
type ArchiveReport struct {
	Segments      int
	Records       uint64
	Before, After uint64 // bytes of the segments
	// Left are segments that are damaged and stay where they are: repair them
	// first.
	Left []string
}

// Archive compresses the oldest sealed segments anew, with CodecZstd, into
// another directory, and removes them from the journal. The journal knows where
// they are: readers, Verify and Retain go on as before. It may run beside a
// writer and readers.
//
// A copy is synced, read back and compared with the chain before its original is
// removed. Whenever it is interrupted, each segment is in one of the
// directories, or in both.
func Archive(dir string, o ArchiveOptions) (ArchiveReport, error) { return ArchiveFS(OSFS, dir, o) }

// ArchiveFS is Archive with another filesystem.
func ArchiveFS(fsys FS, dir string, o ArchiveOptions) (report ArchiveReport, err error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	r, err := OpenFS(fsys, dir)
	if err != nil {
		return report, err
	}
	defer r.Close()
	if o.To, err = filepath.Abs(o.To); err == nil {
		a := archiver{reader: r, options: o, report: &report}
		err = a.run()
	}
	if err != nil {
		err = fmt.Errorf("archive %s: %w", dir, err)
	}
	return report, err
}

type archiver struct {
	reader  *Reader
	options ArchiveOptions
	report  *ArchiveReport
	copy    segmentCopy
}

func (a *archiver) run() error {
	if err := a.prepare(); err != nil {
		return err
	}
	segments := a.reader.segments
	for _, x := range segments[:len(segments)-1] {
		if x.dir != a.reader.dir {
			continue
		}
		if err := a.reader.load(x, false); err != nil || !x.sealed() {
			if err != nil && !gone(err) {
				return err
			}
			a.report.Left = append(a.report.Left, x.name)
			continue
		}
		if newest := x.header.time(x.footer.extremes.maxKtime); newest.After(a.options.Now.Add(-a.options.OlderThan)) {
			break
		}
		if err := a.segment(x); err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
	}
	return nil
}

// prepare makes the directory, and the journal know of it.
func (a *archiver) prepare() error {
	r, to := a.reader, a.options.To
	if own, err := filepath.Abs(r.dir); err != nil || own == to {
		return errors.Join(err, fmt.Errorf("%s: %w: it is the journal itself", to, ErrOption))
	}
	if err := r.fs.MkdirAll(to); err != nil {
		return err
	}
	names, foreign, err := listSegments(r.fs, to)
	if err != nil {
		return err
	}
	if len(foreign) > 0 && len(names) == 0 {
		return foreignError(to, foreign[0])
	}
	if len(names) > 0 {
		s, err := openSegment(r.fs, place{to, names[0]})
		if err != nil {
			return err
		}
		if s.header.Journal != r.journal {
			return fmt.Errorf("%s: %w: it has segments of another journal", to, ErrOption)
		}
	}
	if err := removeAbandoned(r.fs, to); err != nil {
		return err
	}
	return r.lockConsumers(func() error {
		dirs, err := readArchives(r.fs, r.dir)
		if errors.Is(err, ErrDamaged) {
			dirs, err = nil, nil
		}
		if err != nil || slices.Contains(dirs, to) {
			return err
		}
		return writeArchives(r.fs, r.dir, append(dirs, to))
	})
}

// segment moves one.
func (a *archiver) segment(x *index) error {
	r := a.reader
	temp := tempName(filepath.Join(a.options.To, x.name), "")
	_ = r.fs.Remove(temp) // of a process that had this pid
	size, err := a.copy.make(r.fs, x, temp)
	if err == nil {
		err = r.lockConsumers(func() error { return a.exchange(x, temp) })
	}
	if err != nil {
		_ = r.fs.Remove(temp)
		if errors.Is(err, ErrDamaged) && !errors.Is(err, errCopy) {
			a.report.Left = append(a.report.Left, x.name)
			return nil
		}
		if errors.Is(err, errExchanged) {
			return nil
		}
		return err
	}
	a.report.Segments++
	a.report.Records += x.footer.records
	a.report.Before += uint64(a.copy.before)
	a.report.After += uint64(size)
	return nil
}

var errExchanged = errors.New("removed or archived by another process meanwhile")

// exchange puts the copy in the place of the original, unless that is gone.
func (a *archiver) exchange(x *index, temp string) error {
	fsys, from, to := a.reader.fs, x.dir, a.options.To
	f, err := fsys.Open(filepath.Join(from, x.name))
	if notExist(err) {
		return errExchanged
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	// The index stands for the records, however they are stored.
	if err := copyFile(fsys, filepath.Join(from, indexName(x.name)), filepath.Join(to, indexName(x.name))); err != nil && !notExist(err) {
		return err
	}
	if err := fsys.Rename(temp, filepath.Join(to, x.name)); err != nil {
		return err
	}
	if err := fsys.SyncDir(to); err != nil {
		return err
	}
	if err := fsys.Remove(filepath.Join(from, x.name)); err != nil {
		return err
	}
	if err := fsys.Remove(filepath.Join(from, indexName(x.name))); err != nil && !notExist(err) {
		return err
	}
	return fsys.SyncDir(from)
}

// ForgetArchive makes the journal not look for segments in the directory any
// more. What is in it stays. If the journal begins later then, that is to be told
// in it by [Writer.TellRemoved].
func ForgetArchive(dir, archive string) error { return ForgetArchiveFS(OSFS, dir, archive) }

// ForgetArchiveFS is ForgetArchive with another filesystem.
func ForgetArchiveFS(fsys FS, dir, archive string) error {
	archive, err := filepath.Abs(archive)
	if err != nil {
		return err
	}
	return lockConsumers(fsys, dir, func() error {
		dirs, err := readArchives(fsys, dir)
		if err != nil {
			return err
		}
		i := slices.Index(dirs, archive)
		if i < 0 {
			return fmt.Errorf("%s: %w: %s is no archive of it", dir, ErrOption, archive)
		}
		if err := writeArchives(fsys, dir, slices.Delete(dirs, i, i+1)); err != nil {
			return err
		}
		return noteForgotten(fsys, dir)
	})
}

// noteForgotten writes down that the journal begins where it does because an
// archive is not looked into any more. What is in that is not removed: where it
// is made an archive again, it is there again.
func noteForgotten(fsys FS, dir string) error {
	all, _, err := places(fsys, dir)
	if err != nil || len(all) == 0 {
		return err
	}
	s, err := openSegment(fsys, all[len(all)-1])
	if err != nil {
		return err
	}
	m, err := readRemoval(fsys, dir, s.header.Journal)
	if err != nil {
		return err
	}
	first, _ := ParseSegmentName(all[0].name)
	if first-1 <= max(m.through, m.untold.Last) {
		return nil
	}
	through := m.through
	m.add(uapi.Removed{First: through + 1, Last: first - 1, Records: first - 1 - through, Reason: uapi.RemovedArchive}, nil)
	m.through = through
	return replaceFile(fsys, filepath.Join(dir, removedName), m.encode())
}
