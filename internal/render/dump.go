// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/binary"
	"fmt"

	"vexj/internal/quote"
	"vexj/uapi"
)

// Dump appends the bytes of a record in hexadecimal with the name and the value
// of each field. Every byte appears exactly once.
func Dump(dst []byte, r uapi.Record) []byte {
	d := dump{dst: dst, rec: r}
	d.fields("", headerLayout)
	end := d.off + r.ContextSize()
	for r.Version() == uapi.Version && d.off < end {
		if !d.attr(end) {
			break
		}
	}
	d.raw("context", end)
	d.padding()
	d.raw("payload", d.off+r.PayloadSize())
	d.padding()
	d.raw("metadata", d.off+r.MetadataSize())
	d.padding()
	for i := range r.LinkCount() {
		d.fields(fmt.Sprintf("links[%d].", i), linkLayout)
		d.raw("description", d.off+128)
	}
	return d.dst
}

type dump struct {
	dst []byte
	rec uapi.Record
	off int
}

const perRow = 16

// put writes the bytes up to end in rows, and beside the first the note.
func (d *dump) put(end int, note string) {
	for first := true; d.off < end; first = false {
		stop := min(d.off+perRow, end)
		d.dst = fmt.Appendf(d.dst, "%04x  %-*s", d.off, 3*perRow, fmt.Sprintf("% x", d.rec[d.off:stop]))
		if first {
			d.dst = append(d.dst, note...)
		}
		d.dst = append(d.dst, '\n')
		d.off = stop
	}
}

func (d *dump) fields(prefix string, layout []field) {
	for _, f := range layout {
		d.put(d.off+f.size, fmt.Sprintf("%-24s %s", prefix+f.name, f.value(d.rec[d.off:])))
	}
}

func (d *dump) raw(name string, end int) {
	if d.off < end {
		d.put(end, fmt.Sprintf("%-24s %d bytes", name, end-d.off))
	}
}

func (d *dump) padding() {
	d.raw("(padding)", min((d.off+uapi.Align-1)&^(uapi.Align-1), len(d.rec)))
}

func (d *dump) attr(end int) bool {
	const head = 4
	if end-d.off < head {
		return false
	}
	tag := uapi.Tag(binary.LittleEndian.Uint16(d.rec[d.off:]))
	size := int(binary.LittleEndian.Uint16(d.rec[d.off+2:]))
	if d.off+head+size > end {
		return false
	}
	d.put(d.off+head, fmt.Sprintf("[attribute %d: %s, %d bytes]", uint16(tag), tag, size))
	layout := attrLayouts[tag]
	if layoutSize(layout) == size {
		d.fields(tag.String()+".", layout)
	} else if size > 0 {
		v := d.rec[d.off : d.off+size]
		note := fmt.Sprintf("%-24s ", tag)
		switch fixed, ok := tag.Size(); {
		case ok && fixed == size && (size == 4 || size == 8):
			note += field{size: size, form: decimal}.value(v)
		case tag.Known() && !ok:
			note += string(quote.Append(nil, v))
		}
		d.put(d.off+size, note)
	}
	d.padding()
	return true
}
