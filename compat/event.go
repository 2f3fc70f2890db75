// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"fmt"

	"vexj/uapi"
)

// Offsets in the header of an event that version 2 uses differently.
const (
	evSize        = 64
	evContext     = 68
	evPayload     = 72
	evMetadata    = 76
	evVersion     = 80
	evChecksum    = 84
	evCompression = 88
	evEncryption  = 92
	evLinks       = 96
)

// Layouts of an event and an entry, in vexj_attr_legacy.layout.
const (
	// layoutPadded: the parts of a SEMJ event are rounded up to 4 bytes, and
	// that makes a difference.
	layoutPadded = 1
	// layoutShort: entry_size of a USJL entry is 36+n where its layout has
	// 40+n.
	layoutShort = 1
	// layoutDerived: the event stands in a storage block whose bytes are kept
	// as they were, so that it is not needed to make the file again.
	layoutDerived = 2
	// layoutPlain: the metadata of the event looks like an envelope and is
	// none.
	layoutPlain = 4
)

// An eventShape is where the parts of a SEMJ event are.
type eventShape struct {
	size, payload, metadata, links int // bytes, bytes, bytes, number
	padded                         bool
}

func (s *eventShape) payloadAt() int  { return eventHeadSize }
func (s *eventShape) metadataAt() int { return eventHeadSize + s.pad(s.payload) }
func (s *eventShape) linksAt() int    { return s.metadataAt() + s.pad(s.metadata) }

func (s *eventShape) pad(n int) int {
	if s.padded {
		return align(n)
	}
	return n
}

// shapeOf reads the header of an event. The legacy structure leaves no room
// between the parts; that of the record rounds each up to 4 bytes. Both are
// taken, and event_size tells which it is.
func shapeOf(h []byte) (s eventShape, code Code, err error) {
	payload, metadata, links := le.Uint32(h[evPayload:]), le.Uint32(h[evMetadata:]), le.Uint32(h[evLinks:])
	bad := func(format string, a ...any) (eventShape, Code, error) {
		return eventShape{}, CodeInvalidEvent, fmt.Errorf(format, a...)
	}
	switch {
	case le.Uint32(h[evVersion:]) != uapi.Version1:
		return bad("event_version %d, not 1", le.Uint32(h[evVersion:]))
	case le.Uint32(h[evContext:]) != contextSize:
		return bad("context_size %d, not %d", le.Uint32(h[evContext:]), contextSize)
	case payload > maxPayload:
		return bad("payload_size %d is more than %d", payload, maxPayload)
	case metadata > maxMetadata:
		return bad("metadata_size %d is more than %d", metadata, maxMetadata)
	case links > maxLinks:
		_, _, err := bad("causality_link_count %d is more than %d", links, maxLinks)
		return eventShape{}, CodeCausality, err
	}
	s = eventShape{payload: int(payload), metadata: int(metadata), links: int(links)}
	s.size = s.linksAt() + s.links*uapi.LinkSize
	if size := le.Uint32(h[evSize:]); uint32(s.size) != size {
		packed := s.size
		s.padded = true
		s.size = s.linksAt() + s.links*uapi.LinkSize
		if uint32(s.size) != size {
			return bad("event_size %d, but its parts make %d, or %d with padding", size, packed, s.size)
		}
	}
	return s, 0, nil
}

// eventChecksum is the CRC of a whole event with its checksum field zero.
func eventChecksum(ev []byte) uint32 {
	crc := crcKernel(ev[:evChecksum])
	crc = crcKernelMore(crc, []byte{0, 0, 0, 0})
	return crcKernelMore(crc, ev[evChecksum+4:])
}

// addLinks adds the links of an event.
func addLinks(b *uapi.Builder, ev []byte, s *eventShape) {
	for i := range s.links {
		// A record of version 1 that has nothing but links.
		at := s.linksAt() + i*uapi.LinkSize
		b.AddLink(linkAt(ev[at : at+uapi.LinkSize]))
	}
}

func linkAt(b []byte) (l uapi.Link) {
	l.Cause, l.Effect = le.Uint64(b), le.Uint64(b[8:])
	l.Type, l.Strength, l.Delay = le.Uint32(b[16:]), le.Uint32(b[20:]), le.Uint64(b[24:])
	copy(l.Description[:], b[32:])
	return l
}

