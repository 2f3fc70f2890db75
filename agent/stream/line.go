// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"vexj/internal/render"
	"vexj/uapi"
	"vexj/userjournal"
)

// Oldest, as a cursor, is before the oldest record.
const Oldest = "oldest"

// A format is how lines go out.
type format int

const (
	ndjson format = iota
	sse
	raw // NDJSON too, with the bytes of the records
	formats
)

var formatNames = [formats]string{"ndjson", "sse", "raw"}

var contentTypes = [formats]string{"application/x-ndjson", "text/event-stream", "application/x-ndjson"}

// A line is a record on its way out, in each format that somebody wants.
type line struct {
	object *render.Object
	set    *userjournal.Set

	ordinal uint64
	rec     uapi.Record
	at      userjournal.Position
	text    string
	spans   [formats]span
	have    [formats]bool
	buf     []byte
	when    time.Time
	timed   bool
}

// take begins with another record; at is the position behind it.
func (l *line) take(at userjournal.Position, ordinal uint64, rec uapi.Record) {
	l.at, l.ordinal, l.rec, l.text, l.timed = at, ordinal, rec, "", false
	l.have = [formats]bool{}
}

func (l *line) time() time.Time {
	if !l.timed {
		l.when, l.timed = l.set.WallTime(l.ordinal, l.rec.Ktime()), true
	}
	return l.when
}

func (l *line) cursor() string {
	if l.text == "" {
		l.text = l.set.Cursor(l.at, l.ordinal, l.rec)
	}
	return l.text
}

// append appends the record in a format.
func (l *line) append(dst []byte, f format) []byte {
	if f == sse {
		dst = append(append(append(dst, "id: "...), l.cursor()...), "\ndata: "...)
	}
	dst = append(append(append(dst, `{"cursor":"`...), l.cursor()...), '"')
	if f == raw {
		dst = strconv.AppendUint(append(dst, `,"ordinal":`...), l.ordinal, 10)
		dst = strconv.AppendInt(append(dst, `,"wall":`...), l.time().UnixNano(), 10)
		dst = base64.StdEncoding.AppendEncode(append(dst, `,"record":"`...), l.rec)
		return f.end(append(dst, `"}`...))
	}
	comma := len(dst)
	dst = l.object.Append(dst, render.Entry{Ordinal: l.ordinal, Wall: l.time().UnixNano(), Rec: l.rec})
	dst[comma] = ',' // the object's own brace
	return f.end(dst)
}

// end appends what ends a line.
func (f format) end(dst []byte) []byte {
	if f == sse {
		return append(dst, "\n\n"...)
	}
	return append(dst, '\n')
}

// span is the record in the arena.
func (l *line) span(a *arena, f format) (span, bool) {
	if !l.have[f] {
		l.buf = l.append(l.buf[:0], f)
		at, ok := a.add(l.buf)
		if !ok {
			return span{}, false
		}
		l.spans[f], l.have[f] = span{at: at, n: uint32(len(l.buf)), weight: 1, made: l.rec.Ktime(), cursor: l.cursor()}, true
	}
	return l.spans[f], true
}

// What is no record.

// A Gap says what a subscriber did not get.
type Gap struct {
	Reason string `json:"reason"`
	// Missed is how many records its filter took that it did not get.
	Missed uint64 `json:"missed,omitempty"`
	// Lost is how many records were lost that the filter may have taken; 0: nobody
	// knows.
	Lost  uint64 `json:"lost,omitempty"`
	Cause string `json:"cause,omitempty"`
	// Cursor is where to go on to get what was missed, if that can be had, or
	// else to go on behind the gap.
	Cursor string `json:"cursor"`
}

// The reasons of gaps.
const (
	GapSlow      = "slow"
	GapLost      = "lost"
	GapRemoved   = "removed"
	GapDamaged   = "damaged"
	GapTakenBack = "taken-back"
)

// A Line is one of a stream of the format raw: of a record the first four are set,
// otherwise one of the others, as in the other formats.
type Line struct {
	Cursor  string `json:"cursor,omitempty"`
	Ordinal uint64 `json:"ordinal,omitempty"`
	Wall    int64  `json:"wall,omitempty"` // ns since 1970
	Record  []byte `json:"record,omitempty"`

	Stream    *Hello    `json:"stream,omitempty"`
	Gap       *Gap      `json:"gap,omitempty"`
	Heartbeat *Pulse    `json:"heartbeat,omitempty"`
	End       *Farewell `json:"end,omitempty"`
}

// Hello is the first line.
type Hello struct {
	Cursor    string  `json:"cursor"`
	Heartbeat float64 `json:"heartbeat"` // seconds
}

// A Pulse is a heartbeat.
type Pulse struct {
	Cursor string    `json:"cursor"`
	Time   time.Time `json:"time"`
}

// A Farewell is the last line, if the recorder ends the stream.
type Farewell struct {
	Error  string `json:"error"`
	Cursor string `json:"cursor"`
}

// append appends the line. A server-sent event has the cursor for its id only
// if nothing before it is owed any more.
func (m *Line) append(dst []byte, f format, id string) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // it has nothing that could fail
	}
	if f == sse {
		dst = append(append(append(dst, "event: "...), m.name()...), '\n')
		if id != "" {
			dst = append(append(append(dst, "id: "...), id...), '\n')
		}
		dst = append(dst, "data: "...)
	}
	return f.end(append(dst, b...))
}

func (m *Line) name() string {
	switch {
	case m.Stream != nil:
		return "stream"
	case m.Gap != nil:
		return "gap"
	case m.Heartbeat != nil:
		return "heartbeat"
	}
	return "end"
}

// gapOf is the gap that a LOST record tells of.
func gapOf(rec uapi.Record, cursor string) *Gap {
	g := &Gap{Reason: GapLost, Cursor: cursor}
	if lost, ok := rec.Lost(); ok {
		g.Lost, g.Cause = lost.Count, lost.Cause.String()
	}
	return g
}
