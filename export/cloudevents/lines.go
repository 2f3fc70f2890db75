// SPDX-License-Identifier: Apache-2.0

package cloudevents

import (
	"bufio"
	"context"
	"io"

	"vexj/export/folder"
	"vexj/internal/render"
	"vexj/userjournal"
)

const (
	maxPart = 256 << 20 // bytes of a file
	// maxPipe is after how many bytes what reads a pipe has them for certain.
	maxPipe = 1 << 20
)

// Format is that of files in a folder.
func Format(journal [16]byte) folder.Format {
	return folder.Format{Ext: "cloudevents.ndjson", New: func(w io.Writer) (folder.Encoder, error) {
		return newLines(journal, w, maxPart), nil
	}}
}

// Lines writes events one a line. It is the encoder of a folder's part, and, for what
// is no file, a sink.
type Lines struct {
	c     *Encoder
	w     *bufio.Writer
	buf   []byte
	bytes int
	most  int
}

// NewLines writes to what is no file of a folder.
func NewLines(journal [16]byte, w io.Writer) *Lines { return newLines(journal, w, maxPipe) }

func newLines(journal [16]byte, w io.Writer, most int) *Lines {
	return &Lines{c: NewEncoder(journal), w: bufio.NewWriterSize(w, 64<<10), most: most}
}

// Add writes a line.
func (l *Lines) Add(e render.Entry) error {
	l.buf = append(l.c.Append(l.buf[:0], e), '\n')
	l.bytes += len(l.buf)
	_, err := l.w.Write(l.buf)
	return err
}

// Full reports whether the part is large enough.
func (l *Lines) Full() bool { return l.bytes >= l.most }

// Finish writes out what is left.
func (l *Lines) Finish() error { return l.w.Flush() }

// Commit writes out what is left, and begins to count again.
func (l *Lines) Commit(context.Context, userjournal.Position, userjournal.Position) error {
	l.bytes = 0
	return l.w.Flush()
}

// Close does nothing: what was not committed is not written out.
func (l *Lines) Close() error { return nil }
