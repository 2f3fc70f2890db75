// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// File is struct vexj_attr_file: an object, as it is after the
// operation (before it, for a delete).
type File struct {
	DevMajor   uint32
	DevMinor   uint32
	Inode      uint64
	Generation uint32
	Mode       uint32
	Size       uint64
	Nlink      uint32
}

const fileSize = 36

func (f *File) get(b []byte) {
	_ = b[fileSize-1]
	f.DevMajor = binary.LittleEndian.Uint32(b[0:])
	f.DevMinor = binary.LittleEndian.Uint32(b[4:])
	f.Inode = binary.LittleEndian.Uint64(b[8:])
	f.Generation = binary.LittleEndian.Uint32(b[16:])
	f.Mode = binary.LittleEndian.Uint32(b[20:])
	f.Size = binary.LittleEndian.Uint64(b[24:])
	f.Nlink = binary.LittleEndian.Uint32(b[32:])
}

func (f *File) put(b []byte) {
	_ = b[fileSize-1]
	binary.LittleEndian.PutUint32(b[0:], f.DevMajor)
	binary.LittleEndian.PutUint32(b[4:], f.DevMinor)
	binary.LittleEndian.PutUint64(b[8:], f.Inode)
	binary.LittleEndian.PutUint32(b[16:], f.Generation)
	binary.LittleEndian.PutUint32(b[20:], f.Mode)
	binary.LittleEndian.PutUint64(b[24:], f.Size)
	binary.LittleEndian.PutUint32(b[32:], f.Nlink)
}

// File returns the object acted upon.
func (r Record) File() (f File, ok bool) {
	b := r.fixed(AttrFile, fileSize)
	if b == nil {
		return f, false
	}
	f.get(b)
	return f, true
}

// File2 returns the second object: the other one of an exchange, the source of a
// copy.
func (r Record) File2() (f File, ok bool) {
	b := r.fixed(AttrFile2, fileSize)
	if b == nil {
		return f, false
	}
	f.get(b)
	return f, true
}

// AddFile appends the object acted upon.
func (b *Builder) AddFile(f File) {
	if dst := b.add(AttrFile, fileSize); dst != nil {
		f.put(dst)
	}
}

// AddFile2 appends the second object.
func (b *Builder) AddFile2(f File) {
	if dst := b.add(AttrFile2, fileSize); dst != nil {
		f.put(dst)
	}
}
