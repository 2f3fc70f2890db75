// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"vexj/agent/control"
	"vexj/agent/intent"
	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/cgroup"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/held"
	"vexj/internal/quote"
)

// A ward is a command that waits, and the control group that it is in.
type ward struct {
	*held.Command
	group *cgroup.Group // nil: none could be made, its tree must do
}

// program finds what is to be run.
func program(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		code := held.ExitNotFound
		if errors.Is(err, os.ErrPermission) {
			code = held.ExitNotRunnable
		}
		return "", exit.With(code, err)
	}
	return path, nil
}

// isolate gives a waiting command a control group of its own.
func isolate(child *held.Command) *ward {
	w := &ward{Command: child}
	g, err := cgroup.New(cgroup.Prefix + strconv.Itoa(child.PID()))
	if err != nil {
		return w
	}
	if err := g.Add(child.PID()); err != nil {
		_, _ = g.Remove()
		return w
	}
	w.group = g
	return w
}

// dissolve removes the group, and brings who is left in it back: there is no recorder
// any more that would know whose they are.
func (w *ward) dissolve() {
	if w.group == nil {
		return
	}
	if err := w.group.Dissolve(); err != nil {
		fmt.Fprintf(os.Stderr, "vexjctl run: the control group %s stays: %v\n", quote.Text(w.group.Path), err)
	}
}

// leave removes the group, unless somebody is left in it: a daemon keeps it, and the
// recorder removes it when that ends.
func (w *ward) leave() {
	if w.group != nil {
		_, _ = w.group.Remove()
	}
}

// abandon ends a command that was not let go.
func (w *ward) abandon() {
	w.Abandon()
	w.leave()
}

func (w *ward) groupPath() string {
	if w.group == nil {
		return ""
	}
	return w.group.Path
}

// runBy runs the command for a recorder that is there already.
func runBy(ctx context.Context, client *control.Client, socket string, b control.Begin, args []string) error {
	defer client.Close()
	path, err := program(args[0])
	if err != nil {
		return err
	}
	if err := os.Setenv(socketVariable, socket); err != nil {
		return err
	}
	child, err := held.Start(path, args)
	if err != nil {
		return err
	}
	w := isolate(child)
	b.PID, b.Cgroup, b.Remove = uint32(child.PID()), w.groupPath(), true
	hereAndNow(&b, args)
	begun, err := client.Begin(ctx, b)
	if err != nil {
		w.abandon()
		return fmt.Errorf("%w (with --own-recorder it is recorded without that one)", err)
	}
	state, err := letGo(w.Command, w.Release)
	if ended := client.End(context.WithoutCancel(ctx), begun.ID, true); ended != nil {
		fmt.Fprintf(os.Stderr, "vexjctl run: the end of the intent was not recorded: %s\n", quote.Text(ended.Error()))
	}
	w.leave()
	if err != nil {
		return err
	}
	code := exitCode(state)
	fmt.Fprintf(os.Stderr, "vexjctl run: recorded at %s as intent %s; exit code %d\n", quote.Text(socket), begun.ID, code)
	return exit.With(code, nil)
}

// letGo releases a command and waits for its end.
func letGo(child *held.Command, release func() error) (*os.ProcessState, error) {
	defer forward(child.Process())()
	if err := release(); err != nil {
		child.Abandon()
		return nil, err
	}
	return child.Wait()
}

// beginFor begins the intent of a command that this process records itself.
func beginFor(c *capture.Capture, w *ward, b control.Begin, args []string) (end func(), err error) {
	hereAndNow(&b, args)
	who := intent.Caller{PID: uint32(os.Getpid()), UID: uint32(os.Geteuid())}
	i, err := c.Intents().Begin(who, intent.Request{
		Identity: b.Identity, Text: b.Intent, Confidence: b.Confidence, Touch: b.Touch, Visibility: uint64(b.Visibility),
		PID: uint32(w.PID()), Cgroup: w.groupPath(), Remove: true, Cwd: b.Cwd, Argv: b.Argv,
	})
	if err != nil {
		return nil, err
	}
	return func() {
		if err := c.Intents().End(who, i.ID, true); err != nil {
			fmt.Fprintf(os.Stderr, "vexjctl run: the end of the intent was not recorded: %s\n", quote.Text(err.Error()))
		}
	}, nil
}
