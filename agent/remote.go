// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"

	"vexj/agent/control"
	"vexj/agent/emission"
	"vexj/uapi"
)

// A remote outlet is a recorder's socket.
type remote struct {
	http    *http.Client
	agent   string
	session uint64
}

func newRemote(socket, agent string, session uint64) *remote {
	return &remote{agent: agent, session: session, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
}

func (r *remote) emit(ctx context.Context, b *uapi.Builder, h uapi.Header, fill func(*uapi.Builder)) (uint64, error) {
	switch h.Type.Category() {
	case uapi.CategoryGraph, uapi.CategoryVector, uapi.CategoryAgent, uapi.CategorySemantic, uapi.CategoryObservability:
	default:
		return 0, fmt.Errorf("%v: %w", h.Type, ErrKernel)
	}
	b.Begin(h)
	if r.session != 0 {
		b.AddU64(uapi.AttrSession, r.session)
	}
	if r.agent != "" {
		b.AddString(uapi.AttrAgentID, r.agent)
	}
	fill(b)
	rec, err := b.Finish()
	if err != nil {
		return 0, err
	}
	return r.send(ctx, rec)
}

func (r *remote) send(ctx context.Context, rec uapi.Record) (uint64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://vexj/v1/emit", bytes.NewReader(rec))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := r.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", control.ErrUnreachable, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	var answer struct {
		IDs   []emission.ID `json:"ids"`
		Error string        `json:"error"`
		Do    string        `json:"do"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("the recorder's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK || len(answer.IDs) != 1 {
		return 0, fmt.Errorf("%w: %s: %s", control.ErrRefused, answer.Error, answer.Do)
	}
	return uint64(answer.IDs[0]), nil
}

func (r *remote) flush() error { return nil }

func (r *remote) close() error {
	r.http.CloseIdleConnections()
	return nil
}
