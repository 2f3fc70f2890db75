// SPDX-License-Identifier: Apache-2.0

package subscribe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"vexj/agent/stream"
	"vexj/uapi"
)

var (
	// ErrStop, returned by the function that takes events, ends Run without an
	// error.
	ErrStop = errors.New("stop")
	// ErrUnreachable: no recorder answers at the socket.
	ErrUnreachable = errors.New("no recorder serves agents there")
	// ErrRefused: the recorder does not give such a stream. The error is a
	// *RefusedError.
	ErrRefused = errors.New("the recorder refuses")
)

// A RefusedError is the recorder's answer.
type RefusedError struct {
	Status   int // of HTTP
	Text, Do string
	Retry    time.Duration // 0: it will not help
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%v: %s; %s", ErrRefused, e.Text, e.Do) }

func (e *RefusedError) Unwrap() []error {
	if e.Status == http.StatusForbidden {
		return []error{ErrRefused, fs.ErrPermission}
	}
	return []error{ErrRefused}
}

// Options of a subscriber.
type Options struct {
	Socket string
	Filter url.Values // see package params
	After  string     // a cursor, or stream.Oldest; "": what comes from now on
	// Once makes a lost connection an error; otherwise it is tried again, for ever.
	Once bool
	// Skip goes on behind what was missed by not reading in time; otherwise the
	// stream begins again where that was, and nothing is missed.
	Skip bool
	// Lost is told that the connection was lost and is being tried again; nil:
	// nobody is.
	Lost func(error)
}

// An Event is what a stream brings: a record, a gap, or neither: then only the
// cursor has moved. It is valid during the call.
type Event struct {
	Cursor  string // where to go on behind it
	Ordinal uint64
	Wall    int64       // ns since 1970
	Record  uapi.Record // nil: none
	Gap     *stream.Gap
}

// errAgain: the stream is to begin again where the cursor is.
var errAgain = errors.New("again")

// How long to wait before the next attempt.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Run calls fn for each event until ctx ends, fn returns an error, or the recorder
// refuses.
func Run(ctx context.Context, o Options, fn func(*Event) error) error {
	s := &subscriber{o: o, cursor: o.After, fn: fn}
	for pause := firstPause; ; pause = min(max(2*pause, firstPause), lastPause) {
		s.moved = false
		err := s.stream(ctx)
		var refused *RefusedError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errAgain):
			pause = 0
			continue
		case s.stopped:
			if errors.Is(err, ErrStop) {
				return nil
			}
			return err
		case errors.As(err, &refused) && refused.Retry == 0, errors.Is(err, fs.ErrPermission), o.Once:
			return err
		case errors.As(err, &refused):
			pause = max(pause, refused.Retry)
		case s.moved:
			pause = firstPause
		}
		if o.Lost != nil && !s.told {
			o.Lost(err)
			s.told = true
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

type subscriber struct {
	o       Options
	fn      func(*Event) error
	cursor  string
	moved   bool // something came since the connection was made
	told    bool // that it was lost
	stopped bool // fn has returned an error
	event   Event
}

// stream is one connection.
func (s *subscriber) stream(ctx context.Context) error {
	c, err := new(net.Dialer).DialContext(ctx, "unix", s.o.Socket)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		err = fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	q := maps.Clone(s.o.Filter)
	if q == nil {
		q = url.Values{}
	}
	q.Set("format", "raw")
	if s.cursor != "" {
		q.Set("after", s.cursor)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://vexj/v1/stream?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	if err := req.Write(c); err != nil {
		return err
	}
	b := bufio.NewReaderSize(c, 64<<10)
	resp, err := http.ReadResponse(b, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return refusal(resp)
	}
	lines := bufio.NewReaderSize(resp.Body, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("the stream ended: %w", err) // half a line is none
		}
		if err := s.line(line); err != nil {
			return err
		}
	}
}

func refusal(resp *http.Response) error {
	e := &RefusedError{Status: resp.StatusCode, Text: resp.Status}
	var told struct{ Error, Do string }
	if b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10)); err == nil && json.Unmarshal(b, &told) == nil {
		e.Text, e.Do = told.Error, told.Do
	}
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		e.Retry = time.Duration(n) * time.Second
	}
	return e
}

// line takes one of a stream.
func (s *subscriber) line(b []byte) error {
	var l stream.Line
	if err := json.Unmarshal(b, &l); err != nil {
		return fmt.Errorf("the recorder sends %.80q: %w", b, err)
	}
	s.moved, s.told = true, false
	s.event = Event{Cursor: l.Cursor, Ordinal: l.Ordinal, Wall: l.Wall}
	switch {
	case l.Stream != nil:
		s.event.Cursor = l.Stream.Cursor
	case l.Heartbeat != nil:
		s.event.Cursor = l.Heartbeat.Cursor
	case l.Gap != nil:
		s.event.Cursor, s.event.Gap = l.Gap.Cursor, l.Gap
	case l.End != nil:
		return fmt.Errorf("%s", l.End.Error)
	default:
		rec, err := uapi.Check(l.Record)
		if err != nil {
			return fmt.Errorf("the recorder sends no record: %w", err)
		}
		s.event.Record = rec
	}
	if g := s.event.Gap; g != nil && g.Reason == stream.GapSlow && !s.o.Skip {
		return errAgain
	}
	if err := s.fn(&s.event); err != nil {
		s.stopped = true
		return err
	}
	s.cursor = s.event.Cursor
	return nil
}
