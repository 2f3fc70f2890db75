// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"vexj/vector"
)

// A writer writes a file from its start to its end.
type writer struct{ *bufio.Writer }

type appender struct {
	f  vector.File
	at int64
}

func (a *appender) Write(b []byte) (int, error) {
	n, err := a.f.WriteAt(b, a.at)
	a.at += int64(n)
	return n, err
}

var _ io.Writer = (*appender)(nil)

// replace puts what fill writes in the place of a file, durably: whenever the power
// fails there is the old one or the new one.
func replace(fsys vector.FS, name string, fill func(*writer) error) (err error) {
	tmp := name + ".tmp"
	if err := fsys.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Create(tmp)
	if err != nil {
		return err
	}
	w := &writer{bufio.NewWriterSize(&appender{f: f}, 1<<20)}
	err = fill(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fsys.Remove(tmp))
	}
	if err := fsys.Rename(tmp, name); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}
