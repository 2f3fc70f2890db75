// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"vexj/cmd/internal/exit"
)

// envReady names the descriptor on which a process in the background says that it
// is ready.
const envReady = "VEXJ_READY_FD"

// inBackground says whether this process is one that background started: it must
// never start another.
func inBackground() bool { return os.Getenv(envReady) != "" }

// background starts the command line that this process has in a session of its own
// and waits until it is ready, or has ended and said why.
func background() error {
	args, err := commandLine(os.Args)
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "vexjctl" // by no other name, whatever this process goes by
	cmd.Env = append(os.Environ(), envReady+"=3")
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("starting it in the background: %w", err)
	}
	if n, _ := r.Read(make([]byte, 1)); n == 1 {
		return cmd.Process.Release()
	}
	err = cmd.Wait()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		return exit.With(exited.ExitCode(), nil) // it has said why
	}
	return errors.Join(err, errors.New("the process in the background ended before it was ready"))
}

// ready tells who waits in the foreground, if anybody does, and lets go of its
// terminal.
func ready() {
	if !inBackground() {
		return
	}
	const fd = 3
	_, _ = unix.Write(fd, []byte{1}) // who has gone need not know
	unix.Close(fd)
	if null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0); err == nil {
		for _, std := range []int{0, 1, 2} {
			_ = unix.Dup3(int(null.Fd()), std, 0)
		}
		null.Close()
	}
}
