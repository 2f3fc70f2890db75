// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// A Caller is somebody whom the kernel has named otherwise than by a connection:
// who opened a file of a mount.
type Caller struct {
	PID      int
	UID, GID uint32
	Groups   []uint32 // supplementary ones
}

// Connect returns a connection whose requests are the caller's. They are served as
// those of the socket are, whether there is one or not.
func (s *Server) Connect(c Caller) (net.Conn, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("a connection for process %d: %w", c.PID, err)
	}
	ours, err := connOf(fds[0])
	theirs, err2 := connOf(fds[1])
	if err = errors.Join(err, err2); err != nil {
		return nil, err
	}
	p := &peerConn{Peer: Peer{PID: c.PID, UID: c.UID, GID: c.GID, Groups: slices.Clone(c.Groups)}, pidfd: -1}
	if !slices.Contains(p.Groups, p.GID) {
		p.Groups = append(p.Groups, p.GID)
	}
	// The caller waits for us, so that the number is still its own.
	if fd, err := unix.PidfdOpen(c.PID, 0); err == nil {
		p.pidfd = fd
	}
	s.passed.begin.Do(func() { go s.passed.serve(s.http) })
	if err := s.passed.pass(ours, p); err != nil {
		p.close()
		return nil, errors.Join(err, ours.Close(), theirs.Close())
	}
	return theirs, nil
}

func connOf(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "caller")
	defer f.Close()
	return net.FileConn(f)
}

// passed is the listener of the connections that Connect makes.
type passed struct {
	begin sync.Once
	conns chan net.Conn
	ended chan struct{}
	end   sync.Once

	mu  sync.Mutex
	who map[net.Conn]*peerConn
}

func newPassed() *passed {
	return &passed{conns: make(chan net.Conn), ended: make(chan struct{}), who: map[net.Conn]*peerConn{}}
}

func (l *passed) serve(h *http.Server) { _ = h.Serve(l) } // until it is closed

func (l *passed) pass(c net.Conn, p *peerConn) error {
	l.mu.Lock()
	l.who[c] = p
	l.mu.Unlock()
	select {
	case l.conns <- c:
		return nil
	case <-l.ended:
		l.take(c)
		return net.ErrClosed
	}
}

// take says who has a connection, once.
func (l *passed) take(c net.Conn) *peerConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.who[c]
	delete(l.who, c)
	return p
}

// Accept, Close and Addr are net.Listener's.
func (l *passed) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *passed) Close() error {
	l.end.Do(func() { close(l.ended) })
	return nil
}

func (l *passed) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }
