// SPDX-License-Identifier: Apache-2.0

package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"vexj/agent/session"
	"vexj/internal/answer"
	"vexj/query"
	"vexj/userjournal"
)

const (
	recordURI   = "vexj://record/"
	sessionURI  = "vexj://session/"
	sessionsURI = "vexj://sessions"
	jsonType    = "application/json"
)

func (d *door) resources(s *sdk.Server) {
	s.AddResource(&sdk.Resource{URI: sessionsURI, Name: "sessions", Title: "Sessions",
		Description: "The sessions of agents, the last active first", MIMEType: jsonType}, d.read)
	s.AddResourceTemplate(&sdk.ResourceTemplate{URITemplate: recordURI + "{id}", Name: "record", Title: "Record",
		Description: "All of one record, by its event id", MIMEType: jsonType}, d.read)
	s.AddResourceTemplate(&sdk.ResourceTemplate{URITemplate: sessionURI + "{session}", Name: "session", Title: "Session",
		Description: "What happened in one session, by its name or number", MIMEType: jsonType}, d.read)
}

func (d *door) read(ctx context.Context, r *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	uri := r.Params.URI
	object, err := d.ask(ctx, func(t *answer.Teller) (any, error) {
		if rest, ok := strings.CutPrefix(uri, recordURI); ok {
			id, err := answer.ParseID(rest)
			if err != nil {
				return nil, err
			}
			return t.Show(id)
		}
		if rest, ok := strings.CutPrefix(uri, sessionURI); ok {
			name, err := url.PathUnescape(rest)
			if err != nil {
				return nil, userjournal.ErrNotFound
			}
			return t.Session(session.ID(name), 20)
		}
		return t.Sessions(query.Conditions{}, 0)
	})
	if errors.Is(err, userjournal.ErrNotFound) || errors.Is(err, answer.ErrID) {
		return nil, sdk.ResourceNotFoundError(uri)
	}
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: uri, MIMEType: jsonType, Text: string(b)}}}, nil
}
