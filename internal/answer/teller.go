// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"vexj/internal/quote"
	"vexj/internal/render"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// A Teller answers the questions of one reader. It belongs to one goroutine.
type Teller struct {
	ctx    context.Context // of who asks
	set    *userjournal.Set
	view   query.View
	q      *query.Inquiry
	object *render.Object
	buf    []byte
}

// New returns one for a journal, which stays open while it is used. When ctx ends so
// does an answer that is under way, with the error of ctx.
func New(ctx context.Context, set *userjournal.Set, view query.View) *Teller {
	return &Teller{ctx: ctx, set: set, view: view, q: query.Inquire(query.During(ctx, set), view), object: render.NewObject()}
}

// Damaged reports whether an answer may lack something that cannot be read.
func (t *Teller) Damaged() bool { return t.q.Damaged() }

// Record is the object of a record, with a cursor if there is one.
func (t *Teller) Record(ordinal uint64, rec uapi.Record, cursor string) (json.RawMessage, error) {
	rec, err := t.q.Shown(rec)
	if err != nil {
		return nil, err
	}
	wall := t.set.WallTime(ordinal, rec.Ktime()).UnixNano()
	t.buf = t.object.Append(t.buf[:0], render.Entry{Ordinal: ordinal, Wall: wall, Rec: rec})
	if cursor != "" {
		t.buf = append(t.buf[:len(t.buf)-1], `,"cursor":"`...)
		t.buf = append(append(t.buf, cursor...), `"}`...)
	}
	return append(json.RawMessage(nil), t.buf...), nil
}

// record is Record, or a Brief, which has no cursor: the page's will do.
func (t *Teller) record(ordinal uint64, rec uapi.Record, cursor string, brief bool) (json.RawMessage, error) {
	if !brief {
		return t.Record(ordinal, rec, cursor)
	}
	rec, err := t.q.Shown(rec)
	if err != nil {
		return nil, err
	}
	return t.brief(ordinal, rec)
}

func (t *Teller) event(e query.Event) (json.RawMessage, error) { return t.Record(e.Ordinal, e.Rec, "") }

func (t *Teller) events(list []query.Event) ([]json.RawMessage, error) {
	objects := []json.RawMessage{}
	for _, e := range list {
		o, err := t.event(e)
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// Show is the object of the record with the event id.
func (t *Teller) Show(id uint64) (json.RawMessage, error) {
	e, err := t.q.Find(id)
	if err != nil {
		return nil, err
	}
	return t.event(e)
}

// ErrID: a text is no event id.
var ErrID = errors.New("no event id")

// ParseID reads an event id as it is printed, or in decimal.
func ParseID(text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is %w: write it in decimal, or in hexadecimal after 0x", text, ErrID)
	}
	return id, nil
}

// ID is how event ids are printed.
func ID(id uint64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("0x%016x", id)
}

// Text is bytes of a record as JSON can carry them.
func Text(s string) string {
	if quote.Valid([]byte(s)) {
		return s
	}
	return quote.Text(s)
}

func texts(list []string) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, Text(s))
	}
	return out
}

func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func session(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 10)
}
