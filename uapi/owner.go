// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Owner is struct vexj_attr_owner: what chown(2) was asked for; ^0
// leaves one unchanged.
type Owner struct {
	UID uint32
	GID uint32
}

const ownerSize = 8

func (o *Owner) get(b []byte) {
	_ = b[ownerSize-1]
	o.UID = binary.LittleEndian.Uint32(b[0:])
	o.GID = binary.LittleEndian.Uint32(b[4:])
}

func (o *Owner) put(b []byte) {
	_ = b[ownerSize-1]
	binary.LittleEndian.PutUint32(b[0:], o.UID)
	binary.LittleEndian.PutUint32(b[4:], o.GID)
}

// Owner returns the ids that a chown asked for.
func (r Record) Owner() (o Owner, ok bool) {
	b := r.fixed(AttrOwner, ownerSize)
	if b == nil {
		return o, false
	}
	o.get(b)
	return o, true
}

// AddOwner appends the ids that a chown asked for.
func (b *Builder) AddOwner(o Owner) {
	if dst := b.add(AttrOwner, ownerSize); dst != nil {
		o.put(dst)
	}
}
