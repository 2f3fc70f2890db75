// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options of a server.
type Options struct {
	Policy *Policy // nil: DefaultPolicy
	// Identify says for which agent a process acts, "" if for none that is known.
	// It is asked for each request, from any goroutine; nil: nobody knows.
	Identify func(*Peer) string
	// Notice is told what the owner of the machine should know, from any
	// goroutine.
	Notice func(string)
	// MaxBody bounds a request in bytes; default 4 MiB.
	MaxBody int64
	// MaxConns bounds what a user may have open without a stream; default 256.
	MaxConns int
}

const (
	defaultBody  = 4 << 20
	defaultConns = 256
	maxHeader    = 64 << 10

	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	timeout       = time.Minute // see Patience
)

// A Handler serves a request. An error that it returns before it has written
// anything is answered as JSON, by its Status if it is an [Error].
type Handler func(w http.ResponseWriter, r *http.Request, p *Peer) error

// A Server serves the routes that it was told of. Handle comes before Serve.
type Server struct {
	o      Options
	mux    *http.ServeMux
	http   *http.Server
	limits *limiter
	routes []route
	passed *passed
	count  counts

	mu    sync.Mutex
	conns map[net.Conn]*peerConn
}

type route struct {
	Route string `json:"route"`
	Scope Scope  `json:"scope"`
}

// New makes a server that knows its own route alone: GET /v1 says who the caller is
// taken for, what it may do, and which routes there are.
func New(o Options) *Server {
	if o.Policy == nil {
		o.Policy = DefaultPolicy()
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultBody
	}
	if o.MaxConns == 0 {
		o.MaxConns = defaultConns
	}
	s := &Server{o: o, mux: http.NewServeMux(), limits: newLimiter(), conns: map[net.Conn]*peerConn{}, passed: newPassed()}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ConnContext:       s.connected,
		ConnState:         s.connState,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(notices(o.Notice), "", 0),
	}
	s.Handle("GET /v1", ScopeNone, s.index)
	s.mux.HandleFunc("/", s.lost)
	return s
}

// lost answers what has no route.
func (s *Server) lost(w http.ResponseWriter, r *http.Request) {
	e := &Error{Status: http.StatusNotFound, Text: fmt.Sprintf("no such route: %s %s", r.Method, r.URL.Path),
		Do: "GET /v1 lists the routes"}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" {
			w.Header().Add("Allow", method)
			e.Status, e.Do = http.StatusMethodNotAllowed, "use "+method
		}
	}
	e.write(w)
}

// notices passes what net/http logs on.
type notices func(string)

func (n notices) Write(b []byte) (int, error) {
	n(string(trimNewline(b)))
	return len(b), nil
}

func trimNewline(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		return b[:n-1]
	}
	return b
}

// Handle adds a route, a pattern of [http.ServeMux] with its method, that is
// served to those who have the scope.
func (s *Server) Handle(pattern string, scope Scope, h Handler) {
	s.routes = append(s.routes, route{pattern, scope})
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		p, _ := r.Context().Value(peerKey{}).(*Peer)
		err := needScope(p, scope)
		if err != nil {
			s.count.unscoped.Add(1)
		} else {
			err = h(w, r, p)
		}
		if err != nil {
			s.answer(w, r, err)
		}
	})
}

func needScope(p *Peer, scope Scope) error {
	if p.Has(scope) {
		return nil
	}
	return &Error{Status: http.StatusForbidden, Text: fmt.Sprintf("this needs the scope %s, and you have %s", scope, p.Scopes),
		Do: "ask whoever keeps this machine to grant it in the policy of vexjd"}
}

// answer tells of an error. Half an answer cannot be mended: its connection ends.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, err error) {
	e := errorOf(err)
	if e.Status >= 500 && r.Context().Err() == nil { // who has gone misses nothing
		s.o.Notice(fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
	}
	if written(w) {
		panic(http.ErrAbortHandler)
	}
	e.write(w)
}

// index says who the caller is and what there is.
func (s *Server) index(w http.ResponseWriter, _ *http.Request, p *Peer) error {
	routes := slices.Clone(s.routes)
	slices.SortFunc(routes, func(a, b route) int {
		switch {
		case a.Route < b.Route:
			return -1
		case a.Route > b.Route:
			return 1
		}
		return 0
	})
	return WriteJSON(w, struct {
		PID    int      `json:"pid"`
		UID    uint32   `json:"uid"`
		GID    uint32   `json:"gid"`
		Groups []uint32 `json:"groups"`
		Agent  string   `json:"agent,omitempty"`
		Grant  Grant    `json:"grant"`
		Routes []route  `json:"routes"`
	}{p.PID, p.UID, p.GID, p.Groups, p.Agent, p.Grant, routes})
}

// Serve answers on the listener until Close, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close stops listening and waits for requests under way, until ctx ends: then
// their connections are closed. Streams are their handlers' affair.
func (s *Server) Close(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}
