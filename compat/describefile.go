// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"fmt"
	"io"

	"vexj/internal/layout"
	"vexj/uapi"
)

// Describe calls fn for each part of a legacy file, from its start to its end.
// It reads on behind damage. A part is valid during the call.
func Describe(file io.ReaderAt, size int64, fn func(layout.Part) error) error {
	format, err := Detect(file)
	if err != nil {
		return err
	}
	d := &describer{format: format, file: file, size: size, fn: fn}
	head := make([]byte, min(int64(semjHeaderSize), size))
	fields := commonHeaderFields
	if format == uapi.LegacyUsjl1 {
		head, fields = make([]byte, min(int64(usjlHeaderSize), size)), usjlHeaderFields
	}
	if err := d.read(head, 0); err != nil {
		return err
	}
	p := layout.Part{Name: "header", Size: int64(len(head)), Data: head, Fields: fields}
	end := size
	last := fields[len(fields)-1]
	if len(head) < last.Offset+last.Size {
		p.Problem = fmt.Errorf("%d bytes are too few for a header", len(head))
	} else if bad := checkFileHeader(format, head, size); bad != nil {
		p.Problem = bad
	} else if at := le.Uint64(head[36:]); at != 0 {
		end = int64(at)
	}
	if err := fn(p); err != nil {
		return err
	}
	at, err := d.items(int64(len(head)), end)
	if err == nil {
		err = d.index(at)
	}
	return err
}

type describer struct {
	format uapi.LegacyFormat
	file   io.ReaderAt
	size   int64
	fn     func(layout.Part) error
	number uint64
}

