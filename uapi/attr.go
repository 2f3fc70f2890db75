// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"iter"
)

const attrHead = 4

// nextAttr returns the first attribute of c and what follows it. ok is false at
// the end and at anything that is not a whole attribute.
func nextAttr(c []byte) (tag Tag, value, rest []byte, ok bool) {
	if len(c) < attrHead {
		return 0, nil, nil, false
	}
	tag = Tag(binary.LittleEndian.Uint16(c))
	n := int(binary.LittleEndian.Uint16(c[2:]))
	end := attrHead + align(n)
	if end > len(c) {
		return 0, nil, nil, false
	}
	return tag, c[attrHead : attrHead+n : attrHead+n], c[end:], true
}

func (r Record) attrs() []byte {
	if r.Version() != Version {
		return nil
	}
	return r.Context()
}

// Attr returns the value of the first attribute with the tag. A version 1
// record has none.
func (r Record) Attr(tag Tag) ([]byte, bool) {
	c := r.attrs()
	for len(c) >= attrHead {
		head := binary.LittleEndian.Uint32(c)
		n := int(head >> 16)
		end := attrHead + align(n)
		if end > len(c) {
			break
		}
		if Tag(head) == tag {
			return c[attrHead : attrHead+n : attrHead+n], true
		}
		c = c[end:]
	}
	return nil, false
}

// Attrs yields the attributes in the order in which they stand, unknown ones
// included. On a record that Check has not seen it ends at the first damaged
// one; [CheckAttrs] tells whether and why.
func (r Record) Attrs() iter.Seq2[Tag, []byte] {
	return func(yield func(Tag, []byte) bool) {
		for tag, v, c, ok := nextAttr(r.attrs()); ok; tag, v, c, ok = nextAttr(c) {
			if !yield(tag, v) {
				return
			}
		}
	}
}

// fixed returns the value of an attribute that must have the size, or nil.
func (r Record) fixed(tag Tag, size int) []byte {
	b, _ := r.Attr(tag)
	if len(b) != size {
		return nil
	}
	return b
}

// U32 returns the value of an attribute that is a u32.
func (r Record) U32(tag Tag) (uint32, bool) {
	b := r.fixed(tag, 4)
	if b == nil {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// U64 returns the value of an attribute that is a u64.
func (r Record) U64(tag Tag) (uint64, bool) {
	b := r.fixed(tag, 8)
	if b == nil {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b), true
}

func (r Record) bytes(tag Tag) []byte {
	b, _ := r.Attr(tag)
	return b
}

// Path returns the path acted upon, nil if the record has none.
func (r Record) Path() []byte { return r.bytes(AttrPath) }

// Path2 returns the second path: where to, or a symbolic link's target.
func (r Record) Path2() []byte { return r.bytes(AttrPath2) }

// Name returns the name of an extended attribute.
func (r Record) Name() []byte { return r.bytes(AttrName) }

// Value returns the value of an extended attribute that was set; ok is false if the
// record does not have it.
func (r Record) Value() (v []byte, ok bool) {
	if io, known := r.IO(); known && io.Length == 0 {
		return nil, true
	}
	return r.Attr(AttrValue)
}

// Argv returns the arguments of an exec with NULs between them.
func (r Record) Argv() []byte { return r.bytes(AttrArgv) }
