// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrInUse: somebody answers at the socket already.
var ErrInUse = errors.New("somebody serves there already")

// Listen makes the socket. One that a killed process has left is replaced. It has
// its mode from the moment that it is there.
func Listen(name string, s Socket) (*net.UnixListener, error) {
	if err := sweep(name); err != nil {
		return nil, err
	}
	var moded error
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// bind(2) gives the file the mode of the socket's inode.
		return errors.Join(c.Control(func(fd uintptr) { moded = unix.Fchmod(int(fd), uint32(s.Mode.Perm())) }), moded)
	}}
	l, err := lc.Listen(context.Background(), "unix", name)
	if err != nil {
		return nil, fmt.Errorf("listening for agents: %w", err)
	}
	// The umask may have taken rights away.
	if s.GID >= 0 {
		err = os.Chown(name, -1, s.GID)
	}
	if err = errors.Join(err, os.Chmod(name, s.Mode.Perm())); err != nil {
		return nil, errors.Join(fmt.Errorf("listening for agents: %w", err), l.Close())
	}
	return l.(*net.UnixListener), nil
}

// sweep removes the socket if nobody listens at it.
func sweep(name string) error {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("listening for agents: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("listening for agents: %s is there and is no socket; choose another --socket", name)
	}
	c, err := net.DialTimeout("unix", name, time.Second)
	if err == nil {
		c.Close()
		return fmt.Errorf("%s: %w; stop it, or choose another --socket", name, ErrInUse)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("listening for agents: %w", err)
	}
	return os.Remove(name)
}

// firstPassed is the first descriptor that a service manager passes.
const firstPassed = 3

// Activated returns the socket that the service manager has passed, as
// sd_listen_fds(3) has it, or nil if it passed none. The variables that say so are
// taken out of the environment: a child is not meant.
func Activated() (*net.UnixListener, error) {
	pid, n := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	if pid != strconv.Itoa(os.Getpid()) || n == "" {
		return nil, nil
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name)
	}
	count, err := strconv.Atoi(n)
	if err != nil || count != 1 {
		return nil, fmt.Errorf("the service manager passed %q sockets, named %q: the unit has to have one ListenStream=", n, names)
	}
	unix.CloseOnExec(firstPassed)
	f := os.NewFile(firstPassed, "agents.sock")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("the socket of the service manager: %w", err)
	}
	u, ok := l.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the service manager passed a socket of %s: the unit's ListenStream= has to be a path",
			l.Addr().Network()), l.Close())
	}
	u.SetUnlinkOnClose(false)
	return u, nil
}
