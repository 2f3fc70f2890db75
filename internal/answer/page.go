// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// How many records a page has if nothing is said, and at most.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// ErrLimit: a page of that size is not to be had.
var ErrLimit = fmt.Errorf("limit is 1 to %d", MaxLimit)

// A Page is some records of a longer list, in their order.
type Page struct {
	Records []json.RawMessage `json:"records"`
	// Cursor names the last record looked at; what is behind it comes with it as
	// after. Empty: there was none.
	Cursor  string `json:"cursor,omitempty"`
	More    bool   `json:"more"` // there are records behind it now
	Damaged bool   `json:"damaged,omitempty"`
}

// PageOptions say which page.
type PageOptions struct {
	After   string // a cursor; empty: from the beginning
	Limit   int    // records; 0: DefaultLimit
	Before  string // a cursor, with Reverse: what is before it
	Reverse bool   // the newest first; without After
	Bytes   int    // of the objects, at most, but for the first; 0: any number
	Brief   bool   // the records are Briefs
}

func (o *PageOptions) check() error {
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	if o.Limit < 0 || o.Limit > MaxLimit {
		return fmt.Errorf("%w, not %d", ErrLimit, o.Limit)
	}
	if o.Reverse && o.After != "" {
		return fmt.Errorf("%w: what is behind a cursor is told in order: in reverse give before", userjournal.ErrCursor)
	}
	if o.Before != "" && !o.Reverse {
		return fmt.Errorf("%w: what is before a cursor is told in reverse", userjournal.ErrCursor)
	}
	return nil
}

// errFull ends a page.
var errFull = errors.New("page is full")

// Log is a page of the records that meet the conditions.
func (t *Teller) Log(c query.Conditions, o PageOptions) (*Page, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	f, err := c.Compile(t.view)
	if err != nil {
		return nil, err
	}
	at := make(userjournal.Position, len(t.set.Shards()))
	var after userjournal.Position
	if o.After != "" {
		if after, err = t.Seek(o.After); err != nil {
			return nil, err
		}
		at = slices.Clone(after)
	}
	end, err := t.set.End()
	if err != nil {
		return nil, err
	}
	if after != nil {
		end.Join(after)
	}
	if o.Before != "" {
		if end, err = t.seekBefore(o.Before); err != nil {
			return nil, err
		}
	}
	p := &Page{Records: []json.RawMessage{}, Cursor: o.After}
	bytes := 0
	damage := func(*userjournal.DamageError) error {
		p.Damaged = true
		return nil
	}
	scan := userjournal.ScanOptions{Reverse: o.Reverse, OnDamage: damage}
	err = f.Scan(query.During(t.ctx, t.set.Between(after, end)), scan, func(ordinal uint64, rec uapi.Record) error {
		if len(p.Records) == o.Limit {
			return errFull
		}
		at.Pass(ordinal)
		cursor := t.set.Cursor(at, ordinal, rec)
		object, err := t.record(ordinal, rec, cursor, o.Brief)
		if err != nil {
			return err
		}
		if bytes += len(object); o.Bytes > 0 && bytes > o.Bytes && len(p.Records) > 0 {
			return errFull
		}
		p.Records, p.Cursor = append(p.Records, object), cursor
		return nil
	})
	switch p.More = errors.Is(err, errFull); {
	case p.More, errors.Is(err, userjournal.ErrEmpty):
		err = nil
	}
	if p.Cursor == "" {
		p.Cursor = o.Before
	}
	return p, err
}

// seekBefore is the position before the record that a cursor names.
func (t *Teller) seekBefore(cursor string) (userjournal.Position, error) {
	if _, err := t.Seek(cursor); err != nil {
		return nil, err
	}
	before, _, err := t.set.Seek(cursor)
	return before, err
}

// Seek is the position behind the record that a cursor names. A record that is
// not in the view is not there.
func (t *Teller) Seek(cursor string) (userjournal.Position, error) {
	before, behind, err := t.set.Seek(cursor)
	if err == nil {
		err = t.view.Shows(t.set, before, behind)
	}
	if errors.Is(err, userjournal.ErrCursor) && !errors.Is(err, userjournal.ErrCursorText) && errors.Is(err, userjournal.ErrNotFound) {
		err = errGone
	}
	if err != nil {
		return nil, err
	}
	return behind, nil
}

// errGone is of records that are not in the view too.
var errGone = fmt.Errorf("%w: the record that it names is not in the journal; begin without one", userjournal.ErrCursor)
