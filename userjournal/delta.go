// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"encoding/binary"
	"math/bits"
)

// The delta codec writes a record as its difference from an earlier one of the
// block. It is specified under "Codec 3" in the package documentation.

// Flags of a record in the control stream: what was not as predicted.
const (
	deltaID       = 1 << iota // event_id: the record before + 1
	deltaGlobal               // global_sequence: the record before + 1
	deltaSequence             // sequence: the last on this CPU + 1
	deltaRoot                 // root_cause_event_id: itself or not, as in the reference
	deltaHeader               // the other words of the header: as in the reference
	deltaBody                 // what follows the header: as in the reference
)

const (
	headWords = recHeader / 4
	// counterWords of the header are predicted, not compared: event_id, ktime,
	// sequence, global_sequence and root_cause_event_id.
	counterWords = 1<<0 | 1<<1 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<10 | 1<<11 | 1<<27 | 1<<28

	deltaSlots = 256
	deltaKind  = 128 // the first slot of those by type
	deltaCPUs  = 64
	bodyChunk  = 128 // bytes that one bitmap stands for
)

// maxDiff bounds the differences of so many bytes of records.
func maxDiff(raw int) int { return 8 + raw/recHeader*72 + raw/bodyChunk*4 + raw }

// noRecord stands for the record before the first.
var noRecord [recHeader]byte

// A deltaState is what encoder and decoder know of the records before.
type deltaState struct {
	id, ktime, global uint64
	sequence          [deltaCPUs]uint64
	slots             [deltaSlots]int32 // offset of a record + 1
	last              int32             // the same of the record before
}

func (s *deltaState) reset() { *s = deltaState{} }

// slots are the two where a record is remembered: as the last one of its process,
// and as the last of its type from that process.
func slots(h []byte) (process, kind uint8) {
	p := le.Uint32(h[recPID:]) * 0x9e3779b1
	return uint8(p >> 25), uint8((p+le.Uint32(h[recType:])*0x85ebca6b)>>25) | deltaKind
}

// reference returns the record to compare with, from those in raw.
func (s *deltaState) reference(raw []byte, slot uint8) []byte {
	at := s.slots[slot]
	if at == 0 {
		if at = s.last; at == 0 {
			return noRecord[:]
		}
	}
	ref := raw[at-1:]
	return ref[:max(recHeader, le.Uint32(ref[recSize:]))]
}

// choose picks the slot that promises the smaller difference. Most often a
// process goes on with the file of its last record, whose path or size then ends
// in the same way; if not, a record of the same type at least looks alike.
func (s *deltaState) choose(raw, rec []byte) uint8 {
	process, kind := slots(rec)
	if s.slots[kind] == 0 || s.slots[kind] == s.slots[process] {
		return process
	}
	ref := s.reference(raw, process)
	if len(rec) >= recHeader+8 && len(ref) >= recHeader+8 &&
		le.Uint64(rec[len(rec)-8:]) == le.Uint64(ref[len(ref)-8:]) {
		return process
	}
	return kind
}

// remember takes in the record at offset at, whose header is h.
func (s *deltaState) remember(h []byte, at int) {
	s.id = le.Uint64(h[recID:])
	s.ktime = le.Uint64(h[recKtime:])
	s.global = le.Uint64(h[recGlobal:])
	s.sequence[le.Uint32(h[recCPU:])%deltaCPUs] = le.Uint64(h[recSequence:])
	s.last = int32(at + 1)
	process, kind := slots(h)
	s.slots[process], s.slots[kind] = s.last, s.last
}

func zigzag(d uint64) uint64   { return d<<1 ^ uint64(int64(d)>>63) }
func unzigzag(z uint64) uint64 { return z>>1 ^ -(z & 1) }

// A deltaEncoder is used for one block after the other.
type deltaEncoder struct {
	state    deltaState
	control  []byte // slot, flags and bitmaps
	counters []byte // varints
	words    []byte // what differs, as it is
	out      []byte
}

// encode returns the differences of the records in raw, which are whole. They
// stay until the next call.
func (e *deltaEncoder) encode(raw []byte) []byte {
	e.state.reset()
	// Room for the worst case, so that nothing below has to look.
	records := len(raw)/recHeader + 1
	e.control = grow(e.control[:0], 16*records+len(raw)/bodyChunk*4)
	e.counters = grow(e.counters[:0], 5*binary.MaxVarintLen64*records)
	e.words = grow(e.words[:0], len(raw)+bodyChunk+4)
	for at := 0; at < len(raw); {
		size := int(le.Uint32(raw[at+recSize:]))
		e.record(raw, at, raw[at:at+size:at+size])
		at += size
	}
	n := 8 + len(e.control) + len(e.counters) + len(e.words)
	e.out = grow(e.out[:0], n)
	e.out = le.AppendUint32(e.out, uint32(len(e.control)))
	e.out = le.AppendUint32(e.out, uint32(len(e.counters)))
	e.out = append(e.out, e.control...)
	e.out = append(e.out, e.counters...)
	e.out = append(e.out, e.words...)
	return e.out
}

func (e *deltaEncoder) record(raw []byte, at int, rec []byte) {
	s := &e.state
	slot := s.choose(raw, rec)
	ref := s.reference(raw, slot)
	head := len(e.control)
	e.control = append(e.control, slot, 0)

	flags := e.predicted(rec, ref) | e.header(rec, ref)
	if e.body(rec[recHeader:], ref[recHeader:]) {
		flags |= deltaBody
	}
	e.control[head+1] = flags
	s.remember(rec, at)
}

