// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"time"

	"vexj/mirror"
	"vexj/uapi"
)

// heraldEvery is how often the same thing is told at most.
const heraldEvery = 10 * time.Second

// topic is what notices that can be added up are about.
type topic struct {
	kind  mirror.NoticeKind
	cause uapi.Cause
}

// herald passes the mirror's notices on: the first at once, and what follows
// within a while as one sum. A ring that overflows does so a hundred times a
// second, and the journal has each of these losses anyway.
//
// It is for the goroutine of Mirror.Run alone.
type herald struct {
	tell   func(string)
	now    func() time.Time
	last   map[topic]time.Time
	kept   map[topic]mirror.Notice
	behind bool // that the journal is behind was told last
}

func newHerald(tell func(string)) *herald {
	return &herald{tell: tell, now: time.Now, last: map[topic]time.Time{}, kept: map[topic]mirror.Notice{}}
}

func (h *herald) notice(n mirror.Notice) {
	t := topic{kind: n.Kind}
	switch n.Kind {
	case mirror.NoticeLost:
		t.cause = n.Cause
	case mirror.NoticeCaughtUp:
		if h.behind {
			h.behind = false
			h.tell(n.String())
		}
		return
	}
	if old, ok := h.kept[t]; ok {
		n = sum(old, n)
	}
	now := h.now()
	if last, ok := h.last[t]; ok && now.Sub(last) < heraldEvery {
		if n.Kind != mirror.NoticeBehind {
			h.kept[t] = n
		}
		return
	}
	h.last[t] = now
	delete(h.kept, t)
	h.behind = h.behind || n.Kind == mirror.NoticeBehind
	h.tell(n.String())
}

// sum is both notices as one, with the error of the first.
func sum(a, b mirror.Notice) mirror.Notice {
	a.Count += b.Count
	if a.Err == nil {
		a.Err = b.Err
	}
	return a
}

// flush tells what was kept back.
func (h *herald) flush() {
	for t, n := range h.kept {
		h.tell(n.String())
		delete(h.kept, t)
	}
}
