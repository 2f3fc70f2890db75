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

	"golang.org/x/sys/unix"
)

// A subscriber reads a stream and knows what belongs into it.
type subscriber struct {
	fd   int
	kind int
	want uint64 // value
	next uint64 // number that was looked at last
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
}

const delayStep = 10 * time.Microsecond

func load() error {
	l := &loader{buf: make([]byte, 256<<10), delay: make([]uint64, 1_000_000)}
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
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(l.subs) - 1)})
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
			if err := l.read(s); err != nil {
				return fmt.Errorf("subscriber %d: %w", events[i].Fd, err)
			}
		}
	}
}

func (l *loader) read(s *subscriber) error {
	kept := copy(l.buf, s.rest)
	n, err := unix.Read(s.fd, l.buf[kept:])
	if err != nil || n == 0 {
		return fmt.Errorf("its stream ends: %w", errors.Join(err, io.EOF))
	}
	now := boottime()
	b := l.buf[:kept+n]
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
	cursorKey   = []byte(`{"cursor":"`)
	ktimeKey    = []byte(`"ktime":`)
	sequenceKey = []byte(`"global_sequence":`)
	gapKey      = []byte(`{"gap":`)
	beatKey     = []byte(`{"heartbeat":`)
)

func (l *loader) line(s *subscriber, b []byte, now uint64) error {
	if !bytes.HasPrefix(b, cursorKey) {
		return l.mark(s, b)
	}
	made, rest := number(b, ktimeKey)
	n, _ := number(rest, sequenceKey)
	if want := s.after(s.next); n != want {
		return fmt.Errorf("record %d comes where %d belongs", n, want)
	}
	s.next = n
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
	for range m.Gap.Missed {
		s.next = s.after(s.next)
	}
	l.got.Gaps++
	l.got.Missed += m.Gap.Missed
	return nil
}

// after is the next record of the subscriber behind the record n.
func (s *subscriber) after(n uint64) uint64 {
	for n++; value(s.kind, n) != s.want; n++ {
	}
	return n
}

func number(b, key []byte) (n uint64, rest []byte) {
	i := bytes.Index(b, key)
	if i < 0 {
		return 0, nil
	}
	b = b[i+len(key):]
	for i = 0; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		n = n*10 + uint64(b[i]-'0')
	}
	return n, b[i:]
}

// complete: nobody waits for a record that was appended.
func (l *loader) complete() error {
	var last uint64
	for _, s := range l.subs {
		last = max(last, s.next)
	}
	for i, s := range l.subs {
		if next := s.after(s.next); next <= last {
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
