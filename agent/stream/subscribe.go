// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"slices"
	"time"

	"vexj/internal/render"
	"vexj/query"
	"vexj/userjournal"
)

// A place is where a subscriber begins.
type place struct {
	now    bool // where the journal ends
	at     userjournal.Position
	cursor string // that stands for it
	lost   error  // why something may be missing there
}

// place finds out where a text means to begin: a cursor, Oldest, or "" for what
// comes from now on. A record that is not in the view is as one that there never
// was: its cursor means nothing.
func (h *Hub) place(text string, view query.View) (p place, err error) {
	switch text {
	case "", "now":
		return place{now: true}, nil
	case Oldest:
		return place{at: h.set.Begin(), cursor: Oldest}, nil
	}
	p.cursor = text
	if p.at, p.lost, err = h.set.Resume(text); err != nil || p.lost != nil {
		return p, err
	}
	before, behind, err := h.set.Seek(text)
	if errors.Is(err, userjournal.ErrDamaged) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	return p, view.Shows(h.set, before, behind)
}

// join adds a subscriber. It has its filter, view and way out, and nothing of it is
// to be touched afterwards.
func (h *Hub) join(s *sub, view query.View, from place) error {
	end, err := h.shown()
	if err != nil {
		return err
	}
	seen, err := h.look(view, end)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.begin(); err != nil {
		return err
	}
	if len(h.subs) == 0 {
		// Nobody has followed since the last one went.
		h.at = end
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	h.count.streams++
	h.number++
	s.number = h.number
	s.since, s.last = time.Now(), time.Now()
	if s.sight, err = h.use(seen, end); err != nil {
		return err
	}
	if s.wait == nil {
		if err := h.poll.add(s); err != nil {
			h.forget(s.sight)
			return err
		}
	}
	h.subs[s] = struct{}{}
	s.sent = from.cursor
	if from.now {
		s.sent = h.cursor(s.sight)
	}
	h.greet(s, from)
	if s.stage == gone {
		return nil
	}
	if from.now {
		h.goLive(s)
		return nil
	}
	s.at = slices.Clone(from.at)
	h.queueUp(s)
	return nil
}

// greet sends the first lines.
func (h *Hub) greet(s *sub, from place) {
	var gap *Gap
	if from.lost != nil {
		gap = &Gap{Reason: GapTakenBack, Cursor: s.sent}
		if errors.Is(from.lost, userjournal.ErrRemoved) {
			gap.Reason = GapRemoved
		}
	}
	if s.wait != nil {
		if gap != nil {
			s.wait.gap(gap)
		}
		return
	}
	m := Line{Stream: &Hello{s.sent, h.o.Heartbeat.Seconds()}}
	s.rest = m.append(s.rest, s.format, s.sent)
	if gap != nil {
		m = Line{Gap: gap}
		s.rest = m.append(s.rest, s.format, "")
	}
	h.rid(s)
}

// leave ends a subscription from its own side, and says where it was.
func (h *Hub) leave(s *sub) (cursor string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	cursor = s.sent
	if s.stage == live {
		cursor = h.cursor(s.sight)
	}
	if err := s.err(); err != nil {
		s.wait.fail(err)
	}
	h.drop(s)
	return cursor
}

// shown is where the journal ends, with all that was appended before.
func (h *Hub) shown() (userjournal.Position, error) {
	if err := h.show(); err != nil {
		return nil, err
	}
	return h.set.End()
}

// show has all seen that was appended before.
func (h *Hub) show() error {
	err := h.o.Writer.Flush()
	if errors.Is(err, userjournal.ErrClosed) || errors.Is(err, userjournal.ErrStopped) {
		return nil
	}
	return err
}

func newObject() *render.Object { return render.NewObject() }

func gapOfDamage(d *userjournal.DamageError) string {
	if errors.Is(d, userjournal.ErrRemoved) {
		return GapRemoved
	}
	return GapDamaged
}
