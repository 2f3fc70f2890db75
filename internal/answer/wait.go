// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"encoding/json"
	"slices"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// Now is a cursor behind which is what is recorded from now on: that of the last
// record in the view, empty if there is none.
func (t *Teller) Now() (cursor string, err error) {
	end, err := t.set.End()
	if err != nil {
		return "", err
	}
	f, err := query.Conditions{}.Compile(t.view)
	if err != nil {
		return "", err
	}
	o := userjournal.ScanOptions{Reverse: true, OnDamage: func(*userjournal.DamageError) error { return nil }}
	err = f.Scan(query.During(t.ctx, t.set.Between(nil, end)), o, func(ordinal uint64, rec uapi.Record) error {
		cursor = t.set.Cursor(slices.Clone(end), ordinal, rec)
		return userjournal.ErrStop
	})
	return cursor, err
}

// Wait is the page of records that meet the conditions behind a cursor, of those
// that come until ctx ends too: it returns as soon as there is one. Its cursor is
// that of the page, or the one given.
func (t *Teller) Wait(ctx context.Context, c query.Conditions, o PageOptions) (*Page, error) {
	p, err := t.Log(c, o)
	if err != nil || len(p.Records) > 0 {
		return p, err
	}
	after := userjournal.Position(nil)
	if o.After != "" {
		if after, err = t.Seek(o.After); err != nil {
			return nil, err
		}
	}
	f, err := c.Compile(t.view)
	if err != nil {
		return nil, err
	}
	matches := f.Matches(t.set)
	at := make(userjournal.Position, len(t.set.Shards()))
	copy(at, after)
	err = t.set.Follow(ctx, after, func(ordinal uint64, rec uapi.Record) error {
		if !matches(ordinal, rec) {
			return f.Err()
		}
		at.Pass(ordinal)
		p.Cursor = t.set.Cursor(at, ordinal, rec)
		object, err := t.record(ordinal, rec, p.Cursor, o.Brief)
		if err != nil {
			return err
		}
		p.Records = []json.RawMessage{object}
		return userjournal.ErrStop
	})
	return p, err
}
