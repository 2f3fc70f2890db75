// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vexj/agent/server"
	"vexj/uapi"
	"vexj/userjournal"
)

// A field is a journal with a hub, served to peers of different rights.
type field struct {
	t      *testing.T
	dir    string
	writer *userjournal.SetWriter
	set    *userjournal.Set
	hub    *Hub
	path   string // of the socket of who may do everything
	client *http.Client
	next   uint64 // number of the next record
	ids    uint64
}

func newField(t *testing.T, o Options, shards ...string) *field {
	t.Helper()
	f := &field{t: t, dir: t.TempDir(), next: 1, ids: uapi.IDBase(uapi.ProducerTest, time.Now().UnixNano())}
	f.open(o, shards...)
	return f
}

// open begins to record and to serve.
func (f *field) open(o Options, shards ...string) {
	f.t.Helper()
	dir := filepath.Join(f.dir, "journal")
	var dirs []string
	for _, name := range shards {
		dirs = append(dirs, filepath.Join(dir, name))
	}
	var err error
	if f.writer, err = userjournal.CreateSet(dir, dirs, userjournal.Options{SegmentSize: 64 << 10}); err != nil {
		f.t.Fatal(err)
	}
	if f.set, err = userjournal.OpenSet(dir); err != nil {
		f.t.Fatal(err)
	}
	o.Journal, o.Writer = f.set, f.writer
	o.Notice = func(text string) { f.t.Log(text) }
	f.hub = New(o)
	f.path = f.serve(nil)
	f.client = clientOf(f.path)
	hub, set, writer := f.hub, f.set, f.writer
	f.t.Cleanup(func() {
		if err := errors.Join(writer.Flush(), hub.Close(), writer.Close(), set.Close()); err != nil && !errors.Is(err, userjournal.ErrClosed) {
			f.t.Error(err)
		}
	})
}

// close ends recorder and hub as a daemon does.
func (f *field) close() {
	f.t.Helper()
	if err := errors.Join(f.writer.Flush(), f.hub.Close(), f.writer.Close(), f.set.Close()); err != nil {
		f.t.Fatal(err)
	}
}

// serve opens another socket, for those with the grant; nil: everything.
func (f *field) serve(g *server.Grant) string {
	f.t.Helper()
	policy := server.DefaultPolicy()
	if g == nil {
		g = &server.Grant{Scopes: server.ScopeAll, Mask: ^uint64(0),
			Limits: server.Limits{Requests: server.Unlimited, Events: server.Unlimited, Streams: server.Unlimited}}
	}
	policy.Users = map[uint32]server.Grant{uint32(os.Geteuid()): *g}
	s := server.New(server.Options{Policy: policy, Notice: func(text string) { f.t.Log(text) }, MaxConns: 10_000})
	f.hub.Routes(s)
	dir, err := os.MkdirTemp("", "vexj") // the path of a socket has to be short
	if err != nil {
		f.t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := server.Listen(path, policy.Socket)
	if err != nil {
		f.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	f.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := errors.Join(s.Close(ctx), <-ended, os.RemoveAll(dir)); err != nil {
			f.t.Error(err)
		}
	})
	return path
}

func clientOf(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
}

