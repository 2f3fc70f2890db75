// SPDX-License-Identifier: Apache-2.0

package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"vexj/agent/emission"
	"vexj/agent/intent"
	"vexj/agent/server"
	"vexj/agent/session"
	"vexj/uapi"
)

// Options of the routes.
type Options struct {
	Recorder intent.Recorder
	Intents  *intent.Registry
	// Narrowed says whether an agent may do less than its user, so that its
	// processes must not act as another. Nil: none may.
	Narrowed func(agent string) bool
}

type control struct{ Options }

// Register adds the routes to a server.
func Register(s *server.Server, o Options) {
	if o.Narrowed == nil {
		o.Narrowed = func(string) bool { return false }
	}
	c := &control{o}
	s.Handle("POST /v1/emit", server.ScopeEmit, c.emit)
	s.Handle("POST /v1/intent", server.ScopeContext, c.begin)
	s.Handle("GET /v1/intent", server.ScopeContext, c.intents)
	s.Handle("DELETE /v1/intent/{id}", server.ScopeContext, c.end)
	s.Handle("POST /v1/context", server.ScopeContext, c.set)
	s.Handle("GET /v1/context", server.ScopeContext, c.contexts)
	s.Handle("DELETE /v1/context", server.ScopeContext, c.clear)
}

// Identify says for which agent a peer's process acts.
func Identify(rec intent.Recorder) func(*server.Peer) string {
	return func(p *server.Peer) string {
		ctx, ok, err := rec.ContextOf(uint32(p.PID))
		if err != nil || !ok || p.Alive() != nil {
			return ""
		}
		return ctx.Agent
	}
}

// explain gives an error its answer.
func explain(err error) error {
	for known, answer := range map[error]server.Error{
		intent.ErrNotYours:  {Status: http.StatusForbidden, Do: "attribute your own processes and control groups, or ask root to"},
		intent.ErrNone:      {Status: http.StatusNotFound, Do: "GET /v1/intent lists those that there are"},
		intent.ErrIntent:    {Status: http.StatusBadRequest},
		intent.ErrEnded:     {Status: http.StatusServiceUnavailable, Do: "ask the next recorder"},
		session.ErrAgent:    {Status: http.StatusBadRequest, Do: fmt.Sprintf("use up to %d bytes of plain text", uapi.MaxAgentID)},
		session.ErrSession:  {Status: http.StatusBadRequest, Do: fmt.Sprintf("use up to %d bytes of plain text", session.MaxText)},
		uapi.ErrContext:     {Status: http.StatusConflict, Do: "GET /v1/context lists what is set"},
		emission.ErrRecord:  {Status: http.StatusBadRequest, Do: "nothing was emitted; vexj.h says what a record is"},
		emission.ErrRefused: {Status: http.StatusForbidden, Do: "nothing was emitted; leave those to the kernel"},
		emission.ErrClaim:   {Status: http.StatusForbidden, Do: "nothing was emitted; leave agent and session out: they are stamped"},
		intent.ErrFull:      {Status: http.StatusServiceUnavailable, Do: "try again in a moment", Retry: 1e9},
		server.ErrGone:      {Status: http.StatusForbidden},
	} {
		if errors.Is(err, known) {
			answer.Text, answer.Err = err.Error(), err
			return &answer
		}
	}
	return err
}

// decode reads a JSON body with no members but those of v.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.More() {
		err = errors.New("there is more behind it")
	}
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return server.BadRequest(fmt.Errorf("the request is not as it should be: %w", err), "see vexjctl(8)")
	}
	return err
}

// caller is who asks, as long as its pid is its own.
func caller(p *server.Peer) (intent.Caller, error) {
	if p.PID <= 0 {
		return intent.Caller{}, &server.Error{Status: http.StatusForbidden, Text: "your process is not visible to the recorder: it is in another pid namespace",
			Do: "ask from the recorder's, or one below it"}
	}
	return intent.Caller{PID: uint32(p.PID), UID: p.UID}, nil
}

// emit takes records, all of them or none.
func (c *control) emit(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	who, err := caller(p)
	if err != nil {
		return err
	}
	recs, err := readRecords(r)
	if err != nil {
		return explain(err)
	}
	if err := p.SpendEvents(len(recs)); err != nil {
		return err
	}
	writer, err := intent.TaskOf(who.PID)
	if err != nil {
		return err
	}
	var acts *uapi.Context
	ctx, ok, err := c.Recorder.ContextOf(who.PID)
	if err != nil {
		return explain(err)
	}
	if ok {
		acts = &ctx
	}
	if err := p.Alive(); err != nil {
		return explain(err)
	}
	for i, rec := range recs {
		err := emission.Check(rec, acts)
		if err == nil {
			recs[i], err = emission.Stamp(rec, writer, acts)
		}
		if err != nil {
			return explain(fmt.Errorf("record %d of %d: %w", i+1, len(recs), err))
		}
	}
	ids := make([]emission.ID, 0, len(recs))
	for i, rec := range recs {
		id, err := c.Recorder.Emit(rec)
		if err != nil && i > 0 {
			return &server.Error{Status: http.StatusServiceUnavailable, Retry: 1e9, Err: err,
				Text: fmt.Sprintf("%d of %d records were taken: %v", i, len(recs), err), Do: "send the others again"}
		}
		if err != nil {
			return explain(err)
		}
		ids = append(ids, emission.ID(id))
	}
	return server.WriteJSON(w, struct {
		IDs []emission.ID `json:"ids"`
	}{ids})
}

func readRecords(r *http.Request) ([]uapi.Record, error) {
	var recs []uapi.Record
	var err error
	if r.Header.Get("Content-Type") == "application/octet-stream" {
		recs, err = readBinary(r)
	} else {
		recs, err = emission.ParseJSON(r.Body)
	}
	if err == nil && len(recs) == 0 {
		err = fmt.Errorf("%w: there is none", emission.ErrRecord)
	}
	return recs, err
}

func parseID(r *http.Request) (uint64, error) {
	var id emission.ID
	if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return 0, server.BadRequest(err, "GET /v1/intent lists those that there are")
	}
	return uint64(id), nil
}

func flag(r *http.Request, name string) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return false, nil
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		return false, server.BadRequest(fmt.Errorf("%s is %q", name, text), "say true or false")
	}
	return v, nil
}
