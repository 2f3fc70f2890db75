// SPDX-License-Identifier: Apache-2.0

package control

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"vexj/agent/emission"
	"vexj/agent/intent"
	"vexj/agent/server"
	"vexj/agent/session"
	"vexj/uapi"
)

// A Context is the body of POST /v1/context, and what GET lists.
type Context struct {
	PID        uint32       `json:"pid,omitempty"`
	Cgroup     string       `json:"cgroup,omitempty"` // its folder; listed, its id
	Agent      string       `json:"agent,omitempty"`
	Session    string       `json:"session,omitempty"` // listed, its number
	Parent     *emission.ID `json:"parent,omitempty"`
	Root       *emission.ID `json:"root,omitempty"`
	Visibility emission.ID  `json:"visibility,omitempty"`
	Processes  int          `json:"processes,omitempty"`
}

var errNobody = errors.New("whom records are attributed to is not said")

func (c *control) set(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	who, err := caller(p)
	if err != nil {
		return err
	}
	var b Context
	if err := decode(r, &b); err != nil {
		return err
	}
	if b.Agent == "" && b.Session == "" {
		return server.BadRequest(errNobody, "give agent, session or both")
	}
	id := session.Identity{Agent: b.Agent, Session: b.Session}
	if err := id.Check(); err != nil {
		return explain(err)
	}
	if err := c.mayBe(p, b.Agent); err != nil {
		return err
	}
	ctx := uapi.Context{Agent: b.Agent, Session: id.ID(), Visibility: uint64(b.Visibility)}
	if b.Parent != nil {
		ctx.Parent = uint64(*b.Parent)
	}
	if b.Root != nil {
		ctx.Root = uint64(*b.Root)
	}
	if err := intent.Target(who, &ctx, b.PID, b.Cgroup); err != nil {
		return explain(err)
	}
	if err := c.narrow(&ctx, who); err != nil {
		return explain(err)
	}
	if err := p.Alive(); err != nil {
		return explain(err)
	}
	if err := c.Recorder.SetContext(ctx); err != nil {
		return explain(err)
	}
	return server.WriteJSON(w, Listed(ctx))
}

// narrow keeps who is attributed already from widening who sees its records.
func (c *control) narrow(ctx *uapi.Context, who intent.Caller) error {
	if who.UID == 0 {
		return nil
	}
	pid := ctx.PID
	if pid == 0 {
		pid = who.PID
	}
	outer, has, err := c.Recorder.ContextOf(pid)
	if err != nil || !has {
		return err
	}
	outer.Settle()
	ctx.Settle()
	if ctx.Visibility &= outer.Visibility; ctx.Visibility == 0 {
		ctx.Visibility = outer.Visibility
	}
	return nil
}

// Listed is how a context is listed.
func Listed(ctx uapi.Context) Context {
	out := Context{PID: ctx.PID, Agent: ctx.Agent, Visibility: emission.ID(ctx.Visibility), Processes: ctx.Processes}
	if ctx.Cgroup != 0 {
		out.Cgroup = strconv.FormatUint(ctx.Cgroup, 10)
	}
	if ctx.Session != 0 {
		out.Session = strconv.FormatUint(ctx.Session, 10)
	}
	out.Parent, out.Root = orNone(ctx.Parent), orNone(ctx.Root)
	return out
}

func orNone(id uint64) *emission.ID {
	if id == 0 {
		return nil
	}
	return (*emission.ID)(&id)
}

// contexts lists what is set: for who is not root, of the user's own processes.
func (c *control) contexts(w http.ResponseWriter, _ *http.Request, p *server.Peer) error {
	who, err := caller(p)
	if err != nil {
		return err
	}
	set, err := c.Recorder.Contexts()
	if err != nil {
		return explain(err)
	}
	all := []Context{}
	for _, ctx := range set {
		if ctx.Visibility != 0 && !p.Sees(ctx.Visibility) {
			continue // nor does it see what is recorded of it
		}
		if who.UID == 0 || ctx.PID != 0 && intent.MayAttribute(who, ctx.PID) == nil {
			all = append(all, Listed(ctx))
		}
	}
	return server.WriteJSON(w, all)
}

func (c *control) clear(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	who, err := caller(p)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	pid := uint64(0)
	if text := q.Get("pid"); text != "" {
		if pid, err = strconv.ParseUint(text, 10, 32); err != nil || pid > math.MaxInt32 {
			return server.BadRequest(errors.New("no process can have the id "+strconv.Quote(text)), "give ?pid=ID or ?cgroup=PATH")
		}
	}
	var ctx uapi.Context
	if err := intent.Target(who, &ctx, uint32(pid), q.Get("cgroup")); err != nil {
		return explain(err)
	}
	if err := c.Recorder.ClearContext(ctx); err != nil {
		return explain(err)
	}
	return server.WriteJSON(w, Listed(ctx))
}
