// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A Shell is a process that does what it is told, and forks others.
type Shell struct {
	t   *testing.T
	dir string
	in  io.WriteCloser
	out *bufio.Reader
	PID uint32
	cmd *exec.Cmd // nil: it is another shell's child
}

var shells int

// StartShell starts one, which makes what it needs in dir.
func StartShell(t *testing.T, dir string) *Shell {
	t.Helper()
	cmd := exec.Command("/bin/sh")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Shell{t, dir, in, bufio.NewReader(out), uint32(cmd.Process.Pid), cmd}
	t.Cleanup(s.End)
	return s
}

// Ask returns the line that the shell answers with.
func (s *Shell) Ask(command string) string {
	s.t.Helper()
	fmt.Fprintln(s.in, command)
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatalf("%s: %v", command, err)
	}
	return strings.TrimSpace(line)
}

// Fork has the shell start another one, by way of words such as setsid.
func (s *Shell) Fork(words string) *Shell {
	s.t.Helper()
	shells++
	name := filepath.Join(s.dir, fmt.Sprint("shell", shells))
	for _, end := range []string{".in", ".out"} {
		if err := unix.Mkfifo(name+end, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	fmt.Fprintf(s.in, "%s sh <%s.in >%s.out &\n", words, name, name)
	in, err := os.OpenFile(name+".in", os.O_WRONLY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := os.Open(name + ".out")
	if err != nil {
		s.t.Fatal(err)
	}
	c := &Shell{s.t, s.dir, in, bufio.NewReader(out), 0, nil}
	s.t.Cleanup(func() { in.Close(); out.Close() })
	pid, err := strconv.ParseUint(c.Ask("echo $$"), 10, 32)
	if err != nil {
		s.t.Fatal(err)
	}
	c.PID = uint32(pid)
	return c
}

// End ends the shell and waits until it is gone.
func (s *Shell) End() {
	s.in.Close()
	_, _ = io.Copy(io.Discard, s.out)
	if s.cmd != nil {
		_ = s.cmd.Wait() // a second time it fails
	}
}

// Enter moves the shell into a control group.
func (s *Shell) Enter(path string) {
	s.t.Helper()
	if err := os.WriteFile(path+"/cgroup.procs", fmt.Append(nil, s.PID), 0); err != nil {
		s.t.Fatal(err)
	}
}
