// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vexj/agent/params"
	"vexj/agent/server"
	"vexj/query"
	"vexj/userjournal"
)

// Routes adds GET /v1/stream, /v1/wait and /v1/stats.
func (h *Hub) Routes(s *server.Server) {
	s.Handle("GET /v1/stream", server.ScopeRead, h.serveStream)
	s.Handle("GET /v1/wait", server.ScopeRead, h.serveWait)
	s.Handle("GET /v1/stats", server.ScopeRead, h.serveStats)
}

// A request is what was asked of a stream or a wait.
type request struct {
	values url.Values
	view   query.View
	filter *query.Filter
	from   place
	text   string
	alike  string
}

const howToFilter = "see 'Agents' in vexjd(8) for the parameters"

func (h *Hub) read(r *http.Request, p *server.Peer, also ...string) (q request, err error) {
	if r.Method != http.MethodGet {
		return q, &server.Error{Status: http.StatusMethodNotAllowed, Text: "a stream is for GET", Do: "use GET"}
	}
	if q.values, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return q, server.BadRequest(fmt.Errorf("bad parameters: %w", err), "escape them as URLs need it (curl -G --data-urlencode)")
	}
	c, err := params.Conditions(q.values, time.Now(), append(also, "after")...)
	if err != nil {
		return q, server.BadRequest(err, howToFilter)
	}
	q.view = query.View{Mask: p.Mask}
	if q.filter, err = c.Compile(q.view); err != nil {
		return q, server.BadRequest(err, howToFilter)
	}
	after := q.values.Get("after")
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		after = id // who comes back, with the address that it came by first
	}
	q.from, err = h.place(after, q.view)
	switch {
	case errors.Is(err, userjournal.ErrCursor):
		return q, server.BadRequest(err, "give after= a cursor of this journal as it was printed, or oldest, or leave it out for what comes from now on")
	case err != nil:
		return q, err
	}
	q.values.Del("after")
	q.text = q.values.Encode()
	q.alike = alike(q.values, also)
	return q, nil
}

func (h *Hub) serveStream(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	q, err := h.read(r, p, "format")
	if err != nil {
		return err
	}
	s := &sub{uid: p.UID, filter: q.filter, text: q.text, alike: q.alike}
	if s.format, err = formatOf(q.values.Get("format"), r.Header.Get("Accept")); err != nil {
		return err
	}
	if s.done, err = p.BeginStream(); err != nil {
		return err
	}
	if s.fd, err = takeOver(w, s.format); err != nil {
		s.done()
		return err
	}
	if err := h.join(s, q.view, q.from); err != nil {
		h.o.Notice(fmt.Sprintf("a stream: %v", err))
		s.done()
		return unix.Close(s.fd)
	}
	return nil
}

func formatOf(name, accept string) (format, error) {
	if i := slices.Index(formatNames[:], name); i >= 0 {
		return format(i), nil
	}
	switch {
	case name != "":
		return 0, server.BadRequest(fmt.Errorf("there is no format %q", name), "use "+strings.Join(formatNames[:], " or "))
	case strings.Contains(accept, contentTypes[sse]):
		return sse, nil
	}
	return ndjson, nil
}

// takeOver begins the answer and takes the connection from the server: its
// descriptor is nobody else's any more, so that no runtime waits for it.
func takeOver(w http.ResponseWriter, f format) (fd int, err error) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return -1, err
	}
	defer c.Close()
	u, ok := c.(*net.UnixConn)
	if !ok {
		return -1, fmt.Errorf("a stream over %T: %w", c, fs.ErrInvalid)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return -1, err
	}
	var duped error
	if err := raw.Control(func(of uintptr) { fd, duped = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, err
	}
	if duped != nil {
		return -1, fmt.Errorf("taking over a stream: %w", duped)
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: " + contentTypes[f] + "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
	if err := unix.Sendto(fd, []byte(head), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// What a wait may take.
const (
	defaultWait = 30 * time.Second
	maxWait     = 10 * time.Minute
)

func (h *Hub) serveWait(w http.ResponseWriter, r *http.Request, p *server.Peer) error {
	q, err := h.read(r, p, "timeout")
	if err != nil {
		return err
	}
	timeout := defaultWait
	if text := q.values.Get("timeout"); text != "" {
		if timeout, err = time.ParseDuration(text); err != nil || timeout < 0 || timeout > maxWait {
			return server.BadRequest(fmt.Errorf("timeout %q", text), fmt.Sprintf("give a time up to %v, such as 90s", maxWait))
		}
	}
	s := &sub{uid: p.UID, filter: q.filter, text: q.text, alike: q.alike, wait: newWait()}
	if s.done, err = p.BeginStream(); err != nil {
		return err
	}
	if err := server.Patience(w, timeout+time.Minute); err != nil {
		return err
	}
	if err := h.join(s, q.view, q.from); err != nil {
		s.done()
		return err
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-s.wait.came:
	case <-t.C:
	case <-r.Context().Done():
	}
	got := s.wait.timeout(h.leave(s))
	switch {
	case errors.Is(got.err, ErrClosed):
		return &server.Error{Status: http.StatusServiceUnavailable, Text: got.err.Error(), Do: "try again when it has begun again", Retry: time.Second}
	case got.err != nil:
		return server.BadRequest(got.err, howToFilter)
	}
	return server.WriteJSON(w, got)
}
