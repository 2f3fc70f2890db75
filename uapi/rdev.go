// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Rdev is struct vexj_attr_rdev: the device that a mknod names.
type Rdev struct {
	Major uint32
	Minor uint32
}

const rdevSize = 8

func (d *Rdev) get(b []byte) {
	_ = b[rdevSize-1]
	d.Major = binary.LittleEndian.Uint32(b[0:])
	d.Minor = binary.LittleEndian.Uint32(b[4:])
}

func (d *Rdev) put(b []byte) {
	_ = b[rdevSize-1]
	binary.LittleEndian.PutUint32(b[0:], d.Major)
	binary.LittleEndian.PutUint32(b[4:], d.Minor)
}

// Rdev returns the device that a mknod names.
func (r Record) Rdev() (d Rdev, ok bool) {
	b := r.fixed(AttrRdev, rdevSize)
	if b == nil {
		return d, false
	}
	d.get(b)
	return d, true
}

// AddRdev appends the device that a mknod names.
func (b *Builder) AddRdev(d Rdev) {
	if dst := b.add(AttrRdev, rdevSize); dst != nil {
		d.put(dst)
	}
}
