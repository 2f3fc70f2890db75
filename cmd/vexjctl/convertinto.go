// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/cmd/internal/exit"
	"vexj/compat"
	"vexj/internal/disk"
	"vexj/uapi"
	"vexj/userjournal"
)

// partial is the name under which a conversion writes until it is complete.
func (c *conversion) partial() string { return strings.TrimRight(c.to, "/") + ".part" }

// free fails if there is something under a name that is to be written.
func free(name string) error {
	if _, err := os.Lstat(name); err == nil {
		return &fs.PathError{Op: "convert into", Path: name, Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// complete gives the result its name, and makes that durable.
func (c *conversion) complete() error {
	to := strings.TrimRight(c.to, "/")
	err := unix.Renameat2(unix.AT_FDCWD, c.partial(), unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// Not every filesystem can promise it.
		if err = free(to); err == nil {
			err = os.Rename(c.partial(), to)
		}
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: c.partial(), New: to, Err: err}
	}
	return disk.SyncDir(filepath.Dir(to))
}

func (c *conversion) ready() error {
	return errors.Join(free(strings.TrimRight(c.to, "/")), free(c.partial()))
}

// intoFile makes a legacy file of what play gives.
func (c *conversion) intoFile(play func(compat.Sink) error) (report *compat.Report, err error) {
	format := uapi.LegacySemj1
	switch c.format {
	case uapi.LegacySemj1.String():
	case uapi.LegacyUsjl1.String():
		format = uapi.LegacyUsjl1
	default:
		return nil, exit.Usagef("--to is usjl2, semj1 or usjl1, not %q", c.format)
	}
	if err := c.ready(); err != nil {
		return nil, err
	}
	var file *os.File
	var x *compat.Exporter
	if c.dryRun {
		x = compat.Export(format, nil)
	} else {
		if file, err = os.OpenFile(c.partial(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640); err != nil {
			return nil, err
		}
		defer func() {
			err = errors.Join(err, file.Close())
			if err == nil {
				err = c.complete()
			}
			if err != nil {
				err = errors.Join(err, remove(c.partial()))
			}
		}()
		x = compat.Export(format, file)
	}
	x.Anew = c.anew
	if err := play(x); err != nil {
		return nil, err
	}
	report, err = x.Close()
	if err == nil && file != nil {
		err = file.Sync()
	}
	return report, err
}

// remove takes away what is there only half.
func remove(name string) error {
	err := os.RemoveAll(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// intoJournal makes a journal of what play gives.
func (c *conversion) intoJournal(play func(compat.Sink) (*compat.Report, error)) (report *compat.Report, err error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if c.dryRun {
		return play(nowhere{})
	}
	sink := &journalSink{dir: c.partial()}
	report, err = play(sink)
	err = errors.Join(err, sink.Close())
	if err == nil {
		err = c.complete()
	}
	if err != nil {
		return nil, errors.Join(err, remove(c.partial()))
	}
	return report, nil
}

// nowhere is where a dry run goes.
type nowhere struct{}

func (nowhere) Origin(compat.Origin) error { return nil }
func (nowhere) Append(uapi.Record) error   { return nil }

// A journalSink writes a journal. Each origin begins a segment.
type journalSink struct {
	dir string
	w   *userjournal.Writer
}

func (s *journalSink) Origin(o compat.Origin) error {
	if err := s.Close(); err != nil {
		return err
	}
	var err error
	s.w, err = userjournal.Create(s.dir, userjournal.Options{
		Durability: userjournal.DurabilityNone, Interval: -1,
		Clock: &userjournal.Clock{Boot: o.Boot, WallOffset: o.WallOffset},
	})
	return err
}

func (s *journalSink) Append(rec uapi.Record) error {
	if s.w == nil {
		return fmt.Errorf("a record came before its clock")
	}
	_, err := s.w.Append(rec)
	return err
}

func (s *journalSink) Close() error {
	if s.w == nil {
		return nil
	}
	w := s.w
	s.w = nil
	return w.Close()
}
