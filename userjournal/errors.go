// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
)

// What can be wrong with a journal, or with what is asked of it. All are
// wrapped: test with errors.Is.
var (
	// ErrNotJournal: the directory is missing, is no directory, or holds
	// files of something else.
	ErrNotJournal = errors.New("not a journal")
	// ErrEmpty: the directory is there and nothing was ever recorded in it.
	ErrEmpty = errors.New("journal is empty")
	// ErrVersion: a segment was written in a format that this program does
	// not know.
	ErrVersion = errors.New("unknown journal version")
	// ErrTruncated: a file ends before what it must hold does.
	ErrTruncated = errors.New("truncated")
	// ErrDamaged: bytes are not what was written. The error is a *DamageError
	// where a range of ordinals is concerned.
	ErrDamaged = errors.New("damaged")
	// ErrLocked: another writer has the journal. The error is a *LockedError.
	ErrLocked = errors.New("journal is in use by another writer")
	// ErrStopped: the disk failed and the writer takes nothing more. The
	// error is a *StoppedError.
	ErrStopped = errors.New("journal writer stopped")
	// ErrClosed: the writer or the reader was closed.
	ErrClosed = errors.New("journal is closed")
	// ErrRecord: what was appended is not one whole record.
	ErrRecord = errors.New("not a record")
	// ErrNotFound: the journal has no such record.
	ErrNotFound = errors.New("no such record")
	// ErrExists: a directory is not empty that was to be filled.
	ErrExists = errors.New("something is there already")
	// ErrUnfinished: a journal was being made in the directory, and not all of it
	// is there.
	ErrUnfinished = errors.New("journal is not complete")
	// ErrKey: a file is no key, or one that cannot be used here.
	ErrKey = errors.New("not an ed25519 key")
	// ErrCheckpoint: a text is no checkpoint.
	ErrCheckpoint = errors.New("not a checkpoint")
	// ErrSignature: a signature is missing, is of another key, or is of
	// something else.
	ErrSignature = errors.New("signature does not hold")
	// ErrOption: an option is out of its range.
	ErrOption = errors.New("bad option")

	// ErrStop, returned by a callback, ends the iteration without an error.
	ErrStop = errors.New("stop")
)

// A LockedError names the process that writes to the journal.
type LockedError struct {
	Dir string
	PID int // 0 if it could not be told
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s: %v; stop it or record into another directory", e.Dir, ErrLocked)
	}
	return fmt.Sprintf("%s: %v, pid %d; stop it or record into another directory", e.Dir, ErrLocked, e.PID)
}

func (e *LockedError) Unwrap() error { return ErrLocked }

// A StoppedError says why a writer stopped and what survives. Every later call
// of the writer returns it.
type StoppedError struct {
	Op           string // "write", "sync", "create", ...
	Path         string
	Acknowledged uint64 // last ordinal that is safe on disk; 0: none
	Err          error
}

func (e *StoppedError) Error() string {
	kept := fmt.Sprintf("records up to ordinal %d are safe, later ones are not acknowledged", e.Acknowledged)
	if e.Acknowledged == 0 {
		kept = "no record was acknowledged"
	}
	return fmt.Sprintf("%v: %s %s: %v; %s; free or repair the disk, then open the journal again to continue",
		ErrStopped, e.Op, e.Path, e.Err, kept)
}

func (e *StoppedError) Unwrap() []error { return []error{ErrStopped, e.Err} }

// A DamageError is a stretch of a segment that cannot be read, or of the journal
// that was removed from it: ErrRemoved.
type DamageError struct {
	Segment     string // file name
	Offset      int64
	Bytes       int64
	First, Last uint64 // ordinals lost; Last < First: none, or not known
	Err         error
}

// lost is how many records the damage costs.
func (e *DamageError) lost() uint64 {
	if e.Last < e.First {
		return 0
	}
	return e.Last - e.First + 1
}

func (e *DamageError) Error() string {
	lost := "no record lost"
	if e.Last >= e.First {
		lost = fmt.Sprintf("records %d to %d lost", e.First, e.Last)
	}
	if errors.Is(e.Err, ErrRemoved) {
		return fmt.Sprintf("records %d to %d: %v", e.First, e.Last, e.Err)
	}
	if e.Bytes == 0 {
		return fmt.Sprintf("%s: %v; %s", e.Segment, e.Err, lost)
	}
	return fmt.Sprintf("%s: %d bytes at %d: %v; %s", e.Segment, e.Bytes, e.Offset, e.Err, lost)
}

// Unwrap: what was removed on purpose is not damaged.
func (e *DamageError) Unwrap() []error {
	if errors.Is(e.Err, ErrRemoved) {
		return []error{e.Err}
	}
	return []error{ErrDamaged, e.Err}
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}
