// SPDX-License-Identifier: Apache-2.0

package subscribe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vexj/agent/server"
	"vexj/agent/stream"
	"vexj/uapi"
	"vexj/userjournal"
)

// A recorder is all that serves a journal.
type recorder struct {
	w     *userjournal.SetWriter
	set   *userjournal.Set
	hub   *stream.Hub
	s     *server.Server
	ended chan error
	b     *uapi.Builder
	base  uint64
	next  uint64
}

// record begins to record into the folder, behind what is there, and serves it.
func record(dir string, grant server.Grant) (r *recorder, err error) {
	r = &recorder{b: uapi.NewBuilder(nil), base: uapi.IDBase(uapi.ProducerTest, time.Now().UnixNano()), ended: make(chan error, 1)}
	journal := filepath.Join(dir, "journal")
	if r.w, err = userjournal.CreateSet(journal, nil, userjournal.Options{SegmentSize: 256 << 10}); err != nil {
		return nil, err
	}
	if r.set, err = userjournal.OpenSet(journal); err != nil {
		return nil, err
	}
	end, err := r.set.End()
	if err != nil {
		return nil, err
	}
	r.next = end.Sum()
	r.hub = stream.New(stream.Options{Journal: r.set, Writer: r.w, Heartbeat: 200 * time.Millisecond})
	policy := server.DefaultPolicy()
	policy.Users = map[uint32]server.Grant{uint32(os.Geteuid()): grant}
	r.s = server.New(server.Options{Policy: policy})
	r.hub.Routes(r.s)
	l, err := server.Listen(filepath.Join(dir, "s"), policy.Socket)
	if err != nil {
		return nil, err
	}
	go func() { r.ended <- r.s.Serve(l) }()
	return r, nil
}

var everything = server.Grant{Scopes: server.ScopeAll, Mask: ^uint64(0),
	Limits: server.Limits{Requests: server.Unlimited, Events: server.Unlimited, Streams: server.Unlimited}}

func (r *recorder) append(n int) error {
	for range n {
		r.next++
		r.b.Begin(uapi.Header{EventID: r.base + r.next, Type: uapi.FSWrite, Ktime: r.next, PID: 1, GlobalSequence: r.next,
			Priority: uapi.PriorityNormal, RootCause: r.base + r.next, VisibilityMask: ^uint64(0)})
		r.b.AddString(uapi.AttrPath, fmt.Sprintf("/d%d/f", r.next%10))
		rec, err := r.b.Finish()
		if err == nil {
			_, err = r.w.Append(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return errors.Join(r.w.Flush(), r.hub.Close(), r.s.Close(ctx), <-r.ended, r.w.Close(), r.set.Close())
}

func begin(t *testing.T, dir string, grant server.Grant) *recorder {
	t.Helper()
	r, err := record(dir, grant)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// shortDir: the path of a socket has to be short.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "vexj")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestGoesOnWhenTheRecorderBeginsAgain(t *testing.T) {
	dir := shortDir(t)
	r := begin(t, dir, everything)
	next, lost := uint64(0), make(chan error, 100)
	ended := make(chan error, 1)
	passed := make(chan uint64, 10_000)
	go func() {
		ended <- Run(t.Context(), Options{Socket: filepath.Join(dir, "s"), After: stream.Oldest, Lost: func(err error) { lost <- err }},
			func(e *Event) error {
				if e.Gap != nil {
					return fmt.Errorf("%+v", e.Gap)
				}
				if e.Record == nil {
					return nil
				}
				if next++; e.Record.GlobalSequence() != next || e.Ordinal != next || e.Wall == 0 {
					return fmt.Errorf("record %d comes where %d belongs", e.Record.GlobalSequence(), next)
				}
				passed <- next
				if next == 300 {
					return ErrStop
				}
				return nil
			})
	}()
	for i := range 3 {
		if err := r.append(100); err != nil {
			t.Fatal(err)
		}
		for n := range passed {
			if n == uint64(100*(i+1)) {
				break
			}
		}
		if err := r.close(); err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			<-lost
			r = begin(t, dir, everything)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Who does not read is told, and gets all the same what it missed.
func TestSlowMissesNothing(t *testing.T) {
	dir := shortDir(t)
	r := begin(t, dir, everything)
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	const total = 15_000
	appended, next := make(chan error, 1), uint64(0)
	err := Run(t.Context(), Options{Socket: filepath.Join(dir, "s")}, func(e *Event) error {
		if e.Record == nil {
			if next == 0 && len(appended) == 0 {
				// While this waits nobody reads.
				appended <- r.append(total)
				for r.hub.Stats(0, true).Total.Missed == 0 {
					time.Sleep(time.Millisecond)
				}
			}
			return nil
		}
		if next++; e.Record.GlobalSequence() != next {
			return fmt.Errorf("record %d comes where %d belongs", e.Record.GlobalSequence(), next)
		}
		if next == total {
			return ErrStop
		}
		return nil
	})
	if err = errors.Join(err, <-appended); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	dir := shortDir(t)
	never := func(*Event) error { return errors.New("it was let in") }
	if err := Run(t.Context(), Options{Socket: filepath.Join(dir, "s"), Once: true}, never); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	r := begin(t, dir, server.Grant{Scopes: server.ScopeRead, Mask: 1, Limits: server.DefaultLimits})
	o := Options{Socket: filepath.Join(dir, "s"), Filter: url.Values{"type": {"fly"}}}
	var refused *RefusedError
	if err := Run(t.Context(), o, never); !errors.As(err, &refused) || refused.Status != 400 || !strings.Contains(err.Error(), "no such type") {
		t.Error(err)
	}
	o.Filter, o.After = nil, "nonsense"
	if err := Run(t.Context(), o, never); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "bad cursor") {
		t.Error(err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	r = begin(t, dir, server.Grant{Scopes: server.ScopeEmit, Mask: 1, Limits: server.DefaultLimits})
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := Run(t.Context(), Options{Socket: o.Socket}, never); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}
