// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Reader waits for several rings at once. It does not own them: closing it
// leaves them readable, so that a recorder can stop waiting and then drain.
//
// Wake and Close may be called from any goroutine, Wait from one at a time.
type Reader struct {
	rings  []*Ring
	events []unix.EpollEvent
	poll   sync.Mutex // held by Wait
	epoll  int

	signal sync.Mutex // held for short, to use or close event
	event  int
	closed bool
}

// eventToken marks the Reader's own descriptor among epoll's events.
const eventToken = -1

// NewReader makes a Reader of the rings.
func NewReader(rings []*Ring) (*Reader, error) {
	if len(rings) == 0 {
		return nil, errors.New("ring: no rings to wait for")
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("ring: create epoll: %w", err)
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ring: create eventfd: %w", err), unix.Close(epoll))
	}
	rd := &Reader{rings: rings, events: make([]unix.EpollEvent, len(rings)+1), epoll: epoll, event: event}
	if err := rd.watchAll(); err != nil {
		return nil, errors.Join(err, unix.Close(event), unix.Close(epoll))
	}
	return rd, nil
}

func (rd *Reader) watchAll() error {
	if err := rd.watch(rd.event, unix.EPOLLIN, eventToken); err != nil {
		return err
	}
	for i, r := range rd.rings {
		if !r.enter() {
			return ErrClosed
		}
		// Level-triggered, a ring would be reported as long as it holds a single
		// record: the watermark would mean nothing. An edge that comes while
		// nobody waits is kept by epoll for the next Wait.
		err := rd.watch(r.fd, unix.EPOLLIN|unix.EPOLLET, int32(i))
		r.leave()
		// A memory file cannot be watched: who fills it calls Wake.
		if err != nil && !errors.Is(err, unix.EPERM) {
			return err
		}
	}
	return nil
}

func (rd *Reader) watch(fd int, events uint32, token int32) error {
	e := unix.EpollEvent{Events: events, Fd: token}
	if err := unix.EpollCtl(rd.epoll, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fmt.Errorf("ring: watch descriptor: %w", err)
	}
	return nil
}

// Wait sleeps until a producer wakes it, which is when a ring's fill crosses the
// producer's watermark, and no longer than timeout; a negative timeout has no
// end. It returns nil when there may be something to read, which includes the
// end of the timeout: records below the watermark wake nobody.
//
// It is meant for rings that were drained. If one was left a quarter full or
// more, and its oldest sample is committed, Wait returns at once.
//
// After Close it returns ErrClosed, also if it was sleeping.
func (rd *Reader) Wait(timeout time.Duration) error {
	rd.poll.Lock()
	defer rd.poll.Unlock()

	if rd.isClosed() {
		return ErrClosed
	}
	if rd.backlog() {
		return nil
	}
	deadline := time.Now().Add(timeout)
	for {
		n, err := unix.EpollWait(rd.epoll, rd.events, milliseconds(timeout))
		if err == nil {
			return rd.woken(rd.events[:n])
		}
		if err != unix.EINTR {
			return fmt.Errorf("ring: wait: %w", err)
		}
		if timeout >= 0 {
			timeout = max(0, time.Until(deadline))
		}
	}
}

func (rd *Reader) woken(events []unix.EpollEvent) error {
	for i := range events {
		if events[i].Fd != eventToken {
			continue
		}
		if rd.isClosed() {
			return ErrClosed
		}
		var count [8]byte
		// Fails only if there is nothing to reset.
		_, _ = unix.Read(rd.event, count[:])
	}
	return nil
}

// milliseconds rounds up, so that a Wait never ends before its time, into what
// epoll takes.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	ms := d / time.Millisecond
	if d%time.Millisecond != 0 {
		ms++
	}
	return int(min(ms, math.MaxInt32))
}

// backlog finds what epoll's edges can't tell: data left behind by the reader.
func (rd *Reader) backlog() bool {
	for _, r := range rd.rings {
		if !r.enter() {
			continue
		}
		behind := r.pending() >= r.Size()/4 && r.ready()
		r.leave()
		if behind {
			return true
		}
	}
	return false
}

// Wake ends the Wait that is under way, or else the next one.
func (rd *Reader) Wake() {
	rd.signal.Lock()
	defer rd.signal.Unlock()
	if !rd.closed {
		rd.raise()
	}
}

// raise makes the eventfd readable. It fails only if it is readable already, by
// 2^64-2 wakes that nobody took.
func (rd *Reader) raise() {
	_, _ = unix.Write(rd.event, binary.NativeEndian.AppendUint64(nil, 1))
}

// Rings returns the rings, in the order given to NewReader.
func (rd *Reader) Rings() []*Ring { return rd.rings }

func (rd *Reader) isClosed() bool {
	rd.signal.Lock()
	defer rd.signal.Unlock()
	return rd.closed
}

// Close ends a Wait that is under way, and all further ones, with ErrClosed. The
// rings stay open.
func (rd *Reader) Close() error {
	rd.signal.Lock()
	if rd.closed {
		rd.signal.Unlock()
		return nil
	}
	rd.closed = true
	rd.raise()
	rd.signal.Unlock()

	rd.poll.Lock()
	defer rd.poll.Unlock()
	return errors.Join(unix.Close(rd.event), unix.Close(rd.epoll))
}
