// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A subscriber reads a stream and knows what belongs into it.
type subscriber struct {
	fd   int
	kind int
	want uint64 // value
	past int    // how many records of it are behind
	head bool   // the answer's header was read
	rest []byte // of a line that is not complete
}

// filterOf is what the subscriber i takes: the last kind is that of processes too,
// asked for with an expression.
func filterOf(i int) (kind int, want uint64) {
	return min(i%kinds, processes), uint64(i/kinds) % values
}

// filter is that of the subscriber i, as a request.
func filter(kind int, want uint64) url.Values {
	switch kind {
	case 0:
		return url.Values{"agent": {fmt.Sprintf("agent-%d", want)}}
	case 1:
		return url.Values{"session": {fmt.Sprint(1 + want)}}
	case 2:
		return url.Values{"path": {fmt.Sprintf("/srv/project%d/**", want)}}
	case 3:
		return url.Values{"pid": {fmt.Sprint(1000 + want)}}
	}
	// Of a process of the kind 3, all records; CEL asks more of them.
	return url.Values{"pid": {fmt.Sprint(1000 + want)}, "where": {`type == "write" && result > 0 && path.startsWith("/srv/")`}}
}

type loader struct {
	subs  []*subscriber
	epoll int
	buf   []byte
	delay []uint64 // by 10 µs
	got   received

	made, sequence member

	// due is the numbers of the records that are of each value, up to number.
	due    [kinds][values][]uint32
	number uint32
}

const delayStep = 10 * time.Microsecond

func load() error {
	l := &loader{buf: make([]byte, 256<<10), delay: make([]uint64, 1_000_000),
		made: member{key: []byte(`"ktime":`)}, sequence: member{key: []byte(`"global_sequence":`)}}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	for i := range *subscribers {
		s := &subscriber{}
		s.kind, s.want = filterOf(i)
		if err := l.subscribe(s, filter(i%kinds, s.want)); err != nil {
			return fmt.Errorf("subscriber %d: %w", i, err)
		}
	}
	if *profile != "" {
		stop, err := beginProfile(*profile + ".subscribers")
		if err != nil {
			return err
		}
		defer stop()
	}
	before := used()
	fmt.Println("subscribed")
	if err := l.run(); err != nil {
		return err
	}
	l.got.usage = used()
	l.got.CPU -= before.CPU
	l.figures()
	return json.NewEncoder(os.Stdout).Encode(l.got)
}

func (l *loader) subscribe(s *subscriber, q url.Values) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: filepath.Join(*dir, "s")}); err != nil {
		return err
	}
	if _, err := unix.Write(fd, []byte("GET /v1/stream?"+q.Encode()+" HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		return err
	}
	s.fd = fd
	// The header and the first line say that the stream has begun.
	for !s.head || bytes.IndexByte(s.rest, '\n') < 0 {
		n, err := unix.Read(fd, l.buf)
		if err != nil || n == 0 {
			return fmt.Errorf("read: %w", errors.Join(err, io.EOF))
		}
		s.rest = append(s.rest, l.buf[:n]...)
		if i := bytes.Index(s.rest, []byte("\r\n\r\n")); !s.head && i >= 0 {
			if !bytes.HasPrefix(s.rest, []byte("HTTP/1.1 200 ")) {
				return fmt.Errorf("it answers %q", s.rest)
			}
			s.head, s.rest = true, s.rest[i+4:]
		}
	}
	s.rest = append([]byte(nil), s.rest[bytes.IndexByte(s.rest, '\n')+1:]...)
	l.subs = append(l.subs, s)
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(len(l.subs) - 1)})
}

// run reads until the recorder has appended all and nothing has come for a while.
func (l *loader) run() error {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	var events [256]unix.EpollEvent
	for quiet := 0; ; {
		n, err := unix.EpollWait(l.epoll, events[:], 500)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n <= 0 {
			select {
			case <-ended:
				if quiet++; quiet > 2 {
					return l.complete()
				}
			default:
			}
			continue
		}
		quiet = 0
		for i := range events[:n] {
			s := l.subs[events[i].Fd]
			if err := l.drain(s); err != nil {
				return fmt.Errorf("subscriber %d: %w", events[i].Fd, err)
			}
		}
	}
}

