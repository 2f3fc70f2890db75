// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"path/filepath"
	"time"
)

// RecoveryStatus sums up what a writer found when it continued a journal.
type RecoveryStatus int

const (
	// RecoveryClean: the journal is new, or the writer before closed it.
	RecoveryClean RecoveryStatus = iota
	// RecoveryComplete: the writer before ended without Close. All blocks that
	// it wrote whole are kept; what it had not finished was cut off.
	RecoveryComplete
	// RecoveryPartial: something is missing between good blocks, or a file in
	// which no block could be found was set aside.
	RecoveryPartial
	// RecoveryFailed: the journal cannot be continued, and the error says why.
	RecoveryFailed
)

func (s RecoveryStatus) String() string {
	return [...]string{"clean", "recovered", "partial", "failed"}[s]
}

// A RecoveryReport is what was done, or what is to be done, to continue a
// journal.
type RecoveryReport struct {
	Status RecoveryStatus
	// Segments that had no footer, and got one.
	Segments []string
	// Records in these segments, all that could be read.
	Records uint64
	// CutBytes were at the end of the last one and no whole block, nor zeroes
	// alone, which a writer leaves that had reserved room.
	CutBytes int64
	// Removed is a segment that had no records, SetAside a file that was not
	// empty and in which no block could be found, under its new name.
	Removed, SetAside string
	// Damage are the holes between good blocks; they stay in the file. Lost
	// is how many records are in them.
	Damage []*DamageError
	Lost   uint64
	// Next is the ordinal of the first record appended.
	Next uint64
	// ClockBack is by how much the wall clock had gone back since the journal
	// was last begun or continued; it stands in the segment that follows.
	ClockBack time.Duration
}

func (r *RecoveryReport) damage(found ...*DamageError) {
	if len(found) == 0 {
		return
	}
	r.Status = RecoveryPartial
	r.Damage = append(r.Damage, found...)
	for _, d := range found {
		r.Lost += d.lost()
	}
}

// RecoverOptions of Recover. The zero value recovers a journal of the machine.
type RecoverOptions struct {
	// DryRun finds out and changes nothing.
	DryRun bool
	// Key signs the segments that get a footer.
	Key *SigningKey
	// FS is the machine's filesystem if nil.
	FS FS
}

// Recover does to a journal what Create does before it continues one, and looks
// besides whether all segments are there and follow each other. With a status of
// RecoveryFailed there is an error that says why. Nothing is ever removed that
// could be read.
func Recover(dir string, o RecoverOptions) (RecoveryReport, error) {
	if o.FS == nil {
		o.FS = OSFS
	}
	r := recovery{fs: o.FS, dir: dir, dry: o.DryRun, key: o.Key}
	err := r.locked()
	if err != nil {
		r.report.Status = RecoveryFailed
		err = fmt.Errorf("recover journal: %w", err)
	}
	return r.report, err
}

func (r *recovery) locked() error {
	names, foreign, err := listSegments(r.fs, r.dir)
	switch {
	case err != nil:
		return err
	case len(names) == 0 && len(foreign) > 0:
		return foreignError(r.dir, foreign[0])
	case len(names) == 0:
		return fmt.Errorf("%s: %w", r.dir, ErrEmpty)
	}
	if r.dry {
		pid, err := WriterPID(r.dir)
		if err != nil {
			return err
		}
		if pid != 0 {
			return &LockedError{Dir: r.dir, PID: pid}
		}
	} else {
		lock, err := r.fs.Lock(filepath.Join(r.dir, lockName))
		if err != nil {
			return err
		}
		defer lock.Close()
	}
	if err := r.survey(names); err != nil {
		return err
	}
	_, err = r.run()
	return err
}

// survey holds headers and footers against each other: which segments are
// missing or exchanged. The blocks are Verify's to read.
func (r *recovery) survey(names []string) error {
	v := verifier{tell: func(p Problem) {
		d := DamageError(p)
		r.report.damage(&d)
	}}
	v.next, _ = ParseSegmentName(names[0])
	for i, name := range names {
		s, err := r.load(name)
		if gone(err) {
			v.before, v.next, v.link = nil, 0, link{}
			if i < len(names)-1 { // the last one is looked at by run
				d := DamageError{Segment: name, First: 1, Err: err}
				r.report.damage(&d)
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(r.dir, name), err)
		}
		v.name = name
		if v.next == 0 {
			v.next = s.first
		}
		v.follows(s)
		// Where one ends that has no footer is for run to find out.
		v.before, v.next, v.link = nil, 0, link{}
		if s.sealed() {
			v.before, v.next, v.link = s, s.footer.next, link{s.footer.chain, true}
		}
	}
	return nil
}
