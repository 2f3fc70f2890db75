// SPDX-License-Identifier: Apache-2.0

package held

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// What the gate lets through.
const (
	begin = 1
	enter = 2
)

// argMark as the first argument turns a process into the waiting child.
const argMark = "vexj:held"

// Command is a process that waits for Release.
type Command struct {
	cmd  *exec.Cmd
	gate *os.File
}

// Start starts a process that will execute the file at path with argv and the
// environment, folder and standard files of the caller.
func Start(path string, argv []string) (*Command, error) {
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer readyR.Close()
	defer readyW.Close()
	gateR, gateW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer gateR.Close()

	ready, gate, err := inherit(readyW, gateR)
	if err != nil {
		gateW.Close()
		return nil, err
	}
	cmd := &exec.Cmd{
		Path:   "/proc/self/exe",
		Args:   append([]string{os.Args[0], argMark, ready, gate, path}, argv...),
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
	}
	if err := cmd.Start(); err != nil {
		gateW.Close()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	readyW.Close()
	c := &Command{cmd, gateW}
	if _, err := readyR.Read(make([]byte, 1)); err != nil {
		c.Abandon()
		if errors.Is(err, io.EOF) {
			err = errors.New("the waiting process ended before it was ready")
		}
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return c, nil
}

// inherit lets the child have both files under the numbers that they have here.
// exec.Cmd.ExtraFiles would take 3 and 4 from a caller that hands those on.
func inherit(ready, gate *os.File) (string, string, error) {
	var names [2]string
	for i, f := range []*os.File{ready, gate} {
		fd := f.Fd()
		if _, err := unix.FcntlInt(fd, unix.F_SETFD, 0); err != nil {
			return "", "", fmt.Errorf("handing a pipe on: %w", err)
		}
		names[i] = strconv.Itoa(int(fd))
	}
	return names[0], names[1], nil
}

// PID is the process id that the command will have.
func (c *Command) PID() int { return c.cmd.Process.Pid }

// Process is the process, for signals.
func (c *Command) Process() *os.Process { return c.cmd.Process }

// Release lets the command begin.
func (c *Command) Release() error { return c.release(begin) }

// ReleaseAnew lets the command begin after it has entered its folder once more, by
// its path: something was mounted there since.
func (c *Command) ReleaseAnew() error { return c.release(enter) }

func (c *Command) release(how byte) error {
	_, err := c.gate.Write([]byte{how})
	return errors.Join(err, c.gate.Close())
}

// Abandon ends a command that has not been released and waits for its end.
func (c *Command) Abandon() {
	c.gate.Close()
	_ = c.cmd.Wait()
}

// Wait waits for the end of a released command.
func (c *Command) Wait() (*os.ProcessState, error) {
	err := c.cmd.Wait()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		err = nil
	}
	return c.cmd.ProcessState, err
}
