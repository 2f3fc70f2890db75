// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bufio"
	"bytes"
	"fmt"

	"vexj/uapi"
)

// A semjWriter makes a SEMJ file of records: header, events, index.
type semjWriter struct {
	file   File
	out    *bufio.Writer
	off    int64
	report *Report

	header FileHeader
	b      *uapi.Builder // of carriers
	check  *uapi.Builder // of what would come back
	event  []byte
}

var written = eventHow{padded: true}

func newSemjWriter(file File, report *Report) *semjWriter {
	return &semjWriter{
		file: file, report: report, off: semjHeaderSize,
		out:    bufio.NewWriterSize(writerAt(file, semjHeaderSize), 256<<10),
		header: FileHeader{Magic: MagicSEMJ, VersionMajor: versionMajor, NextEventID: 1},
		b:      uapi.NewBuilder(nil), check: uapi.NewBuilder(nil),
	}
}

func (w *semjWriter) write(b []byte) error {
	n, err := w.out.Write(b)
	w.off += int64(n)
	return err
}

func (w *semjWriter) carry(c carrier, ktime uint64, payload []byte) error {
	w.b.Begin(carrierHeader(c, ktime))
	rec, err := w.b.Finish()
	if err != nil {
		return err
	}
	w.event, _ = appendEvent(w.event[:0], rec, payload, written, nil)
	w.header.TotalEvents++
	return w.write(w.event)
}

// Origin implements Sink.
func (w *semjWriter) Origin(o Origin) error { return w.carry(carryOrigin, 0, o.append(nil)) }

// Append implements Sink.
func (w *semjWriter) Append(rec uapi.Record) error {
	if rec.Version() != uapi.Version {
		return fmt.Errorf("semj1: record 0x%x is of version %d: only records of version %d are converted", rec.EventID(), rec.Version(), uapi.Version)
	}
	var lacking []uapi.Tag
	ev, ok := appendEvent(w.event[:0], rec, rec.Payload(), written, func(t uapi.Tag) { lacking = append(lacking, t) })
	w.event = ev
	where := "the event's metadata"
	if !ok || !w.comesBack(ev, rec) {
		where = "an event of its own before it"
		kept := bytes.Clone(ev)
		if err := w.carry(carryRecord, rec.Ktime(), rec); err != nil {
			return err
		}
		ev = kept
		if len(lacking) == 0 {
			w.report.fact("a record that exceeds a limit of version 1", where)
		}
	}
	if !legacyType(rec.Type()) {
		w.report.fact("type "+rec.Type().String(), "the event's type, a number that version 1 does not know")
	}
	for _, t := range lacking {
		w.report.fact(t.String(), where)
	}
	w.report.Events++
	w.header.TotalEvents++
	w.header.NextEventID = max(w.header.NextEventID, rec.EventID()+1)
	return w.write(ev)
}

// comesBack reports whether the event makes the same record again: it does for
// all but what breaks a rule of the record that nobody checks, as zeroes in
// the padding.
func (w *semjWriter) comesBack(ev []byte, rec uapi.Record) bool {
	s, _, err := shapeOf(ev)
	if err != nil {
		return false
	}
	back, err := decodeEvent(w.check, ev, &s, false, true, func(*uapi.Builder) {})
	return err == nil && bytes.Equal(back, rec)
}

// Close writes the index, for which it reads the head of each event again, and
// the header.
func (w *semjWriter) Close() (size int64, err error) {
	end := w.off
	if err := w.out.Flush(); err != nil {
		return w.off, err
	}
	if w.file == nil {
		return w.off + int64(w.header.TotalEvents)*indexEntrySize, nil
	}
	if w.header.TotalEvents > 0 {
		w.header.IndexOffset = uint64(end)
		if err := w.index(end); err != nil {
			return w.off, err
		}
	}
	w.header.JournalSize = uint64(w.off)
	head := make([]byte, semjHeaderSize)
	w.header.put(head)
	_, err = w.file.WriteAt(head, 0)
	return w.off, err
}

func (w *semjWriter) index(end int64) error {
	var head [uapi.HeaderSize]byte
	var entry [indexEntrySize]byte
	for at := int64(semjHeaderSize); at < end; {
		if _, err := w.file.ReadAt(head[:], at); err != nil {
			return err
		}
		putIndexEntry(entry[:], head[:], uint64(at))
		if err := w.write(entry[:]); err != nil {
			return err
		}
		at += int64(le.Uint32(head[evSize:]))
	}
	return w.out.Flush()
}
