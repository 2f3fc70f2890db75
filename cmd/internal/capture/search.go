// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"vexj/agent/search"
	"vexj/agent/server"
	"vexj/query"
)

// Bounds of a search.
const (
	hitsByDefault = 10
	hitsAtMost    = 1000
)

// serveSearch is GET /v1/search: what is nearest to a text, as `vexjctl search` finds
// it. One at a time has the index.
func (c *Capture) serveSearch(w http.ResponseWriter, r *http.Request, p *server.Peer) (err error) {
	values := r.URL.Query()
	limit := hitsByDefault
	if text := values.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > hitsAtMost {
			return server.BadRequest(fmt.Errorf("limit is %q", text), fmt.Sprintf("give 1 to %d", hitsAtMost))
		}
	}
	c.searching.Lock()
	defer c.searching.Unlock()
	x, err := search.Open(c.o.Journal, search.Options{})
	if errors.Is(err, search.ErrBusy) {
		return &server.Error{Status: http.StatusServiceUnavailable, Text: err.Error(), Do: "try again later", Err: err}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if _, err := x.Update(r.Context()); err != nil {
		return err
	}
	hits, err := x.Search(r.Context(), values.Get("text"), limit, query.View{Mask: p.Mask})
	if errors.Is(err, search.ErrQuery) {
		return server.BadRequest(err, "say in text what to search for")
	}
	if err != nil {
		return err
	}
	if hits == nil {
		hits = []search.Hit{}
	}
	return server.WriteJSON(w, hits)
}