// eventHow is what a version 2 record does not say of its event.
type eventHow struct {
	padded                  bool
	plain                   bool // metadata is the event's own: see envelope.go
	compression, encryption uint32
}

// appendEvent appends the SEMJ event of a version 2 record, whose payload may be
// somewhere else. lacks is called with each attribute that the context has no
// room for. ok is false if the event would break a limit of version 1: it is
// then cut to it.
func appendEvent(dst []byte, rec uapi.Record, payload []byte, how eventHow, lacks func(uapi.Tag)) (_ []byte, ok bool) {
	start := len(dst)
	dst = append(dst, rec[:uapi.HeaderSize]...)
	dst = append(dst, zeroes[:contextSize]...)
	run, all := fillContext(dst[start+uapi.HeaderSize:], rec, lacks)
	metadata := rec.Metadata()
	if !how.plain && (!all || endsInEnvelope(metadata)) {
		metadata = appendEnvelope(append([]byte(nil), metadata...), len(metadata), run)
	}
	links := linkBytes(rec)
	ok = len(payload) <= maxPayload && len(metadata) <= maxMetadata && len(links) <= maxLinks*uapi.LinkSize
	if !ok {
		payload, metadata = payload[:min(len(payload), maxPayload)], rec.Metadata()
		metadata, links = metadata[:min(len(metadata), maxMetadata)], links[:min(len(links), maxLinks*uapi.LinkSize)]
	}
	s := eventShape{payload: len(payload), metadata: len(metadata), links: len(links) / uapi.LinkSize, padded: how.padded}
	dst = append(dst, payload...)
	dst = append(dst, zeroes[:s.pad(len(payload))-len(payload)]...)
	dst = append(dst, metadata...)
	dst = append(dst, zeroes[:s.pad(len(metadata))-len(metadata)]...)
	dst = append(dst, links...)
	s.seal(dst[start:], how)
	return dst, ok
}

var zeroes [contextSize]byte

// seal fills in what version 1 has in the header and version 2 has not.
func (s *eventShape) seal(ev []byte, how eventHow) {
	le.PutUint32(ev[evSize:], uint32(len(ev)))
	le.PutUint32(ev[evContext:], contextSize)
	le.PutUint32(ev[evPayload:], uint32(s.payload))
	le.PutUint32(ev[evMetadata:], uint32(s.metadata))
	le.PutUint32(ev[evVersion:], uapi.Version1)
	le.PutUint32(ev[evChecksum:], 0)
	le.PutUint32(ev[evCompression:], how.compression)
	le.PutUint32(ev[evEncryption:], how.encryption)
	le.PutUint32(ev[evLinks:], uint32(s.links))
	le.PutUint32(ev[evChecksum:], crcKernel(ev))
}

// decodeEvent makes a version 2 record of an event, without its payload if that
// is to follow. more adds attributes behind those of the event.
func decodeEvent(b *uapi.Builder, ev []byte, s *eventShape, plain, payload bool, more func(*uapi.Builder)) (uapi.Record, error) {
	h := uapi.Record(ev).Header()
	h.Version, h.Checksum, h.Compression, h.Encryption = uapi.Version, 0, 0, 0
	b.Begin(h)
	context := ev[uapi.HeaderSize:eventHeadSize]
	metadata := ev[s.metadataAt():][:s.metadata]
	if original, run, ok := splitEnvelope(metadata); ok && !plain {
		metadata = original
		addRun(b, context, run)
	} else {
		for i := range contextFields {
			contextFields[i].add(b, context)
		}
	}
	more(b)
	if payload && s.payload > 0 {
		b.Payload(ev[s.payloadAt():][:s.payload])
	}
	if len(metadata) > 0 {
		b.Metadata(metadata)
	}
	addLinks(b, ev, s)
	return b.Finish()
}

// linkBytes returns the links of a record as they stand.
func linkBytes(rec uapi.Record) []byte {
	return rec[len(rec)-rec.LinkCount()*uapi.LinkSize:]
}
