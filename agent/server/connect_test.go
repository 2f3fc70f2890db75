// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// as asks for a path in the name of a caller.
func as(t *testing.T, s *Server, c Caller, path string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return s.Connect(c)
	}}}
	resp, err := client.Get("http://vexj" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// Whom the kernel names otherwise is served as whom it names by a connection.
func TestConnect(t *testing.T) {
	policy := DefaultPolicy()
	policy.Groups = []GroupGrant{{GID: 77, Grant: Grant{Scopes: ScopeRead, Mask: 6, Limits: Limits{Requests: 2}}}}
	s := New(Options{Policy: policy})
	s.Handle("GET /alive", ScopeRead, func(w http.ResponseWriter, _ *http.Request, p *Peer) error {
		_, err := fmt.Fprint(w, p.PID, p.Alive() == nil, p.Mask)
		return err
	})
	s.Handle("GET /admin", ScopeAdmin, func(http.ResponseWriter, *http.Request, *Peer) error { return nil })
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	pid := child.Process.Pid
	for _, c := range []struct {
		who  Caller
		path string
		code int
		text string
	}{
		{Caller{PID: pid}, "/alive", 200, fmt.Sprint(pid, true, ^uint64(0))},
		{Caller{PID: os.Getpid(), UID: 5, GID: 5}, "/alive", 403, "user 5 may not ask"},
		{Caller{PID: pid, UID: 5, GID: 77}, "/alive", 200, fmt.Sprint(pid, true, 6)},
		{Caller{PID: pid, UID: 5, GID: 5, Groups: []uint32{3, 77}}, "/admin", 403, "needs the scope"},
		{Caller{PID: pid, UID: 5, GID: 5, Groups: []uint32{3, 77}}, "/alive", 429, "2 requests a minute"},
		{Caller{}, "/none", 404, "no such route"},
	} {
		if code, text := as(t, s, c.who, c.path); code != c.code || !strings.Contains(text, c.text) {
			t.Errorf("%+v %s: %d %s", c.who, c.path, code, text)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if _, text := as(t, s, Caller{PID: pid}, "/alive"); !strings.Contains(text, "false") {
		t.Errorf("a process that has ended: %s", text)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if c, err := s.Connect(Caller{}); err == nil {
		c.Close()
		t.Error("a server that was closed takes connections")
	}
}
