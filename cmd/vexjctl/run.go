// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/held"
	"vexj/uapi"
)

func newRun() *cobra.Command {
	var flags capture.Flags
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT...]",
		Short: "Record just what a command and its descendants do",
		Long: `Record just what a command and its descendants do, from its first instruction
to its end, and exit with its exit code (128 and the signal's number if a signal
ended it; 126 and 127 if it could not be run).`,
		Example: `  vexjctl run -- make install
  vexjctl run --modify-only --journal ./journal -- git pull`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Usagef("the command is missing; write it after --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := flags.Options("vexjctl run")
			if err != nil {
				return err
			}
			return run(cmd.Context(), o, args)
		},
	}
	// What follows the command's name belongs to the command.
	cmd.Flags().SetInterspersed(false)
	flags.Add(cmd.Flags(), false)
	completeCapture(cmd)
	return cmd
}

// socketVariable tells the command where its recorder serves agents.
const socketVariable = "VEXJ_SOCKET"

func run(ctx context.Context, o capture.Options, args []string) (err error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		code := held.ExitNotFound
		if errors.Is(err, os.ErrPermission) {
			code = held.ExitNotRunnable
		}
		return exit.With(code, err)
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
	p := newProgress(os.Stderr)
	o.Notice = p.notice
	o.Filter.TGIDTree = []uint32{uint32(child.PID())}
	if here, err := os.Getwd(); err == nil && len(o.Filter.PathPrefixes) == 0 {
		o.Folders = []capture.Folder{{Source: here, Target: here}}
	}
	c, err := capture.Start(ctx, o)
	if err != nil {
		child.Abandon()
		return err
	}
	defer func() {
		// Not joined: the command's code must not hide that the recording failed.
		if closing := c.Close(); closing != nil {
			err = closing
		}
	}()

	state, err := runChild(ctx, c, child)
	if err != nil {
		return err
	}
	code := exitCode(state)
	fmt.Fprintf(os.Stderr, "vexjctl run: %s; exit code %d\n", c.Tally(), code)
	return exit.With(code, nil)
}

// runChild lets the command go and captures until it has ended.
func runChild(ctx context.Context, c *capture.Capture, child *held.Command) (*os.ProcessState, error) {
	ctx, ended := context.WithCancel(ctx)
	captured := make(chan error, 1)
	go func() { captured <- c.Run(ctx) }()
	defer ended()

	forwarded := forward(child.Process())
	defer forwarded()
	release := child.Release
	if c.ProducerName() == uapi.ProducerFUSE.String() {
		release = child.ReleaseAnew
	}
	if err := release(); err != nil {
		child.Abandon()
		ended()
		return nil, errors.Join(err, <-captured)
	}
	state, err := child.Wait()
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
