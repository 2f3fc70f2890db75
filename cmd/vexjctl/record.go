// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"vexj/cmd/internal/capture"
)

func newRecord() *cobra.Command {
	var flags capture.Flags
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record into a journal until ^C",
		Long: `Record what processes do to files into a journal, until ^C or SIGTERM. What had
happened by then is in the journal, synced, when the command ends.`,
		Example: `  vexjctl record --path /etc --modify-only
  vexjctl record --producer bpf-syscall --require --journal /srv/journal`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.Options("vexjctl record")
			if err != nil {
				return err
			}
			return record(cmd.Context(), o)
		},
	}
	flags.Add(cmd.Flags(), true)
	completeCapture(cmd)
	return cmd
}

func record(ctx context.Context, o capture.Options) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	p := newProgress(os.Stderr)
	o.Notice = p.notice
	c, err := capture.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	p.notice(fmt.Sprintf("recording with %s into %s; ^C ends it", c.ProducerName(), o.Journal))
	p.follow(c)
	err = c.Run(ctx)
	p.end()
	fmt.Fprintf(os.Stderr, "vexjctl record: %s\n", c.Tally())
	return err
}
