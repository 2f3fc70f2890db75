// SPDX-License-Identifier: Apache-2.0

package render

import (
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
