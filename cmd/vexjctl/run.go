// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"vexj/agent/control"
	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/held"
	"vexj/uapi"
)

func newRun() *cobra.Command {
	var flags capture.Flags
	var as asAgent
	var own bool
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT...]",
		Short: "Record just what a command and its descendants do",
		Long: `Record just what a command and its descendants do, from its first instruction
to its end, and exit with its exit code (128 and the signal's number if a signal
ended it; 126 and 127 if it could not be run).

With --agent, --session or --intent, every record of it says who acted and goes back
to a record of the intent, which comes first. The command gets a control group of its
own where one can be made; descendants are followed in any case, daemons too. A
recorder that serves agents is asked to do it: the one that this command is itself
run by, or vexjd; then the intent is part of the one that is under way. Without one,
or with a flag that says how to record, or --own-recorder, it records itself.`,
		Example: `  vexjctl run -- make install
  vexjctl run --modify-only --journal ./journal -- git pull
  vexjctl run --agent builder-7 --session nightly --intent 'fix the tests' -- ./agent.sh`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Usagef("the command is missing; write it after --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			fs := cmd.Flags()
			b, err := as.begin()
			if err != nil {
				return err
			}
			if given(fs) && !own && !saysHow(fs) {
				client, socket, err := dial(cmd.Context(), "")
				if err == nil {
					return runBy(cmd.Context(), client, socket, b, args)
				}
				if !errors.Is(err, errNoRecorder) {
					return fmt.Errorf("%w (with --own-recorder it is recorded without that one)", err)
				}
			}
			o, err := flags.Options("vexjctl run")
			if err != nil {
				return err
			}
			if !given(fs) {
				return run(cmd.Context(), o, nil, args)
			}
			return run(cmd.Context(), o, &b, args)
		},
	}
	// What follows the command's name belongs to the command.
	cmd.Flags().SetInterspersed(false)
	as.flags(cmd.Flags())
	cmd.Flags().StringVar(&as.intent, "intent", "", "`text`: what it is for")
	cmd.Flags().BoolVar(&own, "own-recorder", false, "record with a recorder of its own, also where one is at work")
	flags.Add(cmd.Flags(), false)
	completeCapture(cmd)
	return cmd
}

// saysHow says whether the command line says how to record.
func saysHow(fs *pflag.FlagSet) bool {
	how := false
	fs.Visit(func(f *pflag.Flag) { how = how || !slices.Contains(identityFlags, f.Name) && f.Name != "own-recorder" })
	return how
}

// run records the command; b says for whom it acts, nil for nobody.
func run(ctx context.Context, o capture.Options, b *control.Begin, args []string) (err error) {
	path, err := program(args[0])
	if err != nil {
		return err
	}
	if o.Agents.Socket != "" {
		if err := os.Setenv(socketVariable, o.Agents.Socket); err != nil {
			return err
		}
	}
	child, err := held.Start(path, args)
	if err != nil {
		return err
	}
	w := &ward{Command: child}
	if b != nil {
		w = isolate(child)
	}
	defer w.dissolve()
	p := newProgress(os.Stderr)
	o.Notice = p.notice
	o.Filter.TGIDTree = []uint32{uint32(child.PID())}
	if here, err := os.Getwd(); err == nil && len(o.Filter.PathPrefixes) == 0 {
		o.Folders = []capture.Folder{{Source: here, Target: here}}
	}
	c, err := capture.Start(ctx, o)
	if err != nil {
		w.Abandon()
		return err
	}
	defer func() {
		// Not joined: the command's code must not hide that the recording failed.
		if closing := c.Close(); closing != nil {
			err = closing
		}
	}()
	end := func() {}
	if b != nil {
		if end, err = beginFor(c, w, *b, args); err != nil {
			w.Abandon()
			return err
		}
	}
	state, err := runChild(ctx, c, child, end)
	if err != nil {
		return err
	}
	code := exitCode(state)
	fmt.Fprintf(os.Stderr, "vexjctl run: %s; exit code %d\n", c.Tally(), code)
	return exit.With(code, nil)
}

// runChild lets the command go and captures until it has ended, and end was called.
func runChild(ctx context.Context, c *capture.Capture, child *held.Command, end func()) (*os.ProcessState, error) {
	ctx, ended := context.WithCancel(ctx)
	captured := make(chan error, 1)
	go func() { captured <- c.Run(ctx) }()
	defer ended()

	release := child.Release
	if c.ProducerName() == uapi.ProducerFUSE.String() {
		release = child.ReleaseAnew
	}
	state, err := letGo(child, release)
	end()
	ended()
	return state, errors.Join(err, <-captured)
}

// forward passes on the signals that ask a program to do something. Those that
// the terminal sends on a key it has already sent to the command as well.
func forward(p *os.Process) (stop func()) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM)
	go func() {
		for s := range signals {
			if (s == unix.SIGINT || s == unix.SIGQUIT) && foreground() {
				continue
			}
			_ = p.Signal(s) // it may have ended
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}

// foreground says whether this process is in the group that the terminal's keys
// signal.
func foreground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func exitCode(state *os.ProcessState) int {
	if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}
