// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A served server with its client and what it noticed.
type served struct {
	*Server
	path   string
	client *http.Client

	mu      sync.Mutex
	notices []string
}

func serve(t *testing.T, o Options, routes func(*Server)) *served {
	t.Helper()
	s := &served{path: filepath.Join(t.TempDir(), "agents.sock")}
	o.Notice = func(text string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.notices = append(s.notices, text)
	}
	if o.Policy == nil {
		o.Policy = DefaultPolicy()
	}
	s.Server = New(o)
	if routes != nil {
		routes(s.Server)
	}
	l, err := Listen(s.path, o.Policy.Socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	s.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.path)
	}}}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		if err := errors.Join(s.Close(t.Context()), <-ended); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *served) noticed(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.notices, func(n string) bool { return strings.Contains(n, text) })
}

func (s *served) do(t *testing.T, method, path string, body io.Reader) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://vexj"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// wantError expects an error in JSON that says what to do.
func (s *served) wantError(t *testing.T, method, path string, body io.Reader, status int, text string) *http.Response {
	t.Helper()
	resp, b := s.do(t, method, path, body)
	var e struct{ Error, Do string }
	if err := json.Unmarshal([]byte(b), &e); err != nil {
		t.Fatalf("%s: %q: %v", path, b, err)
	}
	if resp.StatusCode != status || !strings.Contains(e.Error, text) || e.Do == "" {
		t.Errorf("%s %s: %s %q; want %d, %q and what to do", method, path, resp.Status, b, status, text)
	}
	return resp
}

func TestIndexSaysWhoTheCallerIs(t *testing.T) {
	s := serve(t, Options{Identify: func(p *Peer) string { return fmt.Sprintf("of %d", p.UID) }}, func(s *Server) {
		s.Handle("POST /v1/emit", ScopeEmit, nil)
	})
	resp, b := s.do(t, "GET", "/v1", nil)
	var got struct {
		PID    int
		UID    uint32
		GID    uint32
		Groups []uint32
		Agent  string
		Grant  struct {
			Scopes string
			Mask   uint64
			Limits Limits
		}
		Routes []struct{ Route, Scope string }
	}
	if err := json.Unmarshal([]byte(b), &got); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s %s: %v", resp.Status, b, err)
	}
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range append(groups, os.Getgid()) {
		if !slices.Contains(got.Groups, uint32(g)) {
			t.Errorf("group %d is missing in %v", g, got.Groups)
		}
	}
	if got.PID != os.Getpid() || int(got.UID) != os.Geteuid() || int(got.GID) != os.Getegid() ||
		got.Agent != fmt.Sprintf("of %d", got.UID) || got.Grant.Scopes != "all" || got.Grant.Mask != ^uint64(0) || got.Grant.Limits != DefaultLimits {
		t.Errorf("%+v", got)
	}
	if len(got.Routes) != 2 || got.Routes[1].Route != "POST /v1/emit" || got.Routes[1].Scope != "emit" {
		t.Errorf("%+v", got.Routes)
	}
}

func TestErrors(t *testing.T) {
	policy := DefaultPolicy()
	me := uint32(os.Geteuid())
	policy.Users = map[uint32]Grant{me: {ScopeRead, 1, Limits{Requests: 14, Events: 10, Streams: 1}}}
	closed := errors.New("/secret/place: closed")
	s := serve(t, Options{Policy: policy, MaxBody: 10}, func(s *Server) {
		s.Handle("GET /panic", ScopeRead, func(http.ResponseWriter, *http.Request, *Peer) error { panic("oh") })
		s.Handle("GET /half", ScopeRead, func(w http.ResponseWriter, _ *http.Request, _ *Peer) error {
			_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
			return closed
		})
		s.Handle("GET /fails", ScopeRead, func(http.ResponseWriter, *http.Request, *Peer) error { return closed })
		s.Handle("GET /bad", ScopeRead, func(http.ResponseWriter, *http.Request, *Peer) error {
			return BadRequest(errors.New("no such type"), "see man")
		})
		s.Handle("GET /emits", ScopeRead, func(_ http.ResponseWriter, _ *http.Request, p *Peer) error { return p.SpendEvents(11) })
		s.Handle("POST /body", ScopeRead, func(w http.ResponseWriter, r *http.Request, _ *Peer) error {
			b, err := io.ReadAll(r.Body)
			if err == nil {
				_, err = w.Write(b)
			}
			return err
		})
		s.Handle("GET /emit", ScopeEmit|ScopeRead, func(http.ResponseWriter, *http.Request, *Peer) error {
			t.Error("it was let through")
			return nil
		})
		s.Handle("GET /stream", ScopeRead, func(_ http.ResponseWriter, _ *http.Request, p *Peer) error {
			end, err := p.BeginStream()
			if err != nil {
				return err
			}
			defer end()
			_, err = p.BeginStream()
			return err
		})
	})
	s.wantError(t, "GET", "/v2/log", nil, 404, "no such route: GET /v2/log")
	if resp := s.wantError(t, "GET", "/body", nil, 405, "no such route"); resp.Header.Get("Allow") != "POST" {
		t.Error(resp.Header)
	}
	s.wantError(t, "GET", "/panic", nil, 500, "could not do it")
	s.wantError(t, "GET", "/fails", nil, 500, "could not do it")
	s.wantError(t, "GET", "/bad", nil, 400, "no such type")
	s.wantError(t, "GET", "/emits", nil, 429, "11 events at once")
	s.wantError(t, "GET", "/emit", nil, 403, "needs the scope read,emit, and you have read")
	if got := s.Stats(); got.Unscoped != 1 || got.Strangers != 0 || got.Requests == 0 {
		t.Errorf("%+v", got)
	}
	s.wantError(t, "GET", "/stream", nil, 429, "1 streams are open")
	s.wantError(t, "POST", "/body", strings.NewReader("eleven byte"), 413, "more than 10 bytes")
	s.wantError(t, "POST", "/body", io.MultiReader(strings.NewReader("eleven byte")), 413, "more than 10 bytes")
	if resp, b := s.do(t, "POST", "/body", strings.NewReader("ten bytes!")); resp.StatusCode != 200 || b != "ten bytes!" {
		t.Errorf("%s %q", resp.Status, b)
	}
	// An answer that cannot be finished must not look as if it were.
	resp, err := s.client.Get("http://vexj/half")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("half an answer looks whole")
	}
	for resp, _ := s.do(t, "GET", "/v1", nil); resp.StatusCode == 200; {
		resp, _ = s.do(t, "GET", "/v1", nil)
	}
	if resp := s.wantError(t, "GET", "/v1", nil, 429, "14 requests a minute"); resp.Header.Get("Retry-After") == "" {
		t.Error("it does not say when")
	}
	for _, text := range []string{"panic: oh", "GET /fails: /secret/place: closed"} {
		if !s.noticed(text) {
			t.Errorf("%q was not noticed: %q", text, s.notices)
		}
	}
}

