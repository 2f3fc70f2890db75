// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"sync"
	"testing"

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
