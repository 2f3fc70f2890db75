// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
	"vexj/kmod/device"
	"vexj/uapi"
)

const contextLong = `

The kernel module attributes records: each record of a process and its
descendants, or of a control group and those below it, bears the agent and the
session that were set, and the event that caused it. A process's own context
comes before its control group's.`

func newKernelContext() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "context",
		Short: "Attribute what processes do to an agent, in the kernel module",
		Long:  "Attribute what processes do to an agent." + contextLong,
		Args:  noArgs,
		RunE:  needVerb,
	}
	cmd.AddCommand(newContextSet(), newContextClear(), newContextShow())
	return cmd
}

// whose are the flags that say whose context is meant.
type whose struct {
	pid    int
	cgroup string
}

func (o *whose) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&o.pid, "pid", 0, "the process with this `id` and its descendants")
	cmd.Flags().StringVar(&o.cgroup, "cgroup", "", "this control group and those below it: a `path` or an id")
}

func (o *whose) context() (c uapi.Context, err error) {
	switch {
	case (o.pid == 0) == (o.cgroup == ""):
		return c, exit.Usagef("say whose context is meant, with --pid or --cgroup")
	case o.cgroup != "":
		if c.Cgroup, err = capture.CgroupID(o.cgroup); err != nil {
			err = fmt.Errorf("--cgroup %w", err)
		}
		return c, err
	case o.pid < 0 || o.pid > math.MaxInt32:
		return c, exit.Usagef("--pid %d: no process can have this id", o.pid)
	}
	c.PID = uint32(o.pid)
	return c, nil
}

// withDevice calls f with the module's device, and gives its errors their exit
// codes.
func withDevice(f func(*device.Device) error) (err error) {
	d, err := device.Open()
	switch {
	case errors.Is(err, device.ErrNoModule):
		return exit.With(exit.Unreachable, err)
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := f(d); errors.Is(err, uapi.ErrContext) {
		return exit.With(exit.Usage, err)
	} else {
		return err
	}
}

func newContextSet() *cobra.Command {
	var o whose
	var agent string
	var session, intent, root, visibility uint64
	cmd := &cobra.Command{
		Use:   "set --agent NAME (--pid ID | --cgroup PATH) [flags]",
		Short: "Attribute a process tree or a control group from now on",
		Long:  "Attribute what a process tree or a control group does from now on." + contextLong,
		Example: `  vexjctl kernel context set --agent builder-7 --session 42 --pid $$
  vexjctl kernel context set --agent builder-7 --cgroup system.slice/agent.service`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := o.context()
			if err != nil {
				return err
			}
			if agent == "" && session == 0 {
				return exit.Usagef("say whom records are attributed to, with --agent, --session or both")
			}
			c.Agent, c.Session, c.Parent, c.Root, c.Visibility = agent, session, intent, root, visibility
			return withDevice(func(d *device.Device) error { return d.SetContext(c) })
		},
	}
	o.flags(cmd)
	fs := cmd.Flags()
	fs.StringVar(&agent, "agent", "", "`name` of the agent, up to 64 bytes")
	fs.Uint64Var(&session, "session", 0, "`number` of the agent's session")
	fs.Uint64Var(&intent, "intent", 0, "event `id` of the intent that what follows comes of")
	fs.Uint64Var(&root, "root", 0, "event `id` that the intent goes back to (default: the intent)")
	fs.Uint64Var(&visibility, "visibility", 0, "`mask` of the agents that may see the records (default: all)")
	return cmd
}

func newContextClear() *cobra.Command {
	var o whose
	cmd := &cobra.Command{
		Use:   "clear (--pid ID | --cgroup PATH)",
		Short: "End the attribution of a process tree or a control group",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := o.context()
			if err != nil {
				return err
			}
			return withDevice(func(d *device.Device) error { return d.ClearContext(c) })
		},
	}
	o.flags(cmd)
	return cmd
}

// shownContext is a context for JSON; event ids are strings there.
type shownContext struct {
	PID        uint32 `json:"pid,omitempty"`
	Cgroup     uint64 `json:"cgroup,omitempty"`
	Agent      string `json:"agent,omitempty"`
	Session    uint64 `json:"session,omitempty"`
	Intent     string `json:"intent,omitempty"`
	Root       string `json:"root,omitempty"`
	Visibility string `json:"visibility,omitempty"`
	Processes  int    `json:"processes"`
}

func newContextShow() *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the attributions that are set",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			var all []shownContext
			err := withDevice(func(d *device.Device) error {
				contexts, err := d.Contexts()
				for _, c := range contexts {
					all = append(all, shownContext{c.PID, c.Cgroup, c.Agent, c.Session,
						hexID(c.Parent), hexID(c.Root), hexID(c.Visibility), c.Processes})
				}
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
	return cmd
}

func hexID(id uint64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("0x%016x", id)
}

func printContexts(w *bufio.Writer, all []shownContext) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OF\tAGENT\tSESSION\tINTENT\tPROCESSES")
	for _, c := range all {
		of := fmt.Sprintf("pid %d", c.PID)
		if c.Cgroup != 0 {
			of = fmt.Sprintf("cgroup %d", c.Cgroup)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\n", of, quote.String(c.Agent), c.Session, c.Intent, c.Processes)
	}
	return t.Flush()
}
