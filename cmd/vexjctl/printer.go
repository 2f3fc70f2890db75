// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"time"

	"vexj/internal/render"
	"vexj/uapi"
	"vexj/userjournal"
)

// entry adds what the journal knows to a record.
func entry(r *userjournal.Set, ordinal uint64, rec uapi.Record) render.Entry {
	return render.Entry{Ordinal: ordinal, Wall: r.WallTime(ordinal, rec.Ktime()).UnixNano(), Rec: rec}
}

// printer writes records in one of the formats of log.
type printer struct {
	w       *bufio.Writer
	r       *userjournal.Set
	format  string
	line    *render.Line
	object  *render.Object
	buf     []byte
	count   uint64
	damaged bool
	cursor  func(ordinal uint64, rec uapi.Record) string // of JSON objects; nil: none
}

func newPrinter(w *bufio.Writer, r *userjournal.Set, format string, color bool, loc *time.Location) *printer {
	return &printer{
		w: w, r: r, format: format, buf: make([]byte, 0, 4<<10),
		line: render.NewLine(format == "wide", color, loc), object: render.NewObject(),
	}
}

// record has the signature that scans call.
func (p *printer) record(ordinal uint64, rec uapi.Record) error {
	e := entry(p.r, ordinal, rec)
	p.buf = p.buf[:0]
	switch p.format {
	case "json":
		sep := ",\n"
		if p.count == 0 {
			sep = "[\n"
		}
		p.buf = p.named(p.object.Append(append(p.buf, sep...), e), e)
	case "ndjson":
		p.buf = append(p.named(p.object.Append(p.buf, e), e), '\n')
	default:
		p.buf = p.line.Append(p.buf, e)
	}
	p.count++
	_, err := p.w.Write(p.buf)
	return err
}

// named adds the cursor to the object that ends b, if one is wanted.
func (p *printer) named(b []byte, e render.Entry) []byte {
	if p.cursor == nil {
		return b
	}
	b = append(b[:len(b)-1], `,"cursor":"`...)
	return append(append(b, p.cursor(e.Ordinal, e.Rec)...), `"}`...)
}

// damage says what could not be read and lets the scan go on behind it.
func (p *printer) damage(d *userjournal.DamageError) error {
	p.damaged = true
	if err := p.w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "vexjctl log: %v\n", d)
	return nil
}

// end completes the output.
func (p *printer) end() error {
	if p.format != "json" {
		return nil
	}
	text := "\n]\n"
	if p.count == 0 {
		text = "[]\n"
	}
	_, err := p.w.WriteString(text)
	return err
}
