// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"sync"
	"testing"
	"time"

	"vexj/agent/server"
	"vexj/uapi"
)

// Those who ask for the same are looked after together; who comes, goes, or may see
// less changes nothing for the others.
func TestCrowd(t *testing.T) {
	f := newField(t, Options{})
	narrow := f.serve(&server.Grant{Scopes: server.ScopeRead, Mask: 1, Limits: server.DefaultLimits})
	crowds := func() int {
		f.hub.mu.Lock()
		defer f.hub.mu.Unlock()
		return f.hub.live.Len()
	}
	first, second := f.subscribe("path=/d3/"), f.subscribe("format=ndjson&path=/d3/")
	sse := f.subscribe("path=/d3/", "Accept", "text/event-stream")
	if n := crowds(); n != 1 {
		t.Errorf("%d crowds ask for the same", n)
	}
	less := subscribe(t, narrow, "path=/d3/")
	timed := f.subscribe("path=/d3/&since=2001-01-01")
	if n := crowds(); n != 3 {
		t.Errorf("%d crowds, want 3", n)
	}
	f.append(10)
	for _, r := range []*reader{first, second, sse, less, timed} {
		r.want(3)
	}
	first.close()
	for len(f.hub.Stats(0, true).Streams) != 4 {
	}
	f.next = 13
	if _, err := f.writer.Append(f.record(func(h *uapi.Header) { h.VisibilityMask = 2 })); err != nil {
		t.Fatal(err)
	}
	f.next = 23
	f.append(1)
	for _, r := range []*reader{second, sse, timed} {
		r.want(13, 23)
	}
	less.want(23)
	for _, r := range []*reader{second, sse, less, timed} {
		r.close()
	}
	f.gone()
	if n := crowds(); n != 0 || len(f.hub.crowds) != 0 {
		t.Errorf("%d crowds are left, and %d", n, len(f.hub.crowds))
	}
}

// Who waits is written to in steps that are even, and nobody is forgotten.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		n     int
		since time.Duration
		want  int
	}{
		{0, 0, 0}, {few, 0, few}, {1000, hold / 5, 201}, {1000, 0, 1}, {1000, hold, 1000}, {1000, time.Hour, 1000}, {1001, hold - 1, 1001},
	} {
		if n := share(c.n, c.since); n != c.want {
			t.Errorf("of %d after %v: %d, want %d", c.n, c.since, n, c.want)
		}
	}
}

// Who fills the journal is asked for what he has as soon as there are subscribers: here
// it is a record that nobody else appends.
func TestFetch(t *testing.T) {
	var f *field
	var once sync.Once
	f = newField(t, Options{Fetch: func() { once.Do(func() { f.append(1) }) }})
	r := f.subscribe("")
	r.want(1)
}

// More than can be written to each time all get theirs.
func TestMoreThanAFew(t *testing.T) {
	f := newField(t, Options{})
	readers := make([]*reader, 3*few)
	for i := range readers {
		readers[i] = f.subscribe("")
	}
	var group sync.WaitGroup
	for _, r := range readers {
		group.Go(func() { r.wantRange(1, 500, nil) })
	}
	for range 50 {
		f.append(10)
		if err := f.writer.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
	if s := f.hub.Stats(0, true).Total; s.Missed != 0 {
		t.Errorf("%+v", s)
	}
}
