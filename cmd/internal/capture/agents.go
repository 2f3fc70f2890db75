// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"path/filepath"
	"time"

	agentcontrol "vexj/agent/control"
	"vexj/agent/read"
	"vexj/agent/server"
	"vexj/agent/stream"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/limit"
	"vexj/cmd/internal/place"
	"vexj/cmd/internal/status"
	"vexj/userjournal"
)

// Agents say where agents are served, and which.
type Agents struct {
	Socket   string // "": nowhere
	Must     bool   // a recorder that cannot serve them shall not record
	Policy   *server.Policy
	Listener *net.UnixListener // instead of Socket, from the service manager
	Ours     bool              // the recorder's process asks too: see Connect

	Heartbeat time.Duration // how long a stream may be silent; 0: the default
	Memory    int           // what live streams may hold together, in bytes; 0: the default
}

// noSocket, as a path, is none.
const noSocket = "none"

func (f *Flags) agents(program string) (a Agents, err error) {
	a.Must = f.socket != ""
	if a.Heartbeat, err = limit.Age("--heartbeat", f.heartbeat); err != nil {
		return a, exit.With(exit.Usage, err)
	}
	memory, err := limit.Size("--stream-memory", f.memory)
	if err != nil || memory > math.MaxInt {
		return a, exit.With(exit.Usage, err)
	}
	a.Memory = int(memory)
	switch f.socket {
	case noSocket:
		a.Must = false
	case "":
		a.Socket = place.AgentSocket(program == "vexjd")
	default:
		// What is run may change the folder.
		if a.Socket, err = filepath.Abs(f.socket); err != nil {
			return a, err
		}
	}
	name := f.policy
	if name == "" {
		name = place.Policy()
	}
	a.Policy, err = server.ReadPolicy(name)
	if errors.Is(err, fs.ErrNotExist) && f.policy == "" {
		a.Policy, err = server.DefaultPolicy(), nil
	}
	if errors.Is(err, server.ErrPolicy) {
		err = exit.With(exit.Usage, err)
	}
	return a, err
}

// agents are served while a capture goes on.
type agents struct {
	server  *server.Server
	socket  string           // "": they are served by files alone
	journal *userjournal.Set // to read from
	hub     *stream.Hub
	writer  *userjournal.SetWriter
	ended   chan error
}

// Socket is where agents are served, "" if they are not.
func (c *Capture) Socket() string {
	if c.agents == nil {
		return ""
	}
	return c.agents.socket
}

// serveAgents opens the door. Unless it was asked for by name, a recorder that
// cannot records all the same.
func (c *Capture) serveAgents() error {
	o := &c.o.Agents
	var l *net.UnixListener
	if o.Socket != "" || o.Listener != nil {
		var err error
		if l, err = o.listen(c.o.RunDir); err != nil && o.Must {
			return err
		} else if err != nil {
			c.o.Notice(fmt.Sprintf("no agent can ask this recorder: %v", err))
		}
	}
	if l == nil && c.o.control == nil && !o.Ours {
		return nil
	}
	set, err := userjournal.OpenSet(c.o.Journal)
	if err != nil {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
		return err
	}
	a := &agents{ended: make(chan error, 1), journal: set, writer: c.journal}
	a.server = server.New(server.Options{Policy: o.Policy, Notice: c.o.Notice, Identify: agentcontrol.Identify(c)})
	a.hub = stream.New(stream.Options{Journal: set, Writer: c.journal, Heartbeat: o.Heartbeat, Memory: o.Memory, Notice: c.o.Notice,
		Fetch: func() { c.current().reader.Wake() }})
	c.agents = a
	c.routes(a.server)
	if l != nil {
		a.socket = o.Socket
		go func() { a.ended <- a.server.Serve(l) }()
	} else {
		a.ended <- nil
	}
	if c.o.control != nil {
		c.o.control.serve(a.server)
	}
	return nil
}

// routes are all doors for agents: each has its line here.
func (c *Capture) routes(s *server.Server) {
	s.Handle("GET /v1/recorder", server.ScopeRead, c.serveRecorder)
	s.Handle("GET /v1/search", server.ScopeRead, c.serveSearch)
	read.Register(s, func() (*userjournal.Set, error) { return userjournal.OpenSet(c.o.Journal) })
	c.agents.hub.Routes(s)
	agentcontrol.Register(s, agentcontrol.Options{Recorder: c, Intents: c.intents, Narrowed: c.o.Agents.narrows})
}

// narrows says whether an agent may do less than its user.
func (a *Agents) narrows(agent string) bool {
	if a.Policy == nil {
		return false
	}
	_, narrowed := a.Policy.Agents[agent]
	return narrowed
}

func (a *Agents) listen(runDir string) (*net.UnixListener, error) {
	if a.Listener != nil {
		return a.Listener, nil
	}
	if filepath.Dir(a.Socket) == filepath.Clean(runDir) {
		if err := status.MakeDir(runDir); err != nil {
			return nil, err
		}
		// Who may connect has to get there; nothing else in it is open to them.
		if a.Policy.Socket.Mode&0o066 != 0 {
			if err := os.Chmod(runDir, 0o711); err != nil {
				return nil, err
			}
		}
	}
	return server.Listen(a.Socket, a.Policy.Socket)
}

// partingTime is how long requests under way may hold up the end.
const partingTime = 2 * time.Second

// close gives the streams what the journal has, to its end.
func (a *agents) close() error {
	flushed := a.writer.Flush()
	if errors.Is(flushed, userjournal.ErrStopped) {
		flushed = nil // whoever records has said so
	}
	ctx, cancel := context.WithTimeout(context.Background(), partingTime)
	defer cancel()
	return errors.Join(flushed, a.hub.Close(), a.server.Close(ctx), <-a.ended, a.journal.Close())
}
