// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"errors"
	"slices"
	"sync"
	"time"

	"vexj/internal/latency"
	"vexj/internal/render"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// A Writer is who appends to the journal: it shows at once what it holds back.
type Writer interface {
	Flush() error
	Stats() userjournal.WriterStats
}

// Options of a hub.
type Options struct {
	Journal *userjournal.Set // the hub's alone
	Writer  Writer
	// Heartbeat is how long a stream may be silent; default 30 s.
	Heartbeat time.Duration
	// Memory bounds what live streams hold together, in bytes; default 32 MiB.
	Memory int
	// Period is how often the journal is looked at, if not many wait for what it has;
	// default 3 ms.
	Period time.Duration
	// Fetch has who fills the journal bring what he has, and does not wait for it. It is
	// called at each look while there are subscribers; default: that is not needed.
	Fetch func()
	// Notice is told what the owner of the machine should know, from any
	// goroutine.
	Notice func(string)
}

const (
	defaultHeartbeat = 30 * time.Second
	defaultMemory    = 32 << 20
	defaultPeriod    = 3 * time.Millisecond
	// crowdPeriod is used while many wait to be written to: the smaller the steps, the
	// less waits for what goes before it in one of them.
	crowdPeriod = time.Millisecond
	// idlePeriod is used when nothing has come so many times: who makes many
	// records a second may pause for a few milliseconds.
	idlePeriod = 10 * time.Millisecond
	idleAfter  = 20
	// maxQueue is how many records may wait for one subscriber.
	maxQueue = 1024
)

// ErrClosed: the recorder is ending.
var ErrClosed = errors.New("the recorder is ending")

// A Hub delivers the records of one journal. Make one with New.
//
// The lock mu is held while records are given out and written, a few milliseconds at
// a time; whoever holds it waits for nobody.
type Hub struct {
	o   Options
	set *userjournal.Set

	poll *poller

	mu      sync.Mutex
	begun   bool
	closing bool
	wake    chan struct{} // has room for one: there is somebody to live for
	quit    chan struct{} // closed by Close
	ended   sync.WaitGroup

	at     userjournal.Position // all up to here was given to who is live
	subs   map[*sub]struct{}
	live   *query.Index[*crowd]
	crowds map[crowdKey]*crowd
	views  []*sight  // of all subscribers
	dirty  []*sub    // have something to be written, who has waited longest first
	full   bool      // one of them has much
	shared time.Time // when some of them were written to last
	now    time.Time // when somebody is written to
	ktime  uint64    // the same by the clock of records
	delay  latency.Counts
	arena  arena
	tail   *userjournal.Tail // of a journal without shards
	line   line              // of the record that is given out
	out    []byte            // what goes out by the next call

	waiting []*sub        // to be caught up
	behind  chan struct{} // has room for one: somebody waits

	number int32 // of the last subscriber
	count  counts
}

// New makes a hub. It does nothing until somebody subscribes.
func New(o Options) *Hub {
	if o.Heartbeat == 0 {
		o.Heartbeat = defaultHeartbeat
	}
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.Period == 0 {
		o.Period = defaultPeriod
	}
	if o.Fetch == nil {
		o.Fetch = func() {}
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	h := &Hub{o: o, set: o.Journal, subs: map[*sub]struct{}{}, live: query.NewIndex[*crowd](), crowds: map[crowdKey]*crowd{},
		wake: make(chan struct{}, 1), quit: make(chan struct{}), behind: make(chan struct{}, 1)}
	h.arena.limit = uint64(o.Memory)
	if shards := h.set.Shards(); len(shards) == 1 {
		h.tail = shards[0].Tail(0)
	}
	h.line.object = render.NewObject()
	h.line.set = h.set
	return h
}

// begin starts the goroutines. The caller holds the lock.
func (h *Hub) begin() error {
	switch {
	case h.closing:
		return ErrClosed
	case h.begun:
		return nil
	}
	p, err := newPoller(h)
	if err != nil {
		return err
	}
	h.poll, h.begun = p, true
	h.ended.Go(h.poll.run)
	h.ended.Go(h.follow)
	h.ended.Go(h.catchUp)
	return nil
}

// Close gives what the journal has to all who are live, ends their streams, and
// waits for the goroutines. The writer's last records have to be flushed before.
func (h *Hub) Close() error {
	h.mu.Lock()
	if h.closing {
		h.mu.Unlock()
		return nil
	}
	h.closing = true
	begun := h.begun
	h.mu.Unlock()
	close(h.quit)
	if !begun {
		return nil
	}
	h.poll.stop()
	h.ended.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.all() {
		h.end(s, ErrClosed)
	}
	if h.tail != nil {
		return errors.Join(h.tail.Close(), h.poll.close())
	}
	return h.poll.close()
}

// all subscribers, in the order in which they came.
func (h *Hub) all() []*sub {
	all := make([]*sub, 0, len(h.subs))
	for s := range h.subs {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *sub) int { return int(a.number) - int(b.number) })
	return all
}

// A sight is what a view has seen: the last record that is in it.
type sight struct {
	view    query.View
	users   int
	ordinal uint64
	head    [uapi.HeaderSize]byte // of that record
	text    string                // its cursor; "": to be made
}

// see notes a record that is in the view.
func (v *sight) see(ordinal uint64, rec uapi.Record) {
	v.ordinal, v.text = ordinal, ""
	copy(v.head[:], rec)
}

// cursor names the last record of the view; behind it is nothing that was not given
// out already.
func (h *Hub) cursor(v *sight) string {
	switch {
	case v.ordinal == 0:
		return Oldest
	case v.text == "":
		v.text = h.set.Cursor(h.at, v.ordinal, v.head[:])
	}
	return v.text
}

// look finds out what a view has seen of the journal up to the position, far back
// if need be. It is called without the lock.
func (h *Hub) look(view query.View, upto userjournal.Position) (*sight, error) {
	h.mu.Lock()
	known := h.known(view) != nil
	h.mu.Unlock()
	v := &sight{view: view}
	if known {
		return v, nil
	}
	all, err := query.Conditions{}.Compile(view)
	if err != nil {
		return nil, err
	}
	o := userjournal.ScanOptions{Reverse: true, OnDamage: pass}
	return v, all.Scan(h.set.Between(nil, upto), o, func(ordinal uint64, rec uapi.Record) error {
		v.see(ordinal, rec)
		return userjournal.ErrStop
	})
}

func pass(*userjournal.DamageError) error { return nil }

// use is the sight that all of a view have in common: v, which has seen all up to
// the position, if it is the first.
func (h *Hub) use(v *sight, upto userjournal.Position) (*sight, error) {
	if known := h.known(v.view); known != nil {
		known.users++
		return known, nil
	}
	if upto.Left(h.at) > 0 {
		err := h.set.Between(upto, h.at).Scan(userjournal.ScanOptions{OnDamage: pass}, func(ordinal uint64, rec uapi.Record) error {
			if v.view.Sees(rec) {
				v.see(ordinal, rec)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	h.views = append(h.views, v)
	v.users++
	return v, nil
}

// known: views differ in their masks alone.
func (h *Hub) known(view query.View) *sight {
	for _, v := range h.views {
		if v.view.Mask == view.Mask {
			return v
		}
	}
	return nil
}

// forget drops the sight when its last user goes.
func (h *Hub) forget(v *sight) {
	if v.users--; v.users == 0 {
		h.views = slices.DeleteFunc(h.views, func(o *sight) bool { return o == v })
	}
}
