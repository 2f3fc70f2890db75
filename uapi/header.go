// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

const (
	// Version1 records have the fixed context of the legacy kernel journal.
	Version1 = 1
	// Version records have attributes for a context.
	Version = 2

	// HeaderSize is sizeof(struct vexj_record).
	HeaderSize = 132
	// LinkSize is sizeof(struct vexj_link).
	LinkSize = 160
	// Align is what the size of a record and the offset of each part are
	// multiples of.
	Align = 4
	// MaxRecord bounds a version 2 record.
	MaxRecord = 65536
	// MaxPath bounds a path attribute.
	MaxPath = 4096
	// MaxValue bounds the value of an extended attribute.
	MaxValue = 256
)

// Header is struct vexj_record, for those who build records or want all of it.
type Header struct {
	EventID        uint64
	Type           Type
	Subtype        Subtype
	Ktime          uint64
	Sequence       uint64
	CPU            uint32
	PID            uint32
	GlobalSequence uint64
	LocalSequence  uint64
	Flags          Flags
	Priority       Priority
	Size           uint32
	ContextSize    uint32
	PayloadSize    uint32
	MetadataSize   uint32
	Version        uint32
	Checksum       uint32
	Compression    uint32
	Encryption     uint32
	LinkCount      uint32
	Parent         uint64
	RootCause      uint64
	VisibilityMask uint64
	Relevance      uint32
	ReplayPriority uint32
}

// Put writes the header's 132 bytes to b.
func (h *Header) Put(b []byte) {
	_ = b[HeaderSize-1]
	le := binary.LittleEndian
	le.PutUint64(b[0:], h.EventID)
	le.PutUint32(b[8:], uint32(h.Type))
	le.PutUint32(b[12:], uint32(h.Subtype))
	le.PutUint64(b[16:], h.Ktime)
	le.PutUint64(b[24:], h.Sequence)
	le.PutUint32(b[32:], h.CPU)
	le.PutUint32(b[36:], h.PID)
	le.PutUint64(b[40:], h.GlobalSequence)
	le.PutUint64(b[48:], h.LocalSequence)
	le.PutUint32(b[56:], uint32(h.Flags))
	le.PutUint32(b[60:], uint32(h.Priority))
	le.PutUint32(b[64:], h.Size)
	le.PutUint32(b[68:], h.ContextSize)
	le.PutUint32(b[72:], h.PayloadSize)
	le.PutUint32(b[76:], h.MetadataSize)
	le.PutUint32(b[80:], h.Version)
	le.PutUint32(b[84:], h.Checksum)
	le.PutUint32(b[88:], h.Compression)
	le.PutUint32(b[92:], h.Encryption)
	le.PutUint32(b[96:], h.LinkCount)
	le.PutUint64(b[100:], h.Parent)
	le.PutUint64(b[108:], h.RootCause)
	le.PutUint64(b[116:], h.VisibilityMask)
	le.PutUint32(b[124:], h.Relevance)
	le.PutUint32(b[128:], h.ReplayPriority)
}

// Header returns all of the record's header.
func (r Record) Header() Header {
	return Header{
		EventID:        r.EventID(),
		Type:           r.Type(),
		Subtype:        r.Subtype(),
		Ktime:          r.Ktime(),
		Sequence:       r.Sequence(),
		CPU:            r.CPU(),
		PID:            r.PID(),
		GlobalSequence: r.GlobalSequence(),
		LocalSequence:  r.LocalSequence(),
		Flags:          r.Flags(),
		Priority:       r.Priority(),
		Size:           r.u32(64),
		ContextSize:    r.u32(68),
		PayloadSize:    r.u32(72),
		MetadataSize:   r.u32(76),
		Version:        r.Version(),
		Checksum:       r.Checksum(),
		Compression:    r.Compression(),
		Encryption:     r.Encryption(),
		LinkCount:      r.u32(96),
		Parent:         r.Parent(),
		RootCause:      r.RootCause(),
		VisibilityMask: r.VisibilityMask(),
		Relevance:      r.Relevance(),
		ReplayPriority: r.ReplayPriority(),
	}
}
