// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"time"

	"vexj/query"
)

// A Session is what was recorded under one session.
type Session struct {
	ID      string     `json:"id"`
	Name    string     `json:"name,omitempty"`
	Agents  []string   `json:"agents"`
	First   *time.Time `json:"first"`
	Last    *time.Time `json:"last"`
	Records uint64     `json:"records"`
	Failed  uint64     `json:"failed"`
	Changes uint64     `json:"changes"`
	Written uint64     `json:"written_bytes"`
	Intents uint64     `json:"intents"`
}

func sessionRow(s *query.Session) Session {
	return Session{ID: session(s.ID), Name: Text(s.Name), Agents: texts(s.Agents), First: stamp(s.First), Last: stamp(s.Last),
		Records: s.Records, Failed: s.Failed, Changes: s.Changes, Written: s.Written, Intents: s.Intents}
}

// Sessions are several of them.
type Sessions struct {
	Sessions []Session `json:"sessions"`
	Over     bool      `json:"over,omitempty"` // there are more than could be kept
	More     bool      `json:"more"`           // than were asked for
	Damaged  bool      `json:"damaged,omitempty"`
}

// Sessions are those of records that meet the conditions, the last active first.
func (t *Teller) Sessions(c query.Conditions, limit int) (*Sessions, error) {
	o := PageOptions{Limit: limit}
	if err := o.check(); err != nil {
		return nil, err
	}
	list, over, err := t.q.Sessions(c)
	if err != nil {
		return nil, err
	}
	out := &Sessions{Sessions: []Session{}, Over: over, More: len(list) > o.Limit, Damaged: t.Damaged()}
	for _, s := range list[:min(len(list), o.Limit)] {
		out.Sessions = append(out.Sessions, sessionRow(s))
	}
	return out, nil
}

// A SessionStory is one session in detail.
type SessionStory struct {
	Session
	Declared []*Intent `json:"declared"`
	More     bool      `json:"more_intents,omitempty"`
	Types    []Count   `json:"types"`
	Programs []Count   `json:"programs"`
	Paths    []Count   `json:"paths"`
	Damaged  bool      `json:"damaged,omitempty"`
}

// A Count is how many records have something in common; Excess is by how much it
// may be too high.
type Count struct {
	Name    string `json:"name"`
	Records uint64 `json:"records"`
	Excess  uint64 `json:"excess,omitempty"`
}

func counts(tops []query.Top) []Count {
	list := []Count{}
	for _, t := range tops {
		list = append(list, Count{Text(t.Key), t.Weight, t.Excess})
	}
	return list
}

// Session tells of one session, with the most frequent of its kinds.
func (t *Teller) Session(id uint64, top int) (*SessionStory, error) {
	s, err := t.q.Session(id)
	if err != nil {
		return nil, err
	}
	o := &SessionStory{Session: sessionRow(&s.Session), Declared: []*Intent{}, More: s.More, Types: []Count{},
		Programs: counts(s.Stat.Commands.Top(top)), Paths: counts(s.Stat.Paths.Top(top)), Damaged: t.Damaged()}
	for _, i := range s.Intents {
		one := intent(i)
		one.Ended = stamp(s.Ended[i.Rec.EventID()])
		o.Declared = append(o.Declared, one)
	}
	for _, ts := range s.Stat.Types() {
		o.Types = append(o.Types, Count{Name: ts.Type.String(), Records: ts.Records})
	}
	return o, nil
}

// A Diff is what an agent declared against what was changed.
type Diff struct {
	ID         string     `json:"id"`
	Intents    int        `json:"intents"`
	Paths      int        `json:"paths"` // that were changed
	Declared   []Declared `json:"declared"`
	Undeclared []Touched  `json:"undeclared"`
	More       bool       `json:"more"` // undeclared ones
	Over       bool       `json:"over,omitempty"`
	Damaged    bool       `json:"damaged,omitempty"`
}

// Declared is a pattern of an intent; one with no paths was declared and not
// touched.
type Declared struct {
	Pattern string `json:"pattern"`
	Whole   string `json:"whole"`
	Intent  string `json:"intent_id"`
	Paths   int    `json:"paths"`
	Bad     bool   `json:"bad,omitempty"`
}

// Touched is a path that was changed and not declared.
type Touched struct {
	Path    string     `json:"path"`
	Records uint64     `json:"records"`
	First   *time.Time `json:"first"`
	ID      string     `json:"first_id"`
}

// Diff compares a session's declarations with its changes.
func (t *Teller) Diff(id uint64, limit int) (*Diff, error) {
	o := PageOptions{Limit: limit}
	if err := o.check(); err != nil {
		return nil, err
	}
	d, err := t.q.Diff(id)
	if err != nil {
		return nil, err
	}
	out := &Diff{ID: session(d.ID), Intents: d.Intents, Paths: d.Paths, Declared: []Declared{}, Undeclared: []Touched{},
		More: len(d.Undeclared) > o.Limit, Over: d.Over, Damaged: t.Damaged()}
	for _, one := range d.Declared {
		out.Declared = append(out.Declared, Declared{Text(one.Pattern), Text(one.Whole), ID(one.Intent.Rec.EventID()), one.Paths, one.Bad})
	}
	for _, one := range d.Undeclared[:min(len(d.Undeclared), o.Limit)] {
		out.Undeclared = append(out.Undeclared, Touched{Text(one.Path), one.Records, stamp(one.First), ID(one.Event)})
	}
	return out, nil
}
