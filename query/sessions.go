// SPDX-License-Identifier: Apache-2.0

package query

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// Bounds of what is kept of sessions.
const (
	maxSessions = 10_000
	maxAgents   = 64 // of a session
	maxIntents  = 1_000
)

// A Session is what was recorded under one session.
type Session struct {
	ID          uint64
	Name        string   // as an intent gives it; empty: none does
	Agents      []string // in the order in which they come
	First, Last time.Time
	Records     uint64
	Failed      uint64
	Changes     uint64 // records that leave something changed
	Written     uint64 // bytes
	Intents     uint64
}

// Sessions are those that records meeting the conditions have, the last one that
// was active first. over: there are more than are kept.
func (q *Inquiry) Sessions(c Conditions) (list []*Session, over bool, err error) {
	all := map[uint64]*Session{}
	err = q.scan(c, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		id, ok := r.U64(uapi.AttrSession)
		if !ok {
			return nil
		}
		s := all[id]
		if s == nil {
			if len(all) == maxSessions {
				over = true
				return nil
			}
			s = &Session{ID: id}
			all[id] = s
		}
		s.add(q.src.WallTime(ordinal, r.Ktime()), r)
		return nil
	})
	for _, s := range all {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *Session) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.ID, b.ID)) })
	return list, over, err
}

func (s *Session) add(at time.Time, r uapi.Record) {
	if s.Records == 0 || at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
	s.Records++
	if agent, ok := r.Attr(uapi.AttrAgentID); ok && len(s.Agents) < maxAgents && !containsBytes(s.Agents, agent) {
		s.Agents = append(s.Agents, string(agent))
	}
	switch {
	case r.Flags().Has(uapi.FlagFailed):
		s.Failed++
	case modifies.has(r.Type()):
		s.Changes++
		if o, ok := r.IO(); ok && r.Type() == uapi.FSWrite && o.Result > 0 {
			s.Written += uint64(o.Result)
		}
	case r.Type() == uapi.SemIntent:
		s.Intents++
		if s.Name == "" {
			s.Name = ParseIntent(Event{Rec: r}).Name
		}
	}
}

var modifies = newTypeSet(groups["modify"])

func containsBytes(list []string, b []byte) bool {
	return slices.ContainsFunc(list, func(s string) bool { return s == string(b) })
}

// A SessionStory is one session in detail.
type SessionStory struct {
	Session
	Stat    *Stat     // of its records
	Intents []*Intent // the first ones, in their order
	Ended   map[uint64]time.Time
	More    bool // there are more intents
}

// Session tells what happened in one session. ErrNotFound: nothing did.
func (q *Inquiry) Session(id uint64) (*SessionStory, error) {
	s := &SessionStory{Session: Session{ID: id}, Stat: NewStat(), Ended: map[uint64]time.Time{}}
	err := q.scan(Conditions{Sessions: []uint64{id}}, userjournal.ScanOptions{}, func(ordinal uint64, r uapi.Record) error {
		at := q.src.WallTime(ordinal, r.Ktime())
		s.add(at, r)
		s.Stat.Add(ordinal, r)
		switch r.Type() {
		case uapi.SemIntent:
			if s.More = len(s.Intents) >= maxIntents; !s.More {
				s.Intents = append(s.Intents, ParseIntent(q.event(ordinal, r)))
			}
		case uapi.SemContextSwitch:
			if len(s.Ended) < maxIntents {
				s.Ended[r.Parent()] = at
			}
		}
		return nil
	})
	if err == nil && s.Records == 0 {
		err = fmt.Errorf("session %d: %w", id, ErrNotFound)
	}
	return s, err
}
