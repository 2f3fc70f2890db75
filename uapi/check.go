// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Limits of version 1, from the legacy kernel journal.
const (
	context1Size = 5280
	payload1Max  = 65536
	metadata1Max = 2048
	links1Max    = 256
)

// Size checks the header of the record at the start of b and returns its
// event_size, which is at most len(b). It looks at no byte after the header.
func Size(b []byte) (int, error) {
	if len(b) < HeaderSize {
		return 0, tooShort(b)
	}
	r := Record(b)
	size, context := uint64(r.u32(64)), uint64(r.u32(68))
	payload, metadata := uint64(r.u32(72)), uint64(r.u32(76))
	links := uint64(r.u32(96))
	// No sum of these can wrap in 64 bits.
	sum := HeaderSize + (context+3)&^3 + (payload+3)&^3 + (metadata+3)&^3 + links*LinkSize
	if r.Version() == Version &&
		size == sum && size <= MaxRecord && size <= uint64(len(b)) && context%Align == 0 &&
		r.u32(84)|r.u32(88)|r.u32(92) == 0 {
		return int(size), nil
	}
	if err := checkHeader(r, sum); err != nil {
		return 0, err
	}
	return int(size), nil
}

func tooShort(b []byte) error {
	err := malformed(len(b), "vexj_record", "%d bytes are too few for the header's %d", len(b), HeaderSize)
	err.Kind = ErrTruncated
	return err
}

// checkHeader is the slow half of Size: it names what is wrong, and takes
// version 1.
func checkHeader(r Record, sum uint64) error {
	size, context := r.u32(64), r.u32(68)
	switch r.Version() {
	case Version:
		switch {
		case size > MaxRecord:
			return malformed(64, "event_size", "%d is more than the %d that a record may have", size, MaxRecord)
		case context%Align != 0:
			return malformed(68, "context_size", "%d is not a multiple of %d", context, Align)
		case r.Checksum() != 0:
			return malformed(84, "checksum", "0x%x, but version 2 has none", r.Checksum())
		case r.Compression() != 0:
			return malformed(88, "compression_type", "%d, but version 2 has none", r.Compression())
		case r.Encryption() != 0:
			return malformed(92, "encryption_type", "%d, but version 2 has none", r.Encryption())
		}
	case Version1:
		switch payload, metadata, links := r.u32(72), r.u32(76), r.u32(96); {
		case context != context1Size:
			return malformed(68, "context_size", "%d, but in version 1 it is always %d", context, context1Size)
		case payload > payload1Max:
			return malformed(72, "payload_size", "%d is more than the %d of version 1", payload, payload1Max)
		case metadata > metadata1Max:
			return malformed(76, "metadata_size", "%d is more than the %d of version 1", metadata, metadata1Max)
		case links > links1Max:
			return malformed(96, "causality_link_count", "%d is more than the %d of version 1", links, links1Max)
		}
	default:
		err := malformed(80, "event_version", "%d is neither 1 nor 2: if a newer vexj made this record, read it with that one", r.Version())
		err.Kind = ErrVersion
		return err
	}
	switch {
	case size%Align != 0:
		return malformed(64, "event_size", "%d is not a multiple of %d", size, Align)
	case uint64(size) != sum:
		return malformed(64, "event_size", "%d, but the parts make %d", size, sum)
	case uint64(size) > uint64(len(r)):
		err := malformed(64, "event_size", "%d, but only %d bytes are there", size, len(r))
		err.Kind = ErrTruncated
		return err
	}
	return nil
}

// Check returns the record at the start of b, which may go on after it, if all
// that vexj.h promises of its structure holds. It judges no value that only
// bears meaning: an unknown type, flag or tag is sound.
func Check(b []byte) (Record, error) {
	n, err := Size(b)
	if err != nil {
		return nil, err
	}
	r := Record(b[:n:n])
	if err := checkAttrs(r.attrs(), HeaderSize); err != nil {
		return nil, err
	}
	return r, nil
}

// CheckAttrs reports what is wrong with the context of a version 2 record, as a
// [*FormatError] whose offset counts from the start of the context.
func CheckAttrs(context []byte) error {
	if err := checkAttrs(context, 0); err != nil {
		return err
	}
	return nil
}

// tagSet holds known tags, which are all below 128.
type tagSet [2]uint64

func (s *tagSet) add(t Tag) (fresh bool) {
	w, bit := &s[t>>6&1], uint64(1)<<(t&63)
	fresh = *w&bit == 0
	*w |= bit
	return fresh
}

func checkAttrs(c []byte, base int) *FormatError {
	var seen tagSet
	for off := 0; off < len(c); {
		rest := c[off:]
		if len(rest) < attrHead {
			return malformed(base+off, "vexj_attr", "%d bytes at the end of the context are too few for an attribute", len(rest))
		}
		tag, n := Tag(binary.LittleEndian.Uint16(rest)), int(binary.LittleEndian.Uint16(rest[2:]))
		end := attrHead + align(n)
		if end > len(rest) {
			return malformed(base+off, tag.String(), "%d bytes do not fit into the %d that the context has left", n, len(rest)-attrHead)
		}
		if tag.Known() {
			if !seen.add(tag) {
				return malformed(base+off, tag.String(), "appears twice")
			}
			if want := tags[tag].size; n != want {
				if err := checkValue(tag, rest[attrHead:attrHead+n]); err != nil {
					err.Offset = base + off
					return err
				}
			}
		}
		// Of the value's last word, what is above the value is padding.
		if over := n % Align; over != 0 && binary.LittleEndian.Uint32(rest[end-Align:])>>(8*over) != 0 {
			return malformed(base+off+attrHead+n, tag.String(), "the padding is not zero")
		}
		off += end
	}
	return nil
}

// checkValue checks what is promised of a known tag's value.
func checkValue(tag Tag, v []byte) *FormatError {
	if want := tags[tag].size; want != anySize {
		if len(v) != want {
			return malformed(0, tag.String(), "has %d bytes, not %d", len(v), want)
		}
		return nil
	}
	switch tag {
	case AttrPath, AttrPath2:
		if len(v) > MaxPath {
			return malformed(0, tag.String(), "has %d bytes, more than %d", len(v), MaxPath)
		}
	case AttrName:
	default:
		return nil
	}
	if len(v) > 0 && v[len(v)-1] == 0 {
		return malformed(0, tag.String(), "ends in a NUL")
	}
	return nil
}
