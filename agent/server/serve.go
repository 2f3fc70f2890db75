// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// connKey and peerKey are for what goes with a connection and with a request.
type (
	connKey struct{}
	peerKey struct{}
)

// connected finds out who has connected.
func (s *Server) connected(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	p := s.passed.take(c)
	if p == nil {
		var err error
		if p, err = credentials(u); err != nil {
			s.o.Notice(err.Error())
			return ctx
		}
	}
	p.conn, p.limits = p, s.limits
	p.full = !s.limits.connect(p.UID, s.o.MaxConns)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = p
	return context.WithValue(ctx, connKey{}, p)
}

// connState counts connections. One that was taken over by a stream is its
// handler's, and counts as a stream.
func (s *Server) connState(c net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	s.mu.Lock()
	p := s.conns[c]
	delete(s.conns, c)
	s.mu.Unlock()
	if p == nil {
		return
	}
	s.limits.disconnect(p.UID)
	p.close()
}

// serve lets a request through to its route.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	a := &answerWriter{ResponseWriter: w}
	defer s.contain(a, r)
	s.count.requests.Add(1)
	p, err := s.admit(r)
	if err != nil {
		a.Header().Set("Connection", "close")
		s.answer(a, r, err)
		return
	}
	if r.ContentLength > s.o.MaxBody {
		a.Header().Set("Connection", "close")
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.o.MaxBody)
	if err := Patience(w, timeout); err != nil {
		s.o.Notice(err.Error())
	}
	s.mux.ServeHTTP(a, r.WithContext(context.WithValue(r.Context(), peerKey{}, p)))
}

// Patience sets how long the request may take from now on: reading what is left of
// it, and writing the answer. It is a minute at first.
func Patience(w http.ResponseWriter, d time.Duration) error {
	deadline := time.Now().Add(d)
	rc := http.NewResponseController(w)
	return errors.Join(rc.SetReadDeadline(deadline), rc.SetWriteDeadline(deadline))
}

// admit says who asks, or why it is not served.
func (s *Server) admit(r *http.Request) (*Peer, error) {
	c, _ := r.Context().Value(connKey{}).(*peerConn)
	if c == nil {
		return nil, &Error{Status: http.StatusForbidden, Text: "the kernel does not say who you are", Do: "connect to the unix socket"}
	}
	p := c.Peer // the connection's may be used by another request later
	if s.o.Identify != nil {
		p.Agent = s.o.Identify(&p)
	}
	var ok bool
	if p.Grant, ok = s.o.Policy.Grant(p.UID, p.Groups, p.Agent); !ok {
		s.count.strangers.Add(1)
		return nil, &Error{Status: http.StatusForbidden, Text: fmt.Sprintf("user %d may not ask this recorder", p.UID),
			Do: "ask whoever keeps this machine for a line in the policy of vexjd"}
	}
	if c.full {
		return nil, &Error{Status: http.StatusTooManyRequests, Retry: time.Second,
			Text: fmt.Sprintf("user %d has %d connections open, which is the limit", p.UID, s.o.MaxConns),
			Do:   "close some, and use those that are open again"}
	}
	return &p, s.limits.request(p.who(), p.Limits.Requests)
}

// contain keeps a panic of a handler to its request.
func (s *Server) contain(w *answerWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	s.o.Notice(fmt.Sprintf("%s %s: panic: %v\n%s", r.Method, r.URL.Path, v, debug.Stack()))
	if w.hijacked {
		return
	}
	if w.wrote {
		panic(http.ErrAbortHandler)
	}
	errorOf(fmt.Errorf("panic: %v", v)).write(w)
}
