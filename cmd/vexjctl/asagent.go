// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"vexj/agent/control"
	"vexj/agent/emission"
	"vexj/agent/session"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/place"
)

// asAgent is who acts and why, as the command line has it.
type asAgent struct {
	session.Identity
	intent     string
	touch      []string
	confidence uint32
	visibility string
}

var identityFlags = []string{"agent", "session", "intent", "touch", "confidence", "visibility"}

func (a *asAgent) flags(fs *pflag.FlagSet) {
	fs.StringVar(&a.Agent, "agent", "", "`name` of the agent that acts, up to 64 bytes")
	fs.StringVar(&a.Session, "session", "", "`name` or number of its session (default: the outer one's, or a new one)")
	fs.StringArrayVar(&a.touch, "touch", nil, "`glob` of what it is going to change (repeatable)")
	fs.Uint32Var(&a.confidence, "confidence", 0, "how sure it is, `percent`")
	fs.StringVar(&a.visibility, "visibility", "", "`mask` of the agents that may see the records, such as 0x6 (default: all)")
}

// given says whether the command line says who acts.
func given(fs *pflag.FlagSet) bool { return slices.ContainsFunc(identityFlags, fs.Changed) }

// begin is the request for an intent that says so.
func (a *asAgent) begin() (b control.Begin, err error) {
	if err := a.Identity.Check(); err != nil {
		return b, exit.With(exit.Usage, err)
	}
	b = control.Begin{Identity: a.Identity, Intent: a.intent, Touch: a.touch, Confidence: a.confidence}
	if a.visibility != "" {
		if err := b.Visibility.UnmarshalText([]byte(a.visibility)); err != nil || b.Visibility == 0 {
			return b, exit.Usagef("--visibility %q: it is a mask of 64 bits, such as 0x6, and not 0", a.visibility)
		}
	}
	return b, nil
}

// socketVariable tells the command where its recorder serves agents.
const socketVariable = "VEXJ_SOCKET"

// errNoRecorder: nobody serves agents here.
var errNoRecorder = errors.New("no recorder serves agents; start vexjd, or name the --socket of another recorder")

// dial finds the recorder that serves agents: at the socket that was named, or where
// this process is told to look, or the daemon.
func dial(ctx context.Context, socket string) (*control.Client, string, error) {
	if socket != "" {
		c, err := control.Dial(ctx, socket)
		return c, socket, noAnswer(err)
	}
	for _, s := range []string{os.Getenv(socketVariable), place.AgentSocket(true), "/run/vexj/agents.sock"} {
		if s == "" {
			continue
		}
		c, err := control.Dial(ctx, s)
		switch {
		case err == nil:
			return c, s, nil
		case errors.Is(err, control.ErrUnreachable), errors.Is(err, fs.ErrPermission):
		default:
			return nil, s, err
		}
	}
	return nil, "", exit.With(exit.Unreachable, errNoRecorder)
}

// dialOnly is dial for who only wants to see: also the recorder that is no daemon, if it
// is the only one.
func dialOnly(ctx context.Context, socket string) (*control.Client, string, error) {
	c, found, err := dial(ctx, socket)
	if !errors.Is(err, errNoRecorder) {
		return c, found, err
	}
	var sockets []string
	for _, s := range place.AgentSockets() {
		one, err := control.Dial(ctx, s)
		if err != nil {
			continue
		}
		if sockets = append(sockets, s); len(sockets) == 1 {
			c, found = one, s
		} else {
			one.Close()
		}
	}
	switch len(sockets) {
	case 0:
		return nil, "", err
	case 1:
		return c, found, nil
	}
	c.Close()
	return nil, "", exit.Usagef("there are several recorders; say with --socket which one is meant: %s", strings.Join(sockets, ", "))
}

func noAnswer(err error) error {
	if errors.Is(err, control.ErrUnreachable) {
		return exit.With(exit.Unreachable, err)
	}
	return err
}

func hexID(id emission.ID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

func hexOrNone(id *emission.ID) string {
	if id == nil {
		return ""
	}
	return hexID(*id)
}

// hereAndNow adds where and how a command is run.
func hereAndNow(b *control.Begin, args []string) {
	b.Argv = args
	if here, err := os.Getwd(); err == nil {
		b.Cwd = here
	}
}

func parseID(text string) (emission.ID, error) {
	var id emission.ID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return 0, exit.With(exit.Usage, fmt.Errorf("%w", err))
	}
	return id, nil
}
