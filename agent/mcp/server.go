// SPDX-License-Identifier: Apache-2.0

package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"vexj/internal/answer"
	"vexj/query"
	"vexj/userjournal"
)

// Options of a server.
type Options struct {
	// Open opens the journal, for one request.
	Open func() (*userjournal.Set, error)
	// View is what is shown.
	View query.View
	// Search finds what is like a text; nil: the tool is not there.
	Search func(ctx context.Context, text string, most int, view query.View) (any, error)
	// Version of the program.
	Version string
}

// Budgets of an answer, in bytes of its records.
const (
	defaultBudget = 16 << 10
	maxBudget     = 1 << 20
)

const instructions = `The journal of this machine: what processes did to files, in which order, for which agent and session, ` +
	`and with which stated intent. Event ids are hexadecimal, as 0x0300000000001234. An answer that says more:true has a cursor: ` +
	`give it as after to go on. Ask blame for who changed a file, why for how an event came about, impact for what came of it.`

// New makes a server. Run it with a transport, or connect it to several.
func New(o Options) *sdk.Server {
	s := sdk.NewServer(&sdk.Implementation{Name: "vexj", Title: "vexj, the semantic journal", Version: o.Version},
		&sdk.ServerOptions{Instructions: instructions, Capabilities: &sdk.ServerCapabilities{}, SetCacheable: private})
	d := &door{o}
	d.tools(s)
	d.resources(s)
	return s
}

// private: what one caller may see is for nobody else, and is another thing a moment
// later.
func private(_ context.Context, _ sdk.Request, c *sdk.Cacheable) {
	c.TTLMs, c.CacheScope = 0, "private"
}

// A door answers requests, each with the journal as it then is.
type door struct{ o Options }

// ask calls f with a teller.
func (d *door) ask(ctx context.Context, f func(*answer.Teller) (any, error)) (object any, err error) {
	set, err := d.o.Open()
	if err != nil {
		return nil, explain(err)
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if object, err = f(answer.New(ctx, set, d.o.View)); err != nil {
		return nil, explain(err)
	}
	return object, nil
}

// explain adds what the model can do.
func explain(err error) error {
	switch {
	case errors.Is(err, userjournal.ErrEmpty):
		return errors.New("nothing was recorded yet; wait, or ask later")
	case errors.Is(err, userjournal.ErrCursor):
		return fmt.Errorf("%w; give the cursor of an earlier answer as it was, or none", err)
	case errors.Is(err, userjournal.ErrNotFound):
		return fmt.Errorf("%w; log shows what there is", err)
	}
	return err
}

// text is an answer as the content of a result. It is compact: every blank is a
// token.
func text(object any) (*sdk.CallToolResult, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(object); err != nil {
		return nil, err
	}
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: strings.TrimSuffix(b.String(), "\n")}}}, nil
}
