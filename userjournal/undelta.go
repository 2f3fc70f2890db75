// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"encoding/binary"
	"math/bits"
)

// A deltaDecoder is used for one block after the other. It trusts nothing in
// its input.
type deltaDecoder struct {
	state deltaState

	control, counters, words stream
	short                    bool // a stream ended too early
}

// A stream is one of the three that differences are. It is read by moving on,
// which writes one number; cutting off what is read would write three.
type stream struct {
	b  []byte
	at int
}

func (s *stream) left() int { return len(s.b) - s.at }

// take returns the next n bytes, or nil if there are fewer.
func (s *stream) take(n int) []byte {
	end := s.at + n
	if end > len(s.b) {
		return nil
	}
	b := s.b[s.at:end]
	s.at = end
	return b
}

// decode fills dst with as many records.
func (d *deltaDecoder) decode(dst, diff []byte, records int) error {
	if len(diff) < 8 {
		return damaged("delta: no streams")
	}
	control, counters := uint64(le.Uint32(diff)), uint64(le.Uint32(diff[4:]))
	diff = diff[8:]
	if control+counters > uint64(len(diff)) {
		return damaged("delta: streams of %d and %d bytes in %d", control, counters, len(diff))
	}
	d.control, diff = stream{b: diff[:control]}, diff[control:]
	d.counters, d.words = stream{b: diff[:counters]}, stream{b: diff[counters:]}
	d.short = false
	d.state.reset()
	at := 0
	for i := range records {
		n := d.record(dst, at)
		if n == 0 || d.short {
			return damaged("delta: record %d of %d, at %d of %d, is none", i, records, at, len(dst))
		}
		at += n
	}
	if at != len(dst) || d.control.left()+d.counters.left()+d.words.left() != 0 {
		return damaged("delta: %d records are %d bytes, not %d", records, at, len(dst))
	}
	return nil
}

func (d *deltaDecoder) counter() uint64 {
	b := d.counters.b[d.counters.at:]
	// Most have one byte to three.
	if len(b) >= 4 {
		w := le.Uint32(b)
		if n := bits.TrailingZeros32(^w & 0x808080); n < 32 {
			w &= 1<<n - 1
			d.counters.at += n/8 + 1
			return unzigzag(uint64(w&0x7f | w>>1&0x3f80 | w>>2&0x1fc000))
		}
	}
	v, n := binary.Uvarint(b)
	if n <= 0 {
		d.short = true
		return 0
	}
	d.counters.at += n
	return unzigzag(v)
}

// record decodes the one at offset at and returns its size, 0 if it is none.
func (d *deltaDecoder) record(dst []byte, at int) int {
	control := d.control.take(2)
	if control == nil || len(dst)-at < recHeader {
		return 0
	}
	s := &d.state
	flags := control[1]
	ref := s.reference(dst, control[0])

	// Of the reference all that there is room for: how long the record is comes later.
	copy(dst[at:], ref)
	h := dst[at : at+recHeader : at+recHeader]
	if flags&deltaHeader != 0 {
		m := d.control.take(4)
		if m == nil {
			return 0
		}
		differ := uint64(le.Uint32(m)&^1) | uint64(m[0]&1)<<32
		if differ&counterWords != 0 || !d.place(h, differ) {
			return 0
		}
	}
	d.predicted(h, ref, flags)

	size := int(le.Uint32(h[recSize:]))
	if size < recHeader || size%4 != 0 || size > len(dst)-at {
		return 0
	}
	d.body(dst[at+recHeader:at+size], ref[recHeader:], flags)
	s.remember(h, at)
	return size
}

func (d *deltaDecoder) predicted(h, ref []byte, flags uint8) {
	h, ref = h[:recHeader], ref[:recHeader]
	s := &d.state
	ktime := s.ktime + d.counter()
	id, global := s.id+1, s.global+1
	sequence := s.sequence[le.Uint32(h[recCPU:])%deltaCPUs] + 1
	if flags&deltaID != 0 {
		id += d.counter()
	}
	if flags&deltaGlobal != 0 {
		global += d.counter()
	}
	if flags&deltaSequence != 0 {
		sequence += d.counter()
	}
	root := predictRoot(ref, id)
	if flags&deltaRoot != 0 {
		root += d.counter()
	}
	le.PutUint64(h[recID:], id)
	le.PutUint64(h[recKtime:], ktime)
	le.PutUint64(h[recSequence:], sequence)
	le.PutUint64(h[recGlobal:], global)
	le.PutUint64(h[recRoot:], root)
}

// body decodes what is behind the header, where as much of the reference is already.
func (d *deltaDecoder) body(b, ref []byte, flags uint8) {
	common := min(len(b), len(ref))
	front := common
	if len(b) != len(ref) {
		split := d.control.take(2)
		if split == nil {
			d.short = true
			return
		}
		front = 4 * int(le.Uint16(split))
		if front > common {
			d.short = true
			return
		}
	}
	back := common - front
	head, tail := b[:front], b[len(b)-back:]
	if len(b) != len(ref) {
		copy(tail, ref[len(ref)-back:])
	}
	if flags&deltaBody != 0 {
		d.patch(head)
		d.patch(tail)
	}
	middle := b[front : len(b)-back]
	words := d.words.take(len(middle))
	copy(middle, words)
	d.short = d.short || words == nil
}

// patch puts in the words that differ from the reference, which b is.
func (d *deltaDecoder) patch(b []byte) {
	for len(b) > 0 {
		chunk := b[:min(len(b), bodyChunk)]
		b = b[len(chunk):]
		m := d.control.take(4)
		if m == nil || !d.place(chunk, uint64(le.Uint32(m))) {
			d.short = true
			return
		}
	}
}

// place puts the next words where b differs. It is false if they are too few, or one has
// no place in b.
func (d *deltaDecoder) place(b []byte, differ uint64) bool {
	words := d.words.take(4 * bits.OnesCount64(differ))
	if words == nil || 4*bits.Len64(differ) > len(b) {
		return false
	}
	for ; differ != 0; differ &= differ - 1 {
		le.PutUint32(b[4*bits.TrailingZeros64(differ):], le.Uint32(words))
		words = words[4:]
	}
	return true
}
