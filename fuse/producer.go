// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vexj/uapi"
)

// Full says what happens to operations while the ring is full, as the journal is
// slower than they are.
type Full int

const (
	// Block holds operations up until there is room: nothing is lost.
	Block Full = iota
	// Drop lets them go on: their records are lost, and counted.
	Drop
)

// Options of a producer. The zero value records all but lookups.
type Options struct {
	RingBytes int // a power of two; 0: 8 MiB
	Full      Full
	Filter    uapi.Filter
}

// A Producer makes records of what passes through its mounts. It is the mirror's
// source. Its mounts end with it.
type Producer struct {
	full   Full
	idBase uint64
	clock  *clock
	kin    *kinship
	tasks  *tasks
	filter atomic.Pointer[filter]
	drops  atomic.Uint64 // by the filter
	build  sync.Pool     // *draft

	mu      sync.Mutex // orders numbers and the ring
	ring    *ring
	last    uint64 // global_sequence
	counts  uapi.Counters
	stopped bool
	held    bool // the run is to be mirrored, and its beginning is not in the journal yet
	wake    func()
	woken   uint64 // ring.head when wake was last called
	waits   Waits

	mounts struct {
		sync.Mutex
		all []*Mount
	}
}

// New makes a producer without mounts.
func New(o Options) (*Producer, error) {
	f, err := newFilter(&o.Filter)
	if err != nil {
		return nil, err
	}
	r, err := newRing(o.RingBytes)
	if err != nil {
		return nil, err
	}
	p := &Producer{
		full: o.Full, ring: r, clock: newClock(),
		idBase: uapi.IDBase(uapi.ProducerFUSE, time.Now().UnixNano()),
		wake:   func() {},
	}
	p.kin = newKinship(p.unheard)
	p.tasks = newTasks(&p.kin.groups)
	p.kin.follow(f.TGIDTree)
	p.filter.Store(f)
	p.build.New = func() any { return newDraft() }
	return p, nil
}

// WakeBy sets what is called when a quarter of the ring is full: a memory file
// cannot be polled. It must not block, and not call the producer. From then on
// operations wait until the mirror asks for the counters, which it does once the
// beginning of the run is synced: nobody is told that something was done of which
// the journal would not even know that it may have been.
func (p *Producer) WakeBy(wake func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake, p.held = wake, true
}

// Offsets of what is filled in when a record is numbered.
const (
	atEventID   = 0
	atSequence  = 24
	atGlobal    = 40
	atParent    = 100
	atRootCause = 108
)

// publish numbers records, which follow each other in the journal, and puts them
// into the ring. effects says that the first is the cause of the others. It returns
// the event id of the first; 0: they were lost.
func (p *Producer) publish(effects bool, recs ...uapi.Record) (first uint64) {
	need := uint64(0)
	for _, r := range recs {
		need += stride(len(r))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wait(need) {
		p.skip(recs)
		return 0
	}
	first = p.idBase + p.last + 1
	cause := uint64(0)
	for _, r := range recs {
		p.last++
		id := p.idBase + p.last
		b := p.ring.put(r)
		le := binary.LittleEndian
		le.PutUint64(b[atEventID:], id)
		le.PutUint64(b[atSequence:], p.last)
		le.PutUint64(b[atGlobal:], p.last)
		root := le.Uint64(b[atRootCause:]) // that the context has
		if effects && cause != 0 {
			le.PutUint64(b[atParent:], cause)
			root = cmp.Or(root, cause)
		} else {
			cause = id
		}
		le.PutUint64(b[atRootCause:], cmp.Or(root, id))
	}
	p.counts.Attempted += uint64(len(recs))
	p.counts.Recorded += uint64(len(recs))
	p.ring.publish()
	if p.ring.head-p.woken >= p.ring.size/4 {
		p.woken = p.ring.head
		p.wake()
	}
	return first
}

// wait makes sure that there is room, and that the run has not ended. The lock is
// held, and given up while it waits.
func (p *Producer) wait(need uint64) bool {
	if !p.stopped && !p.held && !p.ring.room(need) && p.full == Block {
		p.waits.Count++
		defer func(begun time.Time) { p.waits.Time += time.Since(begun) }(time.Now())
	}
	for pause := 50 * time.Microsecond; !p.stopped; pause = min(2*pause, 5*time.Millisecond) {
		if !p.held && p.ring.room(need) {
			return true
		}
		p.wake()
		if !p.held && p.full == Drop {
			return false
		}
		p.mu.Unlock()
		time.Sleep(pause)
		p.mu.Lock()
	}
	return false
}

// Waits are operations that were held up as the journal was behind.
type Waits struct {
	Count uint64
	Time  time.Duration // of all that have ended
}

// Waits so far. Any goroutine may ask.
func (p *Producer) Waits() Waits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waits
}

