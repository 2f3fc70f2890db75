// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"vexj/uapi"
)

// A usjlWriter makes a USJL version 1 file of records: header, entries in JSON.
type usjlWriter struct {
	file   File
	out    *bufio.Writer
	off    int64
	report *Report
	header FileHeader
	origin Origin
	any    bool
	data   bytes.Buffer
	json   *json.Encoder
}

func newUsjlWriter(file File, report *Report) *usjlWriter {
	w := &usjlWriter{
		file: file, report: report, off: usjlHeaderSize,
		out:    bufio.NewWriterSize(writerAt(file, usjlHeaderSize), 256<<10),
		header: FileHeader{Magic: MagicUSJL, VersionMajor: versionMajor, NextEventID: 1},
	}
	w.json = json.NewEncoder(&w.data)
	w.json.SetEscapeHTML(false)
	return w
}

func (w *usjlWriter) write(b []byte) error {
	n, err := w.out.Write(b)
	w.off += int64(n)
	return err
}

// seconds is the time of day of a ktime, 0 if that was before 1970.
func (w *usjlWriter) seconds(ktime uint64) uint64 {
	return uint64(max(0, int64(ktime)+w.origin.WallOffset)) / uint64(time.Second)
}

func (w *usjlWriter) entry(id uint64, kind uapi.Type, seconds uint64, v any) error {
	w.data.Reset()
	if err := w.json.Encode(v); err != nil {
		return fmt.Errorf("usjl1: event 0x%x: %w", id, err)
	}
	data := w.data.Bytes()
	data = data[:len(data)-1] // Encode ends the line
	e := usjlEntry{
		size: uint32(len(data) + entryFrame), id: id, kind: uint32(kind), timestamp: seconds, format: formatJSON,
		dataLen: uint64(len(data)), checksum: sumEntry(0, data),
	}
	frame := e.frame()
	w.header.TotalEvents++
	if err := w.write(frame[:entryHead]); err != nil {
		return err
	}
	if err := w.write(data); err != nil {
		return err
	}
	return w.write(frame[entryHead:])
}

// Origin implements Sink.
func (w *usjlWriter) Origin(o Origin) error {
	w.origin = o
	return w.entry(0, uapi.SysLegacy, 0, semanticEvent{Type: typeWord(uapi.SysLegacy), Metadata: &semanticMetadata{Origin: o.append(nil)}})
}

// Append implements Sink.
func (w *usjlWriter) Append(rec uapi.Record) error {
	seconds := w.seconds(rec.Ktime())
	if !w.any {
		w.any, w.header.CreatedAt = true, seconds
	}
	w.header.ModifiedAt = max(w.header.ModifiedAt, seconds)
	w.header.NextEventID = max(w.header.NextEventID, rec.EventID()+1)
	w.report.Events++
	v := eventOf(rec, w.origin, func(fact string) { w.report.fact(fact, "the entry's metadata") })
	return w.entry(rec.EventID(), rec.Type(), seconds, v)
}

// Close writes the header.
func (w *usjlWriter) Close() (size int64, err error) {
	if err := w.out.Flush(); err != nil {
		return w.off, err
	}
	if w.file == nil {
		return w.off, nil
	}
	w.header.JournalSize = uint64(w.off)
	head := make([]byte, usjlHeaderSize)
	w.header.put(head)
	_, err = w.file.WriteAt(head, 0)
	return w.off, err
}

// restoreUsjl reads a file that usjlWriter wrote; see restoreSemj.
func restoreUsjl(file io.ReaderAt, size int64, sink Sink) error {
	if size < usjlHeaderSize {
		return errNotOurs
	}
	src := newSource(io.NewSectionReader(file, usjlHeaderSize, size-usjlHeaderSize), size-usjlHeaderSize)
	var data []byte
	for src.off < src.size {
		first := src.off == 0
		var head [entryHead]byte
		var e usjlEntry
		if src.left() < entryFrame {
			return errNotOurs
		}
		if err := src.read(head[:]); err != nil {
			return err
		}
		e.get(head[:])
		if _, err := e.check(src.left() + entryHead); err != nil || e.dataLen > maxOurs {
			return errNotOurs
		}
		if uint64(cap(data)) < e.dataLen+4 {
			data = make([]byte, e.dataLen+4, 2*e.dataLen+4)
		}
		data = data[:e.dataLen+4]
		if err := src.read(data); err != nil {
			return err
		}
		var v semanticEvent
		if json.Unmarshal(data[:e.dataLen], &v) != nil || v.Metadata == nil {
			return errNotOurs
		}
		if err := v.Metadata.restore(first, sink); err != nil {
			return err
		}
	}
	return nil
}

// maxOurs bounds the data of an entry that usjlWriter wrote: a record in
// base64, and all of its texts escaped, each byte as six.
const maxOurs = 8 * uapi.MaxRecord

func (m *semanticMetadata) restore(first bool, sink Sink) error {
	if m.Record == nil || first {
		var o Origin
		if !o.get(m.Origin) {
			return errNotOurs
		}
		return sink.Origin(o)
	}
	rec, err := uapi.Check(m.Record)
	if err != nil || len(rec) != len(m.Record) {
		return errNotOurs
	}
	return sink.Append(rec)
}
