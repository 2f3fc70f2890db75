// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vexj/ring"
	"vexj/uapi"
)

const testBase = uint64(uapi.ProducerTest)<<56 | 1<<50

// fakeSource is a producer whose counters a test sets.
type fakeSource struct {
	mu         sync.Mutex
	counters   Counters
	base       uint64
	number     atomic.Uint64
	unnumbered bool
	stopped    func()
	stopErr    error
	stops      int
}

func (s *fakeSource) ID() uint32         { return uint32(uapi.ProducerTest) }
func (s *fakeSource) IDBase() uint64     { return s.base }
func (s *fakeSource) Coverage() []string { return []string{"sees nothing", "hears nothing"} }

func (s *fakeSource) NextSequence() uint64 {
	if s.unnumbered {
		return 0
	}
	return s.number.Add(1)
}

func (s *fakeSource) LastSequence() uint64 { return s.number.Load() }

func (s *fakeSource) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counters
}

func (s *fakeSource) count(f func(c *Counters)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.counters)
}

func (s *fakeSource) Stop() error {
	s.stops++
	if s.stopped != nil {
		s.stopped()
	}
	return s.stopErr
}

// memory is a journal that keeps copies.
type memory struct {
	records []uapi.Record
	failAt  int // the record that finds the disk full, if not 0
	synced  int
}

var errDisk = errors.New("disk full")

func (m *memory) Append(r []byte) (uint64, error) {
	if m.failAt != 0 && len(m.records)+1 >= m.failAt {
		return 0, errDisk
	}
	c, err := uapi.Check(append([]byte(nil), r...))
	if err != nil {
		return 0, err
	}
	m.records = append(m.records, c)
	return uint64(len(m.records)), nil
}

func (m *memory) AppendBatch(rs [][]byte) (uint64, error) {
	first := uint64(len(m.records) + 1)
	for _, r := range rs {
		if _, err := m.Append(r); err != nil {
			return 0, err
		}
	}
	return first, nil
}

func (m *memory) Sync() error {
	m.synced = len(m.records)
	return nil
}

// impatient never waits.
type impatient struct{ closed atomic.Bool }

func (w *impatient) Wake() {}
func (w *impatient) Wait(time.Duration) error {
	if w.closed.Load() {
		return ring.ErrClosed
	}
	time.Sleep(10 * time.Microsecond)
	return nil
}

// bench is a mirror between fake rings and a journal in memory.
type bench struct {
	*Mirror
	src     *fakeSource
	journal *memory
	rings   []*fakeRing
	clock   time.Time
	notices []Notice
}

func newBench(t testing.TB, cpus, ringSize int, o Options) *bench {
	t.Helper()
	b := &bench{src: &fakeSource{base: testBase}, journal: &memory{}, clock: time.Unix(1, 0)}
	var rings []*ring.Ring
	for range cpus {
		f, r := newFakeRing(t, ringSize)
		b.rings, rings = append(b.rings, f), append(rings, r)
	}
	o.Notify = func(n Notice) { b.notices = append(b.notices, n) }
	b.Mirror = newMirror(b.src, &impatient{}, rings, b.journal, o)
	return b
}

// numbered makes a record of about size bytes.
func numbered(cpu uint32, sequence, global uint64, size int) uapi.Record {
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{
		EventID: testBase + global, Type: uapi.FSWrite, Ktime: 1000 + global, Sequence: sequence,
		CPU: cpu, GlobalSequence: global, VisibilityMask: ^uint64(0),
	})
	if room := size - uapi.HeaderSize; room > 0 {
		payload := make([]byte, room)
		for i := range payload {
			payload[i] = byte(global + uint64(i))
		}
		b.Payload(payload)
	}
	r, err := b.Finish()
	if err != nil {
		panic(err)
	}
	return append(uapi.Record(nil), r...)
}

// account is the promise: from the journal alone, every number is a record or
// lost. It returns the records that are neither LOST nor the mirror's own.
func account(t testing.TB, records []uapi.Record) (journaled, lost uint64) {
	t.Helper()
	if len(records) < 2 || records[0].Type() != uapi.SysProducerStart || records[len(records)-1].Type() != uapi.SysProducerStop {
		t.Fatalf("the journal of %d records does not begin with a start and end with a stop", len(records))
	}
	var highest, numbers uint64
	seen := make(map[uint64]bool)
	for _, r := range records {
		highest = max(highest, r.GlobalSequence())
		if r.Type() == uapi.SysLost {
			l, ok := r.Lost()
			if !ok || l.Count == 0 || l.First > l.Last || l.Last != r.GlobalSequence() {
				t.Errorf("a LOST record with %+v and number %d", l, r.GlobalSequence())
			}
			lost += l.Count
			continue
		}
		if seen[r.GlobalSequence()] {
			t.Errorf("number %d stands twice", r.GlobalSequence())
		}
		seen[r.GlobalSequence()] = true
		numbers++
	}
	if highest != numbers+lost {
		t.Errorf("highest number %d, but %d records and %d lost", highest, numbers, lost)
	}
	stop := records[len(records)-1]
	p, _ := stop.ProducerCounts()
	if p.Attempted != highest || stop.GlobalSequence() != highest {
		t.Errorf("the stop has number %d and says %d attempted, of %d", stop.GlobalSequence(), p.Attempted, highest)
	}
	return numbers - 2, lost
}
