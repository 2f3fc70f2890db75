// SPDX-License-Identifier: Apache-2.0

package produce

import (
	"errors"
	"os"
	"sync/atomic"
	"time"

	"vexj/uapi"
)

// A Sink takes finished records, which are its own only during the call.
type Sink interface {
	Append(rec uapi.Record) error
}

// A Run numbers the records of one producer from 1 up. Any number of goroutines
// may use it.
type Run struct {
	producer uapi.Producer
	base     uint64 // event_id of number 0
	pid      uint32
	last     atomic.Uint64 // the last number taken
	lost     atomic.Uint64
	who      atomic.Pointer[Attribution]
}

// Attribution is for whom records are made: see vexj_dev_context in vexj.h.
type Attribution struct {
	Agent      string // AGENT_ID; "": none
	Session    uint64 // SESSION; 0: none
	Parent     uint64 // the intent's event id; 0: none
	Root       uint64 // 0: Parent
	Visibility uint64 // agent_visibility_mask; 0: all
}

// NewRun begins a run now.
func NewRun(p uapi.Producer) *Run {
	r := &Run{producer: p, base: uapi.IDBase(p, time.Now().UnixNano()), pid: uint32(os.Getpid())}
	r.who.Store(&Attribution{})
	return r
}

// After makes all ids of the run, which has none yet, larger than the last one of
// a run before, however wrong the clock is now.
func (r *Run) After(last uint64) {
	if last>>56 == uint64(r.producer) && last > r.base {
		r.base = last
	}
}

// Attribute makes the records from now on those of an agent.
func (r *Run) Attribute(a Attribution) { r.who.Store(&a) }

// Begin numbers a record, stamps its header and begins it in b. Of h it keeps
// what is not 0; the cause of the record, if it has none, is the agent's intent.
// The event id of the record is returned.
func (r *Run) Begin(b *uapi.Builder, h uapi.Header) (id uint64) {
	n := r.last.Add(1)
	who := r.who.Load()
	id = r.base + n
	h.EventID, h.Sequence, h.GlobalSequence, h.PID = id, n, n, r.pid
	if h.Ktime == 0 {
		h.Ktime = Now()
	}
	if h.Priority == 0 {
		h.Priority = uapi.PriorityNormal
	}
	if h.Parent == 0 {
		h.Parent, h.RootCause = who.Parent, who.Root
	}
	if h.RootCause == 0 {
		h.RootCause = h.Parent
	}
	if h.RootCause == 0 {
		h.RootCause = id
	}
	if h.VisibilityMask == 0 {
		h.VisibilityMask = who.Visibility
	}
	if h.VisibilityMask == 0 {
		h.VisibilityMask = ^uint64(0)
	}
	b.Begin(h)
	if who.Session != 0 {
		b.AddU64(uapi.AttrSession, who.Session)
	}
	if who.Agent != "" {
		b.AddString(uapi.AttrAgentID, who.Agent)
	}
	return id
}

// Emit finishes the record that Begin began in b with the id, and gives it to the
// sink. A record that cannot be built is told of as lost; one that the sink does
// not take is a number that never comes.
func (r *Run) Emit(sink Sink, b *uapi.Builder, id uint64) error {
	rec, err := b.Finish()
	if err != nil {
		r.lost.Add(1)
		return errors.Join(err, r.tell(sink, id))
	}
	if err := sink.Append(rec); err != nil {
		r.lost.Add(1)
		return err
	}
	return nil
}

// tell emits the LOST record that stands where a record is missing.
func (r *Run) tell(sink Sink, id uint64) error {
	n := id - r.base
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{
		EventID: id, Type: uapi.SysLost, Ktime: Now(), Sequence: n, GlobalSequence: n, PID: r.pid,
		Priority: uapi.PriorityHigh, RootCause: id, VisibilityMask: ^uint64(0),
	})
	b.AddLost(uapi.Lost{Count: 1, First: n, Last: n, Cause: uapi.LostTooBig, CPU: uapi.SeveralCPUs})
	rec, err := b.Finish()
	if err != nil {
		return err
	}
	return sink.Append(rec)
}

// Start emits PRODUCER_START. coverage has a line for each thing that the
// producer does not record.
func (r *Run) Start(sink Sink, coverage string) error {
	b := uapi.NewBuilder(nil)
	id := r.Begin(b, uapi.Header{Type: uapi.SysProducerStart})
	b.AddProducer(uapi.ProducerAttr{Producer: r.producer, IDBase: r.base})
	if coverage != "" {
		b.AddString(uapi.AttrCoverage, coverage)
	}
	b.AddClock(clockAttr())
	return r.Emit(sink, b, id)
}

// Stop emits PRODUCER_STOP. Nothing may be numbered after it.
func (r *Run) Stop(sink Sink) error {
	b := uapi.NewBuilder(nil)
	id := r.Begin(b, uapi.Header{Type: uapi.SysProducerStop})
	lost := r.lost.Load()
	b.AddProducer(uapi.ProducerAttr{
		Producer: r.producer, IDBase: r.base, Attempted: r.last.Load(), Recorded: r.last.Load() - lost, Lost: lost,
	})
	return r.Emit(sink, b, id)
}

// Last is the event id of the last number taken.
func (r *Run) Last() uint64 { return r.base + r.last.Load() }
