// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"vexj/agent/server"
	"vexj/internal/render"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// serveEvent is GET /v1/events/{id}: one record, as `vexjctl show -o json` has it.
func (c *Capture) serveEvent(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	text := r.PathValue("id")
	id, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return &server.Error{Status: http.StatusNotFound, Text: fmt.Sprintf("%q is no event id", text),
			Do: "write it in decimal, or in hexadecimal after 0x", Err: err}
	}
	e, err := c.find(id, query.View{Mask: p.Mask})
	if errors.Is(err, userjournal.ErrNotFound) {
		return &server.Error{Status: http.StatusNotFound, Text: fmt.Sprintf("there is no event 0x%016x", id),
			Do: "ids are those of records, as event_id of each", Err: err}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(render.NewObject().Append(nil, e), '\n'))
	return err
}

// find looks for a record that the view has. What is not in the file yet is brought
// there if need be.
func (c *Capture) find(id uint64, view query.View) (render.Entry, error) {
	e, err := c.findWritten(id, view)
	if !errors.Is(err, userjournal.ErrNotFound) {
		return e, err
	}
	if err := c.journal.Flush(); err != nil {
		return e, err
	}
	return c.findWritten(id, view)
}

func (c *Capture) findWritten(id uint64, view query.View) (_ render.Entry, err error) {
	r, err := userjournal.OpenSet(c.o.Journal)
	if err != nil {
		return render.Entry{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	ordinal, rec, err := r.Find(id)
	switch {
	case err != nil:
		return render.Entry{}, err
	case !view.Sees(rec):
		return render.Entry{}, userjournal.ErrNotFound
	}
	// It is the reader's memory.
	rec = append(uapi.Record(nil), rec...)
	return render.Entry{Ordinal: ordinal, Wall: r.WallTime(ordinal, rec.Ktime()).UnixNano(), Rec: rec}, nil
}

// serveRecorder is GET /v1/recorder: this one as `vexjctl kernel status` shows it. Who
// does not see all records is not told how many there are.
func (c *Capture) serveRecorder(w http.ResponseWriter, _ *http.Request, p *server.Peer) error {
	s := c.Snapshot()
	if p.Mask == ^uint64(0) {
		return server.WriteJSON(w, s)
	}
	return server.WriteJSON(w, struct {
		Program   string            `json:"program"`
		Producer  string            `json:"producer"`
		Lost      uint64            `json:"lost"`
		LostBy    map[string]uint64 `json:"lost_by_cause"`
		Uncovered []string          `json:"uncovered"`
	}{s.Program, s.Producer, s.Kernel.Lost, s.Kernel.LostBy, s.Uncovered})
}
