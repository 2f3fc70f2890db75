// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"

	"vexj/uapi"
)

// A pendingEvent waits for the rest of its payload.
type pendingEvent struct {
	rec  uapi.Record
	l    uapi.Legacy
	have uint64 // bytes of the payload
	data []byte // of a SEMJ event
	sum  uint32 // of a USJL entry, whose data is written as it comes
}

func (m *remaker) addEvent(rec uapi.Record, l uapi.Legacy) error {
	derived := m.format == uapi.LegacySemj1 && l.Layout&layoutDerived != 0
	at := m.off
	if m.block != nil {
		at = uint64(len(m.block.raw))
	}
	if !derived && l.Offset != at {
		return incomplete("an event from offset %d comes where offset %d should", l.Offset, at)
	}
	m.report.Events++
	e := &pendingEvent{rec: rec, l: l}
	if l.At > 0 {
		e.rec = bytes.Clone(rec)
		m.event = e
	}
	if m.format == uapi.LegacyUsjl1 {
		return m.beginEntry(e)
	}
	if m.event != nil {
		return nil
	}
	return m.finishEvent(e, rec.Payload())
}

func (m *remaker) addPayload(rec uapi.Record, l *uapi.Legacy) error {
	e := m.event
	if e == nil {
		return incomplete("a payload from offset %d has no event before it", l.Offset)
	}
	m.report.Parts++
	payload := rec.Payload()
	e.have += uint64(len(payload))
	if e.have > e.l.At || len(payload) == 0 {
		return incomplete("the payload of the event at offset %d has more than its %d bytes", e.l.Offset, e.l.At)
	}
	done := e.have == e.l.At
	if done {
		m.event = nil
	}
	if m.format == uapi.LegacyUsjl1 {
		return m.moreEntry(e, payload, done)
	}
	if e.data = append(e.data, payload...); len(e.data) > maxPayload {
		return incomplete("the event at offset %d has a payload of more than %d bytes", e.l.Offset, maxPayload)
	}
	if !done {
		return nil
	}
	return m.finishEvent(e, e.data)
}

// finishEvent makes a SEMJ event and puts it where it belongs.
func (m *remaker) finishEvent(e *pendingEvent, payload []byte) error {
	if e.l.Layout&layoutDerived != 0 {
		return nil // its block is kept as bytes
	}
	ev, ok := appendEvent(m.made[:0], e.rec, payload, howOf(&e.l), nil)
	m.made = ev
	if !ok || uint64(len(ev)) != e.l.Size || !fixed(ev, e.rec) {
		return incomplete("the record of the event at offset %d does not make its %d bytes again", e.l.Offset, e.l.Size)
	}
	if m.block == nil {
		return m.write(ev)
	}
	if len(m.block.raw)+len(ev) > int(m.block.head.unpacked) {
		return incomplete("the events of the storage block at offset %d are more than its %d bytes", m.off, m.block.head.unpacked)
	}
	m.block.raw = append(m.block.raw, ev...)
	return m.blockDone()
}

// fixed applies the fix of a record, if it has one.
func fixed(b []byte, rec uapi.Record) bool {
	fix, _ := rec.Attr(uapi.AttrLegacyFix)
	return applyFix(b, fix)
}

// frameOf is the bytes of a USJL entry around its data.
func (e *pendingEvent) frame(sum uint32) ([]byte, error) {
	n := uint64(e.rec.PayloadSize())
	if e.l.At > 0 {
		n = e.l.At
	}
	entry := entryOf(e.rec, &e.l, n, sum)
	frame := entry.frame()
	if n+entryFrame != e.l.Size || !fixed(frame, e.rec) {
		return nil, incomplete("the record of the entry at offset %d does not make its %d bytes again", e.l.Offset, e.l.Size)
	}
	return frame, nil
}

func (m *remaker) beginEntry(e *pendingEvent) error {
	frame, err := e.frame(0)
	if err != nil {
		return err
	}
	if err := m.write(frame[:entryHead]); err != nil || m.event != nil {
		return err
	}
	return m.moreEntry(e, e.rec.Payload(), true)
}

func (m *remaker) moreEntry(e *pendingEvent, data []byte, done bool) error {
	e.sum = sumEntry(e.sum, data)
	if err := m.write(data); err != nil || !done {
		return err
	}
	frame, err := e.frame(e.sum)
	if err != nil {
		return err
	}
	return m.write(frame[entryHead:])
}
