// SPDX-License-Identifier: Apache-2.0

package mcp

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// patience is how long answers may take that are still owed when the input ends.
const patience = time.Minute

// Stdio is standard input and output. What was asked before the input ends is
// answered, for a minute at most: the SDK by itself gives up what is under way at the end,
// and whoever pipes requests into the command would get no answer.
func Stdio() sdk.Transport { return polite{&sdk.StdioTransport{}} }

// A polite transport ends when it owes nothing.
type polite struct{ sdk.Transport }

func (t polite) Connect(ctx context.Context) (sdk.Connection, error) {
	c, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &politeConn{Connection: c, owed: map[jsonrpc.ID]struct{}{}, even: make(chan struct{})}, nil
}

type politeConn struct {
	sdk.Connection

	mu    sync.Mutex
	owed  map[jsonrpc.ID]struct{}
	ended bool          // the input has
	even  chan struct{} // closed when it has ended and nothing is owed, or can be given
	once  sync.Once
}

func (c *politeConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	m, err := c.Connection.Read(ctx)
	if r, ok := m.(*jsonrpc.Request); ok && r.IsCall() {
		c.mu.Lock()
		c.owed[r.ID] = struct{}{}
		c.mu.Unlock()
	}
	if !errors.Is(err, io.EOF) {
		return m, err
	}
	c.mu.Lock()
	c.ended = true
	c.settle()
	c.mu.Unlock()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-c.even:
	case <-t.C:
	case <-ctx.Done():
	}
	return nil, err
}

func (c *politeConn) Write(ctx context.Context, m jsonrpc.Message) error {
	err := c.Connection.Write(ctx, m)
	if err != nil {
		c.giveUp()
	}
	if r, ok := m.(*jsonrpc.Response); ok {
		c.mu.Lock()
		delete(c.owed, r.ID)
		c.settle()
		c.mu.Unlock()
	}
	return err
}

// Close ends a Read that waits.
func (c *politeConn) Close() error {
	c.giveUp()
	return c.Connection.Close()
}

func (c *politeConn) settle() {
	if c.ended && len(c.owed) == 0 {
		c.giveUp()
	}
}

func (c *politeConn) giveUp() { c.once.Do(func() { close(c.even) }) }