func TestStrangersAreRefused(t *testing.T) {
	policy := DefaultPolicy()
	policy.Users = map[uint32]Grant{uint32(os.Geteuid()): {}}
	s := serve(t, Options{Policy: policy}, nil)
	s.wantError(t, "GET", "/v1", nil, 403, "may not ask this recorder")
	if got := s.Stats(); got != (Stats{Requests: 1, Strangers: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	s := serve(t, Options{MaxConns: 3}, nil)
	var conns []net.Conn
	ask := func() int {
		c, err := net.Dial("unix", s.path)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		if _, err := io.WriteString(c, "GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	for range 3 {
		if got := ask(); got != 200 {
			t.Fatal(got)
		}
	}
	if got := ask(); got != 429 {
		t.Errorf("the fourth gets %d", got)
	}
	for _, c := range conns {
		c.Close()
	}
	for end := time.Now().Add(time.Minute); ask() != 200; {
		if time.Now().After(end) {
			t.Fatal("closed connections count for ever")
		}
		conns[len(conns)-1].Close()
	}
	conns[len(conns)-1].Close()
}

func TestAliveMeansTheProcessThatConnected(t *testing.T) {
	alive := make(chan error, 2)
	asked, ended := make(chan int, 1), make(chan struct{})
	s := serve(t, Options{}, func(s *Server) {
		s.Handle("GET /alive", ScopeNone, func(_ http.ResponseWriter, _ *http.Request, p *Peer) error {
			alive <- p.Alive()
			asked <- p.PID
			<-ended
			alive <- p.Alive()
			return nil
		})
	})
	// The connection outlives the process that made it: another one has it.
	c := exec.Command("python3", "-c", `
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.send(b"GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
s.recv(1) if os.fork() == 0 else time.sleep(0)
`, s.path)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	pid := <-asked
	if pid != c.Process.Pid {
		t.Errorf("process %d asked, not %d", pid, c.Process.Pid)
	}
	_ = c.Wait()
	close(ended)
	// It may have ended before it was asked for the first time.
	if <-alive; <-alive == nil {
		t.Error("a process that has ended is taken for alive")
	}
}

func TestListenReplacesWhatIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	l, err := Listen(path, Socket{0o660, -1})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := Listen(path, Socket{0o600, -1}); !errors.Is(err, ErrInUse) {
		t.Error(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if l, err = Listen(path, Socket{0o600, -1}); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left")
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path, Socket{0o600, -1}); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Error(err)
	}
	if _, err := Listen(filepath.Join(dir, "none", "s"), Socket{0o600, -1}); err == nil {
		t.Error("made in a folder that is not there")
	}
}

func TestCloseWaitsForRequests(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	s := serve(t, Options{}, func(s *Server) {
		s.Handle("GET /slow", ScopeNone, func(w http.ResponseWriter, _ *http.Request, _ *Peer) error {
			close(begun)
			<-end
			return WriteJSON(w, "done")
		})
	})
	answer := make(chan string, 1)
	go func() {
		resp, err := s.client.Get("http://vexj/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-begun
	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	close(end)
	if got := <-answer; got != "\"done\"\n" {
		t.Errorf("%q", got)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