// predicted writes the fields that count.
func (e *deltaEncoder) predicted(rec, ref []byte) (flags uint8) {
	s, c := &e.state, e.counters
	id := le.Uint64(rec[recID:])
	c = binary.AppendUvarint(c, zigzag(le.Uint64(rec[recKtime:])-s.ktime))
	if d := id - s.id - 1; d != 0 {
		flags |= deltaID
		c = binary.AppendUvarint(c, zigzag(d))
	}
	if d := le.Uint64(rec[recGlobal:]) - s.global - 1; d != 0 {
		flags |= deltaGlobal
		c = binary.AppendUvarint(c, zigzag(d))
	}
	if d := le.Uint64(rec[recSequence:]) - s.sequence[le.Uint32(rec[recCPU:])%deltaCPUs] - 1; d != 0 {
		flags |= deltaSequence
		c = binary.AppendUvarint(c, zigzag(d))
	}
	if d := le.Uint64(rec[recRoot:]) - predictRoot(ref, id); d != 0 {
		flags |= deltaRoot
		c = binary.AppendUvarint(c, zigzag(d))
	}
	e.counters = c
	return flags
}

// predictRoot: a record that nothing caused is its own root.
func predictRoot(ref []byte, id uint64) uint64 {
	if root := le.Uint64(ref[recRoot:]); root != le.Uint64(ref[recID:]) {
		return root
	}
	return id
}

// header writes the words of the header that differ and do not count.
func (e *deltaEncoder) header(rec, ref []byte) (flags uint8) {
	rec, ref = rec[:recHeader], ref[:recHeader]
	var differ uint64
	for i := 0; i < headWords-1; i += 2 {
		x := le.Uint64(rec[4*i:]) ^ le.Uint64(ref[4*i:])
		if x == 0 {
			continue
		}
		differ |= (nonzero(uint32(x)) | nonzero(uint32(x>>32))<<1) << i
	}
	differ |= nonzero(le.Uint32(rec[recHeader-4:])^le.Uint32(ref[recHeader-4:])) << (headWords - 1)
	differ &^= counterWords
	if differ == 0 {
		return 0
	}
	// Word 0 counts, so that word 32 can have its bit.
	e.control = le.AppendUint32(e.control, uint32(differ)|uint32(differ>>32))
	for ; differ != 0; differ &= differ - 1 {
		at := 4 * bits.TrailingZeros64(differ)
		e.words = le.AppendUint32(e.words, le.Uint32(rec[at:]))
	}
	return deltaHeader
}

func nonzero(x uint32) uint64 { return uint64((x | -x) >> 31) }

// body writes the words behind the header that differ, and all that has no
// counterpart in the reference.
func (e *deltaEncoder) body(rec, ref []byte) bool {
	common := min(len(rec), len(ref))
	front := common
	if len(rec) != len(ref) {
		front = split(rec, ref)
		e.control = le.AppendUint16(e.control, uint16(front/4))
	}
	back := common - front
	control := len(e.control)
	differ := e.diff(rec[:front], ref[:front]) | e.diff(rec[len(rec)-back:], ref[len(ref)-back:])
	if differ == 0 {
		e.control = e.control[:control]
	}
	e.words = append(e.words, rec[front:len(rec)-back]...)
	return differ != 0
}

// split says up to where the two should be compared from the front; what is
// behind is compared from the back. Of two records with different attributes it
// is where the first one differs, of two whose attributes differ in length where
// the shorter one ends. Any other answer would do too, with more to write.
func split(rec, ref []byte) int {
	common := min(len(rec), len(ref))
	for at := 0; at+4 <= common; {
		a, b := le.Uint32(rec[at:]), le.Uint32(ref[at:])
		switch {
		case a&0xffff != b&0xffff:
			return at
		case a != b:
			return min(common, at+4+(int(min(a, b)>>16)+3)&^3)
		}
		at += 4 + (int(a>>16)+3)&^3
	}
	return common
}

// diff writes the words of rec that are not as in ref, which is as long.
func (e *deltaEncoder) diff(rec, ref []byte) (any uint32) {
	c, w := e.control, e.words
	for at := 0; at < len(rec); at += bodyChunk {
		end := min(at+bodyChunk, len(rec))
		var differ uint32
		w, differ = diffChunk(w, rec[at:end], ref[at:end])
		c = le.AppendUint32(c, differ)
		any |= differ
	}
	e.control, e.words = c, w
	return any
}

// diffChunk appends the words of a that are not as in b, which is as long.
// Which of two words differ is hard to foretell, so it does not branch on it:
// each is written and then kept or not.
func diffChunk(w, a, b []byte) ([]byte, uint32) {
	n := len(w)
	room := (*[bodyChunk + 4]byte)(w[n : n+bodyChunk+4])
	var differ, k uint32
	shift := 0
	for len(a) >= 8 && len(b) >= 8 {
		v := le.Uint64(a)
		if x := v ^ le.Uint64(b); x != 0 {
			lo, hi := uint32(nonzero(uint32(x))), uint32(nonzero(uint32(x>>32)))
			le.PutUint32(room[k&(bodyChunk-1):], uint32(v))
			k += lo * 4
			le.PutUint32(room[k&(bodyChunk-1):], uint32(v>>32))
			k += hi * 4
			differ |= (lo | hi<<1) << (shift & 31)
		}
		shift += 2
		a, b = a[8:], b[8:]
	}
	if len(a) >= 4 && len(b) >= 4 {
		if v := le.Uint32(a); v != le.Uint32(b) {
			le.PutUint32(room[k&(bodyChunk-1):], v)
			k += 4
			differ |= 1 << (shift & 31)
		}
	}
	return w[:n+int(k)], differ
}
