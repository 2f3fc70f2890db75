// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"io"

	"vexj/uapi"
)

// chunk is how many bytes of a part go into one record.
const chunk = 48 << 10

// parts makes the records of what in a legacy file is no event.
type parts struct {
	format uapi.LegacyFormat
	sink   Sink
	b      *uapi.Builder
	ktime  uint64 // of the last event: these records have no time of their own
	count  uint64
	buf    []byte
}

// add makes one record of a part.
func (p *parts) add(l uapi.Legacy, payload []byte) error {
	l.Format = p.format
	p.b.Begin(uapi.Header{Type: uapi.SysLegacy, Ktime: p.ktime, Priority: uapi.PriorityBackground, VisibilityMask: ^uint64(0)})
	p.b.AddLegacy(l)
	if len(payload) > 0 {
		p.b.Payload(payload)
	}
	rec, err := p.b.Finish()
	if err != nil {
		return err
	}
	p.count++
	return p.sink.Append(rec)
}

// cut makes as many records as a part that is in memory needs.
func (p *parts) cut(l uapi.Legacy, data []byte) error {
	l.Size = uint64(len(data))
	for l.At = 0; l.At < l.Size; l.At += chunk {
		if err := p.add(l, data[l.At:min(l.At+chunk, l.Size)]); err != nil {
			return err
		}
	}
	return nil
}

// stream makes as many records as the next n bytes of the source need.
func (p *parts) stream(s *source, l uapi.Legacy, n int64) error {
	if p.buf == nil {
		p.buf = make([]byte, chunk)
	}
	l.Size = uint64(n)
	for at := int64(0); at < n; {
		b := p.buf[:min(int64(chunk), n-at)]
		if err := s.read(b); err != nil {
			return err
		}
		l.At = uint64(at)
		if err := p.add(l, b); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return nil
}

// zeroRun returns how many zeroes follow until end, -1 if something else does
// before it. It does not read on.
func zeroRun(s *source, end int64) (int64, error) {
	b, err := s.peek(int(min(64, end-s.off)))
	if err != nil || !allZero(b) {
		return -1, err
	}
	r := io.NewSectionReader(s.file, s.off, end-s.off)
	buf := make([]byte, chunk)
	for {
		n, err := r.Read(buf)
		if !allZero(buf[:n]) {
			return -1, nil
		}
		if err == io.EOF {
			return end - s.off, nil
		}
		if err != nil {
			return -1, err
		}
	}
}

// skipZeroes reads n zeroes and makes one record of them.
func (p *parts) skipZeroes(s *source, n int64) error {
	off := s.off
	buf := make([]byte, min(n, chunk))
	for left := n; left > 0; {
		b := buf[:min(left, int64(len(buf)))]
		if err := s.read(b); err != nil {
			return err
		}
		left -= int64(len(b))
	}
	return p.add(uapi.Legacy{Part: uapi.PartZeroes, Offset: uint64(off), Size: uint64(n)}, nil)
}
