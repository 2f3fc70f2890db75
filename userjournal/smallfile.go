// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"path/filepath"
)

// replaceFile gives a small file another content: after a crash it has the one
// or the other. Whoever calls it holds a lock.
func replaceFile(fsys FS, path string, b []byte) error {
	temp := tempName(path, "")
	_ = fsys.Remove(temp) // of a process that had this pid
	f, err := fsys.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fsys.Rename(temp, path)
	}
	if err != nil {
		_ = fsys.Remove(temp)
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// readSmall reads a file of at most so many bytes.
func readSmall(fsys FS, path string, most int64) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(size, most))
	return b, readFull(f, b, 0)
}
