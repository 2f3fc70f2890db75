// SPDX-License-Identifier: Apache-2.0

package uapi

import "encoding/binary"

// Record is a view over the bytes of one record, no more and no less than its
// event_size. It comes from [Check], from [Builder.Finish], or from a reader
// that has called [Size]. It shares memory with what it was made from.
type Record []byte

func (r Record) u32(off int) uint32 { return binary.LittleEndian.Uint32(r[off:]) }
func (r Record) u64(off int) uint64 { return binary.LittleEndian.Uint64(r[off:]) }

func align(n int) int { return (n + Align - 1) &^ (Align - 1) }

// EventID is unique and rises for each producer, across restarts.
func (r Record) EventID() uint64 { return r.u64(0) }

// Producer returns what made the record, from its event id.
func (r Record) Producer() Producer { return Producer(r.EventID() >> 56) }

// Type returns what happened.
func (r Record) Type() Type { return Type(r.u32(8)) }

// Subtype returns how it came about.
func (r Record) Subtype() Subtype { return Subtype(r.u32(12)) }

// Ktime returns when it happened, in nanoseconds of CLOCK_BOOTTIME.
func (r Record) Ktime() uint64 { return r.u64(16) }

// Sequence returns the record's number on its CPU.
func (r Record) Sequence() uint64 { return r.u64(24) }

// CPU returns where it happened.
func (r Record) CPU() uint32 { return r.u32(32) }

// PID returns the acting process in the initial pid namespace.
func (r Record) PID() uint32 { return r.u32(36) }

// GlobalSequence returns the record's number in its producer's run, 0 if the
// producer cannot number globally.
func (r Record) GlobalSequence() uint64 { return r.u64(40) }

// LocalSequence returns the record's number in its stream.
func (r Record) LocalSequence() uint64 { return r.u64(48) }

// Flags returns the event flags.
func (r Record) Flags() Flags { return Flags(r.u32(56)) }

// Priority returns the event priority.
func (r Record) Priority() Priority { return Priority(r.u32(60)) }

// Size returns the size of the whole record, which is len(r).
func (r Record) Size() int { return int(r.u32(64)) }

// ContextSize returns the size of the context.
func (r Record) ContextSize() int { return int(r.u32(68)) }

// PayloadSize returns the size of the payload without padding.
func (r Record) PayloadSize() int { return int(r.u32(72)) }

// MetadataSize returns the size of the metadata without padding.
func (r Record) MetadataSize() int { return int(r.u32(76)) }

// Version returns [Version] or [Version1].
func (r Record) Version() uint32 { return r.u32(80) }

// Checksum returns the checksum of a version 1 record, which Check does not
// verify; 0 in version 2.
func (r Record) Checksum() uint32 { return r.u32(84) }

// Compression returns how a version 1 payload is compressed; 0 in version 2.
func (r Record) Compression() uint32 { return r.u32(88) }

// Encryption returns how a version 1 payload is encrypted; 0 in version 2.
func (r Record) Encryption() uint32 { return r.u32(92) }

// LinkCount returns how many causality links there are.
func (r Record) LinkCount() int { return int(r.u32(96)) }

// Parent returns the id of the event that caused this one, 0 for none.
func (r Record) Parent() uint64 { return r.u64(100) }

// RootCause returns the id of the first event of the chain of parents.
func (r Record) RootCause() uint64 { return r.u64(108) }

// VisibilityMask says which agents may see the record.
func (r Record) VisibilityMask() uint64 { return r.u64(116) }

// Relevance returns the agent relevance score, 0 to 100.
func (r Record) Relevance() uint32 { return r.u32(124) }

// ReplayPriority returns the replay priority.
func (r Record) ReplayPriority() uint32 { return r.u32(128) }

func (r Record) part(off, size int) []byte { return r[off : off+size : off+size] }

func (r Record) payloadOffset() int  { return HeaderSize + align(r.ContextSize()) }
func (r Record) metadataOffset() int { return r.payloadOffset() + align(r.PayloadSize()) }
func (r Record) linkOffset() int     { return r.metadataOffset() + align(r.MetadataSize()) }

// Context returns the bytes of the context: in version 2, the attributes.
func (r Record) Context() []byte { return r.part(HeaderSize, r.ContextSize()) }

// Payload returns the opaque payload.
func (r Record) Payload() []byte { return r.part(r.payloadOffset(), r.PayloadSize()) }

// Metadata returns the opaque metadata.
func (r Record) Metadata() []byte { return r.part(r.metadataOffset(), r.MetadataSize()) }
