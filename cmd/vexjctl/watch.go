// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"vexj/agent/subscribe"
	"vexj/cmd/internal/exit"
)

func newWatch() *cobra.Command {
	var f streamFlags
	var count uint64
	var once bool
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Show records as a recorder makes them",
		Long: `Show records as a recorder makes them, until ^C. They come over its socket, with what
the caller may see, within milliseconds. When the recorder goes away watch waits for it and
goes on where it was: nothing is shown twice or left out. What is missing all the
same, as records that were lost, is shown as a gap.`,
		Example: `  vexjctl watch --type modify --path /etc/
  vexjctl watch --agent claude --where 'result < 0' -o ndjson
  vexjctl watch --after oldest --session nightly`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			color, err := f.out.check()
			if err != nil {
				return err
			}
			filter, err := f.filter()
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			p := f.printer(color)
			err = f.run(ctx, filter, once, func(e *subscribe.Event) error {
				if err := p.event(e); err != nil {
					return err
				}
				if e.Record != nil && count > 0 {
					if count--; count == 0 {
						return subscribe.ErrStop
					}
				}
				return nil
			})
			if errors.Is(err, context.Canceled) || errors.Is(err, syscall.EPIPE) {
				return nil
			}
			return err
		},
	}
	f.flags(cmd)
	cmd.Flags().Uint64VarP(&count, "count", "n", 0, "end after this `number` of records")
	cmd.Flags().BoolVar(&once, "once", false, "end when the recorder does, with an error")
	return cmd
}

func newWait() *cobra.Command {
	var f streamFlags
	var timeout string
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait for a record, for those who poll",
		Long: `Wait for the first record that the flags describe, print it and its cursor, and exit
with 0; with 3 if none comes in time. The cursor that is printed last, in either case, is for
--after of the next wait: then nothing that happens between the two is missed.`,
		Example: `  vexjctl wait --timeout 1m --type create --path '/srv/inbox/*'
  vexjctl wait --timeout 10s --after "$cursor" --agent claude -o ndjson`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			color, err := f.out.check()
			if err != nil {
				return err
			}
			filter, err := f.filter()
			if err != nil {
				return err
			}
			limit, err := waitTime(timeout)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return wait(ctx, &f, filter, limit, f.printer(color))
		},
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&timeout, "timeout", "30s", "wait for at most this `time`; 0: for ever")
	return cmd
}

// errNone: nothing came in time.
var errNone = errors.New("no such record came in time")

func noneInTime() error { return exit.With(exit.NoMatch, errNone) }