// drain reads all that there is.
func (l *loader) drain(s *subscriber) error {
	for {
		room := l.buf[copy(l.buf, s.rest):]
		// The call is a short one, so that the scheduler is not told of it.
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&room[0])), uintptr(len(room)), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == unix.EAGAIN:
			return nil
		case errno != 0 || n == 0:
			return fmt.Errorf("its stream ends: %w", errors.Join(errno, io.EOF))
		}
		if err := l.lines(s, l.buf[:len(s.rest)+int(n)]); err != nil || int(n) < len(room) {
			return err
		}
	}
}

func (l *loader) lines(s *subscriber, b []byte) error {
	now := boottime()
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		if err := l.line(s, b[:i], now); err != nil {
			return err
		}
		b = b[i+1:]
	}
	s.rest = append(s.rest[:0], b...)
	return nil
}

var (
	cursorKey = []byte(`{"cursor":"`)
	gapKey    = []byte(`{"gap":`)
	beatKey   = []byte(`{"heartbeat":`)
)

func (l *loader) line(s *subscriber, b []byte, now uint64) error {
	if !bytes.HasPrefix(b, cursorKey) {
		return l.mark(s, b)
	}
	made, n := l.made.number(b), l.sequence.number(b)
	if want := l.next(s); n != uint64(want) {
		return fmt.Errorf("record %d comes where %d belongs", n, want)
	}
	s.past++
	l.got.Delivered++
	l.delay[min((now-made)/uint64(delayStep), uint64(len(l.delay)-1))]++
	return nil
}

func (l *loader) mark(s *subscriber, b []byte) error {
	if bytes.HasPrefix(b, beatKey) {
		return nil
	}
	var m struct {
		Gap struct {
			Reason string
			Missed uint64
		}
	}
	if err := json.Unmarshal(b, &m); err != nil || !bytes.HasPrefix(b, gapKey) || m.Gap.Reason != "slow" {
		return fmt.Errorf("it gets %q", b)
	}
	s.past += int(m.Gap.Missed)
	l.got.Gaps++
	l.got.Missed += m.Gap.Missed
	return nil
}

// next is the number of the record that is to come next to the subscriber.
func (l *loader) next(s *subscriber) uint32 {
	list := &l.due[s.kind][s.want]
	for len(*list) <= s.past {
		l.number++
		for kind := range l.due {
			of := &l.due[kind][value(kind, uint64(l.number))]
			*of = append(*of, l.number)
		}
	}
	return (*list)[s.past]
}

// A member of the lines' objects is a number, and mostly stands where it stood in the
// line before.
type member struct {
	key []byte
	at  int // behind the key
}

func (m *member) number(b []byte) (n uint64) {
	if len(b) < m.at || !bytes.HasSuffix(b[:m.at], m.key) {
		i := bytes.Index(b, m.key)
		if i < 0 {
			return 0
		}
		m.at = i + len(m.key)
	}
	for i := m.at; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		n = n*10 + uint64(b[i]-'0')
	}
	return n
}

// complete: nobody waits for a record that was appended.
func (l *loader) complete() error {
	var last uint32
	for _, s := range l.subs {
		if s.past > 0 {
			last = max(last, l.due[s.kind][s.want][s.past-1])
		}
	}
	for i, s := range l.subs {
		if next := l.next(s); next <= last {
			return fmt.Errorf("subscriber %d never got record %d", i, next)
		}
	}
	return nil
}

func (l *loader) figures() {
	g := &l.got
	g.Subscribers = len(l.subs)
	var seen uint64
	for i, n := range l.delay {
		if n == 0 {
			continue
		}
		seen += n
		ms := float64(i+1) * delayStep.Seconds() * 1e3
		for _, q := range []struct {
			of *float64
			at float64
		}{{&g.P50, 0.5}, {&g.P90, 0.9}, {&g.P99, 0.99}} {
			if *q.of == 0 && float64(seen) >= q.at*float64(g.Delivered) {
				*q.of = ms
			}
		}
		g.Max = ms
	}
}
