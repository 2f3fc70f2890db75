// SPDX-License-Identifier: Apache-2.0

package render

import (
	"iter"

	"vexj/internal/quote"
	"vexj/uapi"
)

// Rest appends the members of a record's object that are neither of its header nor of
// an attribute that the caller shows itself, as an object, or nothing if there are none.
// Of a text that the caller shows, and that is no UTF-8, it has the bytes.
func Rest(dst []byte, r uapi.Record, shown func(uapi.Tag) bool) []byte {
	start := len(dst)
	j := fields{dst: append(dst, '{')}
	j.version(r)
	for tag, v := range r.Attrs() {
		switch size, fixed := tag.Size(); {
		case !shown(tag) || fixed && size != len(v):
			j.attr(r, tag, v)
		case tag == uapi.AttrTask:
			if comm := r.Comm(); !quote.Valid(comm) {
				j.bytes("comm_bytes", comm)
			}
		case !fixed && !quote.Valid(v):
			j.bytes(members[tag]+"_bytes", v)
		}
	}
	j.end(r)
	j.opaque(r)
	j.links(r)
	if len(j.dst) == start+1 {
		return j.dst[:start]
	}
	return append(j.dst, '}')
}

// Shown yields the attributes that a caller of Rest shows itself: of each the first, as
// the methods of a record have it, if its size is right.
func Shown(r uapi.Record, shown func(uapi.Tag) bool) iter.Seq2[uapi.Tag, []byte] {
	return func(yield func(uapi.Tag, []byte) bool) {
		var seen [2]uint64
		for tag, v := range r.Attrs() {
			if size, fixed := tag.Size(); !tag.Known() || !shown(tag) || fixed && size != len(v) {
				continue
			}
			if bit := uint64(1) << (tag % 64); seen[tag/64]&bit == 0 {
				seen[tag/64] |= bit
				if !yield(tag, v) {
					return
				}
			}
		}
	}
}
