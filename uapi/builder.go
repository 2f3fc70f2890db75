// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"fmt"
)

// stage is how far a record under construction has come.
type stage int

const (
	idle stage = iota
	inContext
	inPayload
	inMetadata
	inLinks
)

var stageNames = [...]string{"nothing", "attributes", "the payload", "the metadata", "links"}

// Builder makes records one after the other in a buffer that it reuses. The
// parts come in the order in which they stand in a record: Begin, attributes,
// Payload, Metadata, links, Finish. A mistake is kept and returned by Finish,
// so that the calls between need no checks. A Builder is for one goroutine.
type Builder struct {
	buf   []byte
	h     Header
	stage stage
	seen  tagSet
	err   error
}

// NewBuilder returns a Builder that uses buf, of any length or nil, until a
// record needs more.
func NewBuilder(buf []byte) *Builder { return &Builder{buf: buf[:0]} }

// Begin starts a record and forgets an unfinished one. The sizes and the count
// of links in h are ignored; version 0 stands for [Version].
func (b *Builder) Begin(h Header) {
	if h.Version == 0 {
		h.Version = Version
	}
	h.Size, h.ContextSize, h.PayloadSize, h.MetadataSize, h.LinkCount = 0, 0, 0, 0, 0
	b.h, b.stage, b.seen, b.err = h, inContext, tagSet{}, nil
	b.buf = b.buf[:0]
	b.grow(HeaderSize)
}

func (b *Builder) fail(format string, a ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("cannot build a record: "+format, a...)
	}
}

// grow appends n bytes of whatever was there; the caller overwrites them all.
func (b *Builder) grow(n int) []byte {
	old := len(b.buf)
	if old+n > cap(b.buf) {
		bigger := make([]byte, old, max(2*cap(b.buf), old+n, 1024))
		copy(bigger, b.buf)
		b.buf = bigger
	}
	b.buf = b.buf[:old+n]
	return b.buf[old:]
}

// enter moves to stage s, at or after the present one.
func (b *Builder) enter(s stage) bool {
	if b.err != nil {
		return false
	}
	if b.stage == idle {
		b.fail("Begin was not called")
		return false
	}
	if s < b.stage {
		b.fail("%s came after %s", stageNames[s], stageNames[b.stage])
		return false
	}
	b.stage = s
	return true
}

// add appends an attribute with n bytes of value, which it returns; nil after a
// mistake.
func (b *Builder) add(tag Tag, n int) []byte {
	if !b.enter(inContext) {
		return nil
	}
	if b.h.Version != Version {
		b.fail("version %d has no attributes", b.h.Version)
		return nil
	}
	if n > MaxRecord-HeaderSize-attrHead {
		b.fail("%d bytes of attribute %s exceed the %d of a record", n, tag, MaxRecord)
		return nil
	}
	if tag.Known() && !b.seen.add(tag) {
		b.fail("attribute %s appears twice", tag)
		return nil
	}
	dst := b.grow(attrHead + align(n))
	binary.LittleEndian.PutUint16(dst, uint16(tag))
	binary.LittleEndian.PutUint16(dst[2:], uint16(n))
	clear(dst[attrHead+n:])
	return dst[attrHead : attrHead+n]
}

// AddBytes appends an attribute with a copy of v.
func (b *Builder) AddBytes(tag Tag, v []byte) {
	if !b.valid(tag, v) {
		return
	}
	if dst := b.add(tag, len(v)); dst != nil {
		copy(dst, v)
	}
}

func (b *Builder) valid(tag Tag, v []byte) bool {
	if !tag.Known() {
		return true
	}
	err := checkValue(tag, v)
	if err != nil {
		b.fail("attribute %s %s", tag, err.Reason)
	}
	return err == nil
}

// AddString is AddBytes for a string.
func (b *Builder) AddString(tag Tag, v string) {
	if dst := b.add(tag, len(v)); dst != nil {
		copy(dst, v)
		b.valid(tag, dst)
	}
}

// AddU32 appends an attribute that is a u32.
func (b *Builder) AddU32(tag Tag, v uint32) {
	if dst := b.scalar(tag, 4); dst != nil {
		binary.LittleEndian.PutUint32(dst, v)
	}
}

// AddU64 appends an attribute that is a u64.
func (b *Builder) AddU64(tag Tag, v uint64) {
	if dst := b.scalar(tag, 8); dst != nil {
		binary.LittleEndian.PutUint64(dst, v)
	}
}

func (b *Builder) scalar(tag Tag, n int) []byte {
	if tag.Known() && tags[tag].size != n {
		b.fail("attribute %s is not a u%d", tag, 8*n)
		return nil
	}
	return b.add(tag, n)
}

// Context sets the whole context at once: the attributes of another version 2
// record, or the fixed context of a version 1 record.
func (b *Builder) Context(c []byte) {
	if !b.enter(inContext) {
		return
	}
	if len(b.buf) != HeaderSize {
		b.fail("Context came after attributes")
		return
	}
	if b.h.Version == Version {
		if err := checkAttrs(c, 0); err != nil {
			b.fail("the context: %w", err)
			return
		}
	}
	b.blob(c)
	// Nothing may follow: which tags c has is not known here.
	b.h.ContextSize, b.stage = uint32(len(c)), inPayload
}

// Payload sets the payload.
func (b *Builder) Payload(p []byte) {
	if b.once(inPayload, b.h.PayloadSize) {
		b.blob(p)
		b.h.PayloadSize = uint32(len(p))
	}
}

// Metadata sets the metadata.
func (b *Builder) Metadata(m []byte) {
	if b.once(inMetadata, b.h.MetadataSize) {
		b.blob(m)
		b.h.MetadataSize = uint32(len(m))
	}
}

func (b *Builder) once(s stage, size uint32) bool {
	b.closeContext()
	if !b.enter(s) {
		return false
	}
	if size != 0 {
		b.fail("%s came twice", stageNames[s])
		return false
	}
	return true
}

func (b *Builder) blob(v []byte) {
	dst := b.grow(align(len(v)))
	clear(dst[copy(dst, v):])
}

// closeContext notes the size of the attributes when what follows them comes.
func (b *Builder) closeContext() {
	if b.stage == inContext {
		b.h.ContextSize = uint32(len(b.buf) - HeaderSize)
	}
}

// Finish returns the record, which is valid until the next Begin, or the first
// mistake that was made since the last one.
func (b *Builder) Finish() (Record, error) {
	b.closeContext()
	if !b.enter(inLinks) {
		b.stage = idle
		return nil, b.err
	}
	b.stage = idle
	b.h.Size = uint32(len(b.buf))
	b.h.Put(b.buf)
	// Too big, or a header field that the version does not have.
	if _, err := Size(b.buf); err != nil {
		return nil, fmt.Errorf("cannot build a record: %w", err)
	}
	return Record(b.buf[:len(b.buf):len(b.buf)]), nil
}
