// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"vexj/uapi"
)

// Report is what a conversion has to tell.
type Report struct {
	Format uapi.LegacyFormat
	Events uint64 // events of the legacy file, read or written
	Parts  uint64 // records of what in it is no event
	Bytes  int64  // of the legacy file
	// Restored: the file is one that was made from records, unchanged, and
	// these came back as they were; or the file that the records came from
	// was made again, byte for byte.
	Restored bool
	// Facts counts what does not fit the other format's fields, by what it
	// is, and says where it went.
	Facts []Fact
	// Damage is what was wrong and kept as it is, on request. The first
	// maxDamage.
	Damage  []*FormatError
	Damaged uint64 // how many there were
}

// A Fact is a kind of fact that the other format has no field for.
type Fact struct {
	Name  string // an attribute's or a field's word
	Count uint64
	Where string // it is kept
}

const maxDamage = 100

func (r *Report) damage(e *FormatError) {
	r.Damaged++
	if len(r.Damage) < maxDamage {
		r.Damage = append(r.Damage, e)
	}
}

func (r *Report) fact(name, where string) {
	for i := range r.Facts {
		if r.Facts[i].Name == name && r.Facts[i].Where == where {
			r.Facts[i].Count++
			return
		}
	}
	r.Facts = append(r.Facts, Fact{name, 1, where})
}