// skip numbers records that do not fit; after the end of the run there are no
// numbers.
func (p *Producer) skip(recs []uapi.Record) {
	if p.stopped {
		return
	}
	p.last += uint64(len(recs))
	p.counts.Attempted += uint64(len(recs))
	p.counts.Lost[uapi.LostFull] += uint64(len(recs))
}

// fault counts a record that could not be built.
func (p *Producer) fault() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.last++
		p.counts.Attempted++
		p.counts.Lost[uapi.LostTooBig]++
	}
}

// ID is the producer's number in event ids.
func (p *Producer) ID() uint32 { return uint32(uapi.ProducerFUSE) }

// IDBase is the event_id of global_sequence 0.
func (p *Producer) IDBase() uint64 { return p.idBase }

// NextSequence takes a number for a record that the mirror makes.
func (p *Producer) NextSequence() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	return p.last
}

// LastSequence is the highest number that was given out.
func (p *Producer) LastSequence() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Counters returns the counts so far, to the mirror: see WakeBy.
func (p *Producer) Counters() uapi.Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = false
	return p.count()
}

// CPUCounters returns them to anybody: there is one ring for all CPUs.
func (p *Producer) CPUCounters() []uapi.Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []uapi.Counters{p.count()}
}

func (p *Producer) count() uapi.Counters {
	c := p.counts
	c.Filtered = p.drops.Load()
	return c
}

// Hooks is none: a mount has no places in the kernel that could be missing.
func (p *Producer) Hooks() []uapi.Hook { return nil }

// Rings returns the ring. Its descriptor belongs to the producer.
func (p *Producer) Rings() []uapi.RingFD { return p.ring.rings() }

// Filter returns the filter that holds.
func (p *Producer) Filter() (uapi.Filter, error) { return p.filter.Load().Filter, nil }

// SetFilter replaces the filter, from now on.
func (p *Producer) SetFilter(f *uapi.Filter) error {
	next, err := newFilter(f)
	if err == nil {
		p.kin.follow(next.TGIDTree)
		p.filter.Store(next)
	}
	return err
}

// Follow records what a process does too, and its descendants, besides those of
// the filter.
func (p *Producer) Follow(tgid uint32) error {
	f := p.filter.Load().Filter
	f.TGIDTree = append(slices.Clone(f.TGIDTree), tgid)
	return p.SetFilter(&f)
}

// Unfollow ends Follow.
func (p *Producer) Unfollow(tgid uint32) error {
	f := p.filter.Load().Filter
	f.TGIDTree = slices.DeleteFunc(slices.Clone(f.TGIDTree), func(x uint32) bool { return x == tgid })
	return p.SetFilter(&f)
}

// Stop ends the run: when it returns no record is numbered. Mounts go on, and what
// happens in them is not recorded. Operations that wait for room go on too.
func (p *Producer) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	return nil
}

// Close unmounts what is mounted, and gives the ring back, which must not be read
// any more.
func (p *Producer) Close() error {
	errs := []error{p.Stop()}
	for _, m := range slices.Backward(p.Mounts()) {
		errs = append(errs, m.Unmount())
	}
	p.tasks.close()
	p.kin.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ring.mem != nil {
		errs = append(errs, p.ring.close())
	}
	return errors.Join(errs...)
}
