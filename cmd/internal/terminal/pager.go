// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
)

// Page returns where to write what a person will read: the input of $PAGER, or
// of less where that is not set, if f is a terminal, and f itself otherwise.
// wait must be called at the end; it returns when the person has quit.
//
// The pager is expected to pass colour sequences on (less -R does); everything
// else that it could act upon has been escaped.
func Page(f *os.File) (w io.Writer, wait func()) {
	cmd := pager()
	if cmd == nil || !Is(f) {
		return f, func() {}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return f, func() {}
	}
	cmd.Stdout, cmd.Stderr = f, os.Stderr
	if os.Getenv("LESS") == "" {
		cmd.Env = append(os.Environ(), "LESS=FRX") // for a $PAGER that is less without flags
	}
	if err := cmd.Start(); err != nil {
		return f, func() {}
	}
	// ^C is the pager's: it would otherwise be left in a broken terminal.
	signal.Ignore(os.Interrupt)
	return in, func() {
		in.Close()
		_ = cmd.Wait()
		signal.Reset(os.Interrupt)
	}
}

func pager() *exec.Cmd {
	if line, set := os.LookupEnv("PAGER"); set {
		if line == "" || line == "cat" {
			return nil
		}
		return exec.Command("/bin/sh", "-c", line)
	}
	less, err := exec.LookPath("less")
	if err != nil {
		return nil
	}
	return exec.Command(less, "-FRX")
}
