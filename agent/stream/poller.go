// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A poller waits for sockets that were full to take more, and for subscribers to go
// away.
type poller struct {
	hub   *Hub
	epoll int
	bell  int            // eventfd: the end
	subs  map[int32]*sub // by number: a descriptor's may be used again
}

// bellNumber is no subscriber's.
const bellNumber = 0

func newPoller(h *Hub) (*poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("watching streams: %w", err)
	}
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, bell, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: bellNumber})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watching streams: %w", err), unix.Close(epoll))
	}
	return &poller{hub: h, epoll: epoll, bell: bell, subs: map[int32]*sub{}}, nil
}

// add watches for the end of the subscriber. The hub's lock is held, as for all that
// follows.
func (p *poller) add(s *sub) error {
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Fd: s.number}); err != nil {
		return fmt.Errorf("watching a stream: %w", err)
	}
	p.subs[s.number] = s
	return nil
}

// await watches for room too, once.
func (p *poller) await(s *sub) error {
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, s.fd, &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: s.number})
}

func (p *poller) remove(s *sub) {
	delete(p.subs, s.number)
	_ = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
}

func (p *poller) run() {
	var events [128]unix.EpollEvent
	for {
		n, err := unix.EpollWait(p.epoll, events[:], -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			p.hub.o.Notice(fmt.Sprintf("streams: %v", err))
			return
		}
		if p.serve(events[:n]) {
			return
		}
	}
}

// serve is true when the bell has rung.
func (p *poller) serve(events []unix.EpollEvent) (ended bool) {
	h := p.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range events {
		e := &events[i]
		if e.Fd == bellNumber {
			ended = true
			continue
		}
		s := p.subs[e.Fd]
		switch {
		case s == nil:
			// It went away while the events were fetched.
		case e.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0:
			h.drop(s)
		case e.Events&unix.EPOLLOUT != 0 && s.blocked:
			if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, s.fd, &unix.EpollEvent{Fd: e.Fd}); err != nil {
				h.drop(s)
				continue
			}
			h.ready(s)
		}
	}
	return ended
}

func (p *poller) stop() {
	one := [8]byte{1}
	_, _ = unix.Write(p.bell, one[:])
}

func (p *poller) close() error {
	return errors.Join(unix.Close(p.epoll), unix.Close(p.bell))
}
