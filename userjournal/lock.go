// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"io"
	"path/filepath"

	"vexj/internal/disk"
)

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := disk.Lock(name, fileMode)
	var held *disk.HeldError
	if errors.As(err, &held) {
		return nil, &LockedError{Dir: filepath.Dir(name), PID: held.PID}
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// WriterPID is the process that writes to the journal now, 0 if none does.
func WriterPID(dir string) (int, error) { return disk.Holder(filepath.Join(dir, lockName)) }
