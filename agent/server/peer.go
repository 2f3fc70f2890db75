// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrGone: the process that connected has ended.
var ErrGone = errors.New("the process that connected has ended")

// A Peer is who sent a request, and what it may do. Alive is for the time of the
// request.
type Peer struct {
	PID    int
	UID    uint32
	GID    uint32
	Groups []uint32 // all: that of GID and the supplementary ones
	Agent  string   // that it acts for, as Options.Identify says; "": none is known
	Grant

	conn   *peerConn
	limits *limiter
}

// Alive returns nil if the process that connected has not ended: then its PID means
// it and nobody else. Ask after what the PID was looked up for. Without
// pidfds for peers (before Linux 6.5) it tells no more than that some process has
// the PID.
func (p *Peer) Alive() error {
	if p.conn == nil || p.conn.pidfd < 0 {
		if err := unix.Kill(p.PID, 0); errors.Is(err, unix.ESRCH) {
			return ErrGone
		}
		return nil
	}
	fds := []unix.PollFd{{Fd: int32(p.conn.pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	switch {
	case err != nil:
		return fmt.Errorf("asking for the process that connected: %w", err)
	case n > 0:
		return ErrGone
	}
	return nil
}

// SpendEvents takes events from what the peer may emit a minute.
func (p *Peer) SpendEvents(n int) error {
	if p.limits == nil {
		return nil
	}
	return p.limits.emit(p.who(), n, p.Limits.Events)
}

// BeginStream counts a stream of the peer until end is called.
func (p *Peer) BeginStream() (end func(), err error) {
	if p.limits == nil {
		return func() {}, nil
	}
	return p.limits.stream(p.who(), p.Limits.Streams)
}

func (p *Peer) who() who { return who{p.UID, p.Agent} }

// A peerConn is what the kernel says of a connection.
type peerConn struct {
	Peer
	pidfd int // -1: none
	full  bool
}

// credentials asks the kernel who has connected.
func credentials(c *net.UnixConn) (*peerConn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	p := &peerConn{pidfd: -1}
	var asked error
	if err := raw.Control(func(fd uintptr) { asked = p.ask(int(fd)) }); err != nil {
		return nil, err
	}
	if asked != nil {
		return nil, fmt.Errorf("asking who has connected: %w", asked)
	}
	return p, nil
}

func (p *peerConn) ask(fd int) error {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return err
	}
	p.PID, p.UID, p.GID = int(cred.Pid), cred.Uid, cred.Gid
	groups, err := peerGroups(fd)
	if err != nil {
		return err
	}
	p.Groups = groups
	if !slices.Contains(groups, p.GID) {
		p.Groups = append(p.Groups, p.GID)
	}
	if pidfd, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERPIDFD); err == nil {
		p.pidfd = pidfd
		unix.CloseOnExec(pidfd)
	}
	return nil
}

// peerGroups are the supplementary groups; none from a kernel that does not say.
func peerGroups(fd int) ([]uint32, error) {
	groups := make([]uint32, 64)
	for {
		size := uint32(4 * len(groups))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == 0:
			return groups[:size/4], nil
		case errno == unix.ERANGE && int(size) > 4*len(groups):
			groups = make([]uint32, size/4)
		case errno == unix.ENOPROTOOPT:
			return nil, nil
		default:
			return nil, errno
		}
	}
}

func (p *peerConn) close() {
	if p.pidfd >= 0 {
		_ = unix.Close(p.pidfd)
		p.pidfd = -1
	}
}