func (d *describer) read(b []byte, at int64) error {
	n, err := d.file.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// items describes events, storage blocks and entries, and what is none of them.
func (d *describer) items(at, end int64) (int64, error) {
	find := finder{file: d.file, most: maxEvent, sound: soundItem}
	item := d.event
	if d.format == uapi.LegacyUsjl1 {
		find.most, find.sound, item = maxLook, soundEntry, d.entry
	}
	for at < end {
		n, problem, err := item(at, end)
		if err != nil {
			return at, err
		}
		if n == 0 {
			next, err := find.next(at+1, end)
			if err != nil {
				return at, err
			}
			if n = next - at; d.zero(at, n) {
				problem = nil
			}
			p := layout.Part{Name: "unused", Offset: at, Size: n, Problem: problem}
			if problem != nil {
				p.Name = "damage"
			}
			if err := d.fn(p); err != nil {
				return at, err
			}
		}
		at += n
	}
	return at, nil
}

func (d *describer) zero(at, n int64) bool {
	buf := make([]byte, min(n, chunk))
	for n > 0 {
		b := buf[:min(n, chunk)]
		if d.read(b, at) != nil || !allZero(b) {
			return false
		}
		at += int64(len(b))
		n -= int64(len(b))
	}
	return true
}

// event describes the event or storage block at an offset; n is 0 if there is
// none.
func (d *describer) event(at, end int64) (n int64, problem, err error) {
	head := make([]byte, min(eventHeadSize, end-at))
	if err := d.read(head, at); err != nil {
		return 0, nil, err
	}
	if isBlock(head) {
		return d.block(head[:blockHeadSize], at, end)
	}
	if len(head) < eventHeadSize {
		return 0, fmt.Errorf("%d bytes are too few for an event", len(head)), nil
	}
	s, _, err := shapeOf(head)
	if err != nil {
		return 0, err, nil
	}
	if int64(s.size) > end-at {
		return 0, fmt.Errorf("event_size %d, but %d bytes are left", s.size, end-at), nil
	}
	ev := make([]byte, s.size)
	if err := d.read(ev, at); err != nil {
		return 0, nil, err
	}
	d.number++
	return int64(s.size), nil, d.eventParts(ev, &s, at)
}

func (d *describer) eventParts(ev []byte, s *eventShape, at int64) error {
	name := fmt.Sprintf("event %d", d.number)
	p := layout.Part{Name: name, Number: d.number, Offset: at, Size: eventHeadSize, Data: ev[:eventHeadSize], Fields: eventFields}
	if le.Uint32(ev[evChecksum:]) != eventChecksum(ev) {
		p.Problem = fmt.Errorf("checksum differs: that of the bytes is 0x%08x", eventChecksum(ev))
	}
	if err := d.fn(p); err != nil {
		return err
	}
	opaque := func(what string, from, n, end int) error {
		if n == 0 {
			return nil
		}
		fields := layout.Fill(end-from, layout.Field{Name: what, Offset: 0, Size: n, Form: layout.Bytes})
		return d.fn(layout.Part{Name: what + " of " + name, Number: d.number, Offset: at + int64(from), Size: int64(end - from), Data: ev[from:end], Fields: fields})
	}
	if err := opaque("payload", s.payloadAt(), s.payload, s.metadataAt()); err != nil {
		return err
	}
	if err := opaque("metadata", s.metadataAt(), s.metadata, s.linksAt()); err != nil {
		return err
	}
	for i := range s.links {
		from := s.linksAt() + i*uapi.LinkSize
		p := layout.Part{Name: fmt.Sprintf("link %d of %s", i+1, name), Number: d.number, Offset: at + int64(from), Size: uapi.LinkSize, Data: ev[from:][:uapi.LinkSize], Fields: linkFields}
		if err := d.fn(p); err != nil {
			return err
		}
	}
	return nil
}

func (d *describer) block(head []byte, at, end int64) (n int64, problem, err error) {
	var h blockHeader
	h.get(head)
	if err := h.check(end - at); err != nil {
		return 0, err, nil
	}
	data := make([]byte, h.extent()-blockHeadSize)
	if err := d.read(data, at+blockHeadSize); err != nil {
		return 0, nil, err
	}
	d.number++
	name := fmt.Sprintf("storage block %d", d.number)
	p := layout.Part{Name: name, Number: d.number, Offset: at, Size: blockHeadSize, Data: head, Fields: storageFields}
	stored := data[:h.stored]
	raw, problem := h.unpack(stored)
	if problem == nil && !h.summedRight(head, stored, raw) {
		p.Problem = fmt.Errorf("the checksum is not that of the block")
	}
	if err := d.fn(p); err != nil {
		return 0, nil, err
	}
	inside := layout.Part{
		Name: "events of " + name, Number: d.number, Offset: at + blockHeadSize, Size: int64(len(data)), Problem: problem,
		Note:    fmt.Sprintf("%d events, %d bytes as %d", h.events, h.unpacked, h.stored),
		Records: func() ([]byte, error) { return raw, problem },
	}
	return h.extent(), nil, d.fn(inside)
}

// entry describes the USJL entry at an offset.
func (d *describer) entry(at, end int64) (n int64, problem, err error) {
	head := make([]byte, min(entryHead, end-at))
	if err := d.read(head, at); err != nil {
		return 0, nil, err
	}
	if len(head) < entryHead {
		return 0, fmt.Errorf("%d bytes are too few for an entry", len(head)), nil
	}
	var e usjlEntry
	e.get(head)
	if _, err := e.check(end - at); err != nil {
		return 0, err, nil
	}
	d.number++
	name := fmt.Sprintf("entry %d", d.number)
	p := layout.Part{Name: name, Number: d.number, Offset: at, Size: entryHead, Data: head, Fields: entryFields}
	if err := d.fn(p); err != nil {
		return 0, nil, err
	}
	sum, err := d.data(name, at+entryHead, &e)
	if err != nil {
		return 0, nil, err
	}
	tail := make([]byte, 4)
	if err := d.read(tail, at+entryHead+int64(e.dataLen)); err != nil {
		return 0, nil, err
	}
	p = layout.Part{Name: "end of " + name, Number: d.number, Offset: at + entryHead + int64(e.dataLen), Size: 4, Data: tail, Fields: entrySumFields}
	if le.Uint32(tail) != sum {
		p.Problem = fmt.Errorf("checksum differs: that of the data is 0x%08x", sum)
	}
	return int64(e.dataLen) + entryFrame, nil, d.fn(p)
}

// data describes the data of an entry, and returns its checksum.
func (d *describer) data(name string, at int64, e *usjlEntry) (sum uint32, err error) {
	if e.dataLen == 0 {
		return 0, nil
	}
	var first []byte
	for left := e.dataLen; left > 0; {
		b := make([]byte, min(left, maxLook))
		if err := d.read(b, at+int64(e.dataLen-left)); err != nil {
			return 0, err
		}
		if first == nil {
			first = b
		}
		sum = sumEntry(sum, b)
		left -= uint64(len(b))
	}
	p := layout.Part{
		Name: "data of " + name, Number: d.number, Offset: at, Size: int64(e.dataLen), Data: first,
		Fields: []layout.Field{{Name: "data", Size: len(first), Form: layout.Bytes}},
	}
	if e.dataLen <= maxLook {
		if text, err := unpackEntry(e.compression, first); err != nil {
			p.Problem = err
		} else if len(text) != len(first) {
			p.Note = fmt.Sprintf("unpacks to %d bytes: %.2000q", len(text), text)
		}
	}
	return sum, d.fn(p)
}

// index describes what is behind the events.
func (d *describer) index(at int64) error {
	for n := uint64(1); d.format == uapi.LegacySemj1 && d.size-at >= indexEntrySize; n++ {
		b := make([]byte, indexEntrySize)
		if err := d.read(b, at); err != nil {
			return err
		}
		p := layout.Part{Name: fmt.Sprintf("index entry %d", n), Number: n, Offset: at, Size: indexEntrySize, Data: b, Fields: indexFields}
		if err := d.fn(p); err != nil {
			return err
		}
		at += indexEntrySize
	}
	if at == d.size {
		return nil
	}
	p := layout.Part{Name: "rest", Offset: at, Size: d.size - at}
	if !d.zero(at, d.size-at) {
		p.Problem = fmt.Errorf("it is no part of the format")
	}
	return d.fn(p)
}
