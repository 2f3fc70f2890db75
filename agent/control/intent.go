// SPDX-License-Identifier: Apache-2.0

package control

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"vexj/agent/emission"
	"vexj/agent/intent"
	"vexj/agent/server"
	"vexj/agent/session"
	"vexj/uapi"
)

// Begin is the body of POST /v1/intent.
type Begin struct {
	session.Identity
	Intent     string      `json:"intent,omitempty"`
	Confidence uint32      `json:"confidence,omitempty"` // 0 to 100
	Touch      []string    `json:"touch,omitempty"`
	PID        uint32      `json:"pid,omitempty"`    // 0 and no cgroup: the caller's own
	Cgroup     string      `json:"cgroup,omitempty"` // its folder
	Remove     bool        `json:"remove,omitempty"` // it was made for the intent, and goes once it is empty
	Visibility emission.ID `json:"visibility,omitempty"`
	Cwd        string      `json:"cwd,omitempty"`
	Argv       []string    `json:"argv,omitempty"`
	Hold       bool        `json:"hold,omitempty"`
}

// An Intent is what GET /v1/intent lists, and POST answers.
type Intent struct {
	ID         emission.ID  `json:"id"`
	Agent      string       `json:"agent,omitempty"`
	Session    string       `json:"session,omitempty"`
	SessionID  uint64       `json:"session_id,string,omitempty"`
	Intent     string       `json:"intent,omitempty"`
	Confidence uint32       `json:"confidence,omitempty"`
	Touch      []string     `json:"touch,omitempty"`
	PID        uint32       `json:"pid,omitempty"`
	Cgroup     uint64       `json:"cgroup,string,omitempty"`
	Bound      string       `json:"bound"`
	Parent     *emission.ID `json:"parent,omitempty"`
	Root       emission.ID  `json:"root"`
	Visibility emission.ID  `json:"visibility"`
	UID        uint32       `json:"uid"`
	Began      time.Time    `json:"began"`
	Ended      bool         `json:"ended,omitempty"` // but something that it is bound to is left
}

func shown(i *intent.Intent) Intent {
	return Intent{ID: emission.ID(i.ID), Agent: i.Agent, Session: i.Session, SessionID: i.SessionID, Intent: i.Text,
		Confidence: i.Confidence, Touch: i.Touch, PID: i.PID, Cgroup: i.Cgroup, Bound: i.Bound, Root: emission.ID(i.Root),
		Visibility: emission.ID(i.Visibility), UID: i.UID, Began: i.Began.UTC(), Ended: i.Ended,
		Parent: orNone(i.Parent)}
}

// begin begins an intent. A holder's answer is a line, and then nothing until it
// goes: that ends the intent.
func (c *control) begin(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	who, err := caller(p)
	if err != nil {
		return err
	}
	var b Begin
	if err := decode(r, &b); err != nil {
		return err
	}
	if err := c.mayBe(p, b.Agent); err != nil {
		return err
	}
	if b.PID == 0 && b.Cgroup == "" {
		b.PID = who.PID
	}
	if err := p.SpendEvents(2); err != nil { // its end is one, too
		return err
	}
	i, err := c.Intents.Begin(who, intent.Request{Identity: b.Identity, Text: b.Intent, Confidence: b.Confidence, Touch: b.Touch,
		PID: b.PID, Cgroup: b.Cgroup, Remove: b.Remove, Visibility: uint64(b.Visibility), Cwd: b.Cwd, Argv: b.Argv})
	if err != nil {
		return explain(err)
	}
	if err := p.Alive(); err != nil {
		// The pid may have been another's already.
		_ = c.Intents.Disconnect(who, i.ID)
		return explain(err)
	}
	if !b.Hold {
		return server.WriteJSON(w, shown(i))
	}
	return c.hold(w, r, p, who, i)
}

func (c *control) hold(w http.ResponseWriter, r *http.Request, p *server.Peer, who intent.Caller, i *intent.Intent) error {
	end, err := p.BeginStream()
	if err != nil {
		_ = c.Intents.Disconnect(who, i.ID)
		return err
	}
	defer end()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	err = server.WriteJSON(w, shown(i))
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	if err == nil {
		<-r.Context().Done()
	}
	// It may have been ended by name, and whoever held it is not there to be told.
	_ = c.Intents.Disconnect(who, i.ID)
	return nil
}

// mayBe refuses a process that acts for an agent who may do less than its user to act
// as another.
func (c *control) mayBe(p *server.Peer, agent string) error {
	if agent == "" || agent == p.Agent || p.UID == 0 && p.Agent == "" || !c.Narrowed(p.Agent) {
		return nil
	}
	return &server.Error{Status: http.StatusForbidden, Text: fmt.Sprintf("your process acts for %q, whose rights are narrowed: it cannot act as %q", p.Agent, agent),
		Do: "leave the agent out, or ask whoever keeps this machine"}
}

func (c *control) intents(w http.ResponseWriter, _ *http.Request, p *server.Peer) error {
	all := []Intent{}
	for _, i := range c.Intents.List() {
		if (p.UID == 0 || p.UID == i.UID) && p.Sees(i.Visibility) {
			all = append(all, shown(i))
		}
	}
	return server.WriteJSON(w, all)
}

func (c *control) end(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	who, err := caller(p)
	if err != nil {
		return err
	}
	id, err := parseID(r)
	if err != nil {
		return err
	}
	keep, err := flag(r, "keep")
	if err != nil {
		return err
	}
	if err := c.Intents.End(who, id, keep); err != nil {
		return explain(err)
	}
	return server.WriteJSON(w, struct {
		Ended emission.ID `json:"ended"`
	}{emission.ID(id)})
}

// readBinary reads records as they are in vexj.h.
func readBinary(r *http.Request) ([]uapi.Record, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return emission.Split(b)
}
