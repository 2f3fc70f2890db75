// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vexj/agent/control"
	"vexj/agent/emission"
	"vexj/agent/session"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/kmod/device"
	"vexj/uapi"
)

const contextLong = `

Each record of a process and its descendants, or of a control group and those below
it, bears the agent and the session that were set, and the event that caused it. A
tree's context comes before its control group's, and a nearer one before a farther
one. The recorder that serves agents is asked, whatever its producer; where there is
none, the kernel module, if it is loaded.`

func newContext() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "context",
		Short: "Attribute what processes do to an agent",
		Long:  "Attribute what processes do to an agent, without an intent." + contextLong,
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(newContextSet(), newContextClear(), newContextList())
	return cmd
}

// An attributor is a recorder, or the module itself.
type attributor interface {
	SetContext(context.Context, control.Context) error
	ClearContext(context.Context, control.Context) error
	Contexts(context.Context) ([]control.Context, error)
	Close()
}

func dialAttributor(ctx context.Context, socket string) (attributor, error) {
	client, _, err := dial(ctx, socket)
	if err == nil {
		return client, nil
	}
	if !errors.Is(err, errNoRecorder) {
		return nil, err
	}
	d, absent := device.Open()
	if errors.Is(absent, device.ErrNoModule) {
		return nil, err
	}
	return &module{d}, absent
}

// A module is asked itself.
type module struct{ d *device.Device }

func (m *module) Close() { m.d.Close() }

func (m *module) SetContext(_ context.Context, set control.Context) error {
	c, err := toContext(set)
	if err != nil {
		return err
	}
	return usage(m.d.SetContext(c))
}

func (m *module) ClearContext(_ context.Context, of control.Context) error {
	c, err := toContext(of)
	if err != nil {
		return err
	}
	return usage(m.d.ClearContext(c))
}

func (m *module) Contexts(context.Context) ([]control.Context, error) {
	set, err := m.d.Contexts()
	var all []control.Context
	for _, c := range set {
		all = append(all, control.Listed(c))
	}
	return all, err
}

func usage(err error) error {
	if errors.Is(err, uapi.ErrContext) {
		return exit.With(exit.Usage, err)
	}
	return err
}

func toContext(set control.Context) (c uapi.Context, err error) {
	c = uapi.Context{PID: set.PID, Agent: set.Agent, Session: session.ID(set.Session), Visibility: uint64(set.Visibility)}
	if set.Parent != nil {
		c.Parent = uint64(*set.Parent)
	}
	if set.Root != nil {
		c.Root = uint64(*set.Root)
	}
	if set.Cgroup != "" {
		of := whose{cgroup: set.Cgroup}
		if c.Cgroup, err = of.groupID(); err != nil {
			return c, err
		}
	}
	return c, nil
}

// one refuses both and neither.
func (o *whose) one() (c control.Context, err error) {
	if (o.pid == 0) == (o.cgroup == "") {
		return c, exit.Usagef("say whose context is meant, with --pid or --cgroup")
	}
	c.PID, c.Cgroup, err = o.target()
	return c, err
}

func newContextSet() *cobra.Command {
	var of whose
	var id session.Identity
	var socket, intent, root, visibility string
	cmd := &cobra.Command{
		Use:   "set --agent NAME (--pid ID | --cgroup PATH) [flags]",
		Short: "Attribute a process tree or a control group from now on",
		Long:  "Attribute what a process tree or a control group does from now on." + contextLong,
		Example: `  vexjctl context set --agent builder-7 --session 42 --pid $$
  vexjctl context set --agent builder-7 --cgroup system.slice/agent.service`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := of.one()
			if err != nil {
				return err
			}
			if id.Agent == "" && id.Session == "" {
				return exit.Usagef("say whom records are attributed to, with --agent, --session or both")
			}
			if err := id.Check(); err != nil {
				return exit.With(exit.Usage, err)
			}
			c.Agent, c.Session = id.Agent, id.Session
			for _, f := range []struct {
				name, text string
				set        func(emission.ID)
			}{
				{"intent", intent, func(id emission.ID) { c.Parent = &id }},
				{"root", root, func(id emission.ID) { c.Root = &id }},
				{"visibility", visibility, func(id emission.ID) { c.Visibility = id }},
			} {
				if f.text == "" {
					continue
				}
				n, err := strconv.ParseUint(f.text, 0, 64)
				if err != nil {
					return exit.Usagef("--%s %q: it is a number, such as 0x6", f.name, f.text)
				}
				f.set(emission.ID(n))
			}
			return withAttributor(cmd.Context(), socket, func(a attributor) error { return a.SetContext(cmd.Context(), c) })
		},
	}
	of.flags(cmd, "")
	fs := cmd.Flags()
	fs.StringVar(&id.Agent, "agent", "", "`name` of the agent, up to 64 bytes")
	fs.StringVar(&id.Session, "session", "", "`name` or number of the agent's session")
	fs.StringVar(&intent, "intent", "", "event `id` of the intent that what follows comes of")
	fs.StringVar(&root, "root", "", "event `id` that the intent goes back to (default: the intent)")
	fs.StringVar(&visibility, "visibility", "", "`mask` of the agents that may see the records (default: all)")
	socketFlag(cmd, &socket)
	return cmd
}

func withAttributor(ctx context.Context, socket string, f func(attributor) error) error {
	a, err := dialAttributor(ctx, socket)
	if err != nil {
		return err
	}
	defer a.Close()
	return f(a)
}

func newContextClear() *cobra.Command {
	var of whose
	var socket string
	cmd := &cobra.Command{
		Use:   "clear (--pid ID | --cgroup PATH)",
		Short: "End the attribution of a process tree or a control group",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := of.one()
			if err != nil {
				return err
			}
			return withAttributor(cmd.Context(), socket, func(a attributor) error { return a.ClearContext(cmd.Context(), c) })
		},
	}
	of.flags(cmd, "")
	socketFlag(cmd, &socket)
	return cmd
}

func newContextList() *cobra.Command {
	var out output
	var socket string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the attributions that are set",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			var all []control.Context
			err := withAttributor(cmd.Context(), socket, func(a attributor) (err error) {
				all, err = a.Contexts(cmd.Context())
				return err
			})
			switch {
			case err != nil:
				return err
			case len(all) == 0:
				return exit.With(exit.NoMatch, errors.New("no context is set"))
			}
			return show(false, func(w *bufio.Writer) error {
				if out.format == "json" {
					return writeJSON(w, all)
				}
				return printContexts(w, all)
			})
		},
	}
	out.flags(cmd, "text", "json")
	socketFlag(cmd, &socket)
	return cmd
}

func printContexts(w *bufio.Writer, all []control.Context) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OF\tAGENT\tSESSION\tINTENT\tPROCESSES")
	for _, c := range all {
		of := fmt.Sprintf("pid %d", c.PID)
		if c.Cgroup != "" {
			of = "cgroup " + c.Cgroup
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\n", of, quote.String(c.Agent), c.Session, hexOrNone(c.Parent), c.Processes)
	}
	return t.Flush()
}
