// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vexj/agent/control"
	"vexj/agent/emission"
	"vexj/cmd/internal/cgroup"
	"vexj/cmd/internal/exit"
	"vexj/internal/quote"
)

func newIntent() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "intent",
		Short: "Say what an agent is about to do, and when that is done",
		Long: `Say what an agent is about to do, and when that is done. An intent is a record in
the journal of the recorder that is asked, which serves agents; what the processes do
that it is bound to goes back to it.`,
		Args: noArgs,
		RunE: needVerb,
	}
	cmd.AddCommand(newIntentBegin(), newIntentEnd(), newIntentList())
	return cmd
}

func socketFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "socket", "", "`path` of the recorder's socket (default: $VEXJ_SOCKET, or vexjd's)")
}

// socketFlagOnly is socketFlag for dialOnly.
func socketFlagOnly(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "socket", "", "`path` of the recorder's socket (default: $VEXJ_SOCKET, or vexjd's, or that of the only recorder)")
}

// whose are the flags that say whose context is meant.
type whose struct {
	pid    int
	cgroup string
}

func (o *whose) flags(cmd *cobra.Command, what string) {
	cmd.Flags().IntVar(&o.pid, "pid", 0, "the process with this `id` and its descendants"+what)
	cmd.Flags().StringVar(&o.cgroup, "cgroup", "", "this control group and those below it: a `path` or an id")
}

// target returns the process, and the group's folder or, where that was given, its id.
func (o *whose) target() (pid uint32, group string, err error) {
	if o.pid < 0 || o.pid > math.MaxInt32 {
		return 0, "", exit.Usagef("--pid %d: no process can have this id", o.pid)
	}
	if o.cgroup != "" {
		id, path, err := cgroup.Find(o.cgroup)
		if err != nil {
			return 0, "", fmt.Errorf("--cgroup %w", err)
		}
		if group = path; group == "" {
			group = fmt.Sprint(id)
		}
	}
	return uint32(o.pid), group, nil
}

// groupID is the id of the group that was named.
func (o *whose) groupID() (uint64, error) {
	id, _, err := cgroup.Find(o.cgroup)
	if err != nil {
		return 0, fmt.Errorf("--cgroup %w", err)
	}
	return id, nil
}

func newIntentBegin() *cobra.Command {
	var as asAgent
	var of whose
	var socket string
	var hold bool
	cmd := &cobra.Command{
		Use:   "begin [flags] [TEXT]",
		Short: "Begin an intent, for the calling shell and what it starts from now on",
		Long: `Begin an intent, for the calling shell and what it starts from now on, or for
another process tree or control group. Its id is printed. It ends by 'intent end',
with its last process, or with --hold when this command is ended.`,
		Example: `  vexjctl intent begin --agent me --session nightly --touch 'src/**' 'fix the tests'
  vexjctl intent begin --pid 4711 --hold 'watch the build'`,
		Args: atMostOne("text"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				as.intent = args[0]
			}
			b, err := as.begin()
			if err != nil {
				return err
			}
			if b.PID, b.Cgroup, err = of.target(); err != nil {
				return err
			}
			if b.PID == 0 && b.Cgroup == "" {
				b.PID = uint32(os.Getppid())
			}
			hereAndNow(&b, nil)
			client, _, err := dial(cmd.Context(), socket)
			if err != nil {
				return err
			}
			defer client.Close()
			if hold {
				return holdIntent(cmd.Context(), client, b)
			}
			i, err := client.Begin(cmd.Context(), b)
			if err != nil {
				return err
			}
			fmt.Println(i.ID)
			return nil
		},
	}
	as.flags(cmd.Flags())
	of.flags(cmd, " (default: the calling shell)")
	cmd.Flags().BoolVar(&hold, "hold", false, "wait, and end the intent when this command is ended")
	socketFlag(cmd, &socket)
	return cmd
}

func atMostOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return exit.Usagef("give one %s, in quotes", what)
		}
		return nil
	}
}

func holdIntent(ctx context.Context, client *control.Client, b control.Begin) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	i, done, gone, err := client.Hold(ctx, b)
	if err != nil {
		return err
	}
	defer done()
	fmt.Println(i.ID)
	select {
	case <-ctx.Done():
		return nil
	case <-gone:
		return exit.With(exit.Unreachable, errors.New("the recorder has ended, and the intent with it"))
	}
}

func newIntentEnd() *cobra.Command {
	var socket string
	var keep bool
	cmd := &cobra.Command{
		Use:   "end [flags] [ID]",
		Short: "End an intent: by its id, or the last that was begun for the calling shell",
		Args:  atMostOne("id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, _, err := dial(cmd.Context(), socket)
			if err != nil {
				return err
			}
			defer client.Close()
			var id emission.ID
			if len(args) > 0 {
				id, err = parseID(args[0])
			} else {
				id, err = shells(cmd.Context(), client)
			}
			if err != nil {
				return err
			}
			return client.End(cmd.Context(), id, keep)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "let the processes that are left act on for it")
	socketFlag(cmd, &socket)
	return cmd
}

// shells is the last intent that was begun for the calling shell.
func shells(ctx context.Context, client *control.Client) (id emission.ID, err error) {
	all, err := client.Intents(ctx)
	for _, i := range all {
		if i.PID == uint32(os.Getppid()) && !i.Ended {
			id = i.ID
		}
	}
	if err == nil && id == 0 {
		err = exit.With(exit.NoMatch, errors.New("no intent was begun for this shell; name one of `vexjctl intent list`"))
	}
	return id, err
}

func newIntentList() *cobra.Command {
	var out output
	var socket string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the intents that are under way",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := out.check(); err != nil {
				return err
			}
			client, _, err := dial(cmd.Context(), socket)
			if err != nil {
				return err
			}
			defer client.Close()
			all, err := client.Intents(cmd.Context())
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return exit.With(exit.NoMatch, errors.New("no intent is under way"))
			}
			return show(false, func(w *bufio.Writer) error {
				if out.format == "json" {
					return writeJSON(w, all)
				}
				return printIntents(w, all)
			})
		},
	}
	out.flags(cmd, "text", "json")
	socketFlag(cmd, &socket)
	return cmd
}

func printIntents(w *bufio.Writer, all []control.Intent) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tAGENT\tSESSION\tOF\tPART OF\tINTENT")
	for _, i := range all {
		text := quote.String(i.Intent)
		if i.Ended {
			text += " (ended, processes are left)"
		}
		of := fmt.Sprintf("pid %d", i.PID)
		if i.PID == 0 {
			of = fmt.Sprintf("cgroup %d", i.Cgroup)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, quote.String(i.Agent), quote.String(i.Session), of, hexOrNone(i.Parent), text)
	}
	return t.Flush()
}
