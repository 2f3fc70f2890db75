// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Why records were removed from a journal: bits of [Removed].Reason.
const (
	RemovedSize   = 1 // the journal was larger than it may be
	RemovedAge    = 2 // they were older than they may be
	RemovedForced = 4 // somebody was still owed them
	// RemovedArchive: the archive that has them was forgotten.
	RemovedArchive = 8
)

// Removed is struct vexj_attr_removed: records that were taken out of the
// journal on purpose.
type Removed struct {
	First   uint64 // ordinals
	Last    uint64
	Records uint64
	Bytes   uint64 // of the files
	Reason  uint32
	Owed    uint32 // consumers that had not acknowledged all of them
}

const removedSize = 40

func (r *Removed) get(b []byte) {
	_ = b[removedSize-1]
	r.First = binary.LittleEndian.Uint64(b[0:])
	r.Last = binary.LittleEndian.Uint64(b[8:])
	r.Records = binary.LittleEndian.Uint64(b[16:])
	r.Bytes = binary.LittleEndian.Uint64(b[24:])
	r.Reason = binary.LittleEndian.Uint32(b[32:])
	r.Owed = binary.LittleEndian.Uint32(b[36:])
}

func (r *Removed) put(b []byte) {
	_ = b[removedSize-1]
	binary.LittleEndian.PutUint64(b[0:], r.First)
	binary.LittleEndian.PutUint64(b[8:], r.Last)
	binary.LittleEndian.PutUint64(b[16:], r.Records)
	binary.LittleEndian.PutUint64(b[24:], r.Bytes)
	binary.LittleEndian.PutUint32(b[32:], r.Reason)
	binary.LittleEndian.PutUint32(b[36:], r.Owed)
}

// Removed returns the attribute of a REMOVED record.
func (r Record) Removed() (a Removed, ok bool) {
	b := r.fixed(AttrRemoved, removedSize)
	if b == nil {
		return a, false
	}
	a.get(b)
	return a, true
}

// AddRemoved appends the removed attribute.
func (b *Builder) AddRemoved(r Removed) {
	if dst := b.add(AttrRemoved, removedSize); dst != nil {
		r.put(dst)
	}
}
