// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
	"vexj/vector/collection"
	"vexj/vector/embed"
)

// A Hit is something that was found.
type Hit struct {
	Kind  string  `json:"kind"`  // path, intent, command or file
	Score float32 `json:"score"` // 1: says the same; what is below 0.05 is not shown
	Path  string  `json:"path,omitempty"`
	Text  string  `json:"text,omitempty"`
	Line  int     `json:"line,omitempty"` // of the file, where the text begins
	// Event and Ordinal are of the record that shows it, if there is one: of a path
	// the last one. The event is a string, as many readers have no numbers of 64
	// bits.
	Event   string `json:"event_id,omitempty"`
	Ordinal uint64 `json:"ordinal,omitempty"`
}

const (
	least   = 0.05
	maxHits = 1000
)

// Search returns what is nearest to the text, nearest first, at most k of what is in
// the view.
func (x *Index) Search(ctx context.Context, text string, k int, view query.View) ([]Hit, error) {
	if k < 1 || k > maxHits {
		return nil, fmt.Errorf("%w: k is %d: give 1 to %d", vector.ErrOption, k, maxHits)
	}
	vs, err := x.embedder.Embed(ctx, embed.Query, []string{text})
	if err != nil {
		return nil, err
	}
	zero := true
	for _, e := range vs[0] {
		zero = zero && e == 0
	}
	if zero {
		return nil, fmt.Errorf("%w: there is no word in %q", ErrQuery, text)
	}
	hits := []Hit{}
	// What is not in the view takes places: ask for more until there is no more.
	for asked, seen := max(4*k, 64), 0; len(hits) < k; asked *= 4 {
		found, err := x.c.Search(vs[0], min(asked, 1<<15), collection.SearchOptions{Ef: 2 * min(asked, 1<<14)})
		if err != nil {
			return nil, err
		}
		for ; seen < len(found) && len(hits) < k; seen++ {
			if 1-found[seen].Distance < least {
				return hits, nil
			}
			hit, ok, err := x.hit(found[seen], &view)
			if err != nil {
				return nil, err
			}
			if ok {
				hits = append(hits, hit)
			}
		}
		if len(found) < asked {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return hits, nil
}

// hit makes one of what was found, if it is in the view.
func (x *Index) hit(r collection.Result, view *query.View) (h Hit, ok bool, err error) {
	it, err := x.c.Store().Get(r.ID)
	if errors.Is(err, vector.ErrNotFound) {
		return h, false, nil // it is gone since
	}
	if err != nil {
		return h, false, err
	}
	var t tags
	if err := json.Unmarshal([]byte(it.Meta.Tags), &t); err != nil {
		return h, false, fmt.Errorf("%s: %w: vector %d says nothing of itself", x.dir, vector.ErrDamaged, it.ID)
	}
	h = Hit{Kind: t.Kind, Score: 1 - r.Distance, Path: it.Meta.Path, Text: t.Text, Line: t.Line, Event: t.Event}
	switch t.Kind {
	case "path", "file":
		h.Event, h.Ordinal, err = x.lastOf(it.Meta.Path, view)
		ok = h.Ordinal != 0 || t.Kind == "file" && view.Whole()
	default:
		ok, err = x.shows(&h, view)
	}
	return h, ok, err
}

// shows: the record of an intent or a command is there, and in the view.
func (x *Index) shows(h *Hit, view *query.View) (bool, error) {
	id, err := strconv.ParseUint(h.Event, 10, 64)
	if err != nil {
		return false, nil
	}
	ordinal, rec, err := x.set.Find(id)
	if errors.Is(err, userjournal.ErrNotFound) || errors.Is(err, userjournal.ErrEmpty) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	h.Ordinal = ordinal
	return view.Sees(rec), nil
}

// lastOf finds the last record of a path that is in the view.
func (x *Index) lastOf(path string, view *query.View) (event string, ordinal uint64, err error) {
	opt := userjournal.ScanOptions{Reverse: true, OnDamage: func(*userjournal.DamageError) error { return nil }}
	if keys := userjournal.PathKeys([]byte(path)); keys != nil {
		opt.Keys = [][]userjournal.Key{keys}
		opt.Filter = func(z *userjournal.ZoneMap) bool { return z.MayHavePath([]byte(path)) }
	}
	err = x.set.Scan(opt, func(n uint64, rec uapi.Record) error {
		if (string(rec.Path()) == path || string(rec.Path2()) == path) && view.Sees(rec) {
			event, ordinal = strconv.FormatUint(rec.EventID(), 10), n
			return userjournal.ErrStop
		}
		return nil
	})
	if errors.Is(err, userjournal.ErrEmpty) {
		err = nil
	}
	return event, ordinal, err
}
