// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"vexj/uapi"
)

// restore gives back the records that Export made a file of, if the file is one
// and nobody changed it: whether that is so is found out by making the file
// again and comparing.
func restore(format uapi.LegacyFormat, file io.ReaderAt, size int64, sink Sink, report *Report) (ours bool, err error) {
	read := restoreSemj
	if format == uapi.LegacyUsjl1 {
		read = restoreUsjl
	}
	same := &comparison{file: file}
	var again eventWriter = newSemjWriter(same, &Report{})
	if format == uapi.LegacyUsjl1 {
		again = newUsjlWriter(same, &Report{})
	}
	if read(file, size, again) != nil {
		return false, nil
	}
	if n, err := again.Close(); err != nil || n != size {
		return false, nil
	}
	counted := &counter{Sink: sink}
	err = read(file, size, counted)
	report.Events, report.Restored = counted.records, err == nil
	return true, err
}

type counter struct {
	Sink
	records uint64
}

func (c *counter) Append(rec uapi.Record) error {
	c.records++
	return c.Sink.Append(rec)
}

// A comparison is written what should be in the file already.
type comparison struct {
	file io.ReaderAt
	buf  []byte
}

func (c *comparison) ReadAt(b []byte, off int64) (int, error) { return c.file.ReadAt(b, off) }

func (c *comparison) WriteAt(b []byte, off int64) (int, error) {
	if cap(c.buf) < len(b) {
		c.buf = make([]byte, len(b))
	}
	have := c.buf[:len(b)]
	if n, err := c.file.ReadAt(have, off); n < len(have) {
		return 0, errors.Join(errDiffers, err)
	}
	if !bytes.Equal(have, b) {
		return 0, fmt.Errorf("%w, from offset %d on", errDiffers, off)
	}
	return len(b), nil
}

var errNotOurs = errors.New("the file was not made of records")

// restoreSemj reads a SEMJ file that semjWriter wrote. What is wrong with it
// the comparison finds; here it need only not be believed.
func restoreSemj(file io.ReaderAt, size int64, sink Sink) error {
	head := make([]byte, semjHeaderSize)
	if n, _ := file.ReadAt(head, 0); n < len(head) {
		return errNotOurs
	}
	var h FileHeader
	h.get(head)
	end := int64(h.IndexOffset)
	if h.IndexOffset == 0 {
		end = size
	}
	if end < semjHeaderSize || end > size {
		return errNotOurs
	}
	src := newSource(io.NewSectionReader(file, semjHeaderSize, end-semjHeaderSize), end-semjHeaderSize)
	b := uapi.NewBuilder(nil)
	ev := make([]byte, maxEvent)
	view := false // the event before it holds the record
	for src.off < src.size {
		head, err := src.peek(uapi.HeaderSize)
		if err != nil || len(head) < uapi.HeaderSize {
			return errors.Join(errNotOurs, err)
		}
		s, _, err := shapeOf(head)
		first := src.off == 0
		if err != nil || int64(s.size) > src.left() {
			return errNotOurs
		}
		if err := src.read(ev[:s.size]); err != nil {
			return err
		}
		if view {
			view = false
			continue
		}
		if view, err = restoreEvent(b, ev[:s.size], &s, first, sink); err != nil {
			return err
		}
	}
	return nil
}

func restoreEvent(b *uapi.Builder, ev []byte, s *eventShape, first bool, sink Sink) (view bool, err error) {
	payload := ev[s.payloadAt():][:s.payload]
	kind := carrier(0)
	// Only a carrier has the id 0: records of type legacy are events too.
	if h := uapi.Record(ev); h.Type() == uapi.SysLegacy && h.EventID() == 0 {
		kind = carrier(h.Subtype())
	}
	if first && kind != carryOrigin {
		return false, errNotOurs
	}
	switch kind {
	case carryOrigin:
		var o Origin
		if !o.get(payload) {
			return false, errNotOurs
		}
		return false, sink.Origin(o)
	case carryRecord:
		rec, err := uapi.Check(payload)
		if err != nil || len(rec) != len(payload) {
			return false, errNotOurs
		}
		return true, sink.Append(rec)
	}
	rec, err := decodeEvent(b, ev, s, false, true, func(*uapi.Builder) {})
	if err != nil {
		return false, errNotOurs
	}
	return false, sink.Append(rec)
}
