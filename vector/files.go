// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
)

// The files of a generation begin with a page that says what they are.
type fileKind uint32

const (
	rowsKind fileKind = 1 + iota
	slotsKind
	textsKind
	indexKind
)

var kindNames = map[fileKind]string{rowsKind: "vectors", slotsKind: "slots", textsKind: "texts", indexKind: "ids"}

var fileMagic = [8]byte{0x8f, 'V', 'X', 'V', 'd', 'a', 't', '\n'}

func fileName(dir string, kind fileKind, generation uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%s.%08d", kindNames[kind], generation))
}

// firstPage is what a file begins with.
func firstPage(kind fileKind, c *checkpoint, extra ...uint64) []byte {
	b := make([]byte, pageSize)
	le := binary.LittleEndian
	copy(b, fileMagic[:])
	le.PutUint32(b[8:], formatVersion)
	le.PutUint32(b[12:], uint32(kind))
	copy(b[16:], c.id[:])
	le.PutUint64(b[32:], c.generation)
	for i, v := range extra {
		le.PutUint64(b[40+8*i:], v)
	}
	le.PutUint32(b[pageSize-4:], sum(b[:pageSize-4]))
	return b
}

// checkPage holds the first page of a file against what it must be.
func checkPage(f File, name string, kind fileKind, c *checkpoint) ([]byte, error) {
	b := make([]byte, pageSize)
	if n, err := f.ReadAt(b, 0); err != nil {
		return nil, &DamageError{name, int64(n), "the file ends in its first page"}
	}
	le := binary.LittleEndian
	if le.Uint32(b[pageSize-4:]) != sum(b[:pageSize-4]) {
		return nil, &DamageError{name, pageSize - 4, "the checksum of the first page is wrong"}
	}
	want := firstPage(kind, c)
	if [40]byte(b) != [40]byte(want) {
		return nil, &DamageError{name, 0, "it is a file of another store, or of another time"}
	}
	return b, nil
}

// files are the three of one generation, open.
type files struct {
	rows, slots, texts File
}

func (f *files) all() []File { return []File{f.rows, f.slots, f.texts} }

func (f *files) close() error {
	var errs []error
	for _, one := range f.all() {
		if one != nil {
			errs = append(errs, one.Close())
		}
	}
	return errors.Join(errs...)
}

func (f *files) sync() error {
	for _, one := range f.all() {
		if err := one.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// createFiles makes those of a generation, empty.
func createFiles(fsys FS, dir string, c *checkpoint) (*files, error) {
	f := &files{}
	for _, one := range []struct {
		kind fileKind
		to   *File
	}{{rowsKind, &f.rows}, {slotsKind, &f.slots}, {textsKind, &f.texts}} {
		file, err := fsys.Create(fileName(dir, one.kind, c.generation))
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		*one.to = file
		if _, err := file.WriteAt(firstPage(one.kind, c), 0); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

// openFiles opens them, and sees that they have what the checkpoint says.
func openFiles(fsys FS, dir string, c *checkpoint, write bool) (*files, error) {
	f := &files{}
	open := fsys.Open
	if write {
		open = fsys.OpenWrite
	}
	for _, one := range []struct {
		kind fileKind
		to   *File
		size uint64
	}{
		{rowsKind, &f.rows, c.slots * uint64(c.config.stride())},
		{slotsKind, &f.slots, c.slots * slotSize},
		{textsKind, &f.texts, c.texts},
	} {
		name := fileName(dir, one.kind, c.generation)
		file, err := open(name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrDamaged, err), f.close())
		}
		*one.to = file
		if _, err := checkPage(file, name, one.kind, c); err != nil {
			return nil, errors.Join(err, f.close())
		}
		size, err := file.Size()
		if err == nil && size < pageSize+int64(one.size) {
			err = &DamageError{name, size, fmt.Sprintf("the file ends before the %d bytes that it must have", pageSize+one.size)}
		}
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}
