// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vexj/agent/server"
	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/notify"
	"vexj/cmd/internal/version"
	"vexj/internal/quote"
)

func newCommand() *cobra.Command {
	var flags capture.Flags
	var others doorFlags
	cmd := &cobra.Command{
		Use:   "vexjd",
		Short: "Record what processes do to files, as a daemon",
		Long: `Record what processes do to files into a journal until SIGTERM. It stays in the
foreground, tells the service manager when it is ready, and refuses to run
twice. 'vexjctl kernel status' asks it how it is.`,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("it takes no argument, not %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.Options("vexjd")
			if err != nil {
				return err
			}
			o.Notice = logLine
			return serve(cmd.Context(), o, &others)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit.With(exit.Usage, err) })
	flags.Add(cmd.Flags(), true)
	others.add(cmd.Flags())
	return cmd
}

// logLine writes to stderr, which the service manager keeps with time and name.
func logLine(text string) { fmt.Fprintf(os.Stderr, "vexjd: %s\n", quote.Text(text)) }

func serve(ctx context.Context, o capture.Options, others *doorFlags) (err error) {
	only, err := lockInstance(o.RunDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, only.release()) }()

	if o.Agents.Listener, err = server.Activated(); err != nil {
		return err
	}
	if l := o.Agents.Listener; l != nil {
		o.Agents.Socket = l.Addr().String()
	}
	d, err := others.open()
	if err != nil {
		return err
	}
	o.Agents.Ours = d.web != nil
	// A daemon has no terminal whose end should be its own.
	signal.Ignore(syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	c, err := capture.Start(ctx, o)
	if err != nil {
		return errors.Join(err, d.close())
	}
	defer func() { err = errors.Join(err, d.close(), c.Close()) }()
	if err := d.serve(c); err != nil {
		return err
	}

	logLine(fmt.Sprintf("recording with %s into %s", c.ProducerName(), o.Journal))
	tell("READY=1\nSTATUS=Recording with " + c.ProducerName())
	ended := make(chan struct{})
	go alive(c, ended)
	go func() {
		<-ctx.Done()
		tell("STOPPING=1\nSTATUS=Draining the rings")
	}()
	err = c.Run(ctx)
	close(ended)
	logLine(c.Tally().String())
	return err
}

// tell reports to the service manager; that it does not listen is its affair.
func tell(state string) {
	if err := notify.Send(state); err != nil {
		logLine(err.Error())
	}
}

// alive keeps the service manager's watchdog quiet as long as the journal is
// moving or has no reason to.
func alive(c *capture.Capture, ended <-chan struct{}) {
	every := notify.Watchdog()
	if every == 0 {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			tell("WATCHDOG=1\nSTATUS=" + c.Tally().String())
		}
	}
}
