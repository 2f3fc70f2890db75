// SPDX-License-Identifier: Apache-2.0

package errorfs

import "vexj/userjournal"

type file struct {
	userjournal.File
	fs   *FS
	name string
}

var _ userjournal.File = (*file)(nil)

func (f *file) ReadAt(b []byte, offset int64) (int, error) {
	if x := f.fs.fault(Call{Op: Read, Name: f.name, Offset: offset, Bytes: len(b)}); x.Err != nil {
		return 0, x.Err
	}
	return f.File.ReadAt(b, offset)
}

func (f *file) WriteAt(b []byte, offset int64) (int, error) {
	x := f.fs.fault(Call{Op: Write, Name: f.name, Offset: offset, Bytes: len(b)})
	if x.Err == nil && x.Keep == 0 {
		return f.File.WriteAt(b, offset)
	}
	n, err := f.File.WriteAt(b[:x.Keep], offset)
	if err == nil {
		err = x.Err
	}
	return n, err
}

func (f *file) Size() (int64, error) {
	if x := f.fs.fault(Call{Op: Size, Name: f.name}); x.Err != nil {
		return 0, x.Err
	}
	return f.File.Size()
}

func (f *file) Truncate(size int64) error {
	if x := f.fs.fault(Call{Op: Truncate, Name: f.name}); x.Err != nil {
		return x.Err
	}
	return f.File.Truncate(size)
}

func (f *file) Reserve(size int64) error {
	if x := f.fs.fault(Call{Op: Reserve, Name: f.name, Offset: size}); x.Err != nil {
		return x.Err
	}
	return f.File.Reserve(size)
}

func (f *file) Sync() error {
	if x := f.fs.fault(Call{Op: Sync, Name: f.name}); x.Err != nil {
		return x.Err
	}
	return f.File.Sync()
}