// record makes the next one: number n of path /d<n%10>/f<n>, by process 100+n%7.
func (f *field) record(change func(h *uapi.Header)) uapi.Record {
	n := f.next
	f.next++
	b := uapi.NewBuilder(nil)
	h := uapi.Header{EventID: f.ids + n, Type: uapi.FSWrite, Ktime: n * 1000, PID: uint32(100 + n%7), GlobalSequence: n,
		Priority: uapi.PriorityNormal, RootCause: f.ids + n, VisibilityMask: ^uint64(0)}
	if change != nil {
		change(&h)
	}
	b.Begin(h)
	if h.Type == uapi.SysLost {
		b.AddLost(uapi.Lost{Count: 5, First: n - 5, Last: n - 1, Cause: uapi.LostFull})
	} else {
		b.AddString(uapi.AttrPath, fmt.Sprintf("/d%d/f%d", n%10, n))
	}
	r, err := b.Finish()
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// append appends n records.
func (f *field) append(n int) {
	f.t.Helper()
	for range n {
		if _, err := f.writer.Append(f.record(nil)); err != nil {
			f.t.Error(err)
			return
		}
	}
}

// got is a line of a stream.
type got struct {
	Cursor    string
	Ordinal   uint64
	Type      string
	Path      string
	Sequence  uint64 `json:"global_sequence"`
	Stream    *Hello
	Gap       *Gap
	Heartbeat *Pulse
	End       *Farewell

	event, id string // of server-sent events
}

// parse takes what tests look at most without the cost of a whole JSON decoder.
func (g *got) parse(b []byte) error {
	text := string(b)
	rest, ok := strings.CutPrefix(text, `{"cursor":"`)
	if !ok {
		return json.Unmarshal(b, g)
	}
	if !json.Valid(b) {
		return fmt.Errorf("%q is no JSON", b)
	}
	g.Cursor, rest, _ = strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(rest, `"global_sequence":`)
	digits, _, _ := strings.Cut(rest, ",")
	var err error
	g.Sequence, err = strconv.ParseUint(digits, 10, 64)
	return err
}

// A reader is a subscriber under test.
type reader struct {
	t    *testing.T
	conn net.Conn
	body *bufio.Reader
	resp *http.Response
	sse  bool
	last string // cursor to resume from
}

func (f *field) subscribe(query string, header ...string) *reader {
	f.t.Helper()
	return subscribe(f.t, f.path, query, header...)
}

func subscribe(t *testing.T, path, query string, header ...string) *reader {
	t.Helper()
	r, err := dial(t, path, query, header...)
	if err != nil {
		t.Fatal(err)
	}
	if r.resp.StatusCode != 200 {
		b, _ := io.ReadAll(r.body)
		t.Fatalf("%s: %s", r.resp.Status, b)
	}
	hello, err := r.line()
	if err != nil || hello.Stream == nil {
		t.Fatalf("it begins with %+v, %v", hello, err)
	}
	r.last = hello.Stream.Cursor
	return r
}

func dial(t *testing.T, path, query string, header ...string) (*reader, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	req, err := http.NewRequest("GET", "http://vexj/v1/stream?"+query, nil)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if err := req.Write(c); err != nil {
		return nil, err
	}
	b := bufio.NewReaderSize(c, 64<<10)
	resp, err := http.ReadResponse(b, req)
	if err != nil {
		return nil, err
	}
	return &reader{t: t, conn: c, body: bufio.NewReaderSize(resp.Body, 64<<10), resp: resp, sse: resp.Header.Get("Content-Type") == contentTypes[sse]}, nil
}

// line reads one, heartbeats too.
func (r *reader) line() (g got, err error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return g, err
	}
	if !r.sse {
		b, err := r.body.ReadSlice('\n')
		if err != nil {
			return g, err
		}
		return g, g.parse(b)
	}
	for {
		text, err := r.body.ReadString('\n')
		if err != nil {
			return g, err
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(text, "\n"), ": ")
		switch key {
		case "id":
			g.id = value
		case "event":
			g.event = value
		case "data":
			if err := json.Unmarshal([]byte(value), &g); err != nil {
				return g, err
			}
		case "":
			return g, nil
		}
	}
}

// next reads the next record, or gap.
func (r *reader) next() got {
	r.t.Helper()
	for {
		g, err := r.line()
		if err != nil {
			r.t.Fatal(err)
		}
		if g.Heartbeat != nil {
			r.last = g.Heartbeat.Cursor
			continue
		}
		if g.Cursor != "" {
			r.last = g.Cursor
		}
		return g
	}
}

// want expects the records with these numbers.
func (r *reader) want(numbers ...uint64) {
	r.t.Helper()
	for _, n := range numbers {
		if g := r.next(); g.Sequence != n {
			r.t.Fatalf("record %d comes as %+v", n, g)
		}
	}
}

// wantRange expects those from first to last that are taken.
func (r *reader) wantRange(first, last uint64, take func(n uint64) bool) {
	r.t.Helper()
	for n := first; n <= last; n++ {
		if take == nil || take(n) {
			r.want(n)
		}
	}
}

func (r *reader) wantGap(reason string) *Gap {
	r.t.Helper()
	g := r.next()
	if g.Gap == nil || g.Gap.Reason != reason {
		r.t.Fatalf("no gap %s but %+v", reason, g)
	}
	return g.Gap
}

func (r *reader) close() { r.conn.Close() }

func after(cursor string) string { return url.Values{"after": {cursor}}.Encode() }

// gone waits until nobody is subscribed.
func (f *field) gone() {
	f.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		n := len(f.hub.Stats(0, true).Streams)
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("%d streams are left", n)
		}
	}
}

func escape(name, value string) string { return url.Values{name: {value}}.Encode() }
