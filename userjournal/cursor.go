// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"vexj/uapi"
)

// ErrCursor: a text is no cursor, or one of another journal, or what it names
// is not in the journal any more.
var ErrCursor = errors.New("bad cursor")

// ErrCursorText: a text was never a cursor, or not all of it is there. It is also
// ErrCursor.
var ErrCursorText = errors.New("not a whole one")

func cursorTextError(text string) error {
	return fmt.Errorf("%w %q: %w: copy it as it was printed", ErrCursor, text, ErrCursorText)
}

// A Cursor names one record of one journal for ever. Its text is for keeping and
// for giving back, and means nothing else.
type Cursor struct {
	journal [16]byte
	ordinal uint64
	id      uint64 // event_id
}

const (
	cursorPrefix = "vexj1."
	cursorBytes  = 16 + 8 + 8 + 4
)

// Cursor names the record with the ordinal.
func (r *Reader) Cursor(ordinal uint64, rec uapi.Record) Cursor {
	return Cursor{r.journal, ordinal, rec.EventID()}
}

func (c Cursor) String() string {
	b := append(make([]byte, 0, cursorBytes), c.journal[:]...)
	b = le.AppendUint64(b, c.ordinal)
	b = le.AppendUint64(b, c.id)
	b = le.AppendUint32(b, checksum(0, b))
	text := append(make([]byte, 0, 64), cursorPrefix...)
	return string(base64.RawURLEncoding.AppendEncode(text, b))
}

// ParseCursor is the inverse of String.
func ParseCursor(text string) (c Cursor, err error) {
	code, ok := strings.CutPrefix(text, cursorPrefix)
	b, err := base64.RawURLEncoding.DecodeString(code)
	if !ok || err != nil || len(b) != cursorBytes || le.Uint32(b[cursorBytes-4:]) != checksum(0, b[:cursorBytes-4]) {
		return c, cursorTextError(text)
	}
	copy(c.journal[:], b)
	c.ordinal, c.id = le.Uint64(b[16:]), le.Uint64(b[24:])
	return c, nil
}

// Seek returns the ordinal of the record that the cursor names. If the record is
// gone the error says where to go on.
func (r *Reader) Seek(c Cursor) (ordinal uint64, err error) {
	if c.journal != r.journal {
		return 0, fmt.Errorf("%w: it is of the journal %x, this is %x", ErrCursor, c.journal, r.journal)
	}
	rec, err := r.Get(c.ordinal)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, fmt.Errorf("%w: %w", ErrCursor, err)
	case err != nil:
		return 0, err
	case rec.EventID() != c.id:
		return 0, fmt.Errorf("%w: record %d is another one; it was lost before it was acknowledged, as by a power cut",
			ErrCursor, c.ordinal)
	}
	return c.ordinal, nil
}
