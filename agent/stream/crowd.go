// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"maps"
	"net/url"
	"slices"

	"vexj/query"
)

// A crowd is all who are live and have asked for the same: a record is looked at
// once for all of them.
type crowd struct {
	key    crowdKey
	filter *query.Filter // that of who came first
	subs   []*sub
}

// A crowdKey is a filter as it was asked for, and what tells views apart.
type crowdKey struct {
	text string
	mask uint64
}

// alike is what two have in common who ask for the same records; "": nobody has
// anything in common with this one, whose times may be told from the moment at which
// it asked. Parameters with the names in also are no part of a filter.
func alike(q url.Values, also []string) string {
	if q.Has("since") || q.Has("until") {
		return ""
	}
	q = maps.Clone(q)
	for _, name := range also {
		q.Del(name)
	}
	return "?" + q.Encode()
}

// gather adds a subscriber that becomes live to its crowd.
func (h *Hub) gather(s *sub) {
	key := crowdKey{s.alike, s.sight.view.Mask}
	c := h.crowds[key]
	if c == nil || s.alike == "" || c.filter.Err() != nil {
		c = &crowd{key: key, filter: s.filter}
		h.live.Add(c, c.filter)
		h.crowds[key] = c
	}
	c.subs = append(c.subs, s)
	s.crowd = c
}

// scatter takes a subscriber out of it.
func (h *Hub) scatter(s *sub) {
	c := s.crowd
	c.subs = slices.DeleteFunc(c.subs, func(o *sub) bool { return o == s })
	s.crowd = nil
	if len(c.subs) > 0 {
		return
	}
	h.live.Remove(c)
	if h.crowds[c.key] == c {
		delete(h.crowds, c.key)
	}
}

// err is why the subscriber gets no record any more: its filter has failed. nil: it
// does.
func (s *sub) err() error {
	if s.crowd != nil {
		return s.crowd.filter.Err()
	}
	return s.filter.Err()
}
