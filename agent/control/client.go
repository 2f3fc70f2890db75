// SPDX-License-Identifier: Apache-2.0

package control

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
	"syscall"

	"vexj/agent/emission"
)

var (
	// ErrUnreachable: no recorder answers at that socket.
	ErrUnreachable = errors.New("no recorder serves agents there")
	// ErrRefused: the recorder would not do it, and says why.
	ErrRefused = errors.New("the recorder refuses")
)

// A Client asks a recorder. Its methods may be called from any goroutine.
type Client struct {
	socket string
	http   *http.Client
}

// Dial finds out whether a recorder serves agents at the socket.
func Dial(ctx context.Context, socket string) (*Client, error) {
	c := &Client{socket: socket, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
	var who struct{ PID int }
	return c, c.call(ctx, http.MethodGet, "/v1", nil, &who)
}

// Close gives connections back. What is held ends.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Begin begins an intent.
func (c *Client) Begin(ctx context.Context, b Begin) (i Intent, err error) {
	b.Hold = false
	return i, c.call(ctx, http.MethodPost, "/v1/intent", b, &i)
}

// Hold begins an intent that lives until done is called, ctx ends, or this process
// does. Gone is closed when the recorder has let go of it.
func (c *Client) Hold(ctx context.Context, b Begin) (i Intent, done func(), gone <-chan struct{}, err error) {
	b.Hold = true
	ctx, cancel := context.WithCancel(ctx)
	resp, err := c.send(ctx, http.MethodPost, "/v1/intent", b)
	if err == nil {
		if err = json.NewDecoder(resp.Body).Decode(&i); err == nil {
			left := make(chan struct{})
			go func() {
				defer close(left)
				_, _ = io.Copy(io.Discard, resp.Body)
			}()
			return i, func() { cancel(); resp.Body.Close(); <-left }, left, nil
		}
		resp.Body.Close()
	}
	cancel()
	return i, nil, nil, err
}

// End ends an intent; with keep, what is left of it acts on for it.
func (c *Client) End(ctx context.Context, id emission.ID, keep bool) error {
	return c.call(ctx, http.MethodDelete, "/v1/intent/"+id.String()+"?keep="+strconv.FormatBool(keep), nil, nil)
}

// Intents lists them, the oldest first.
func (c *Client) Intents(ctx context.Context) (all []Intent, err error) {
	return all, c.call(ctx, http.MethodGet, "/v1/intent", nil, &all)
}

// SetContext attributes a process tree or a control group.
func (c *Client) SetContext(ctx context.Context, set Context) error {
	return c.call(ctx, http.MethodPost, "/v1/context", set, nil)
}

// ClearContext ends that: PID or Cgroup says of which.
func (c *Client) ClearContext(ctx context.Context, of Context) error {
	q := url.Values{}
	if of.PID != 0 {
		q.Set("pid", strconv.FormatUint(uint64(of.PID), 10))
	}
	if of.Cgroup != "" {
		q.Set("cgroup", of.Cgroup)
	}
	return c.call(ctx, http.MethodDelete, "/v1/context?"+q.Encode(), nil, nil)
}

// Contexts lists what is attributed.
func (c *Client) Contexts(ctx context.Context) (all []Context, err error) {
	return all, c.call(ctx, http.MethodGet, "/v1/context", nil, &all)
}

// call sends a request and reads its answer, JSON both.
func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if answer == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return fmt.Errorf("the recorder's answer: %w", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://vexj"+path, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", c.socket, ErrUnreachable)
	}
	if err != nil {
		return nil, fmt.Errorf("asking the recorder: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var e struct{ Error, Do string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&e); err != nil || e.Error == "" {
		return nil, fmt.Errorf("%w: %s", ErrRefused, resp.Status)
	}
	if e.Do != "" {
		e.Error += "; " + e.Do
	}
	return nil, fmt.Errorf("%w: %s", ErrRefused, e.Error)
}
