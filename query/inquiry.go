// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// A Source is a journal in which single records can be found as well;
// [userjournal.Set] is one.
type Source interface {
	Journal
	Find(id uint64) (ordinal uint64, rec uapi.Record, err error)
}

// An Inquiry is a series of questions of one reader about causes and effects. What
// it has found out about intents it remembers. It belongs to one goroutine.
type Inquiry struct {
	src     Source
	view    View
	damaged bool
	intents map[uint64]*Intent // by the event that is asked about; nil: it has none
	visible map[uint64]bool    // by event id
}

// Inquire begins one.
func Inquire(src Source, view View) *Inquiry {
	return &Inquiry{src: src, view: view, intents: map[uint64]*Intent{}, visible: map[uint64]bool{}}
}

// Damaged reports whether a part of the journal could not be read, so that answers
// may lack something.
func (q *Inquiry) Damaged() bool { return q.damaged }

// An Event is a record with its place and its time.
type Event struct {
	Ordinal uint64
	Time    time.Time
	Rec     uapi.Record
}

func (q *Inquiry) event(ordinal uint64, r uapi.Record) Event {
	return Event{ordinal, q.src.WallTime(ordinal, r.Ktime()), slices.Clone(r)}
}

// maxRemembered bounds what an inquiry remembers.
const maxRemembered = 1 << 16

// Find returns the record with the event id. One that is not in the view is not
// there: ErrNotFound.
func (q *Inquiry) Find(id uint64) (Event, error) {
	ordinal, r, err := q.src.Find(id)
	if errors.Is(err, userjournal.ErrNotFound) && (!errors.Is(err, userjournal.ErrDamaged) || !q.view.Whole()) ||
		err == nil && !q.view.Sees(r) {
		return Event{}, fmt.Errorf("event 0x%016x: %w", id, ErrNotFound)
	}
	if err != nil {
		return Event{}, err
	}
	return q.event(ordinal, r), nil
}

// look is Find that returns nil for what is not there.
func (q *Inquiry) look(id uint64) (*Event, error) {
	e, err := q.Find(id)
	if errors.Is(err, userjournal.ErrNotFound) {
		return nil, nil
	}
	return &e, err
}

// Shown is the record as its reader may see it: without the ids of causes that are
// not in the view.
func (q *Inquiry) Shown(r uapi.Record) (uapi.Record, error) {
	if q.view.Whole() {
		return r, nil
	}
	parent, err := q.sees(r, r.Parent())
	if err != nil {
		return nil, err
	}
	root, err := q.sees(r, r.RootCause())
	if err != nil || parent && root {
		return r, err
	}
	r = slices.Clone(r)
	h := r.Header()
	if !parent {
		h.Parent = 0
	}
	if !root {
		h.RootCause = h.EventID
	}
	h.Put(r)
	return r, nil
}

func (q *Inquiry) sees(r uapi.Record, id uint64) (bool, error) {
	if id == 0 || id == r.EventID() {
		return true, nil
	}
	seen, known := q.visible[id]
	if known {
		return seen, nil
	}
	e, err := q.look(id)
	if err != nil {
		return false, err
	}
	if len(q.visible) >= maxRemembered {
		clear(q.visible)
	}
	q.visible[id] = e != nil
	return e != nil, nil
}

// scan visits what meets the conditions; what cannot be read is noted.
func (q *Inquiry) scan(c Conditions, o userjournal.ScanOptions, fn func(ordinal uint64, r uapi.Record) error) error {
	f, err := c.Compile(q.view)
	if err != nil {
		return err
	}
	o.OnDamage = func(*userjournal.DamageError) error {
		q.damaged = true
		return nil
	}
	if err = f.Scan(q.src, o, fn); errors.Is(err, userjournal.ErrEmpty) {
		return nil
	}
	return err
}
