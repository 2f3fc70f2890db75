// SPDX-License-Identifier: Apache-2.0

package folder

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vexj/internal/disk"
	"vexj/internal/render"
	"vexj/userjournal"
)

// An Encoder writes the records of one part.
type Encoder interface {
	Add(e render.Entry) error
	// Full reports whether the part is as large as a part shall be.
	Full() bool
	// Finish writes what is left.
	Finish() error
}

// A Format makes encoders; the extension of its files names it.
type Format struct {
	Ext string
	New func(w io.Writer) (Encoder, error)
}

// A Folder is an [export.Sink].
type Folder struct {
	dir    string
	format Format
	lock   *os.File
	state  state
	after  userjournal.Position

	part *os.File // nil: the next record begins one
	enc  Encoder
}

// Open makes the folder, or goes on with one in which there is the same already: the
// journal and the selection, in the same words. Errors are ErrOther, ErrBusy, or those
// of the disk.
func Open(set *userjournal.Set, dir, selection string, format Format) (*Folder, error) {
	info, err := set.Info()
	if err != nil {
		return nil, err
	}
	if err := disk.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{dir: dir, format: format, lock: lock}
	f.state = state{What{format.Ext, hex.EncodeToString(info.Journal[:]), selection}, "0"}
	if err := f.begin(set); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, errors.Join(err, lock.Close()))
	}
	return f, nil
}

func (f *Folder) begin(set *userjournal.Set) error {
	if err := unix.Flock(int(f.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return ErrBusy
		}
		return os.NewSyscallError("flock", err)
	}
	s, old, err := readState(f.dir)
	if err != nil {
		return err
	}
	if old {
		if err := s.check(f.state.What); err != nil {
			return err
		}
	}
	names, err := sweep(f.dir)
	if err != nil {
		return err
	}
	if !old {
		return f.state.write(f.dir)
	}
	if f.after, err = place(set, names, &s, f.format.Ext); err != nil {
		return err
	}
	if f.after.Sum() == 0 {
		f.after = nil
		return nil
	}
	// What was killed behind a rename had no time to note the place.
	f.state.Position = f.after.String()
	if f.state.Position == s.Position {
		return nil
	}
	return f.state.write(f.dir)
}

// After is where the export goes on; nil: it is new.
func (f *Folder) After() userjournal.Position { return f.after }

// Add is that of a sink.
func (f *Folder) Add(e render.Entry) (err error) {
	if f.part == nil {
		f.part, err = os.OpenFile(filepath.Join(f.dir, unfinished), os.O_RDWR|os.O_CREATE|os.O_TRUNC, fileMode)
		if err != nil {
			return err
		}
		if f.enc, err = f.format.New(f.part); err != nil {
			return err
		}
	}
	return f.enc.Add(e)
}

// Full is that of a sink.
func (f *Folder) Full() bool { return f.enc != nil && f.enc.Full() }

// Commit finishes the part.
func (f *Folder) Commit(_ context.Context, first, upto userjournal.Position) error {
	if f.part != nil {
		if err := f.finish(partName(first, upto, f.format.Ext)); err != nil {
			return err
		}
	}
	f.state.Position = upto.String()
	return f.state.write(f.dir)
}

func (f *Folder) finish(name string) error {
	err := f.enc.Finish()
	if err == nil {
		err = f.part.Sync()
	}
	err = errors.Join(err, f.part.Close())
	f.part, f.enc = nil, nil
	if err != nil {
		return err
	}
	// Nothing has the name: what begins at a record that is in a part is not exported
	// again, and nobody else holds the lock.
	if err := os.Rename(filepath.Join(f.dir, unfinished), filepath.Join(f.dir, name)); err != nil {
		return err
	}
	return disk.SyncDir(f.dir)
}

// Close gives up the part that is not finished.
func (f *Folder) Close() error {
	var errs []error
	if f.part != nil {
		errs = append(errs, f.part.Close(), os.Remove(f.part.Name()))
		f.part, f.enc = nil, nil
	}
	return errors.Join(append(errs, f.lock.Close())...)
}
