// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"vexj/query"
	"vexj/userjournal"
)

// A Why is how an event came about.
type Why struct {
	Event     json.RawMessage   `json:"event"`
	Causes    []json.RawMessage `json:"causes"` // the nearest first
	Root      json.RawMessage   `json:"root,omitempty"`
	Links     []json.RawMessage `json:"links,omitempty"`
	Cut       bool              `json:"cut,omitempty"` // a cause is not there
	Intent    *Intent           `json:"intent,omitempty"`
	Processes []Process         `json:"processes"`
	Damaged   bool              `json:"damaged,omitempty"`
}

// A Process is one that acted, or one that it descends from.
type Process struct {
	PID  uint32   `json:"pid"`
	Comm string   `json:"comm,omitempty"`
	Path string   `json:"path,omitempty"` // of the program
	Argv []string `json:"argv,omitempty"`
	Exec string   `json:"exec_id,omitempty"`
	Fork string   `json:"fork_id,omitempty"`
}

// Why tells how an event came about.
func (t *Teller) Why(id uint64) (o *Why, err error) {
	w, err := t.q.Why(id)
	if err != nil {
		return nil, err
	}
	o = &Why{Cut: w.Cut, Intent: intent(w.Intent), Processes: []Process{}}
	if o.Event, err = t.event(w.Event); err != nil {
		return nil, err
	}
	if o.Causes, err = t.events(w.Causes); err != nil {
		return nil, err
	}
	if w.Root != nil {
		if o.Root, err = t.event(*w.Root); err != nil {
			return nil, err
		}
	}
	if len(w.Links) > 0 {
		if o.Links, err = t.events(w.Links); err != nil {
			return nil, err
		}
	}
	for _, a := range w.Processes {
		o.Processes = append(o.Processes, process(&a))
	}
	o.Damaged = t.Damaged()
	return o, nil
}

func process(a *query.Ancestor) Process {
	p := Process{PID: a.PID, Comm: Text(a.Command)}
	if a.Exec != nil {
		p.Exec, p.Path = ID(a.Exec.Rec.EventID()), Text(string(a.Exec.Rec.Path()))
		if argv := strings.TrimSuffix(string(a.Exec.Rec.Argv()), "\x00"); argv != "" {
			p.Argv = texts(strings.Split(argv, "\x00"))
		}
	}
	if a.Fork != nil {
		p.Fork = ID(a.Fork.Rec.EventID())
	}
	return p
}

// An Impact is what came of an event.
type Impact struct {
	Event   json.RawMessage   `json:"event"`
	Effects uint64            `json:"effects"`
	Over    bool              `json:"over,omitempty"` // there are more than could be followed
	Records []json.RawMessage `json:"records"`
	Cursor  string            `json:"cursor,omitempty"`
	More    bool              `json:"more"`
	Damaged bool              `json:"damaged,omitempty"`
}

// Impact is a page of what came of an event.
func (t *Teller) Impact(id uint64, o PageOptions) (*Impact, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	i, err := t.q.Impact(id, 0)
	if err != nil {
		return nil, err
	}
	out := &Impact{Effects: uint64(len(i.Effects)), Over: i.Over, Records: []json.RawMessage{}, Cursor: o.After}
	if out.Event, err = t.event(i.Event); err != nil {
		return nil, err
	}
	rest := i.Effects
	if o.After != "" {
		ordinal, err := t.ordinal(o.After)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(rest, func(e query.Effect) bool { return e.Ordinal == ordinal })
		if at < 0 {
			return nil, fmt.Errorf("%w: it is of no effect of this event", userjournal.ErrCursor)
		}
		rest = rest[at+1:]
	}
	shards, bytes := len(t.set.Shards()), 0
	for _, e := range rest {
		rec, err := t.set.Get(e.Ordinal)
		if err != nil {
			return nil, err
		}
		at := make(userjournal.Position, shards)
		at.Pass(e.Ordinal)
		cursor := t.set.Cursor(at, e.Ordinal, rec)
		object, err := t.record(e.Ordinal, rec, cursor, o.Brief)
		if err != nil {
			return nil, err
		}
		if bytes += len(object); len(out.Records) == o.Limit || o.Bytes > 0 && bytes > o.Bytes && len(out.Records) > 0 {
			out.More = true
			break
		}
		out.Records, out.Cursor = append(out.Records, object), cursor
	}
	out.Damaged = t.Damaged()
	return out, nil
}

// ordinal is that of the record that a cursor names.
func (t *Teller) ordinal(cursor string) (uint64, error) {
	before, behind, err := t.set.Seek(cursor)
	if err != nil {
		return 0, err
	}
	if ordinal, ok := before.To(behind); ok {
		return ordinal, nil
	}
	return 0, userjournal.ErrCursor
}
