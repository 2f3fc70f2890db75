// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vexj/agent/search"
	"vexj/agent/server"
	"vexj/fuse"
)

// A control answers for the folder .vexj of the mounts: each question is a request
// to the server of the agents, as if the caller had connected to its socket. So who
// sees what, and how often one may ask, is the same by both ways.
type control struct {
	served chan struct{} // closed when server is there
	server *server.Server
}

// A ControlFolder says what of .vexj is in the mounts.
type ControlFolder int

const (
	ControlHidden ControlFolder = iota // it is not listed
	ControlShown
	ControlNone
)

// ControlFolders are the names of them.
var ControlFolders = []string{ControlHidden: "hidden", ControlShown: "shown", ControlNone: "none"}

var _ fuse.Control = (*control)(nil)

func newControl() *control { return &control{served: make(chan struct{})} }

// serve is called once.
func (c *control) serve(s *server.Server) {
	c.server = s
	close(c.served)
}

// ask sends a request of the caller's. The answer's body ends its connection.
func (c *control) ask(ctx context.Context, who fuse.Caller, method, path string, body []byte) (*http.Response, error) {
	select {
	case <-c.served:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return c.server.Connect(server.Caller{PID: int(who.PID), UID: who.UID, GID: who.GID, Groups: who.Groups})
		},
	}}
	req, err := http.NewRequestWithContext(ctx, method, "http://vexj"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	}
	req.Header.Set("Accept", "application/x-ndjson, application/json;q=0.9")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	return nil, fmt.Errorf("%s: %w", bytes.TrimSpace(text), refusal(resp.StatusCode))
}

// refusal is the error that a process gets for a status.
func refusal(code int) error {
	switch code {
	case http.StatusForbidden, http.StatusUnauthorized:
		return fs.ErrPermission
	case http.StatusNotFound, http.StatusGone:
		return fs.ErrNotExist
	case http.StatusTooManyRequests:
		return unix.EDQUOT
	case http.StatusRequestEntityTooLarge:
		return unix.EMSGSIZE
	case http.StatusServiceUnavailable:
		return unix.EAGAIN
	}
	if code/100 == 4 {
		return fs.ErrInvalid
	}
	return unix.EIO
}

// Journal streams records from now on.
func (c *control) Journal(ctx context.Context, who fuse.Caller, query string) (io.ReadCloser, error) {
	if _, err := url.ParseQuery(query); err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	}
	resp, err := c.ask(ctx, who, http.MethodGet, "/v1/stream?"+query, nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// Text is the answer of a route.
func (c *control) Text(ctx context.Context, who fuse.Caller, name string) ([]byte, error) {
	path := "/v1/" + name
	if id, ok := strings.CutPrefix(name, fuse.Events+"/"); ok {
		if _, err := strconv.ParseUint(id, 0, 64); err != nil {
			return nil, fmt.Errorf("%w: %q is no event id", fs.ErrNotExist, id)
		}
		path = "/v1/show?id=" + id
	} else if name == fuse.Stats {
		path = "/v1/recorder"
	}
	resp, err := c.ask(ctx, who, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Begin begins an intent that is held until end is called. text is what it is, or a
// JSON object as the body of POST /v1/intent.
func (c *control) Begin(ctx context.Context, who fuse.Caller, text []byte) (end func(), err error) {
	body := map[string]any{}
	if text[0] != '{' {
		body["intent"] = string(text)
	} else if err := json.Unmarshal(text, &body); err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	}
	body["hold"] = true
	request, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	}
	held, letGo := context.WithCancel(context.Background())
	begun := context.AfterFunc(ctx, letGo)
	resp, err := c.ask(held, who, http.MethodPost, "/v1/intent", request)
	if err != nil {
		letGo()
		return nil, err
	}
	var intent struct {
		ID string `json:"id"`
	}
	if err = json.NewDecoder(resp.Body).Decode(&intent); err == nil && !begun() {
		err = ctx.Err()
	}
	if err != nil {
		letGo()
		return nil, errors.Join(err, resp.Body.Close())
	}
	return func() {
		// Asked to, it has ended when the answer is there. Else it ends with the
		// connection, a moment later.
		if ended, err := c.ask(context.Background(), who, http.MethodDelete, "/v1/intent/"+intent.ID, nil); err == nil {
			ended.Body.Close()
		}
		letGo()
		resp.Body.Close()
	}, nil
}

// mostFound is how many files a search shows.
const mostFound = 50

// Search finds files by what they are about.
func (c *control) Search(ctx context.Context, who fuse.Caller, text string) ([]string, error) {
	q := url.Values{"text": {text}, "limit": {strconv.Itoa(mostFound)}}
	resp, err := c.ask(ctx, who, http.MethodGet, "/v1/search?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var hits []search.Hit
	if err := json.NewDecoder(resp.Body).Decode(&hits); err != nil {
		return nil, err
	}
	var files []string
	for _, h := range hits {
		if h.Path != "" {
			files = append(files, h.Path)
		}
	}
	return files, nil
}
