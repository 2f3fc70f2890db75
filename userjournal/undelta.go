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

	// What is left of the streams.
	control, counters, words []byte
	short                    bool // a stream ended too early
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
	d.control, diff = diff[:control], diff[control:]
	d.counters, d.words = diff[:counters], diff[counters:]
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
	if at != len(dst) || len(d.control)+len(d.counters)+len(d.words) != 0 {
		return damaged("delta: %d records are %d bytes, not %d", records, at, len(dst))
	}
	return nil
}

func (d *deltaDecoder) word() uint32 {
	if len(d.words) < 4 {
		d.short = true
		return 0
	}
	v := le.Uint32(d.words)
	d.words = d.words[4:]
	return v
}

func (d *deltaDecoder) bitmap() uint32 {
	if len(d.control) < 4 {
		d.short = true
		return 0
	}
	v := le.Uint32(d.control)
	d.control = d.control[4:]
	return v
}

func (d *deltaDecoder) counter() uint64 {
	v, n := binary.Uvarint(d.counters)
	if n <= 0 {
		d.short = true
		return 0
	}
	d.counters = d.counters[n:]
	return unzigzag(v)
}

// record decodes the one at offset at and returns its size, 0 if it is none.
func (d *deltaDecoder) record(dst []byte, at int) int {
	if len(d.control) < 2 || len(dst)-at < recHeader {
		return 0
	}
	s := &d.state
	flags := d.control[1]
	ref := s.reference(dst, d.control[0])
	d.control = d.control[2:]

	h := dst[at : at+recHeader : at+recHeader]
	copy(h, ref)
	if flags&deltaHeader != 0 {
		m := d.bitmap()
		differ := uint64(m&^1) | uint64(m&1)<<32
		if differ&counterWords != 0 {
			return 0
		}
		for ; differ != 0; differ &= differ - 1 {
			le.PutUint32(h[4*bits.TrailingZeros64(differ):], d.word())
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

func (d *deltaDecoder) body(b, ref []byte, flags uint8) {
	common := min(len(b), len(ref))
	front := common
	if len(b) != len(ref) {
		if len(d.control) < 2 {
			d.short = true
			return
		}
		front = 4 * int(le.Uint16(d.control))
		d.control = d.control[2:]
		if front > common {
			d.short = true
			return
		}
	}
	back := common - front
	head, tail := b[:front], b[len(b)-back:]
	copy(head, ref)
	copy(tail, ref[len(ref)-back:])
	if flags&deltaBody != 0 {
		d.patch(head)
		d.patch(tail)
	}
	middle := b[front : len(b)-back]
	n := copy(middle, d.words)
	d.words = d.words[n:]
	d.short = d.short || n < len(middle)
}

// patch puts in the words that differ from the reference, which b is.
func (d *deltaDecoder) patch(b []byte) {
	for at := 0; at < len(b); at += bodyChunk {
		chunk := b[at:min(at+bodyChunk, len(b))]
		for differ := d.bitmap(); differ != 0; differ &= differ - 1 {
			i := 4 * bits.TrailingZeros32(differ)
			if i+4 > len(chunk) {
				d.short = true
				return
			}
			le.PutUint32(chunk[i:], d.word())
		}
	}
}
