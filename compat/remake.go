// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"vexj/uapi"
)

// A remaker makes the legacy file again that records were converted from.
type remaker struct {
	format uapi.LegacyFormat
	out    *bufio.Writer
	sum    hash.Hash
	off    uint64 // of what comes next
	report *Report
	ended  bool

	event *pendingEvent // whose payload is still to come
	block *pendingBlock // whose events are still to come
	made  []byte
}

func newRemaker(format uapi.LegacyFormat, w io.Writer, report *Report) *remaker {
	m := &remaker{format: format, sum: sha256.New(), report: report}
	m.out = bufio.NewWriterSize(io.MultiWriter(w, m.sum), 256<<10)
	return m
}

func (m *remaker) write(b []byte) error {
	n, err := m.out.Write(b)
	m.off += uint64(n)
	return err
}

func incomplete(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrIncomplete}, a...)...)
}

// Append takes the next record.
func (m *remaker) Append(rec uapi.Record) error {
	l, ok := rec.Legacy()
	switch {
	case !ok || l.Format != m.format:
		return incomplete("a %v record is not of a %v file", rec.Type(), m.format)
	case m.ended:
		return incomplete("there are records behind the end of the file")
	case m.event != nil && (l.Part != uapi.PartPayload || l.At != m.event.have):
		return incomplete("of the payload of the event at offset %d, %d bytes of %d are there", m.event.l.Offset, m.event.have, m.event.l.At)
	case m.block != nil && l.Part != uapi.PartEvent && l.Part != uapi.PartPayload:
		return incomplete("of the storage block at offset %d, %d bytes of %d are there", m.off, len(m.block.raw), m.block.head.unpacked)
	}
	switch l.Part {
	case uapi.PartEvent:
		return m.addEvent(rec, l)
	case uapi.PartPayload:
		return m.addPayload(rec, &l)
	case uapi.PartBlock:
		return m.addBlock(rec, &l)
	}
	if l.Offset+l.At != m.off {
		return incomplete("bytes %d to %d of the file are missing", m.off, l.Offset+l.At)
	}
	switch l.Part {
	case uapi.PartHeader, uapi.PartIndex, uapi.PartBytes:
		m.report.Parts++
		return m.write(rec.Payload())
	case uapi.PartZeroes:
		m.report.Parts++
		return m.zeroes(l.Size)
	case uapi.PartEnd:
		return m.end(rec, &l)
	}
	return incomplete("part %v is not known: a newer vexj converted the file, use that one", l.Part)
}

func (m *remaker) zeroes(n uint64) error {
	for n > 0 {
		b := zeroes[:min(n, uint64(len(zeroes)))]
		if err := m.write(b); err != nil {
			return err
		}
		n -= uint64(len(b))
	}
	return nil
}

// end compares the file with what it was.
func (m *remaker) end(rec uapi.Record, l *uapi.Legacy) error {
	if err := m.out.Flush(); err != nil {
		return err
	}
	if l.Size != m.off || !bytes.Equal(rec.Payload(), m.sum.Sum(nil)) {
		return fmt.Errorf("%w: all are there, and their SHA-256 is not that of the file: a record was changed", ErrIncomplete)
	}
	m.ended = true
	m.report.Restored = true
	m.report.Bytes = int64(m.off)
	return nil
}

// Close says if something is missing at the end.
func (m *remaker) Close() error {
	if !m.ended {
		return errors.Join(incomplete("what is behind byte %d of the file is missing", m.off), m.out.Flush())
	}
	return nil
}

// A pendingBlock collects the events of a storage block.
type pendingBlock struct {
	head   blockHeader
	bytes  []byte
	extent uint64
	recipe recipe
	raw    []byte
}

func (m *remaker) addBlock(rec uapi.Record, l *uapi.Legacy) error {
	if l.Offset != m.off {
		return incomplete("bytes %d to %d of the file are missing", m.off, l.Offset)
	}
	m.report.Parts++
	head := rec.Payload()
	if len(head) != blockHeadSize {
		return incomplete("the header of the storage block at offset %d has %d bytes", l.Offset, len(head))
	}
	b := &pendingBlock{bytes: bytes.Clone(head), extent: l.Size, recipe: recipe(l.Layout)}
	b.head.get(head)
	if b.recipe == recipeVerbatim {
		return m.write(head) // its bytes follow
	}
	if b.head.check(int64(min(l.Size, maxBlock))) != nil || b.head.extent() != int64(l.Size) {
		return incomplete("the storage block at offset %d is not what its header says", l.Offset)
	}
	m.block = b
	return m.blockDone()
}

// blockDone writes the block when all its events are there.
func (m *remaker) blockDone() error {
	b := m.block
	if len(b.raw) < int(b.head.unpacked) {
		return nil
	}
	m.block = nil
	stored := b.recipe.cook(b.raw)
	if len(b.raw) != int(b.head.unpacked) || len(stored) != int(b.head.stored) {
		return incomplete("the events of the storage block at offset %d do not make its %d bytes again", m.off, b.head.stored)
	}
	if err := m.write(b.bytes); err != nil {
		return err
	}
	if err := m.write(stored); err != nil {
		return err
	}
	return m.zeroes(b.extent - blockHeadSize - uint64(len(stored)))
}
